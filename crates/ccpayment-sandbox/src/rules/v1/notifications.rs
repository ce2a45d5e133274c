//! The texts of v1's notifications. Each is sent when its money has ended up somewhere.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::deposit::{Deposit, Source};
use crate::model::indexed_list::by_record;
use crate::model::money::plain;
use crate::model::outbox::Message;
use crate::model::payout::{Destination, Payout};
use crate::model::record::{Holder, Status};
use crate::model::v1::{
    API_DEPOSIT, API_WITHDRAWAL, DIRECT_DEPOSIT, INVOICE, Kind, REFUND, Refund, V1Order, V1Payout,
};
use crate::rules::addresses::registry as addresses;
use crate::rules::fields::put;
use crate::rules::v1::tokens;
use crate::state::State;

/// Stands for the transaction id of a withdrawal that never reached a chain.
const INTERNAL: &str = "internal transfer";

/// The only two final words; `None` while the record is under way.
fn pay_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Success => Some("success"),
        Status::Failed | Status::Rejected => Some("failed"),
        Status::WaitingApproval | Status::Processing => None,
    }
}

/// Announces a deposit of v1; false when it is none.
pub(crate) fn deposit(state: &mut State, record_id: &str) -> bool {
    let Some(deposit) = state.deposits.get(&by_record(record_id)) else {
        return false;
    };
    let Source::Owned(owner) = &deposit.source else {
        return false;
    };
    let v1_order = match owner {
        Owner::Order(id) | Owner::Invoice(id) => match state.v1.orders.get(id) {
            Some(v1_order) => Some((id, v1_order)),
            None => return false,
        },
        Owner::V1User(_) => None,
        Owner::Reference(_) | Owner::User(_) => return false,
    };
    // v1 has no word for money that is held back, so nothing is sent.
    let Some(pay_status) = pay_status(deposit.status).filter(|_| !deposit.flagged) else {
        return true;
    };
    let (kind, mut body) = match (v1_order, owner) {
        (Some((id, v1_order)), _) => match &v1_order.kind {
            Kind::Order => (API_DEPOSIT, order_body(id, v1_order, deposit)),
            Kind::Invoice(email) => (
                INVOICE,
                invoice_body(id, v1_order, email.as_deref(), deposit),
            ),
        },
        (None, owner) => (DIRECT_DEPOSIT, direct_body(owner, deposit)),
    };
    put(&mut body, "pay_status", Some(pay_status));
    put(&mut body, "order_type", Some(kind));
    let message = Message {
        record_id: record_id.to_owned(),
        kind,
        body: body.to_string(),
        url: addresses::find(state, &deposit.to).and_then(|address| address.notify_url.clone()),
    };
    if deposit.quiet {
        state.outbox.keep_back(message, state.now);
    } else {
        state.outbox.queue(message, state.now);
    }
    true
}

/// The fields that every payment to an order or invoice has.
fn paid_body(v1_order: &V1Order, deposit: &Deposit) -> Value {
    let due = v1_order.due(deposit);
    let mut body = json!({
        "record_id": deposit.record_id,
        "order_id": v1_order.order_id,
        "product_price": plain(&v1_order.price),
        "denominated_currency": v1_order.currency(),
        "order_amount": plain(&due.amount),
        "paid_amount": plain(&deposit.amount),
        "token_rate": plain(&due.rate),
        "chain": deposit.network.on.symbol,
        "txid": deposit.tx_id,
        "contract": deposit.network.contract,
        "crypto": deposit.coin.symbol,
    });
    put(&mut body, "fiat_rate", v1_order.fiat_rate().as_deref());
    body
}

fn order_body(id: &str, v1_order: &V1Order, deposit: &Deposit) -> Value {
    let mut extend = json!({ "merchant_order_id": id });
    put(
        &mut extend,
        "custom_value",
        v1_order.custom_value.as_deref(),
    );
    let mut body = paid_body(v1_order, deposit);
    insert(&mut body, "extend", extend);
    body
}

fn invoice_body(id: &str, v1_order: &V1Order, email: Option<&str>, deposit: &Deposit) -> Value {
    let mut extend = json!({ "invoice_id": id });
    put(&mut extend, "user_email", email);
    let mut body = paid_body(v1_order, deposit);
    let net = &deposit.amount - &deposit.service_fee;
    for (name, text) in [
        ("credit_amount", plain(&net)),
        ("network_fee", "0".to_owned()),
        ("service_fee", plain(&deposit.service_fee)),
        ("memo", deposit.memo.clone()),
    ] {
        put(&mut body, name, Some(&text));
    }
    insert(&mut body, "extend", extend);
    body
}

