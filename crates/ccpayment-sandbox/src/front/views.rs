//! What the admin API shows, as JSON.

use serde_json::{Value, json};

use super::desk;
use super::facts::{Facts, Kind};
use crate::sandbox::Sandbox;
use crate::views::{Attempt, DepositView, PayoutView, RequestView};

pub(super) fn orders(sandbox: &Sandbox) -> Value {
    let row = |facts: &Facts| {
        let way = facts.way.as_ref();
        json!({
            "orderId": facts.order_id,
            "phase": facts.phase().word(),
            "invoice": facts.kind == Kind::Invoice,
            "coinId": way.map(|way| way.coin_id),
            "coinSymbol": way.map(|way| way.symbol),
            "chain": way.map(|way| way.chain),
            "amount": desk::amount(facts),
            "address": way.map(|way| way.address.as_str()),
            "memo": way.map(|way| way.memo.as_str()),
            "expiredAt": facts.expires_at,
            "page": facts.key.as_ref().map(|_| facts.path()),
        })
    };
    list("orders", &sandbox.read(Facts::all), row)
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

pub(super) fn attempts(attempts: &[Attempt]) -> Value {
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
    let mut shown = attempts(&sandbox.attempts());
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
