//! `follow`, which carries out the steps of a batch.

use ccpayment_core::v2::{
    AppendBatchWithdraw, AppendBatchWithdrawResponse, BatchRows, BatchWithdrawOrder,
    GetBatchWithdrawOrderRecordList,
};
use ccpayment_core::{ErrorCode, Paged, PreparedRequest, Request, Submit, Timestamp};

use super::machine::{BatchMachine, Read, Snapshot, Step};
use super::{BatchPayout, SubmittedBatch, allowed};
use crate::attempt::Attempt;
use crate::drive::Drive;
use crate::error::Error;
use crate::outcome::SubmitError;

/// How many rows are read at once.
const PAGE: u64 = 100;

/// Carries out what the machine decides.
pub(super) async fn follow(
    mut machine: BatchMachine,
    mut drive: Drive<'_>,
    batch: &BatchPayout,
) -> Result<SubmittedBatch, SubmitError> {
    let client = drive.client;
    let opening = batch.opening();
    // The gateway asked for a pause, which is not one of our own rounds.
    let pause = |then| Step::Wait { rounds: 0, then };
    let mut step = Step::ReadBack;
    loop {
        // An earlier process may have dated the doubt by our clock, which may have been behind.
        let floor = machine.is_dated_elsewhere().then(|| client.clock_floor());
        let clock_of = |clock: Option<Timestamp>| floor.map_or(clock, |it| clock.min(Some(it)));
        if step.acts()
            && let Err(error) = allowed(batch)
        {
            return machine.stopped(error);
        }
        step = match step {
            // A verdict is given even after the time: the process may have been suspended since the
            // answer came.
            Step::Finish(verdict) => return *verdict,
            _ if drive.left().is_zero() => return machine.give_up(),
            Step::ReadBack if drive.retry_after.is_some() => pause(Read::All),
            Step::ReadStatus if drive.retry_after.is_some() => pause(Read::Status),
            Step::ReadStatus => match read(&mut drive, &batch.batch.lookup()).await {
                Ok((order, clock)) => machine.status_read(clock_of(clock), &order),
                Err(failed) => not_read(&mut machine, failed, clock_of),
            },
            Step::ReadBack => match read_back(&mut drive, batch).await {
                Ok(mut seen) => {
                    seen.clock = clock_of(seen.clock);
                    machine.read_back(seen)
                }
                Err(failed) => not_read(&mut machine, failed, clock_of),
            },
            Step::Open => {
                let sent = send(&mut drive, &opening).await;
                let named = sent.result.map(|answer| answer.batch_order_id);
                machine.opened(sent.signed_at, opening.orders.len(), named)
            }
            Step::Append(rows) => {
                let rows = (rows.into_iter()).filter_map(|at| batch.batch.orders.get(at).cloned());
                let request = AppendBatchWithdraw::new(batch.id().clone(), rows);
                let sent = send(&mut drive, &request).await;
                let is_proven = |answer: &AppendBatchWithdrawResponse| {
                    let named = answer.batch_order_id.as_ref();
                    let appended = answer.appended.map(usize::try_from);
                    named.is_none_or(|named| named == batch.id())
                        && appended == Some(Ok(request.orders.len()))
                };
                match sent.result {
                    Ok(answer) if !is_proven(&answer) => machine.append_unproven(sent.signed_at),
                    result => machine.appended(sent.signed_at, result.map(drop)),
                }
            }
            Step::Confirm => {
                let sent = send(&mut drive, &batch.confirmation()).await;
                machine.confirmed(sent.signed_at, sent.result)
            }
            Step::Wait { rounds, then } => {
                if !drive.wait(rounds).await {
                    return machine.give_up();
                }
                then.into()
            }
        };
    }
}

/// A look that failed.
pub(super) struct ReadFailed {
    pub(super) error: Error,
    /// The gateway's clock was at this moment or later when it was asked.
    clock: Option<Timestamp>,
    /// The state of the batch, where only its rows could not be read.
    order: Option<Box<BatchWithdrawOrder>>,
}

fn not_read(
    machine: &mut BatchMachine,
    failed: ReadFailed,
    clock_of: impl FnOnce(Option<Timestamp>) -> Option<Timestamp>,
) -> Step {
    let clock = clock_of(failed.clock);
    match failed.order {
        Some(order) => machine.rows_unread(clock, &order, failed.error),
        None if failed.error.code() == Some(ErrorCode::NotFound) => {
            machine.not_found(clock, failed.error)
        }
        None => machine.read_failed(failed.error),
    }
}

async fn send<R: Request>(drive: &mut Drive<'_>, request: &R) -> Attempt<R::Response> {
    let prepared = drive.client.prepare(request);
    attempt::<R>(drive, prepared).await
}

async fn attempt<R: Request>(
    drive: &mut Drive<'_>,
    prepared: Result<PreparedRequest, Error>,
) -> Attempt<R::Response> {
    match prepared {
        Ok(prepared) => drive.attempt::<R>(&prepared, 0).await,
        Err(error) => {
            drive.retry_after = None;
            Attempt::not_begun(error)
        }
    }
}

async fn read<R: Request>(
    drive: &mut Drive<'_>,
    request: &R,
) -> Result<(R::Response, Option<Timestamp>), ReadFailed> {
    let prepared = drive.client.prepare_lookup(request);
    let attempt = attempt::<R>(drive, prepared).await;
    let clock = attempt.gateway_clock;
    match attempt.result {
        Ok(answer) => Ok((answer, clock)),
        Err(error) => Err(ReadFailed {
            error,
            clock,
            order: None,
        }),
    }
}

/// Reads the state first and then all rows, so that the clock of the first answer holds for both.
pub(super) async fn read_back(
    drive: &mut Drive<'_>,
    batch: &BatchPayout,
) -> Result<Snapshot, ReadFailed> {
    let (order, clock) = read(drive, &batch.batch.lookup()).await?;
    match read_rows(drive, batch, &order).await {
        Ok(rows) => Ok(Snapshot {
            clock,
            batch: order,
            rows,
        }),
        Err(failed) => Err(ReadFailed {
            clock,
            order: Some(Box::new(order)),
            ..failed
        }),
    }
}

async fn read_rows(
    drive: &mut Drive<'_>,
    batch: &BatchPayout,
    order: &BatchWithdrawOrder,
) -> Result<BatchRows, ReadFailed> {
    let mut query = GetBatchWithdrawOrderRecordList::new(batch.id().clone()).limit(PAGE);
    let mut records = Vec::new();
    loop {
        let (answer, _) = read(drive, &query).await?;
        let (page, next) = GetBatchWithdrawOrderRecordList::into_page(answer);
        // The list may go on, or give empty pages for ever.
        let is_endless = page.is_empty() && next.is_some();
        // A row that can't be read may be any row.
        let page = page.into_iter().collect::<Result<Vec<_>, _>>();
        let Some(page) = page.ok().filter(|_| !is_endless) else {
            return Ok(BatchRows::Incomplete { field: "records" });
        };
        records.extend(page);
        // More rows than wanted are judged as they are.
        if next.is_none() || records.len() > batch.batch.orders.len() {
            return Ok(batch.batch.judge_rows(order, records));
        }
        query = query.at(next);
    }
}
