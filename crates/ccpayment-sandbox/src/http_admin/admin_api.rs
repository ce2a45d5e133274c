//! The admin API: what the chain, the clock, the network and the gateway's people do.

use std::time::Duration;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Value, json};

use super::answers;
use super::http_error::{HttpError, get, post};
use super::requests::{
    Advance, AutoPayout, Expire, FaultsBySeed, Fund, Instruct, Nothing, Pay, Pick, PlanFault,
    Record, Reject, RiskAddress, Sweep, WebhookUrl, read,
};
use crate::api::faults::random_faults;
use crate::api::sandbox::Sandbox;
use crate::model::error::SandboxError;

type Done = Result<Value, HttpError>;

pub(super) async fn answer(sandbox: &Sandbox, parts: &Parts, name: &str, body: &[u8]) -> Done {
    if let Some(query) = query(name) {
        get(parts)?;
        return Ok(query(sandbox));
    }
    let Some(command) = command(name) else {
        if name == "deliver" {
            post_json(parts, body)?;
            let Nothing {} = read(body)?;
            return Ok(answers::attempts(sandbox, &sandbox.deliver_due().await));
        }
        let message = format!("there is no /sandbox/{name}; see /sandbox/openapi.json");
        return Err(HttpError::new(StatusCode::NOT_FOUND, message));
    };
    post_json(parts, body)?;
    command(sandbox, body)
}

/// A browser asks before it sends JSON from a foreign page, and is told no.
fn post_json(parts: &Parts, body: &[u8]) -> Result<(), HttpError> {
    post(parts)?;
    if body.is_empty() || is_json(parts) {
        return Ok(());
    }
    let message = "send JSON: `curl --json '{...}'`, or with `-H 'Content-Type: application/json'`";
    Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

fn query(name: &str) -> Option<fn(&Sandbox) -> Value> {
    Some(match name {
        "orders" => answers::orders,
        "deposits" => answers::deposits,
        "payouts" => answers::payouts,
        "ledger" => answers::ledger,
        "notifications" => answers::notifications,
        "requests" => answers::requests,
        "clock" => answers::clock,
        "fault-hits" => answers::fault_hits,
        _ => return None,
    })
}

fn command(name: &str) -> Option<fn(&Sandbox, &[u8]) -> Done> {
    Some(match name {
        "pay" => pay,
        "pick" => pick,
        "advance" => advance,
        "expire" => |sandbox, body| done(sandbox.expire(&read::<Expire>(body)?.order_id)),
        "confirm" => |sandbox, body| done(sandbox.confirm(&read::<Record>(body)?.record_id)),
        "confirm-all" => |sandbox, body| {
            let Nothing {} = read(body)?;
            Ok(json!({ "confirmed": sandbox.confirm_all() }))
        },
        "fail" => |sandbox, body| done(sandbox.fail(&read::<Record>(body)?.record_id)),
        "flag-risky" => |sandbox, body| done(sandbox.flag_risky(&read::<Record>(body)?.record_id)),
        "refund-risky" => |sandbox, body| {
            let refund = sandbox.refund_risky(&read::<Record>(body)?.record_id)?;
            Ok(json!({ "recordId": refund }))
        },
        "risk-address" => {
            |sandbox, body| done(sandbox.flag_address_risky(&read::<RiskAddress>(body)?.address))
        }
        "settle" => |sandbox, body| {
            let Nothing {} = read(body)?;
            Ok(json!({ "settled": sandbox.settle_payouts() }))
        },
        "approve" => |sandbox, body| done(sandbox.approve(&read::<Record>(body)?.record_id)),
        "reject" => |sandbox, body| {
            let Reject { record_id, reason } = read(body)?;
            done(sandbox.reject(&record_id, &reason))
        },
        "fund" => fund,
        "auto-payout" => auto_payout,
        "sweep" => |sandbox, body| {
            let sweep: Sweep = read(body)?;
            done(sandbox.sweep_address(&sweep.address, sweep.coin_id, &sweep.fee))
        },
        "set" => |sandbox, body| done(sandbox.set(read(body)?)),
        "instruct" => |sandbox, body| {
            let Instruct { route, code } = read(body)?;
            done(sandbox.fail_next(&route, code))
        },
        "faults" => |sandbox, body| {
            let PlanFault { route, fault } = read(body)?;
            done(sandbox.try_plan_fault(&route, fault))
        },
        "faults-by-seed" => |sandbox, body| {
            let FaultsBySeed {
                seed,
                per_mille,
                among,
            } = read(body)?;
            done(
                sandbox
                    .apply(random_faults(seed, per_mille, among))
                    .map(drop),
            )
        },
        "webhook-url" => webhook_url,
        "activate-webhook" => |sandbox, body| {
            let Nothing {} = read(body)?;
            sandbox.activate_webhook();
            done(Ok(()))
        },
        "resend" => {
            |sandbox, body| done(sandbox.resend_notification(&read::<Record>(body)?.record_id))
        }
        _ => return None,
    })
}

fn done(result: Result<(), SandboxError>) -> Done {
    result?;
    Ok(json!({ "done": true }))
}

fn pay(sandbox: &Sandbox, body: &[u8]) -> Done {
    let payment = sandbox.send_payment(read::<Pay>(body)?.incoming()?)?;
    Ok(json!({ "recordId": payment.record_id, "txId": payment.tx_id }))
}

fn pick(sandbox: &Sandbox, body: &[u8]) -> Done {
    let wanted: Pick = read(body)?;
    let picked = sandbox.pick_coin(&wanted.order_id, wanted.coin_id, &wanted.chain)?;
    Ok(json!({ "address": picked.address, "memo": picked.memo, "amount": picked.amount }))
}

fn advance(sandbox: &Sandbox, body: &[u8]) -> Done {
    let Advance { seconds } = read(body)?;
    sandbox.try_advance(Duration::from_secs(seconds))?;
    Ok(answers::clock(sandbox))
}

fn fund(sandbox: &Sandbox, body: &[u8]) -> Done {
    let fund: Fund = read(body)?;
    done(sandbox.fund(fund.user_id.as_deref(), fund.coin_id, &fund.amount))
}

fn auto_payout(sandbox: &Sandbox, body: &[u8]) -> Done {
    let payout: AutoPayout = read(body)?;
    let record_id = sandbox.auto_payout(
        payout.coin_id,
        &payout.chain,
        &payout.address,
        &payout.amount,
    )?;
    Ok(json!({ "recordId": record_id }))
}

fn webhook_url(sandbox: &Sandbox, body: &[u8]) -> Done {
    let WebhookUrl { url } = read(body)?;
    if !url.starts_with("http://") {
        let message = "the URL must start with http://, because the sandbox speaks no TLS";
        return Err(HttpError::new(StatusCode::BAD_REQUEST, message));
    }
    done(sandbox.try_set_webhook_url(url))
}

fn is_json(parts: &Parts) -> bool {
    parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
