//! `ccpay verify`: whether a notification is the gateway's, and if not, why.

use bytes::Bytes;
use ccpayment::webhook::VerifyError;
use serde::Serialize;
use serde_json::value::RawValue;

use super::call::{credentials_of, quoted};
use crate::args::{Api, Verify};
use crate::context::Context;
use crate::delivery::{AnyVerifier, Delivery, Refused, headers, received_at};
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
    let received = options.delivery.as_deref().and_then(received_at);
    let at = match (options.at, received) {
        (None, Some(received)) => received,
        (at, _) => context.moment(at),
    };
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
            let what = format!("not verified: {}", refused.error);
            Err(match advice(context, options, &refused) {
                Some(advice) => CliError::Stopped { what, advice },
                None => CliError::CheckFailed(what),
            })
        }
    }
}

/// What to do if the signature is right and only its time is wrong.
fn advice(context: &Context<'_>, options: &Verify, refused: &Refused) -> Option<String> {
    if !matches!(refused.error, VerifyError::OutsideWindow { .. }) {
        return None;
    }
    let at = refused.delivery.headers.get("timestamp")?.to_str().ok()?;
    let credentials = credentials_of(&context.global);
    let word = |path: &std::path::Path| quoted(&path.to_string_lossy());
    let api = match options.api {
        Api::V1 => " --api v1",
        Api::V2 => "",
    };
    let files = match (&options.delivery, &options.headers, &options.body) {
        (Some(file), ..) => word(file),
        (_, Some(headers), Some(body)) => {
            format!("--headers {} --body {}", word(headers), word(body))
        }
        _ => return None,
    };
    let mut advice = format!(
        "The signature is right. Check it as of the time when it was signed by:\n  \
         ccpay{credentials} verify {files}{api} --at {at}"
    );
    if options.delivery.is_some() {
        advice = format!(
            "{advice}\nSend it to a receiver, signed as of now, by:\n  \
             ccpay{credentials} replay {files}{api} --sign-anew --to URL"
        );
    }
    Some(advice)
}

/// For a machine.
#[derive(Serialize)]
struct Told<'a> {
    verified: bool,
    event: &'a RawValue,
}
