//! The rules of a batch, without I/O.
//!
//! Nothing is known to repeat harmlessly but the opening. So after every doubt the batch is read
//! back, and what is not there is sent again only once what was sent before can't arrive any more.
//! Nothing moves money but the confirmation, which is sent only over exactly the rows that are
//! wanted.

use ccpayment_core::v2::{BatchRows, BatchStatus, BatchWithdrawOrder, BatchWithdrawTaskRecord};
use ccpayment_core::{Difference, Endpoint as _, OrderId, Timestamp, v2::GetBatchWithdrawOrder};

use super::BatchPaid;
use crate::error::{Error, Outcome};
use crate::payout::is_past;
use crate::retry::passes_in_seconds;
use crate::verdict::{PayoutError, Proof, Refusal, Tried};

/// How many rows one call takes.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// How often something fails before it is given up.
const MAX_FAILURES: u32 = 3;

/// What to do next.
pub(super) enum Step {
    /// Read the state of the batch, and all its rows.
    ReadBack,
    /// Read the state alone: it is what tells of a confirmation, and there may be many rows.
    Glance,
    /// Add these of the wanted rows.
    Append(Vec<usize>),
    Confirm,
    Wait {
        rounds: u32,
        then: Look,
    },
    Finish(Box<Result<BatchPaid, PayoutError>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    ReadBack,
    Glance,
}

impl From<Look> for Step {
    fn from(look: Look) -> Self {
        match look {
            Look::ReadBack => Self::ReadBack,
            Look::Glance => Self::Glance,
        }
    }
}

/// A call that may act twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Append,
    Confirm,
    /// Of another process, which may have confirmed the batch.
    Anything,
}

/// The batch, read back.
pub(super) struct Seen {
    /// The gateway's clock was at this moment or later when it was asked.
    pub(super) clock: Option<Timestamp>,
    pub(super) batch: BatchWithdrawOrder,
    pub(super) rows: BatchRows,
}

pub(super) struct Machine {
    order_id: OrderId,
    tried: Tried,
    /// What may have arrived without an answer.
    doubt: Option<Act>,
    /// What the gateway refused for good, unless the batch shows that it had arrived before.
    refused: Option<(Act, Refusal)>,
    /// A refusal that passes within seconds.
    passing: Option<Refusal>,
    last: Option<Error>,
    failures: u32,
    waits: u32,
    /// Wanted rows that the gateway does not have, and that wait for their turn.
    missing: Vec<usize>,
    /// The rows that were appended last.
    sent: Vec<usize>,
    /// All rows, as they were read back last.
    rows: Vec<BatchWithdrawTaskRecord>,
}

impl Machine {
    /// A batch that is open. In doubt, another process may have sent something up to that moment.
    pub(super) fn new(order_id: OrderId, tried: Tried, in_doubt_since: Option<Timestamp>) -> Self {
        Self {
            order_id,
            tried: Tried {
                in_doubt_since,
                ..tried
            },
            doubt: in_doubt_since.map(|_| Act::Anything),
            refused: None,
            passing: None,
            last: None,
            failures: 0,
            waits: 0,
            missing: Vec::new(),
            sent: Vec::new(),
            rows: Vec::new(),
        }
    }

    pub(super) fn read_back(&mut self, seen: Seen) -> Step {
        self.tried.lookups += 1;
        let rows = match seen.rows {
            BatchRows::Fit(rows) => rows,
            BatchRows::Differ(fields) => return self.conflict(fields),
            // Nothing that could be told from each other, or a verdict that this version does not
            // know.
            _ => return self.wait(),
        };
        let wanted = rows.len();
        let missing: Vec<usize> = (rows.iter().enumerate())
            .filter_map(|(at, row)| row.is_none().then_some(at))
            .collect();
        self.rows = rows.into_iter().flatten().collect();
        match seen.batch.status {
            BatchStatus::Init => self.open(seen.clock, missing),
            BatchStatus::Rejected => self.ended(seen.batch),
            // Any other known word means that the confirmation took effect.
            BatchStatus::Reviewing
            | BatchStatus::Pending
            | BatchStatus::Processing
            | BatchStatus::Completed => {
                if !missing.is_empty() {
                    let found = wanted - missing.len();
                    let (asked, found) =
                        (format!("{wanted} rows"), format!("confirmed with {found}"));
                    return self.conflict(vec![Difference::new("orders", asked, found)]);
                }
                if has_moved_nothing(&seen.batch) {
                    return self.ended(seen.batch);
                }
                self.done(seen.batch, Proof::Record)
            }
            _ => self.wait(),
        }
    }

    /// The state alone, while what is in doubt shows in no row.
    pub(super) fn glanced(&mut self, clock: Option<Timestamp>, batch: &BatchWithdrawOrder) -> Step {
        self.tried.lookups += 1;
        if batch.status == BatchStatus::Init {
            self.settle_by(clock);
        }
        let is_open = self.doubt.is_some() && batch.status == BatchStatus::Init;
        if is_open || matches!(batch.status, BatchStatus::Unknown(_)) {
            return self.wait();
        }
        Step::ReadBack
    }

    /// What shows in nothing that the gateway has can't arrive any more, once its clock is far
    /// enough.
    fn settle_by(&mut self, clock: Option<Timestamp>) {
        let since = self.tried.in_doubt_since.unwrap_or_default();
        if clock.is_some_and(|clock| is_past(since, clock)) {
            self.doubt = None;
            self.tried.in_doubt_since = None;
        }
    }

