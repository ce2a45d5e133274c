//! `ccpay trigger EVENT`: makes something happen at a sandbox, or sends a notification by hand.

use bytes::Bytes;
use ccpayment::Version;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::args::{Api, Trigger};
use crate::context::{self, Context};
use crate::delivery::{Delivery, is_acknowledged};
use crate::exit::CliError;
use crate::nearest::nearest;
use crate::terminal::{Mood, plain};

/// The events that a sandbox can be asked for.
const AT_SANDBOX: [&str; 24] = [
    "activate-webhook",
    "advance",
    "approve",
    "auto-payout",
    "confirm",
    "confirm-all",
    "deliver",
    "expire",
    "fail",
    "faults",
    "faults-by-seed",
    "flag-risky",
    "fund",
    "instruct",
    "pay",
    "pick",
    "refund-risky",
    "reject",
    "resend",
    "risk-address",
    "set",
    "settle",
    "sweep",
    "webhook-url",
];

/// The notifications that a receiver can be sent.
const NOTIFICATIONS: [&str; 6] = [
    "ApiDeposit",
    "DirectDeposit",
    "UserDeposit",
    "ApiWithdrawal",
    "UserWithdrawal",
    "ActivateWebhookURL",
];

/// The names that the user may have meant, as a sentence.
fn meant<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(word, names).as_slice() {
        [] => String::new(),
        names => format!("; like it: {}", names.join(", ")),
    }
}

pub(crate) async fn run(context: &mut Context<'_>, options: Trigger) -> Result<(), CliError> {
    let mut fields = Map::new();
    for (name, value) in options.fields {
        if fields.insert(name.clone(), value).is_some() {
            return Err(CliError::Usage(format!("{name} is there twice")));
        }
    }
    match &options.to {
        None => at_sandbox(context, &options.event, fields).await,
        Some(url) => {
            let body = notification(options.api, &options.event, fields)?;
            let at = context.timestamp().get();
            let credentials = context.credentials()?;
            let delivery = Delivery::signed(&credentials, options.api, at, body)?;
            let is_activation = options.event == "ActivateWebhookURL";
            send(context, url, options.api, is_activation, delivery).await
        }
    }
}

