//! The answers of the admin API, as JSON.

use serde_json::{Value, json};

use super::order_view::{OrderView, PageKind};
use super::pages;
use crate::api::sandbox::Sandbox;
use crate::model::request_log::LoggedRequest;
use crate::model::views::{DeliveryAttempt, DepositView, PayoutView};

pub(super) fn orders(sandbox: &Sandbox) -> Value {
    let row = |view: &OrderView| {
        let method = view.method.as_ref();
        json!({
            "orderId": view.order_id,
            "phase": view.phase().word(),
            "invoice": view.kind == PageKind::Invoice,
            "coinId": method.map(|method| method.coin_id),
            "coinSymbol": method.map(|method| method.symbol),
            "chain": method.map(|method| method.chain),
            "amount": pages::amount(view),
            "address": method.map(|method| method.address.as_str()),
            "memo": method.map(|method| method.memo.as_str()),
            "expiredAt": view.expires_at,
            "page": view.key.as_ref().map(|_| view.path()),
        })
    };
    list("orders", &sandbox.read(OrderView::all), row)
}

pub(super) fn deposits(sandbox: &Sandbox) -> Value {
    list("deposits", &sandbox.deposits(), |deposit: &DepositView| {
        json!({
            "recordId": deposit.record_id,
            "orderId": deposit.order_id,
            "userId": deposit.user_id,
            "referenceId": deposit.reference_id,
            "coinId": deposit.coin_id,
            "amount": deposit.amount,
            "status": deposit.status,
            "isFlaggedAsRisky": deposit.flagged,
            "isLate": deposit.late,
        })
    })
}

pub(super) fn payouts(sandbox: &Sandbox) -> Value {
    list("payouts", &sandbox.payouts(), |payout: &PayoutView| {
        json!({
            "recordId": payout.record_id,
            "orderId": payout.order_id,
            "userId": payout.user_id,
            "coinId": payout.coin_id,
            "chain": payout.chain,
            "address": payout.address,
            "amount": payout.amount,
            "status": payout.status,
        })
    })
}

pub(super) fn requests(sandbox: &Sandbox) -> Value {
    let log = sandbox.request_log();
    // The state's entry of the request also has what was found out after the answer.
    let of_route = |request: &LoggedRequest| {
        let number = request.number?;
        sandbox.read(|state| state.requests.get(number).cloned())
    };
    let seen: Vec<_> = log
        .iter()
        .map(|request| (request, of_route(request)))
        .collect();
    list("requests", &seen, |(request, of_route)| {
        let signing = request.signing.as_ref();
        json!({
            "at": request.at,
            "path": request.path,
            "route": of_route.as_ref().map(|seen| &seen.route),
            "orderId": request.order_id,
            "status": request.status,
            "code": request.code,
            "outcome": of_route.as_ref().and_then(|seen| seen.outcome),
            "reason": request.message,
            "body": request.body,
            "warnings": request.warnings,
            "fault": request.fault,
            "signing": signing.map(|it| json!({ "hint": it.hint, "text": it.text })),
        })
    })
}

pub(super) fn fault_hits(sandbox: &Sandbox) -> Value {
    let hits: Vec<_> = sandbox.fault_hits().into_iter().collect();
    list(
        "hits",
        &hits,
        |(fault, count)| json!({ "fault": fault, "count": count }),
    )
}

pub(super) fn attempts(sandbox: &Sandbox, attempts: &[DeliveryAttempt]) -> Value {
    list("attempts", attempts, |tried| {
        let headers = tried.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), json!(value)));
        json!({
            "recordId": tried.record_id,
            "type": tried.event_type,
            "number": tried.number,
            "status": tried.status,
            "acknowledged": tried.acknowledged,
            "at": sandbox.told(tried.at),
            "error": tried.error,
            "url": tried.url,
            "headers": headers.collect::<serde_json::Map<_, _>>(),
            "body": tried.body,
            "answer": tried.answer,
            "failedRule": tried.failed_rule,
        })
    })
}

pub(super) fn notifications(sandbox: &Sandbox) -> Value {
    let mut shown = attempts(sandbox, &sandbox.delivery_attempts());
    if let Value::Object(shown) = &mut shown {
        shown.insert("webhookUrl".to_owned(), json!(sandbox.webhook_url()));
        shown.insert("waiting".to_owned(), json!(sandbox.pending_notifications()));
    }
    shown
}

pub(super) fn ledger(sandbox: &Sandbox) -> Value {
    let ledger = sandbox.ledger();
    let mut shown = list("entries", ledger.entries(), |entry| {
        let postings: Vec<Value> = entry
            .postings
            .iter()
            .map(|line| {
                json!({ "account": line.account, "coinId": line.coin_id, "amount": line.amount })
            })
            .collect();
        json!({
            "id": entry.id,
            "kind": entry.kind.to_string(),
            "reference": entry.reference,
            "postings": postings,
        })
    });
    if let Value::Object(shown) = &mut shown {
        shown.insert("balanced".to_owned(), json!(ledger.is_balanced()));
    }
    shown
}

pub(super) fn clock(sandbox: &Sandbox) -> Value {
    json!({ "now": sandbox.now(), "signedAt": sandbox.signing_time() })
}

fn list<T>(name: &str, items: &[T], row: impl Fn(&T) -> Value) -> Value {
    json!({ name: items.iter().map(row).collect::<Vec<_>>() })
}