    /// The batch is not confirmed, as far as it shows.
    fn open(&mut self, clock: Option<Timestamp>, missing: Vec<usize>) -> Step {
        let have_arrived = !self.sent.iter().any(|at| missing.binary_search(at).is_ok());
        if self.doubt == Some(Act::Append) && have_arrived {
            self.doubt = None;
            self.tried.in_doubt_since = None;
        }
        self.settle_by(clock);
        if self.doubt.is_some() {
            return self.wait();
        }
        // One request may arrive twice, and then the answer may be that to the second.
        self.refused
            .take_if(|(act, _)| *act == Act::Append && have_arrived);
        if self.refused.is_some() || self.failures >= MAX_FAILURES {
            return finish(self.give_up());
        }
        if missing.is_empty() {
            return Step::Confirm;
        }
        self.missing = missing;
        self.append()
    }

    fn append(&mut self) -> Step {
        let rest = self.missing.split_off(self.missing.len().min(ROWS_AT_ONCE));
        self.sent = std::mem::replace(&mut self.missing, rest);
        Step::Append(self.sent.clone())
    }

    pub(super) fn read_failed(&mut self, error: Error) -> Step {
        self.tried.lookups += 1;
        self.last = Some(error);
        self.wait()
    }

    pub(super) fn appended(&mut self, signed_at: Timestamp, answer: Result<(), Error>) -> Step {
        self.tried.submits += 1;
        if let Err(error) = answer {
            return self.failed(Act::Append, signed_at, error);
        }
        if self.missing.is_empty() {
            Step::ReadBack
        } else {
            self.append()
        }
    }

    pub(super) fn confirmed(
        &mut self,
        signed_at: Timestamp,
        answer: Result<BatchWithdrawOrder, Error>,
    ) -> Step {
        self.tried.submits += 1;
        match answer {
            Ok(batch) => match batch.status {
                BatchStatus::Reviewing | BatchStatus::Pending | BatchStatus::Processing => {
                    self.done(batch, Proof::Accepted)
                }
                // Confirmed, says the code, and not, says the status; or over already.
                _ => self.doubt(Act::Confirm, signed_at),
            },
            Err(error) => self.failed(Act::Confirm, signed_at, error),
        }
    }

    fn failed(&mut self, act: Act, signed_at: Timestamp, error: Error) -> Step {
        let rejection = error.rejection().cloned();
        let step = match (error.outcome(), rejection) {
            (Outcome::NotSent, _) => {
                self.failures += 1;
                self.wait()
            }
            (Outcome::Rejected, Some(rejection)) => {
                let passes = passes_in_seconds(rejection.code);
                let refusal = Refusal::of(&error, rejection);
                if passes {
                    self.failures += 1;
                    self.passing = Some(refusal);
                    self.wait()
                } else {
                    self.refused = Some((act, refusal));
                    Step::ReadBack
                }
            }
            _ => self.doubt(act, signed_at),
        };
        self.last = Some(error);
        step
    }

    fn doubt(&mut self, act: Act, signed_at: Timestamp) -> Step {
        self.failures += 1;
        self.doubt = Some(act);
        self.tried.in_doubt_since = self.tried.in_doubt_since.max(Some(signed_at));
        self.look().into()
    }

    /// The time is up, or there is nothing left to do. Without a doubt the batch is not confirmed.
    pub(super) fn give_up(&mut self) -> Result<BatchPaid, PayoutError> {
        let last = self.last.take().map(Box::new);
        let refused = self.refused.take().map(|(_, refusal)| refusal);
        let reason = (refused.or_else(|| self.passing.take())).filter(|_| self.doubt.is_none());
        Err(match reason {
            Some(reason) => self.refuse(reason),
            None => match last {
                Some(last) if self.doubt.is_none() => self.refuse(Refusal::NotSent(last)),
                last => PayoutError::Unknown {
                    order_id: self.order_id.clone(),
                    settled_by: GetBatchWithdrawOrder::NAME,
                    status: None,
                    last,
                    tried: self.tried,
                },
            },
        })
    }

    fn refuse(&self, reason: Refusal) -> PayoutError {
        PayoutError::Refused {
            order_id: self.order_id.clone(),
            reason,
            tried: self.tried,
        }
    }

    fn ended(&self, batch: BatchWithdrawOrder) -> Step {
        finish(Err(self.refuse(Refusal::Ended {
            record_id: batch.bill_id.unwrap_or_default().into(),
            status: batch.status.to_string(),
            reason: batch.reason,
        })))
    }

    fn conflict(&self, fields: Vec<Difference>) -> Step {
        finish(Err(PayoutError::Conflict {
            order_id: self.order_id.clone(),
            record_id: None,
            fields,
            tried: self.tried,
        }))
    }

    fn done(&mut self, batch: BatchWithdrawOrder, proof: Proof) -> Step {
        finish(Ok(BatchPaid {
            order_id: self.order_id.clone(),
            batch,
            rows: std::mem::take(&mut self.rows),
            proof,
            tried: self.tried,
        }))
    }

    fn wait(&mut self) -> Step {
        let rounds = self.waits;
        self.waits += 1;
        let then = self.look();
        Step::Wait { rounds, then }
    }

    fn look(&self) -> Look {
        match self.doubt {
            Some(Act::Confirm | Act::Anything) => Look::Glance,
            Some(Act::Append) | None => Look::ReadBack,
        }
    }
}

/// A batch that was cancelled before anything of it was paid has no word of its own.
fn has_moved_nothing(batch: &BatchWithdrawOrder) -> bool {
    let Some(stats) = &batch.stats else {
        return false;
    };
    let ended = stats
        .canceled
        .zip(stats.failed)
        .map(|(a, b)| a.saturating_add(b));
    batch.status == BatchStatus::Completed
        && stats.succeeded == Some(0)
        && stats
            .total
            .is_some_and(|total| total > 0 && ended == Some(total))
}

fn finish(verdict: Result<BatchPaid, PayoutError>) -> Step {
    Step::Finish(Box::new(verdict))
}
