//! Transfers of one payer to many, all or none.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::indexed_list::{IndexedList, by_order, by_record};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, plain};
use crate::model::record::Status;
use crate::model::refusal::{self, Refusal};
use crate::model::transfer::{BatchTransfer, Transfer};
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::orders::taken;
use crate::rules::pagination::{Query, among, fits};
use crate::rules::{checks, pagination, users};
use crate::state::State;

impl BatchTransfer {
    fn row(&self) -> Value {
        let to_users: Vec<Value> = self
            .parts
            .iter()
            .map(|part| json!({ "userId": part.to, "amount": plain(&part.amount) }))
            .collect();
        let mut row = json!({
            "recordId": self.record_id,
            "userId": self.user_id,
            "coinId": self.coin.id,
            "coinSymbol": self.coin.symbol,
            "orderId": self.order_id,
            "coinUSDPrice": plain(&self.usd_price),
            "toUsers": to_users,
            "status": Status::Success.as_str(),
        });
        put(&mut row, "remark", self.remark.as_deref());
        row
    }
}

pub(crate) fn transfer(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let user_id = fields.required_text("userId")?;
    let coin = fields.coin()?;
    let remark = fields.owned("remark");
    if state.batch_transfers.has(&by_order(order_id)) {
        return Err(taken(order_id));
    }
    let payer = users::holder(state, user_id)?;
    let mut sum = Money::default();
    let mut credits: BTreeMap<Account, Money> = BTreeMap::new();
    let mut targets = Vec::new();
    for row in fields.rows("toUsers") {
        let to = row.required_text("userId")?.to_owned();
        let payee = users::holder(state, &to)?;
        if payee == payer {
            return Err(Refusal::new(
                refusal::OWN_ADDRESS,
                "one of the transfers goes to where it comes from",
            ));
        }
        let amount = row.amount("amount")?;
        check_decimals("amount", &amount, 18)?;
        checks::worth_something(state, coin, &amount.value)?;
        sum += &amount.value;
        *credits.entry(payee.account()).or_default() += &amount.value;
        targets.push((to, amount.value));
    }
    checks::balance(state, &payer.account(), coin, &sum, refusal::BALANCE)?;
    let record_id = state.ids.record(state.now);
    let mut lines = vec![(payer.account(), coin.id, -sum)];
    lines.extend(
        credits
            .into_iter()
            .map(|(account, amount)| (account, coin.id, amount)),
    );
    state.books.post(EntryKind::Transfer, &record_id, lines)?;
    let mut parts = IndexedList::default();
    for (to, amount) in targets {
        let part = Transfer {
            record_id: state.ids.record(state.now),
            order_id: order_id.to_owned(),
            from: user_id.to_owned(),
            to,
            coin,
            usd_price: state.settings.price(coin),
            amount,
            remark: remark.clone(),
            created_at: state.now,
        };
        parts.push([by_record(&part.record_id)], part);
    }
    let answer = json!({ "recordId": record_id });
    let keys = [by_record(&record_id), by_order(order_id)];
    let batch = BatchTransfer {
        record_id,
        order_id: order_id.to_owned(),
        user_id: user_id.to_owned(),
        coin,
        usd_price: state.settings.price(coin),
        parts,
        remark,
        created_at: state.now,
    };
    state.batch_transfers.push(keys, batch);
    Ok(answer)
}

pub(crate) fn get(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let (record_id, order_id) = (fields.text("recordId"), fields.text("orderId"));
    let key = fields.record_key(by_order)?;
    let batch = state
        .batch_transfers
        .get(&key)
        .filter(|batch| fits(order_id, &batch.order_id))
        .ok_or_else(|| not_found("batch transfer", record_id.or(order_id).unwrap_or_default()))?;
    Ok(json!({ "record": batch.row() }))
}

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let query = Query::read(state, fields, &["orderIds"])?;
    let orders = pagination::ids(fields, "orderIds")?;
    let coin_id = fields.number("coinId")?;
    let user_id = fields.text("userId");
    let keep = |batch: &BatchTransfer| {
        query.covers(batch.created_at)
            && among(orders.as_ref(), &batch.order_id)
            && coin_id.is_none_or(|id| id == batch.coin.id)
            && fits(user_id, &batch.user_id)
    };
    Ok(query.page("records", &state.batch_transfers, keep, BatchTransfer::row))
}

pub(crate) fn detail(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let record_id = fields.required_text("recordId")?;
    let query = Query::read(state, fields, &["recordId"])?;
    let batch = state
        .batch_transfers
        .get(&by_record(record_id))
        .ok_or_else(|| not_found("batch transfer", record_id))?;
    Ok(query.page("records", &batch.parts, |_| true, Transfer::row))
}
