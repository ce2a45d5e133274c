//! The routes that read deposits and refunds.

use serde_json::{Value, json};

use crate::model::deposit::{Deposit, Refund};
use crate::model::indexed_list::by_record;
use crate::model::money::plain;
use crate::model::record::Status;
use crate::model::refusal::Refusal;
use crate::rules::fields::{Fields, not_found, put};
use crate::rules::pagination::{Query, among, fits};
use crate::rules::{pagination, users};
use crate::state::State;

/// `None` while nobody can read it yet.
fn row(state: &State, deposit: &Deposit) -> Option<Value> {
    let status = deposit.read_at(state.now)?;
    let mut row = json!({
        "recordId": deposit.record_id,
        "coinId": deposit.coin.id,
        "coinSymbol": deposit.coin.symbol,
        "chain": deposit.network.on.symbol,
        "contract": deposit.network.contract,
        "coinUSDPrice": plain(&deposit.usd_price),
        "toAddress": deposit.to,
        "toMemo": deposit.memo,
        "amount": plain(&deposit.amount),
        "serviceFee": plain(&deposit.service_fee),
        "txId": deposit.tx_id,
        "status": status.as_str(),
        "arrivedAt": deposit.arrived_at,
        "isFlaggedAsRisky": deposit.flagged,
    });
    put(&mut row, "fromAddress", deposit.from());
    put(&mut row, "orderId", deposit.order_id());
    put(&mut row, "referenceId", deposit.reference_id());
    put(&mut row, "userId", deposit.user_id());
    if let (Value::Object(row), None) = (&mut row, deposit.user_id()) {
        // Each payment is the only one of its transaction.
        row.insert("txIndex".to_owned(), json!(0));
    }
    Some(row)
}

fn one(state: &State, fields: &Fields, of_users: bool) -> Result<Value, Refusal> {
    let record_id = fields.required_text("recordId")?;
    let deposit = state
        .deposits
        .get(&by_record(record_id))
        .filter(|deposit| deposit.user_id().is_some() == of_users)
        .and_then(|deposit| row(state, deposit))
        .ok_or_else(|| not_found("deposit record", record_id))?;
    Ok(json!({ "record": deposit }))
}

pub(crate) fn get(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    one(state, fields, false)
}

pub(crate) fn get_for_user(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    one(state, fields, true)
}

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let named = [
        "recordIds",
        "referenceIds",
        "orderIds",
        "orderId",
        "referenceId",
    ];
    let query = Query::read(state, fields, &named)?;
    let records = pagination::ids(fields, "recordIds")?;
    let references = pagination::ids(fields, "referenceIds")?;
    let orders = pagination::ids(fields, "orderIds")?;
    let filter = Filter::read(fields)?;
    let keep = |deposit: &Deposit| {
        deposit.user_id().is_none()
            && deposit.read_at(state.now).is_some()
            && query.covers(deposit.arrived_at)
            && filter.fits(deposit)
            && among(records.as_ref(), &deposit.record_id)
            && among(orders.as_ref(), deposit.order_id().unwrap_or_default())
            && among(
                references.as_ref(),
                deposit.reference_id().unwrap_or_default(),
            )
            && fits(
                fields.text("orderId"),
                deposit.order_id().unwrap_or_default(),
            )
            && fits(
                fields.text("referenceId"),
                deposit.reference_id().unwrap_or_default(),
            )
    };
    let row = |deposit: &Deposit| row(state, deposit).unwrap_or_default();
    Ok(query.page("records", &state.deposits, keep, row))
}

pub(crate) fn list_for_user(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = users::asked_for(state, fields)?;
    let query = Query::read(state, fields, &[])?;
    let filter = Filter::read(fields)?;
    let keep = |deposit: &Deposit| {
        deposit.user_id() == Some(user_id)
            && deposit.read_at(state.now).is_some()
            && query.covers(deposit.arrived_at)
            && filter.fits(deposit)
    };
    let row = |deposit: &Deposit| row(state, deposit).unwrap_or_default();
    Ok(query.page("records", &state.deposits, keep, row))
}

/// The filters that the two lists of deposits share.
struct Filter<'a> {
    coin_id: Option<u64>,
    chain: Option<&'a str>,
    to: Option<String>,
}

impl<'a> Filter<'a> {
    fn read(fields: &'a Fields) -> Result<Self, Refusal> {
        Ok(Self {
            coin_id: fields.number("coinId")?,
            chain: fields.text("chain"),
            to: fields.text("toAddress").map(str::to_owned),
        })
    }

    fn fits(&self, deposit: &Deposit) -> bool {
        let family = deposit.network.on.family;
        self.coin_id.is_none_or(|id| id == deposit.coin.id)
            && fits(self.chain, deposit.network.on.symbol)
            && self
                .to
                .as_ref()
                .is_none_or(|to| family.fold(to) == family.fold(&deposit.to))
    }
}

pub(crate) fn list_refunds(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let query = Query::read(state, fields, &["recordIds"])?;
    let records = pagination::ids(fields, "recordIds")?;
    let coin_id = fields.number("coinId")?;
    let (chain, to) = (fields.text("chain"), fields.text("toAddress"));
    let keep = |refund: &Refund| {
        query.covers(refund.created_at)
            && among(records.as_ref(), &refund.record_id)
            && coin_id.is_none_or(|id| id == refund.coin.id)
            && fits(chain, refund.network.on.symbol)
            && fits(to, &refund.to)
    };
    Ok(query.page("records", &state.refunds, keep, |refund| {
        let mut row = json!({
            "recordId": refund.record_id,
            "coinId": refund.coin.id,
            "coinSymbol": refund.coin.symbol,
            "chain": refund.network.on.symbol,
            "toAddress": refund.to,
            "toMemo": "",
            "amount": plain(&refund.amount),
            "txId": refund.tx_id,
            "status": Status::Success.as_str(),
            "fee": {
                "coinId": refund.coin.id,
                "coinSymbol": refund.coin.symbol,
                "amount": plain(&refund.fee),
            },
            "createdAt": refund.created_at,
            "fromDeposit": [{ "recordId": refund.deposit_id }],
        });
        let deposit = state.deposits.get(&by_record(&refund.deposit_id));
        put(&mut row, "orderId", deposit.and_then(Deposit::order_id));
        row
    }))
}
