//! The pages that are served, and what their buttons do.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::facts::{Facts, Kind};
use super::problem::Problem;
use crate::handle::sandbox::Sandbox;
use crate::model::catalogue::COINS;
use crate::model::money::plain;
use crate::model::views::Incoming;
use crate::page::{Balance, Invoice, Notified, Overview, Row};

fn facts(sandbox: &Sandbox, kind: Kind, key: &str) -> Result<Facts, Problem> {
    sandbox
        .read(|state| Facts::find(state, kind, key))
        .ok_or_else(|| {
            let message = "There is no such order in this sandbox.";
            Problem::new(StatusCode::NOT_FOUND, message)
        })
}

pub(super) fn page(sandbox: &Sandbox, kind: Kind, key: &str) -> Result<String, Problem> {
    let facts = facts(sandbox, kind, key)?;
    let chosen = facts.checkout();
    if let (Kind::Checkout, Some(checkout)) = (kind, &chosen) {
        return Ok(checkout.render());
    }
    let invoice = Invoice {
        path: facts.path(),
        version: facts.version(),
        price: facts.price.unwrap_or_default(),
        product: facts.title,
        order_id: facts.order_id,
        expires_at: facts.expires_at,
        now: facts.now,
        choices: facts.choices,
        chosen,
        return_url: facts.return_url,
    };
    Ok(invoice.render())
}

/// What the page's script asks for, again and again.
pub(super) fn state(sandbox: &Sandbox, kind: Kind, key: &str) -> Result<Value, Problem> {
    let facts = facts(sandbox, kind, key)?;
    Ok(json!({
        "orderId": facts.order_id,
        "phase": facts.phase().word(),
        "version": facts.version(),
        "now": facts.now,
        "expiresAt": facts.expires_at,
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
    let facts = facts(sandbox, kind, key)?;
    // Its values are made of letters, digits and hyphens, which forms leave as they are.
    let text = std::str::from_utf8(body).map_err(|_| unclear())?;
    let (name, value) = text.split_once('=').ok_or_else(unclear)?;
    match (kind, step, name) {
        (_, "pay", "how") => pay(sandbox, &facts, value),
        (Kind::Invoice, "choose", "coin") => {
            let (coin_id, chain) = value.split_once('-').ok_or_else(unclear)?;
            let coin_id = coin_id.parse().map_err(|_| unclear())?;
            sandbox.pick(&facts.order_id, coin_id, chain)?;
            Ok(())
        }
        _ => Err(unclear()),
    }
}

fn pay(sandbox: &Sandbox, facts: &Facts, how: &str) -> Result<(), Problem> {
    let gone = || {
        let message = "The order has changed: there is nothing like that to pay any more.";
        Problem::new(StatusCode::CONFLICT, message)
    };
    let checkout = facts.checkout().ok_or_else(gone)?;
    let (way, simulate) = (facts.way.as_ref().ok_or_else(gone)?, checkout.simulate);
    let amount = match how {
        "exact" => simulate.exact,
        "part" => simulate.part,
        "over" => simulate.over,
        "late" => simulate.late,
        _ => None,
    }
    .ok_or_else(gone)?;
    if how == "late" {
        let ahead = facts.expires_at.saturating_sub(facts.now);
        sandbox.move_clock(Duration::from_secs(ahead.saturating_add(1)))?;
    }
    // An invoice's address takes more than one coin.
    let incoming = Incoming::new(way.address.clone(), amount).coin(way.coin_id, way.chain);
    sandbox.send(incoming)?;
    Ok(())
}

pub(super) fn overview(sandbox: &Sandbox) -> String {
    let ledger = sandbox.ledger();
    let balances = COINS
        .iter()
        .map(|coin| Balance {
            symbol: coin.symbol.to_owned(),
            coin_id: coin.id,
            available: ledger.balance("merchant:available", coin.id),
        })
        .filter(|balance| balance.available != "0")
        .collect();
    let orders = sandbox
        .read(Facts::all)
        .into_iter()
        .map(|facts| Row {
            kind: match &facts.way {
                Some(way) => format!("{} on {}", way.symbol, way.chain),
                None => "invoice".to_owned(),
            },
            amount: amount(&facts),
            status: facts.phase().word().to_owned(),
            link: facts.key.as_ref().map(|_| facts.path()),
            id: facts.order_id,
        })
        .collect();
    let deposits = sandbox
        .deposits()
        .into_iter()
        .map(|deposit| Row {
            kind: format!("{} for {}", symbol(deposit.coin_id), deposit.order_id),
            id: deposit.record_id,
            amount: deposit.amount,
            status: deposit.status,
            link: None,
        })
        .collect();
    let payouts = sandbox
        .payouts()
        .into_iter()
        .map(|payout| Row {
            kind: format!(
                "{} on {} for {}",
                symbol(payout.coin_id),
                payout.chain,
                payout.order_id
            ),
            id: payout.record_id,
            amount: payout.amount,
            status: payout.status,
            link: None,
        })
        .collect();
    let notified = sandbox
        .attempts()
        .into_iter()
        .map(|tried| Notified {
            outcome: match (tried.status, tried.error) {
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

fn symbol(coin_id: u64) -> &'static str {
    let coin = COINS.iter().find(|coin| coin.id == coin_id);
    coin.map_or("?", |coin| coin.symbol)
}

/// What is to be paid, or what an invoice without a coin is about.
pub(super) fn amount(facts: &Facts) -> String {
    match (&facts.way, &facts.price) {
        (None, Some(price)) => price.clone(),
        (Some(way), _) => plain(&way.amount),
        (None, None) => String::new(),
    }
}
