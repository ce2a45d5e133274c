//! `ccpay replay`: sends a saved delivery again.

use serde_json::Value;

use super::trigger;
use crate::args::Replay;
use crate::context::Context;
use crate::delivery::Delivery;
use crate::exit::CliError;
use crate::operations::read;

pub(crate) async fn run(context: &mut Context<'_>, options: &Replay) -> Result<(), CliError> {
    let mut delivery = Delivery::parse(&read(&options.delivery)?)?.kept();
    if options.sign_anew {
        let at = context.timestamp().get();
        let body = delivery.body;
        delivery = Delivery::signed(&context.credentials()?, options.api, at, body)?;
    }
    let event: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let is_activation = event.get("type").and_then(Value::as_str) == Some("ActivateWebhookURL");
    trigger::send(context, &options.to, options.api, is_activation, delivery).await
}
