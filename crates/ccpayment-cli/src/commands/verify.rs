//! `ccpay verify`: whether a notification is the gateway's, and if not, why.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::Verify;
use crate::context::Context;
use crate::delivery::{AnyVerifier, Delivery, Refused, headers};
use crate::exit::CliError;
use crate::operations::read;
use crate::terminal::{Mood, plain};

pub(crate) fn run(context: &mut Context<'_>, options: &Verify) -> Result<(), CliError> {
    let delivery = match (&options.delivery, &options.headers, &options.body) {
        (Some(path), ..) => Delivery::parse(&read(path)?)?,
        (_, Some(head), Some(body)) => Delivery {
            headers: headers(&read(head)?)?,
            body: Bytes::from(read(body)?),
        },
        _ => return Err(CliError::Usage("no delivery is named".to_owned())),
    };
    let verifier = AnyVerifier::new(options.api, &context.credentials()?);
    let at = context.moment(options.at);
    match verifier.verify(&delivery, at) {
        Ok(trusted) => {
            let event = trusted.event;
            if context.terminal.is_json() {
                return context.terminal.json(&Told {
                    verified: true,
                    event: &event,
                });
            }
            context
                .terminal
                .line(Mood::Good.paint("verified: the gateway sent it"))?;
            context.terminal.line(plain(event.get()))
        }
        Err(error) => {
            let refused = Refused {
                error,
                delivery,
                at,
            };
            if context.terminal.is_json() {
                context.terminal.json(&refused.json(&verifier))?;
            } else {
                for cause in verifier.causes(&refused) {
                    context.terminal.line(plain(&cause))?;
                }
            }
            let error = refused.error;
            Err(CliError::CheckFailed(format!("not verified: {error}")))
        }
    }
}

/// For a machine.
#[derive(Serialize)]
struct Told<'a> {
    verified: bool,
    event: &'a RawValue,
}
