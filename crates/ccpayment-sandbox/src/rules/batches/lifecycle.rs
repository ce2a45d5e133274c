//! Batch payouts: applied for, appended to, confirmed, paid row by row or at once, cancelled.

use serde_json::{Value, json};

use crate::model::batch::{Batch, Row, Stage};
use crate::model::error::SandboxError;
use crate::model::indexed_list::{IndexedList, by_order, by_record};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, plain};
use crate::model::refusal::{self, Refusal};
use crate::rules::batches::rows::{Chosen, finish, pay_next, read_rows, release, stats};
use crate::rules::checks;
use crate::rules::fields::{Fields, not_found, put};
use crate::rules::orders::taken;
use crate::state::{State, Timer};

/// How long a row, or a batch in one piece, takes to be paid.
const STEP: u64 = 60;

fn asked_for<'a>(state: &'a mut State, fields: &Fields) -> Result<&'a mut Batch, Refusal> {
    let id = fields.required_text("batchOrderId")?;
    state
        .batches
        .get_mut(&by_order(id))
        .ok_or_else(|| not_found("batch", id))
}

pub(crate) fn apply(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let id = fields.required_text("batchOrderId")?;
    let (coin, network) = fields.coin_on_chain()?;
    checks::account(state)?;
    checks::coin(state, coin)?;
    // Fees of batches come on top.
    checks::chain(state, coin, network, true)?;
    if state.batches.has(&by_order(id)) {
        return Err(taken(id));
    }
    let single = match fields.required_text("mode")? {
        "Single" => true,
        "Batch" => false,
        _ => return Err(Refusal::argument("mode", "must be `Single` or `Batch`")),
    };
    let rows = read_rows(state, fields, network, &IndexedList::default())?;
    let now = state.now;
    let batch = Batch {
        id: id.to_owned(),
        bill_id: state.ids.record(now),
        coin,
        network,
        label: fields.owned("taskName").or(fields.owned("productName")),
        single,
        stage: Stage::Init,
        reason: None,
        fee: state.settings.network_fee(coin, network),
        delay: 0,
        created_at: now,
        updated_at: now,
    };
    let answer = json!({ "batchOrderId": id, "billId": batch.bill_id });
    state.batches.push([by_order(id)], batch);
    file(state, id, rows);
    Ok(answer)
}

fn file(state: &mut State, id: &str, rows: Vec<Row>) {
    let list = state.rows.entry(id.to_owned()).or_default();
    for row in rows {
        state
            .batch_of_row
            .insert(row.record_id.clone(), id.to_owned());
        list.push([by_record(&row.record_id)], row);
    }
}

pub(crate) fn append(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let batch = asked_for(state, fields)?;
    let (id, network, stage) = (batch.id.clone(), batch.network, batch.stage);
    if stage != Stage::Init {
        return Err(Refusal::argument("batchOrderId", "was confirmed already"));
    }
    let before = state.rows.remove(&id).unwrap_or_default();
    let rows = read_rows(state, fields, network, &before);
    state.rows.insert(id.clone(), before);
    let rows = rows?;
    let appended = rows.len();
    file(state, &id, rows);
    let now = state.now;
    if let Some(batch) = state.batches.get_mut(&by_order(&id)) {
        batch.updated_at = now;
    }
    let total = state.rows.get(&id).map_or(0, |rows| rows.iter().count());
    Ok(json!({ "appended": appended, "total": total, "batch_order_id": id }))
}

/// Moves all the money of a batch into a hold.
pub(crate) fn confirm(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let delay = fields.number("delaySeconds")?.unwrap_or(0);
    let batch = asked_for(state, fields)?;
    let (id, coin, network) = (batch.id.clone(), batch.coin, batch.network);
    if batch.stage != Stage::Init {
        // A repeat is answered with the state that it asked for.
        return Ok(to_json(state, &id));
    }
    let fee = batch.fee.clone();
    checks::account(state)?;
    checks::chain(state, coin, network, true)?;
    let mut amount = Money::default();
    let mut needed = Money::default();
    for row in state.rows.get(&id).into_iter().flat_map(IndexedList::iter) {
        amount += &row.amount;
        needed += &row.amount + &fee;
    }
    if needed <= Money::default() {
        return Err(Refusal::argument("batchOrderId", "has no rows"));
    }
    checks::balance(state, &Account::Merchant, coin, &needed, refusal::BALANCE)?;
    let lines = vec![
        (Account::Merchant, coin.id, -needed.clone()),
        (Account::Held, coin.id, needed),
    ];
    state.books.post(EntryKind::BatchHold, &id, lines)?;
    let review = state.settings.needs_approval(coin, &amount);
    let now = state.now;
    if let Some(batch) = state.batches.get_mut(&by_order(&id)) {
        batch.delay = delay;
        batch.stage = Stage::Reviewing;
        batch.updated_at = now;
    }
    if !review {
        release_to_pay(state, &id);
    }
    Ok(to_json(state, &id))
}

/// Out of review: it waits for its delay, or begins.
fn release_to_pay(state: &mut State, id: &str) {
    let now = state.now;
    if let Some(batch) = state.batches.get_mut(&by_order(id)) {
        let delay = batch.delay;
        batch.updated_at = now;
        batch.stage = if delay > 0 {
            Stage::Pending
        } else {
            Stage::Processing
        };
        let next = if delay > 0 { delay } else { STEP };
        state.set_timer(now.saturating_add(next), Timer::Batch(id.to_owned()));
    }
}