fn direct_body(owner: &Owner, deposit: &Deposit) -> Value {
    let net = &deposit.amount - &deposit.service_fee;
    let mut body = json!({
        "record_id": deposit.record_id,
        "paid_amount": plain(&deposit.amount),
        "credit_amount": plain(&net),
        "chain": deposit.network.on.symbol,
        "to_address": deposit.to,
        "contract": deposit.network.contract,
        "crypto": deposit.coin.symbol,
        "txid": deposit.tx_id,
        "service_fee": plain(&deposit.service_fee),
        "memo": deposit.memo,
    });
    put(&mut body, "from_address", deposit.from());
    if let Owner::V1User(user_id) = owner {
        put(&mut body, "user_id", Some(user_id));
    }
    body
}

fn insert(body: &mut Value, name: &str, value: Value) {
    if let Value::Object(body) = body {
        body.insert(name.to_owned(), value);
    }
}

/// Announces a withdrawal of v1, also one to Cwallet; false when it is none.
pub(crate) fn payout(state: &mut State, record_id: &str) -> bool {
    let Some(payout) = state.payouts.get(&by_record(record_id)) else {
        return false;
    };
    let v1_payout = state.v1.payouts.get(&payout.order_id);
    let Some(v1_payout) = v1_payout.filter(|_| payout.holder == Holder::Merchant) else {
        return false;
    };
    if let Some(pay_status) = pay_status(payout.status) {
        let message = Message {
            record_id: record_id.to_owned(),
            kind: API_WITHDRAWAL,
            body: payout_body(payout, v1_payout, pay_status).to_string(),
            url: None,
        };
        state.outbox.queue(message, state.now);
    }
    true
}

fn payout_body(payout: &Payout, v1_payout: &V1Payout, pay_status: &str) -> Value {
    let (to, memo, tx_id) = match &payout.to {
        Destination::Chain { address, memo, .. } => (address, memo.as_str(), &*payout.tx_id),
        Destination::Cwallet(user) => (user, "", INTERNAL),
    };
    // The balance lost the amount that arrives, and the fee if it is in the same coin.
    let taken = if payout.fee_coin.id == payout.coin.id {
        &payout.received + &payout.fee
    } else {
        payout.received.clone()
    };
    json!({
        "pay_status": pay_status,
        "order_type": API_WITHDRAWAL,
        "order_id": v1_payout.order_id,
        "record_id": payout.record_id,
        "withdraw_amount": plain(&taken),
        "net_receivable": plain(&payout.received),
        "network_fee": plain(&payout.fee),
        "network_fee_crypto": payout.fee_coin.symbol,
        "network_coin_id": tokens::coin_id(payout.fee_coin),
        "network_fee_value": plain(&v1_payout.fee_value),
        "chain": v1_payout.network.on.symbol,
        "contract": v1_payout.network.contract,
        "crypto": payout.coin.symbol,
        "to_address": to,
        "memo": memo,
        "txid": tx_id,
        "merchant_order_id": payout.order_id,
        "merchant_pays_fee": v1_payout.on_top,
    })
}

/// Announces a refund that the merchant ordered on the dashboard.
pub(crate) fn refund(state: &mut State, id: &str, refund: &Refund) {
    let body = json!({
        "pay_status": "success",
        "order_type": REFUND,
        "record_id": refund.record_id,
        "amount": plain(&refund.amount),
        "net_receivable": plain(&refund.received),
        "network_fee": plain(&refund.fee),
        // The only example of this kind uses this name.
        "network_crypto": refund.coin.symbol,
        "network_coin_id": tokens::coin_id(refund.coin),
        "chain": refund.network.on.symbol,
        "contract": refund.network.contract,
        "crypto": refund.coin.symbol,
        "to_address": refund.to,
        "memo": "",
        "txid": refund.tx_id,
        "merchant_order_id": id,
    });
    let message = Message {
        record_id: refund.record_id.clone(),
        kind: REFUND,
        body: body.to_string(),
        url: refund.notify_url.clone(),
    };
    state.outbox.queue(message, state.now);
}
