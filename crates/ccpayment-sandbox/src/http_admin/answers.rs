//! The answers of the admin API, as JSON.

use serde_json::{Value, json};

use super::order_view::{OrderView, PageKind};
use super::pages;
use crate::api::sandbox::Sandbox;
use crate::model::views::{DeliveryAttempt, DepositView, PayoutView, RequestView};

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
    list("requests", &sandbox.requests(), |request: &RequestView| {
        json!({
            "route": request.route,
            "orderId": request.order_id,
            "code": request.code,
            "outcome": request.outcome,
            "fault": request.fault,
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

pub(super) fn attempts(attempts: &[DeliveryAttempt]) -> Value {
    list("attempts", attempts, |tried| {
        json!({
            "recordId": tried.record_id,
            "type": tried.event_type,
            "number": tried.number,
            "status": tried.status,
            "acknowledged": tried.acknowledged,
            "at": tried.at,
            "error": tried.error,
        })
    })
}

pub(super) fn notifications(sandbox: &Sandbox) -> Value {
    let mut shown = attempts(&sandbox.delivery_attempts());
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
