//! The rows of batch payouts: checked, paid, failed, cancelled, listed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::batch::{Row, RowStage, Stage};
use crate::model::coins::Network;
use crate::model::error::SandboxError;
use crate::model::indexed_list::{IndexedList, by_order, by_record};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, plain};
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::rules::checks;
use crate::rules::fields::{Fields, check_decimals, not_found, put};
use crate::rules::pagination::Query;
use crate::state::State;

/// A row's two names.
type Names = (Option<u64>, Option<String>);

/// The rows that are meant, by either name.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) seqs: BTreeSet<u64>,
    pub(crate) order_ids: BTreeSet<String>,
}

/// The code for an address that a batch can't pay to, among the codes that batches have.
fn address_codes(
    state: &State,
    network_family: crate::model::chains::Family,
    needs_memo: bool,
    address: &str,
    memo: Option<&str>,
) -> Vec<u32> {
    let mut codes = Vec::new();
    if !network_family.accepts(address) {
        codes.push(refusal::ROW_ADDRESS);
    }
    if needs_memo && memo.is_none() {
        codes.push(refusal::ROW_MEMO);
    }
    match state.settings.kind(address) {
        AddressKind::Blacklisted => codes.push(refusal::ROW_BLACKLIST),
        AddressKind::Risky => codes.push(refusal::RISKY_ADDRESS),
        _ => {}
    }
    codes
}

pub(crate) fn check_addresses(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let chain = fields.chain()?;
    let mut results = Vec::new();
    for row in fields.rows("addressInfoList") {
        let address = row.required_text("address")?;
        let codes = address_codes(state, chain.family, chain.memo, address, row.text("memo"));
        results.push(json!({ "seq": row.required_number("seq")?, "codes": codes }));
    }
    Ok(json!({ "addressInfoResults": results }))
}

/// The rows of a request, each checked as a withdrawal of its own would be.
pub(crate) fn read_rows(
    state: &mut State,
    fields: &Fields,
    network: &Network,
    before: &IndexedList<Row>,
) -> Result<Vec<Row>, Refusal> {
    let mut seqs: BTreeSet<u64> = before.iter().filter_map(|row| row.seq).collect();
    let mut names: BTreeSet<String> = before
        .iter()
        .filter_map(|row| row.order_id.clone())
        .collect();
    let mut rows = Vec::new();
    for row in fields.rows("orders") {
        let seq = row.number("seq")?;
        let order_id = row.owned("orderId");
        let taken = seq.is_some_and(|seq| !seqs.insert(seq))
            || order_id
                .as_ref()
                .is_some_and(|name| !names.insert(name.clone()));
        if taken {
            return Err(Refusal::new(
                refusal::ROW_DUPLICATE,
                "a row's `seq` or `orderId` is used twice",
            ));
        }
        let address = row.required_text("address")?;
        let memo = row.text("memo");
        let chain = network.on;
        let codes = address_codes(state, chain.family, chain.memo, address, memo);
        if let Some(code) = codes.first() {
            let message = format!("the address {address} can't be paid in a batch");
            return Err(Refusal::new(*code, message));
        }
        let memo = checks::memo(memo, network)?;
        checks::address(state, address, network)?;
        let amount = row.amount("amount")?;
        check_decimals("amount", &amount, network.precision)?;
        checks::limits(state, &amount.value, network)?;
        rows.push(Row {
            seq,
            order_id,
            address: address.to_owned(),
            memo,
            amount: amount.value,
            remark: row.owned("remark"),
            record_id: String::new(),
            stage: RowStage::Waiting,
            tx_id: String::new(),
            reason: None,
            created_at: state.now,
            updated_at: state.now,
        });
    }
    for row in &mut rows {
        row.record_id = state.ids.record(state.now);
    }
    Ok(rows)
}

/// Pays the next row that waits, out of the hold; false when there is none.
pub(crate) fn pay_next(state: &mut State, id: &str) -> Result<bool, SandboxError> {
    let Some(batch) = state.batches.get(&by_order(id)) else {
        return Ok(false);
    };
    let (coin, family, fee) = (batch.coin, batch.network.on.family, batch.fee.clone());
    let waits = state
        .rows
        .get(id)
        .and_then(|rows| rows.iter().find(|row| row.stage == RowStage::Waiting));
    let Some(row) = waits else {
        return Ok(false);
    };
    let record_id = row.record_id.clone();
    let lines = vec![
        (Account::Held, coin.id, -(&row.amount + &fee)),
        (Account::Chain, coin.id, row.amount.clone()),
        (Account::NetworkFees, coin.id, fee),
    ];
    state.books.post(EntryKind::BatchRow, &record_id, lines)?;
    let tx_id = state.ids.transaction(family);
    let now = state.now;
    if let Some(row) = state
        .rows
        .get_mut(id)
        .and_then(|rows| rows.get_mut(&by_record(&record_id)))
    {
        row.stage = RowStage::Successful;
        row.tx_id = tx_id;
        row.updated_at = now;
    }
    Ok(true)
}

