//! The texts of notifications, and when one is due.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::deposit::Source;
use crate::model::indexed_list::by_record;
use crate::model::money::plain;
use crate::model::outbox::Message;
use crate::model::payout::Destination;
use crate::model::record::Holder;
use crate::rules::addresses::registry as addresses;
use crate::rules::fields::put;
use crate::rules::v1::notifications as v1;
use crate::state::State;

/// A deposit that arrived or ended.
pub(crate) fn deposit(state: &mut State, record_id: &str) {
    if v1::deposit(state, record_id) {
        return;
    }
    let Some(deposit) = state.deposits.get(&by_record(record_id)) else {
        return;
    };
    let Source::Owned(owner) = &deposit.source else {
        // No notification has a name for an address that nobody owns any more.
        return;
    };
    let kind = match owner {
        Owner::Order(_) | Owner::Invoice(_) => "ApiDeposit",
        Owner::Reference(_) | Owner::V1User(_) => "DirectDeposit",
        Owner::User(_) => "UserDeposit",
    };
    let mut msg = json!({
        "recordId": deposit.record_id,
        "coinId": deposit.coin.id,
        "coinSymbol": deposit.coin.symbol,
        "status": deposit.status.as_str(),
        "isFlaggedAsRisky": deposit.flagged,
    });
    put(&mut msg, "orderId", deposit.order_id());
    put(&mut msg, "referenceId", deposit.reference_id());
    put(&mut msg, "userId", deposit.user_id());
    if deposit.user_id().is_some() {
        // Only one example has it, so nobody should credit from it.
        put(&mut msg, "amount", Some(&plain(&deposit.amount)));
    }
    let message = Message {
        record_id: record_id.to_owned(),
        kind,
        body: json!({ "type": kind, "msg": msg }).to_string(),
        url: addresses::find(state, &deposit.to).and_then(|address| address.notify_url.clone()),
    };
    if deposit.quiet {
        state.outbox.keep_back(message, state.now);
    } else {
        state.outbox.queue(message, state.now);
    }
}

/// A withdrawal to a chain that waits, is on its way, or ended; no other kind is announced.
pub(crate) fn payout(state: &mut State, record_id: &str) {
    if v1::payout(state, record_id) {
        return;
    }
    let Some(payout) = state.payouts.get(&by_record(record_id)) else {
        return;
    };
    if payout.is_automatic() || matches!(payout.to, Destination::Cwallet(_)) {
        return;
    }
    let kind = match payout.holder {
        Holder::Merchant => "ApiWithdrawal",
        Holder::User(_) => "UserWithdrawal",
    };
    let mut msg = json!({
        "recordId": payout.record_id,
        "orderId": payout.order_id,
        "coinId": payout.coin.id,
        "coinSymbol": payout.coin.symbol,
        "status": payout.status.as_str(),
    });
    put(&mut msg, "userId", payout.holder.user_id());
    let message = Message {
        record_id: record_id.to_owned(),
        kind,
        body: json!({ "type": kind, "msg": msg }).to_string(),
        url: payout.notify_url.clone(),
    };
    state.outbox.queue(message, state.now);
}

/// The notice without a type: its fields stand at the top, as the only table of it has them.
pub(crate) fn risky_address(state: &mut State, address: &str) {
    let Some(found) = addresses::find(state, address) else {
        return;
    };
    let body: Value = json!({
        "chainId": found.chain.symbol,
        "address": found.text,
        "riskAt": found.risky_since,
    });
    let message = Message {
        record_id: found.text.clone(),
        kind: "",
        body: body.to_string(),
        url: None,
    };
    state.outbox.queue(message, state.now);
}

/// The handshake when a URL is saved on the dashboard.
pub(crate) fn activation(state: &mut State) {
    let kind = "ActivateWebhookURL";
    let message = Message {
        record_id: kind.to_owned(),
        kind,
        body: json!({ "type": kind }).to_string(),
        url: None,
    };
    state.outbox.queue(message, state.now);
}