fn reviewing<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Batch, SandboxError> {
    let batch = state
        .batches
        .get_mut(&by_order(id))
        .ok_or_else(|| SandboxError::UnknownRecord(id.to_owned()))?;
    if batch.stage != Stage::Reviewing {
        return Err(SandboxError::NotWaiting {
            record_id: id.to_owned(),
            status: batch.stage.as_str().to_owned(),
        });
    }
    Ok(batch)
}

pub(crate) fn approve(state: &mut State, id: &str) -> Result<(), SandboxError> {
    reviewing(state, id)?;
    release_to_pay(state, id);
    Ok(())
}

pub(crate) fn reject(state: &mut State, id: &str, reason: &str) -> Result<(), SandboxError> {
    let now = state.now;
    let batch = reviewing(state, id)?;
    batch.stage = Stage::Rejected;
    batch.reason = Some(reason.to_owned());
    batch.updated_at = now;
    release(state, id, None)?;
    Ok(())
}

/// The next step of a batch: out of its delay, one row further, or all at once.
pub(crate) fn proceed(state: &mut State, id: &str) -> Result<(), SandboxError> {
    let now = state.now;
    let Some(batch) = state.batches.get_mut(&by_order(id)) else {
        return Err(SandboxError::UnknownRecord(id.to_owned()));
    };
    match batch.stage {
        Stage::Pending => {
            batch.stage = Stage::Processing;
            batch.updated_at = now;
        }
        Stage::Processing => {
            let single = batch.single;
            while pay_next(state, id)? && !single {}
        }
        _ => return Ok(()),
    }
    if !finish(state, id) {
        state.set_timer(now.saturating_add(STEP), Timer::Batch(id.to_owned()));
    }
    Ok(())
}

pub(crate) fn abort(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let chosen = Chosen {
        seqs: fields.numbers("seqs")?,
        order_ids: fields.texts("orderIds").map(str::to_owned).collect(),
    };
    let batch = asked_for(state, fields)?;
    let id = batch.id.clone();
    let stage = batch.stage;
    let allowed = match stage {
        // Nothing is paid yet; a batch that nobody confirmed can go, too.
        Stage::Init | Stage::Reviewing | Stage::Pending => true,
        Stage::Processing => batch.single,
        Stage::Rejected | Stage::Completed => false,
    };
    if !allowed {
        return Err(Refusal::new(
            refusal::UNABLE_ABORT,
            format!("the batch is {}", stage.as_str()),
        ));
    }
    let chosen = (chosen != Chosen::default()).then_some(chosen);
    let (canceled, ignored) = release(state, &id, chosen.as_ref())?;
    // There is no word for a batch that was cancelled as a whole. It is completed, and its numbers
    // tell how.
    finish(state, &id);
    let seqs = |rows: &[(Option<u64>, Option<String>)]| -> Vec<u64> {
        rows.iter().filter_map(|(seq, _)| *seq).collect()
    };
    let names = |rows: &[(Option<u64>, Option<String>)]| -> Vec<String> {
        rows.iter().filter_map(|(_, name)| name.clone()).collect()
    };
    let status = state
        .batches
        .get(&by_order(&id))
        .map_or("Completed", |batch| batch.stage.as_str());
    Ok(json!({
        "batchOrderId": id,
        "status": status,
        "canceledSeqs": seqs(&canceled),
        "ignoredSeqs": seqs(&ignored),
        "canceledOrderIds": names(&canceled),
        "ignoredOrderIds": names(&ignored),
    }))
}

pub(crate) fn get(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let id = asked_for(state, fields)?.id.clone();
    Ok(to_json(state, &id))
}

fn to_json(state: &State, id: &str) -> Value {
    let (Some(batch), Some(rows)) = (state.batches.get(&by_order(id)), state.rows.get(id)) else {
        return json!({});
    };
    let amount: Money = rows.iter().map(|row| &row.amount).sum();
    let count = u64::try_from(rows.iter().count()).unwrap_or(u64::MAX);
    let coin = json!({
        "coin_id": batch.coin.id,
        "coin_symbol": batch.coin.symbol,
        "coin_price": plain(&state.settings.price(batch.coin)),
    });
    let mut answer = json!({
        "batchOrderId": batch.id,
        "billId": batch.bill_id,
        "coin": coin,
        "amount": plain(&amount),
        "networkFee": plain(&(&batch.fee * Money::from(count))),
        "networkFeeCoin": coin,
        "status": batch.stage.as_str(),
        "mode": if batch.single { "Single" } else { "Batch" },
        "stats": stats(rows, batch.stage == Stage::Processing),
        "createdAt": batch.created_at,
        "updatedAt": batch.updated_at,
    });
    for name in ["productName", "taskName"] {
        put(&mut answer, name, batch.label.as_deref());
    }
    put(&mut answer, "reason", batch.reason.as_deref());
    answer
}

/// Pays every batch that was confirmed to its end, whatever its delay; counts the rows.
pub(crate) fn settle_all(state: &mut State) -> usize {
    let open: Vec<String> = state
        .batches
        .iter()
        .filter(|batch| matches!(batch.stage, Stage::Pending | Stage::Processing))
        .map(|batch| batch.id.clone())
        .collect();
    let mut paid = 0;
    for id in open {
        while pay_next(state, &id).is_ok_and(|paid| paid) {
            paid += 1;
        }
        finish(state, &id);
    }
    paid
}
