//! The routes that read withdrawals.

use serde_json::{Value, json};

use crate::model::indexed_list::{by_order, by_user_order};
use crate::model::money::plain;
use crate::model::payout::{Destination, Payout};
use crate::model::record::Holder;
use crate::model::refusal::Refusal;
use crate::model::settings::RecordSpelling;
use crate::rules::fields::{Fields, not_found, put};
use crate::rules::pagination::{Query, among, fits};
use crate::rules::utility::find_cwallet;
use crate::rules::{pagination, users};
use crate::state::State;

pub(crate) fn get(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    find(state, fields, false)
}

pub(crate) fn get_for_user(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    find(state, fields, true)
}

fn find(state: &State, fields: &Fields, of_users: bool) -> Result<Value, Refusal> {
    let record_id = fields.text("recordId");
    let order_id = fields.text("orderId");
    let by_order = if of_users { by_user_order } else { by_order };
    let payout = state
        .payouts
        .get(&fields.record_key(by_order)?)
        .filter(|payout| (payout.holder != Holder::Merchant) == of_users)
        .filter(|payout| !payout.is_automatic())
        // If both ids are given, they must mean the same withdrawal.
        .filter(|payout| order_id.is_none_or(|order_id| payout.order_id == order_id))
        .ok_or_else(|| not_found("withdrawal", record_id.or(order_id).unwrap_or_default()))?;
    Ok(json!({ "record": row(state, payout) }))
}

fn row(state: &State, payout: &Payout) -> Value {
    let mut row = json!({
        "recordId": payout.record_id,
        "coinId": payout.coin.id,
        "coinSymbol": payout.coin.symbol,
        "orderId": payout.order_id,
        "txId": payout.tx_id,
        "toMemo": "",
        "status": payout.read_at(state.now).as_str(),
        "amount": plain(&payout.amount),
        "coinUSDPrice": plain(&payout.usd_price),
    });
    match &payout.to {
        Destination::Chain {
            network,
            from,
            address,
            memo,
        } => {
            put(&mut row, "withdrawType", Some("Network"));
            put(&mut row, "chain", Some(network.on.symbol));
            put(&mut row, "fromAddress", Some(from));
            put(&mut row, "toAddress", Some(address));
            put(&mut row, "toMemo", Some(memo));
            if let Value::Object(row) = &mut row {
                row.insert("fee".to_owned(), fee(payout));
            }
        }
        Destination::Cwallet(user) => {
            put(&mut row, "withdrawType", Some("Cwallet"));
            put(&mut row, "chain", Some("Cwallet OS"));
            // The account's id, also if the request named its e-mail address.
            let asked = state.settings.spells(RecordSpelling::CwalletAsAsked);
            let known = find_cwallet(user).filter(|_| !asked);
            put(
                &mut row,
                "cwalletUser",
                Some(known.map_or(user, |(id, ..)| id)),
            );
        }
    }
    match payout.holder.user_id() {
        Some(user_id) => put(&mut row, "userId", Some(user_id)),
        None => put(&mut row, "appId", Some(&state.app_id)),
    }
    put(&mut row, "reason", payout.reason.as_deref());
    row
}

fn fee(payout: &Payout) -> Value {
    json!({
        "coinId": payout.fee_coin.id,
        "coinSymbol": payout.fee_coin.symbol,
        "amount": plain(&payout.fee),
    })
}

impl Payout {
    fn chain(&self) -> &str {
        match &self.to {
            Destination::Chain { network, .. } => network.on.symbol,
            Destination::Cwallet(_) => "Cwallet OS",
        }
    }

    /// EVM addresses are compared without letter case.
    fn goes_to(&self, to: Option<&str>) -> bool {
        let Some(to) = to else { return true };
        match &self.to {
            Destination::Chain {
                network, address, ..
            } => network.on.family.fold(address) == network.on.family.fold(to),
            Destination::Cwallet(_) => false,
        }
    }
}

fn page(
    state: &State,
    fields: &Fields,
    ids: &str,
    keep: impl Fn(&Payout) -> bool,
    row: impl Fn(&Payout) -> Value,
) -> Result<Value, Refusal> {
    let query = Query::read(state, fields, &[ids])?;
    let orders = pagination::ids(fields, "orderIds")?;
    let records = pagination::ids(fields, "recordIds")?;
    let coin_id = fields.number("coinId")?;
    let (chain, to) = (fields.text("chain"), fields.text("toAddress"));
    let keep = |payout: &Payout| {
        keep(payout)
            && query.covers(payout.created_at)
            && among(orders.as_ref(), &payout.order_id)
            && among(records.as_ref(), &payout.record_id)
            && coin_id.is_none_or(|id| id == payout.coin.id)
            && fits(chain, payout.chain())
            && payout.goes_to(to)
    };
    Ok(query.page("records", &state.payouts, keep, row))
}

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let keep = |payout: &Payout| payout.holder == Holder::Merchant && !payout.is_automatic();
    page(state, fields, "orderIds", keep, |it| row(state, it))
}

pub(crate) fn list_for_user(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = users::asked_for(state, fields)?;
    let keep = |payout: &Payout| payout.holder.user_id() == Some(user_id);
    page(state, fields, "orderIds", keep, |it| row(state, it))
}

pub(crate) fn list_automatic(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    page(state, fields, "recordIds", Payout::is_automatic, |payout| {
        let mut row = json!({
            "recordId": payout.record_id,
            "coinId": payout.coin.id,
            "coinSymbol": payout.coin.symbol,
            "chain": payout.chain(),
            "amount": plain(&payout.amount),
            "txId": payout.tx_id,
            "status": payout.read_at(state.now).as_str(),
            "fee": fee(payout),
            "serviceFee": "0",
            // The merchant gave this withdrawal no order id.
            "orderId": payout.record_id,
            "createdAt": payout.created_at,
        });
        if let Destination::Chain { address, memo, .. } = &payout.to {
            put(&mut row, "toAddress", Some(address));
            put(&mut row, "toMemo", Some(memo));
        }
        row
    })
}
