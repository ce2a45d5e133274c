//! From the gateway's state to what is shown, and from a button to what it does.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::Problem;
use super::facts::Facts;
use crate::catalogue::all_coins;
use crate::page::{Balance, Notified, Overview, Row};
use crate::sandbox::Sandbox;

/// The two kinds of pages to pay on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Checkout,
    Invoice,
}

impl Kind {
    pub(super) fn find(name: &str) -> Option<Self> {
        [Self::Checkout, Self::Invoice]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The first part of the path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Invoice => "invoice",
        }
    }
}

fn facts(sandbox: &Sandbox, kind: Kind, key: &str) -> Option<Facts> {
    let state = sandbox.state();
    match kind {
        Kind::Checkout => Facts::of_checkout(&state, key),
        Kind::Invoice => None,
    }
}

pub(super) fn page(sandbox: &Sandbox, kind: Kind, key: &str) -> Option<String> {
    Some(facts(sandbox, kind, key)?.checkout().render())
}

/// What the page's script asks for, again and again.
pub(super) fn state(sandbox: &Sandbox, kind: Kind, key: &str) -> Option<Value> {
    let checkout = facts(sandbox, kind, key)?.checkout();
    Some(json!({
        "orderId": checkout.order_id,
        "phase": checkout.phase.word(),
        "version": checkout.version,
        "now": checkout.now,
        "expiresAt": checkout.expires_at,
    }))
}

/// A button was pressed.
pub(super) fn act(
    sandbox: &Sandbox,
    kind: Kind,
    key: &str,
    step: &str,
    body: &[u8],
) -> Result<(), Problem> {
    let unclear = || Problem::new(StatusCode::BAD_REQUEST, "This button is not known here.");
    let missing = || {
        Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such order in this sandbox.",
        )
    };
    let facts = facts(sandbox, kind, key).ok_or_else(missing)?;
    let text = std::str::from_utf8(body).map_err(|_| unclear())?;
    let (name, value) = text.split_once('=').ok_or_else(unclear)?;
    match (step, name) {
        ("pay", "how") => {
            let checkout = facts.checkout();
            let simulate = checkout.simulate;
            let amount = match value {
                "exact" => simulate.exact,
                "part" => simulate.part,
                "over" => simulate.over,
                "late" => simulate.late,
                _ => return Err(unclear()),
            };
            let amount = amount.ok_or_else(|| {
                Problem::new(
                    StatusCode::CONFLICT,
                    "The order has changed; there is no such amount any more.",
                )
            })?;
            if value == "late" {
                let ahead = checkout.expires_at.saturating_sub(checkout.now);
                sandbox.advance(Duration::from_secs(ahead.saturating_add(1)));
            }
            sandbox.pay(&checkout.payable.address, &amount)?;
        }
        _ => return Err(unclear()),
    }
    Ok(())
}

