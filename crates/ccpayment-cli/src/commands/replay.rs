//! `ccpay replay`: sends a saved delivery again.

use serde_json::Value;

use super::call::{credentials_of, quoted};
use super::trigger;
use crate::args::{Api, Replay};
use crate::context::{self, Context};
use crate::delivery::Delivery;
use crate::exit::CliError;
use crate::operations::read;

pub(crate) async fn run(context: &mut Context<'_>, options: &Replay) -> Result<(), CliError> {
    context::url(&options.to).map_err(|why| CliError::Usage(format!("--to: {why}")))?;
    let mut delivery = Delivery::parse(&read(&options.delivery)?)?.kept();
    if options.sign_anew {
        let at = context.timestamp().get();
        let body = delivery.body;
        delivery = Delivery::signed(&context.credentials()?, options.api, at, body)?;
    }
    let event: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let is_activation = event.get("type").and_then(Value::as_str) == Some("ActivateWebhookURL");
    let sent = trigger::send(context, &options.to, options.api, is_activation, delivery).await;
    match sent {
        Err(CliError::CheckFailed(what)) if !options.sign_anew => Err(CliError::Stopped {
            what,
            advice: advice(context, options),
        }),
        sent => sent,
    }
}

/// The advice to sign anew: a receiver refuses a signature that is some minutes old.
fn advice(context: &Context<'_>, options: &Replay) -> String {
    let api = match options.api {
        Api::V1 => " --api v1",
        Api::V2 => "",
    };
    format!(
        "Its signature may be too old for the receiver. Sign it as of now by:\n  \
         ccpay{} replay {}{api} --sign-anew --to {}",
        credentials_of(&context.global),
        quoted(&options.delivery.to_string_lossy()),
        quoted(&options.to),
    )
}
