//! Transfers between end users, and between a user and the merchant.

use serde_json::{Value, json};

use crate::model::indexed_list::{by_order, by_record};
use crate::model::ledger::EntryKind;
use crate::model::money::plain;
use crate::model::record::Status;
use crate::model::refusal::{self, Refusal};
use crate::model::transfer::Transfer;
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::orders::taken;
use crate::rules::pagination::{Query, among, fits};
use crate::rules::{checks, pagination, users};
use crate::state::State;

impl Transfer {
    pub(crate) fn row(&self) -> Value {
        let mut row = json!({
            "recordId": self.record_id,
            "coinId": self.coin.id,
            "coinSymbol": self.coin.symbol,
            "orderId": self.order_id,
            "fromUserId": self.from,
            "toUserId": self.to,
            "amount": plain(&self.amount),
            "coinUSDPrice": plain(&self.usd_price),
            // There is nothing to wait for.
            "status": Status::Success.as_str(),
        });
        put(&mut row, "remark", self.remark.as_deref());
        row
    }
}

pub(crate) fn transfer(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let from = fields.required_text("fromUserId")?;
    let to = fields.required_text("toUserId")?;
    let coin = fields.coin()?;
    let amount = fields.amount("amount")?;
    if state.transfers.has(&by_order(order_id)) {
        return Err(taken(order_id));
    }
    let (payer, payee) = (users::holder(state, from)?, users::holder(state, to)?);
    if payer == payee {
        return Err(Refusal::new(
            refusal::OWN_ADDRESS,
            "the transfer goes to where it comes from",
        ));
    }
    check_decimals("amount", &amount, 18)?;
    let amount = amount.value;
    checks::worth_something(state, coin, &amount)?;
    checks::balance(state, &payer.account(), coin, &amount, refusal::BALANCE)?;
    let record_id = state.ids.record(state.now);
    let lines = vec![
        (payer.account(), coin.id, -amount.clone()),
        (payee.account(), coin.id, amount.clone()),
    ];
    state.books.post(EntryKind::Transfer, &record_id, lines)?;
    let answer = json!({ "recordId": record_id });
    let keys = [by_record(&record_id), by_order(order_id)];
    let transfer = Transfer {
        record_id,
        order_id: order_id.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        coin,
        usd_price: state.settings.price(coin),
        amount,
        remark: fields.owned("remark"),
        created_at: state.now,
    };
    state.transfers.push(keys, transfer);
    Ok(answer)
}

pub(crate) fn get(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let (record_id, order_id) = (fields.text("recordId"), fields.text("orderId"));
    let key = fields.record_key(by_order)?;
    let transfer = state
        .transfers
        .get(&key)
        .filter(|transfer| fits(order_id, &transfer.order_id))
        .ok_or_else(|| not_found("transfer", record_id.or(order_id).unwrap_or_default()))?;
    Ok(json!({ "record": transfer.row() }))
}

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let query = Query::read(state, fields, &["orderIds"])?;
    let orders = pagination::ids(fields, "orderIds")?;
    let coin_id = fields.number("coinId")?;
    let (from, to) = (fields.text("fromUserId"), fields.text("toUserId"));
    for user_id in [from, to].into_iter().flatten() {
        users::holder(state, user_id)?;
    }
    let keep = |transfer: &Transfer| {
        query.covers(transfer.created_at)
            && among(orders.as_ref(), &transfer.order_id)
            && coin_id.is_none_or(|id| id == transfer.coin.id)
            && fits(from, &transfer.from)
            && fits(to, &transfer.to)
    };
    Ok(query.page("records", &state.transfers, keep, Transfer::row))
}