/// Calls the admin API, which only a sandbox has.
async fn at_sandbox(
    context: &mut Context<'_>,
    event: &str,
    fields: Map<String, Value>,
) -> Result<(), CliError> {
    let is_name = !event.is_empty()
        && event
            .bytes()
            .all(|it| it.is_ascii_lowercase() || it == b'-');
    let Some(origin) = context.origin()?.filter(|_| is_name) else {
        let meant = meant(event, AT_SANDBOX.into_iter().chain(NOTIFICATIONS));
        return Err(CliError::Usage(format!(
            "{event}: give --origin of a sandbox for an operation of its admin API, or --to with \
             the address of a receiver for a notification{meant}"
        )));
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let url = format!("{origin}/sandbox/{event}");
    let body = Bytes::from(Value::Object(fields).to_string());
    let transport = context::transport()?;
    let answer = context::post(&transport, &context.clock, &url, headers, body).await;
    let answer = answer.map_err(CliError::Failed)?;
    let json: Option<Box<serde_json::value::RawValue>> = serde_json::from_slice(answer.body()).ok();
    match json {
        Some(json) if answer.status().is_success() => context.terminal.answer(&json),
        _ => {
            let is_unknown =
                answer.status() == StatusCode::NOT_FOUND && !AT_SANDBOX.contains(&event);
            let meant = match is_unknown {
                true => meant(event, AT_SANDBOX),
                false => String::new(),
            };
            let words = String::from_utf8_lossy(answer.body()).into_owned();
            let error: Option<Value> = serde_json::from_str(&words).ok();
            let error = error.and_then(|it| Some(it.get("error")?.as_str()?.to_owned()));
            let words = plain(&error.unwrap_or(words));
            Err(CliError::Failed(format!(
                "the sandbox refused ({}): {words}{meant}",
                answer.status()
            )))
        }
    }
}

/// The body that the gateway would send, with made-up values for fields that are not given.
fn notification(api: Api, event: &str, fields: Map<String, Value>) -> Result<Bytes, CliError> {
    if Version::from(api) == Version::V1 {
        let mut body = Map::from_iter([("order_type".to_owned(), event.into())]);
        body.extend(fields);
        return Ok(Value::Object(body).to_string().into());
    }
    const RECORD: &str = "20250615150640123456789012000001";
    let sample = match event {
        "ActivateWebhookURL" if fields.is_empty() => {
            return Ok(json!({ "type": event }).to_string().into());
        }
        "ApiDeposit" | "ApiWithdrawal" => json!({ "recordId": RECORD, "orderId": "order-1" }),
        "DirectDeposit" => json!({ "recordId": RECORD, "referenceId": "reference-1" }),
        "UserDeposit" => json!({ "recordId": RECORD, "userId": "user-1" }),
        "UserWithdrawal" => {
            json!({ "recordId": RECORD, "orderId": "order-1", "userId": "user-1" })
        }
        _ => {
            let names = NOTIFICATIONS.join(", ");
            let meant = meant(event, NOTIFICATIONS);
            return Err(CliError::Usage(format!(
                "{event} is none of {names} (the last without fields){meant}"
            )));
        }
    };
    let mut message = Map::new();
    message.extend(sample.as_object().cloned().unwrap_or_default());
    message.insert("coinId".to_owned(), 1280.into());
    message.insert("coinSymbol".to_owned(), "USDT".into());
    message.insert("status".to_owned(), "Success".into());
    if event.ends_with("Deposit") {
        message.insert("isFlaggedAsRisky".to_owned(), false.into());
    }
    message.extend(fields);
    Ok(json!({ "type": event, "msg": message }).to_string().into())
}

/// Sends a delivery, and judges the answer as the gateway does.
pub(crate) async fn send(
    context: &mut Context<'_>,
    url: &str,
    api: Api,
    is_activation: bool,
    delivery: Delivery,
) -> Result<(), CliError> {
    let transport = context::transport()?;
    let (headers, body) = (delivery.headers, delivery.body);
    let answer = context::post(&transport, &context.clock, url, headers, body).await;
    let answer = answer.map_err(CliError::CheckFailed)?;
    let acknowledged = is_acknowledged(api, is_activation, &answer);
    let status = answer.status().as_u16();
    let words = beginning(&answer);
    if context.terminal.is_json() {
        context.terminal.json(&json!({
            "acknowledged": acknowledged, "status": status, "answer": words,
        }))?;
    } else {
        let mood = if acknowledged { Mood::Good } else { Mood::Bad };
        let verdict = if acknowledged {
            "acknowledged"
        } else {
            "not acknowledged"
        };
        context.terminal.line(format_args!(
            "{}: HTTP {status} {words}",
            mood.paint(verdict)
        ))?;
    }
    match acknowledged {
        true => Ok(()),
        false => Err(CliError::CheckFailed(
            "the gateway would send it again: it waits for HTTP 200 with the word Success (v1: \
             success)"
                .to_owned(),
        )),
    }
}

/// The beginning of an answer, on one line.
pub(crate) fn beginning(answer: &Response<Bytes>) -> String {
    let words: String = String::from_utf8_lossy(answer.body())
        .chars()
        .take(200)
        .collect();
    plain(&words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ccpayment::Credentials;
    use ccpayment::webhook::{Event, Verifier};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn every_notification_is_one_that_the_verifier_knows() {
        let credentials = Credentials::new("app-1", "secret").unwrap();
        for event in NOTIFICATIONS {
            let body = notification(Api::V2, event, Map::new()).unwrap();
            let delivery = Delivery::signed(&credentials, Api::V2, 1_750_000_000, body).unwrap();
            let now = UNIX_EPOCH + Duration::from_secs(1_750_000_000);
            let verifier = Verifier::from(&credentials);
            let verified = verifier
                .verify(&delivery.headers, &delivery.body, now)
                .unwrap();
            assert_eq!(verified.event_type(), Some(event));
            assert!(!matches!(
                verified.event(),
                Event::Unknown(_) | Event::Unreadable(_)
            ));
        }
        assert!(notification(Api::V2, "Apideposit", Map::new()).is_err());
    }
}
