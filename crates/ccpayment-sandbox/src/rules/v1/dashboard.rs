//! The merchant's actions on the dashboard: invoices and refunds.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::deposit::Source;
use crate::model::error::SandboxError;
use crate::model::indexed_list::by_record;
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, parse, round_down};
use crate::model::record::Status;
use crate::model::settings::invalid;
use crate::model::v1::{Kind, Refund};
use crate::rules::addresses::registry as addresses;
use crate::rules::v1::notifications;
use crate::rules::v1::orders::Page;
use crate::state::State;

/// Opens an invoice in dollars; returns the id by which `pick` finds it.
pub(crate) fn invoice(
    state: &mut State,
    price: &str,
    email: Option<String>,
) -> Result<Value, SandboxError> {
    let value = parse(price).map_err(|rule| invalid(price, rule))?.value;
    if value <= Money::default() {
        return Err(invalid(price, "must be above zero"));
    }
    if round_down(&value, 2) != value {
        return Err(invalid(price, "has more than 2 decimals"));
    }
    let id = state.ids.record(state.now);
    let page = Page {
        kind: Kind::Invoice(email),
        price: value,
        product: None,
        custom_value: None,
        return_url: None,
        notify_url: None,
        period: crate::rules::orders::DAY,
    };
    let url = page.open(state, &id);
    Ok(json!({ "invoiceId": id, "url": url }))
}

/// Sends part or all of a payment to an order back to its payer.
pub(crate) fn refund(
    state: &mut State,
    deposit_id: &str,
    amount: &str,
) -> Result<Value, SandboxError> {
    let unknown = || SandboxError::UnknownRecord(deposit_id.to_owned());
    let value = parse(amount).map_err(|rule| invalid(amount, rule))?.value;
    let deposit = state
        .deposits
        .get(&by_record(deposit_id))
        .ok_or_else(unknown)?;
    // The notification names an order of the merchant, so that only an order's money can go back.
    let Source::Owned(Owner::Order(id) | Owner::Invoice(id)) = &deposit.source else {
        return Err(unknown());
    };
    let v1_order = state.v1.orders.get(id).ok_or_else(unknown)?;
    if v1_order.kind != Kind::Order || deposit.status != Status::Success || deposit.flagged {
        return Err(SandboxError::NotRefundable(deposit_id.to_owned()));
    }
    let (id, coin, network) = (id.clone(), deposit.coin, deposit.network);
    let before = v1_order.refunds.iter();
    let before = before.filter(|refund| refund.deposit_id == deposit_id);
    let left: Money = &deposit.amount - before.map(|refund| &refund.amount).sum::<Money>();
    let fee = state.settings.network_fee(coin, network);
    if round_down(&value, network.precision) != value {
        return Err(invalid(
            amount,
            "has more decimals than the chain can carry",
        ));
    }
    if value <= fee {
        return Err(invalid(amount, "does not cover the network fee"));
    }
    if value > left {
        return Err(invalid(amount, "is more than is left of the payment"));
    }
    if state.books.balance(&Account::Merchant, coin.id) < value {
        return Err(invalid(amount, "is more than the merchant has"));
    }
    let notify_url =
        addresses::find(state, &deposit.to).and_then(|address| address.notify_url.clone());
    let payer = deposit.from().map(str::to_owned);
    let received = &value - &fee;
    let refund = Refund {
        record_id: state.ids.record(state.now),
        deposit_id: deposit_id.to_owned(),
        coin,
        network,
        // Payments with many inputs have no sender: the payer has to name an address.
        to: payer.unwrap_or_else(|| state.ids.address(network.on.family)),
        amount: value,
        fee,
        received,
        tx_id: state.ids.transaction(network.on.family),
        notify_url,
        at: state.now,
    };
    let lines = vec![
        (Account::Merchant, coin.id, -refund.amount.clone()),
        (Account::Chain, coin.id, refund.received.clone()),
        (Account::NetworkFees, coin.id, refund.fee.clone()),
    ];
    state
        .books
        .post(EntryKind::Refund, &refund.record_id, lines)?;
    notifications::refund(state, &id, &refund);
    let answer = json!({ "recordId": refund.record_id });
    if let Some(v1_order) = state.v1.orders.get_mut(&id) {
        v1_order.refunds.push(refund);
    }
    Ok(answer)
}
