//! The admin API: what the chain, the clock, the network and the gateway's people do.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Value, json};

use super::requests::{Advance, Nothing, Pay, PlanFault, Record, WebhookUrl, read};
use super::{Problem, StatusCode, desk, get, post};
use crate::error::SandboxError;
use crate::sandbox::Sandbox;
use crate::views::Attempt;

const READS: [&str; 7] = [
    "orders",
    "deposits",
    "payouts",
    "ledger",
    "notifications",
    "requests",
    "clock",
];

pub(super) async fn answer(
    sandbox: &Sandbox,
    parts: &Parts,
    name: &str,
    body: &[u8],
) -> Result<Value, Problem> {
    if READS.contains(&name) {
        get(parts)?;
        return Ok(look(sandbox, name));
    }
    post(parts)?;
    // A browser asks before it sends this type from a foreign page, and is told no.
    if !body.is_empty() && !is_json(parts) {
        let message =
            "send JSON: `curl --json '{...}'`, or with `-H 'Content-Type: application/json'`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if name == "deliver" {
        let Nothing {} = read(body)?;
        let attempts = sandbox.deliver_due().await;
        return Ok(json!({ "attempts": attempts.iter().map(attempt).collect::<Vec<_>>() }));
    }
    act(sandbox, name, body)
}

fn look(sandbox: &Sandbox, name: &str) -> Value {
    match name {
        "orders" => json!({ "orders": desk::orders(sandbox) }),
        "deposits" => json!({ "deposits": desk::deposits(sandbox) }),
        "payouts" => json!({ "payouts": desk::payouts(sandbox) }),
        "ledger" => desk::ledger(sandbox),
        "notifications" => json!({
            "webhookUrl": sandbox.webhook_url(),
            "waiting": sandbox.pending_notifications(),
            "attempts": sandbox.attempts().iter().map(attempt).collect::<Vec<_>>(),
        }),
        "requests" => json!({ "requests": desk::requests(sandbox) }),
        _ => clock(sandbox),
    }
}

fn act(sandbox: &Sandbox, name: &str, body: &[u8]) -> Result<Value, Problem> {
    match name {
        "pay" => {
            let Pay { address, amount } = read(body)?;
            let payment = sandbox.pay(&address, &amount)?;
            return Ok(json!({ "recordId": payment.record_id, "txId": payment.tx_id }));
        }
        "advance" => {
            let Advance { seconds } = read(body)?;
            sandbox.advance(Duration::from_secs(seconds));
            return Ok(clock(sandbox));
        }
        "confirm" => sandbox.confirm(&read::<Record>(body)?.record_id)?,
        "confirm-all" => {
            let Nothing {} = read(body)?;
            return Ok(json!({ "confirmed": sandbox.confirm_all() }));
        }
        "settle" => {
            let Nothing {} = read(body)?;
            return Ok(json!({ "settled": sandbox.settle_payouts() }));
        }
        "fail" => sandbox.fail(&read::<Record>(body)?.record_id)?,
        "flag-risky" => sandbox.flag_risky(&read::<Record>(body)?.record_id)?,
        "resend" => sandbox.resend(&read::<Record>(body)?.record_id)?,
        "faults" => {
            let PlanFault { route, fault } = read(body)?;
            sandbox.fault(&route, fault);
        }
        "webhook-url" => {
            let WebhookUrl { url } = read(body)?;
            if !url.starts_with("http://") {
                let message = "the URL must start with http://, because the sandbox speaks no TLS";
                return Err(Problem::new(StatusCode::BAD_REQUEST, message));
            }
            sandbox.set_webhook_url(url);
        }
        _ => {
            let message = format!("there is no /sandbox/{name}; see /sandbox/openapi.json");
            return Err(Problem::new(StatusCode::NOT_FOUND, message));
        }
    }
    Ok(json!({ "done": true }))
}

fn clock(sandbox: &Sandbox) -> Value {
    json!({ "now": sandbox.now() })
}

fn attempt(tried: &Attempt) -> Value {
    json!({
        "recordId": tried.record_id,
        "type": tried.event_type,
        "number": tried.number,
        "status": tried.status,
        "acknowledged": tried.acknowledged,
        "at": tried.at,
        "error": tried.error,
    })
}

fn is_json(parts: &Parts) -> bool {
    parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        let status = match &error {
            SandboxError::UnknownAddress(_)
            | SandboxError::UnknownRecord(_)
            | SandboxError::UnknownCoin(_)
            | SandboxError::NothingAnnounced(_) => StatusCode::NOT_FOUND,
            SandboxError::NotProcessing { .. } | SandboxError::OrderTooOld(_) => {
                StatusCode::CONFLICT
            }
            SandboxError::InvalidAmount { .. } | SandboxError::Setup(_) => StatusCode::BAD_REQUEST,
            SandboxError::Unbalanced(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}