/// Cancels the rows that wait, all of them or those that were chosen, and gives back what was held.
pub(crate) fn release(
    state: &mut State,
    id: &str,
    chosen: Option<&Chosen>,
) -> Result<(Vec<Names>, Vec<Names>), SandboxError> {
    let now = state.now;
    let (mut canceled, mut ignored) = (Vec::new(), Vec::new());
    let Some(batch) = state.batches.get(&by_order(id)) else {
        return Ok((canceled, ignored));
    };
    let (coin, fee) = (batch.coin, batch.fee.clone());
    // Before it was confirmed, nothing is held.
    let held = batch.stage != Stage::Init;
    let mut sum = Money::default();
    for row in state
        .rows
        .get_mut(id)
        .into_iter()
        .flat_map(IndexedList::iter_mut)
    {
        let names = (row.seq, row.order_id.clone());
        let meant = chosen.is_none_or(|chosen| {
            row.seq.is_some_and(|seq| chosen.seqs.contains(&seq))
                || (row.order_id.as_ref()).is_some_and(|id| chosen.order_ids.contains(id))
        });
        if meant && row.stage == RowStage::Waiting {
            row.stage = RowStage::Canceled;
            row.updated_at = now;
            sum += &row.amount + &fee;
            canceled.push(names);
        } else if chosen.is_none() || meant {
            ignored.push(names);
        }
    }
    if held && !canceled.is_empty() {
        let lines = vec![
            (Account::Held, coin.id, -sum.clone()),
            (Account::Merchant, coin.id, sum),
        ];
        state.books.post(EntryKind::BatchRelease, id, lines)?;
    }
    Ok((canceled, ignored))
}

pub(crate) fn is_row(state: &State, record_id: &str) -> bool {
    state.batch_of_row.contains_key(record_id)
}

/// Fails a row that can't be paid: its held money goes back.
pub(crate) fn fail(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    let unknown = || SandboxError::UnknownRecord(record_id.to_owned());
    let id = state
        .batch_of_row
        .get(record_id)
        .cloned()
        .ok_or_else(unknown)?;
    let batch = state.batches.get(&by_order(&id)).ok_or_else(unknown)?;
    let (coin, fee, stage) = (batch.coin, batch.fee.clone(), batch.stage);
    let now = state.now;
    let row = state
        .rows
        .get_mut(&id)
        .and_then(|rows| rows.get_mut(&by_record(record_id)))
        .ok_or_else(unknown)?;
    if stage != Stage::Processing || row.stage != RowStage::Waiting {
        return Err(SandboxError::NotProcessing {
            record_id: record_id.to_owned(),
            status: status(row, stage == Stage::Processing).to_owned(),
        });
    }
    row.stage = RowStage::Failed;
    row.reason = Some("the chain refused it".to_owned());
    row.updated_at = now;
    let sum = &row.amount + &fee;
    let lines = vec![
        (Account::Held, coin.id, -sum.clone()),
        (Account::Merchant, coin.id, sum),
    ];
    state
        .books
        .post(EntryKind::BatchRelease, record_id, lines)?;
    finish(state, &id);
    Ok(())
}

/// Only two words are documented; the others follow the statistics beside them.
fn status(row: &Row, paying: bool) -> &'static str {
    match row.stage {
        RowStage::Waiting if paying => "Processing",
        RowStage::Waiting => "Pending",
        RowStage::Successful => "Successful",
        RowStage::Failed => "Failed",
        RowStage::Canceled => "Canceled",
    }
}

pub(crate) fn stats(rows: &IndexedList<Row>, paying: bool) -> Value {
    let count = |stage: RowStage| rows.iter().filter(|row| row.stage == stage).count();
    let waiting = count(RowStage::Waiting);
    let mut stats = json!({
        "total": rows.iter().count(),
        "succeeded": count(RowStage::Successful),
        "failed": count(RowStage::Failed),
        "canceled": count(RowStage::Canceled),
        "processing": if paying { waiting } else { 0 },
        // Replaced by those of the next row, while there is one.
        "execSeq": 0,
        "execOrderId": "",
    });
    let next = rows
        .iter()
        .find(|row| paying && row.stage == RowStage::Waiting);
    if let (Some(row), Value::Object(stats)) = (next, &mut stats) {
        if let Some(seq) = row.seq {
            stats.insert("execSeq".to_owned(), json!(seq));
        }
        if let Some(order_id) = &row.order_id {
            stats.insert("execOrderId".to_owned(), json!(order_id));
        }
    }
    stats
}

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let id = fields.required_text("batchOrderId")?;
    let query = Query::read(state, fields, &["batchOrderId"])?;
    let batch = state
        .batches
        .get(&by_order(id))
        .ok_or_else(|| not_found("batch", id))?;
    let rows = state.rows.get(id).ok_or_else(|| not_found("batch", id))?;
    let paying = batch.stage == Stage::Processing;
    let fee = plain(&batch.fee);
    Ok(query.page(
        "records",
        rows,
        |_| true,
        |row| {
            let mut line = json!({
                "address": row.address,
                "memo": row.memo,
                "amount": plain(&row.amount),
                "recordId": row.record_id,
                "status": status(row, paying),
                "networkFee": fee,
                "txId": row.tx_id,
                "createdAt": row.created_at,
                "updatedAt": row.updated_at,
            });
            if let (Some(seq), Value::Object(line)) = (row.seq, &mut line) {
                line.insert("seq".to_owned(), json!(seq));
            }
            put(&mut line, "orderId", row.order_id.as_deref());
            put(&mut line, "remark", row.remark.as_deref());
            put(&mut line, "reason", row.reason.as_deref());
            line
        },
    ))
}

/// Completes the batch when no row waits any more.
pub(crate) fn finish(state: &mut State, id: &str) -> bool {
    let now = state.now;
    let waits = state
        .rows
        .get(id)
        .is_some_and(|rows| rows.iter().any(|row| row.stage == RowStage::Waiting));
    if waits {
        return false;
    }
    if let Some(batch) = state.batches.get_mut(&by_order(id)) {
        batch.stage = Stage::Completed;
        batch.updated_at = now;
    }
    true
}