pub(super) fn overview(sandbox: &Sandbox) -> String {
    let ledger = sandbox.ledger();
    let balances = all_coins()
        .map(|coin| Balance {
            symbol: coin.symbol.to_owned(),
            coin_id: coin.id,
            available: ledger.balance("merchant:available", coin.id),
        })
        .filter(|balance| balance.available != "0")
        .collect();
    let symbol = |coin_id: u64| {
        all_coins()
            .find(|coin| coin.id == coin_id)
            .map_or("?", |coin| coin.symbol)
    };
    let orders = all_facts(sandbox)
        .into_iter()
        .map(|facts| {
            let checkout = facts.checkout();
            Row {
                id: checkout.order_id,
                kind: format!("{} on {}", checkout.payable.symbol, checkout.payable.chain),
                amount: checkout.payable.amount,
                status: checkout.phase.word().to_owned(),
                link: facts.key.is_some().then_some(checkout.path),
            }
        })
        .collect();
    let deposits = sandbox
        .deposits()
        .into_iter()
        .map(|deposit| Row {
            id: deposit.record_id,
            kind: format!("{} for {}", symbol(deposit.coin_id), deposit.order_id),
            amount: deposit.amount,
            status: deposit.status,
            link: None,
        })
        .collect();
    let payouts = sandbox
        .payouts()
        .into_iter()
        .map(|payout| Row {
            id: payout.record_id,
            kind: format!(
                "{} on {} for {}",
                symbol(payout.coin_id),
                payout.chain,
                payout.order_id
            ),
            amount: payout.amount,
            status: payout.status,
            link: None,
        })
        .collect();
    let notified = sandbox
        .attempts()
        .into_iter()
        .rev()
        .map(|tried| Notified {
            outcome: match (&tried.status, tried.error) {
                (_, Some(error)) => error,
                (Some(status), None) => status.to_string(),
                (None, None) => String::new(),
            },
            record_id: tried.record_id,
            event: tried.event_type,
            number: tried.number,
            at: tried.at,
            acknowledged: tried.acknowledged,
        })
        .collect();
    Overview {
        app_id: sandbox.app_id().to_owned(),
        now: sandbox.now(),
        webhook_url: sandbox.webhook_url(),
        pending: sandbox.pending_notifications(),
        balanced: ledger.is_balanced(),
        balances,
        orders,
        deposits,
        payouts,
        notified,
    }
    .render()
}

fn all_facts(sandbox: &Sandbox) -> Vec<Facts> {
    Facts::all(&sandbox.state())
}

pub(super) fn orders(sandbox: &Sandbox) -> Vec<Value> {
    all_facts(sandbox)
        .iter()
        .map(|facts| {
            let checkout = facts.checkout();
            json!({
                "orderId": checkout.order_id,
                "phase": checkout.phase.word(),
                "coinId": facts.coin_id,
                "coinSymbol": checkout.payable.symbol,
                "chain": checkout.payable.chain,
                "amount": checkout.payable.amount,
                "address": checkout.payable.address,
                "memo": checkout.payable.memo.unwrap_or_default(),
                "expiredAt": checkout.expires_at,
                "page": facts.key.as_ref().map(|_| checkout.path.as_str()),
            })
        })
        .collect()
}

pub(super) fn deposits(sandbox: &Sandbox) -> Vec<Value> {
    let row = |deposit: crate::DepositView| {
        json!({
            "recordId": deposit.record_id,
            "orderId": deposit.order_id,
            "coinId": deposit.coin_id,
            "amount": deposit.amount,
            "status": deposit.status,
            "isFlaggedAsRisky": deposit.flagged,
        })
    };
    sandbox.deposits().into_iter().map(row).collect()
}

pub(super) fn payouts(sandbox: &Sandbox) -> Vec<Value> {
    let row = |payout: crate::PayoutView| {
        json!({
            "recordId": payout.record_id,
            "orderId": payout.order_id,
            "coinId": payout.coin_id,
            "chain": payout.chain,
            "address": payout.address,
            "amount": payout.amount,
            "status": payout.status,
        })
    };
    sandbox.payouts().into_iter().map(row).collect()
}

pub(super) fn requests(sandbox: &Sandbox) -> Vec<Value> {
    let row = |request: crate::RequestView| {
        json!({
            "route": request.route,
            "orderId": request.order_id,
            "code": request.code,
            "outcome": request.outcome,
        })
    };
    sandbox.requests().into_iter().map(row).collect()
}

pub(super) fn ledger(sandbox: &Sandbox) -> Value {
    let ledger = sandbox.ledger();
    let entries: Vec<Value> = ledger
        .entries()
        .iter()
        .map(|entry| {
            let postings: Vec<Value> = entry
                .postings
                .iter()
                .map(|line| json!({ "account": line.account, "coinId": line.coin_id, "amount": line.amount }))
                .collect();
            json!({
                "id": entry.id,
                "kind": entry.kind.to_string(),
                "reference": entry.reference,
                "postings": postings,
            })
        })
        .collect();
    json!({ "balanced": ledger.is_balanced(), "entries": entries })
}
