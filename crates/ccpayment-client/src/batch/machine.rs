//! `BatchMachine`, the rules of a batch, without I/O.
//!
//! Only the opening is known to repeat harmlessly. So after every doubt the batch is read back, and
//! what is missing is sent again only once the earlier request can't arrive any more. Only the
//! confirmation moves money. It is sent only over exactly the wanted rows, and never once the batch
//! was seen as confirmed.

mod acts;
mod ending;

use std::collections::BTreeSet;

use ccpayment_core::v2::{BatchRows, BatchStatus, BatchWithdrawOrder, BatchWithdrawTaskRecord};
use ccpayment_core::{Difference, OrderId, Timestamp};

use super::SubmittedBatch;
use crate::error::Error;
use crate::outcome::{Attempts, Proof, RefusalReason, SubmitError};
use crate::payout::is_past;
use ending::has_moved_nothing;

/// How many rows one request takes.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// How many failures end the work.
const MAX_FAILURES: u32 = 3;

/// How often rows that do not match are read again: a list may be behind.
const MAX_MISMATCHES: u32 = 8;

/// What to do next.
pub(super) enum Step {
    /// Read the state of the batch, and all its rows.
    ReadBack,
    /// Read the state alone: only the state shows a confirmation, and there may be many rows.
    ReadStatus,
    /// Open the batch with its first rows.
    Open,
    /// Add these of the wanted rows.
    Append(Vec<usize>),
    Confirm,
    Wait {
        rounds: u32,
        then: Read,
    },
    Finish(Box<Result<SubmittedBatch, SubmitError>>),
}

impl Step {
    pub(super) fn acts(&self) -> bool {
        matches!(self, Self::Open | Self::Append(_) | Self::Confirm)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    All,
    Status,
}

impl From<Read> for Step {
    fn from(read: Read) -> Self {
        match read {
            Read::All => Self::ReadBack,
            Read::Status => Self::ReadStatus,
        }
    }
}

/// What may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// May be repeated; once the batch shows, nothing of it is in doubt.
    Open,
    Append,
    Confirm,
    /// A request of an earlier process, which may have confirmed the batch.
    Prior,
    /// The same, by a process of which nothing is known.
    UnknownPrior,
}

/// What is known of earlier work on a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prior {
    /// There should have been none.
    None,
    /// An earlier process has ended, and left this in doubt.
    InDoubt(Option<Timestamp>),
}

/// The batch with its rows, as it was read back.
pub(super) struct Snapshot {
    /// The gateway's clock was at this moment or later when it was asked.
    pub(super) clock: Option<Timestamp>,
    pub(super) batch: BatchWithdrawOrder,
    pub(super) rows: BatchRows,
}

pub(super) struct BatchMachine {
    order_id: OrderId,
    attempts: Attempts,
    /// When this work began.
    began: Timestamp,
    /// What may have arrived without an answer, and the latest moment at which it was signed.
    doubt: Option<(Act, Timestamp)>,
    /// When a refused confirmation was signed, until the batch is seen: one request may arrive
    /// twice, and then the refusal may answer the second.
    unread: Option<Timestamp>,
    /// The gateway has the batch.
    is_there: bool,
    /// The gateway's last word is that it has no such batch.
    is_absent: bool,
    /// The batch may be there, whatever a look-up says: its opening had no answer, or its id is
    /// taken.
    is_claimed: bool,
    /// A lookup showed the batch as confirmed. No later lookup changes that.
    is_confirmed: bool,
    /// A status that this version does not know, if it was the last one.
    status: Option<String>,
    /// What the gateway refused for good, unless the batch shows that it had arrived before.
    refused: Option<(Act, RefusalReason)>,
    /// A refusal that passes within seconds.
    transient_refusal: Option<RefusalReason>,
    last: Option<Error>,
    failures: u32,
    waits: u32,
    /// Wanted rows that the gateway does not have, and that wait for their turn.
    missing: Vec<usize>,
    /// The rows that were appended last.
    sent: Vec<usize>,
    /// The rows that the gateway accepted from us. A row that does not show is late, not missing.
    accepted: BTreeSet<usize>,
    /// When the last of them were signed, until all of them show.
    accepted_at: Option<Timestamp>,
    /// All rows, as they were read back last.
    rows: Vec<BatchWithdrawTaskRecord>,
    /// Where the rows did not match when they were read last, and how often in a row.
    mismatch: Vec<Difference>,
    mismatches: u32,
}

impl BatchMachine {
    /// A batch that nobody has looked for yet.
    pub(super) fn new(order_id: OrderId, began: Timestamp, prior: Prior) -> Self {
        let doubt = match prior {
            Prior::None => Some((Act::UnknownPrior, began)),
            Prior::InDoubt(since) => since.map(|since| (Act::Prior, since)),
        };
        Self {
            order_id,
            attempts: Attempts::default(),
            began,
            doubt,
            unread: None,
            is_there: false,
            is_absent: false,
            is_claimed: false,
            is_confirmed: false,
            status: None,
            refused: None,
            transient_refusal: None,
            last: None,
            failures: 0,
            waits: 0,
            missing: Vec::new(),
            sent: Vec::new(),
            accepted: BTreeSet::new(),
            accepted_at: None,
            rows: Vec::new(),
            mismatch: Vec::new(),
            mismatches: 0,
        }
    }

    /// Whether an earlier process dated the doubt.
    pub(super) fn is_dated_elsewhere(&self) -> bool {
        matches!(self.doubt, Some((Act::Prior | Act::UnknownPrior, _)))
    }

    pub(super) fn read_back(&mut self, seen: Snapshot) -> Step {
        self.attempts.lookups += 1;
        let Snapshot { clock, batch, rows } = seen;
        if !self.observe(clock, &batch) {
            // Another batch says nothing of this one. Another spelling of the id may be this one.
            return match rows {
                BatchRows::Incomparable(fields) => self.incomparable(&batch, fields),
                _ => self.wait(),
            };
        }
        match rows {
            // Not for added rows of a confirmed batch: the wanted rows may be paid beside them.
            BatchRows::Differ(fields) if !self.is_confirmed || !are_other_rows(&fields) => {
                self.conflict(fields)
            }
            _ if batch.status == BatchStatus::Rejected => self.ended(batch),
            _ if self.status.is_some() => self.wait(),
            // The state jumped back, so another look tells more.
            _ if self.is_confirmed && batch.status == BatchStatus::Init => self.wait(),
            BatchRows::Fit(rows) => self.fit(batch, rows),
            BatchRows::Differ(fields) | BatchRows::Incomparable(fields) => {
                self.mismatch(&batch, fields, MAX_MISMATCHES)
            }
            BatchRows::Incomplete { field } => {
                let (asked, found) = ("in all records, and matching", "missing, or not matching");
                let difference = Difference::new(field, asked, found);
                self.mismatch(&batch, vec![difference], 1)
            }
            // A verdict that this version does not know.
            _ => self.wait(),
        }
    }

    fn fit(
        &mut self,
        batch: BatchWithdrawOrder,
        rows: Vec<Option<BatchWithdrawTaskRecord>>,
    ) -> Step {
        let wanted = rows.len();
        let missing: Vec<usize> = (rows.iter().enumerate())
            .filter_map(|(at, row)| row.is_none().then_some(at))
            .collect();
        self.rows = rows.into_iter().flatten().collect();
        let is_late = missing.iter().any(|at| self.accepted.contains(at));
        if !is_late {
            self.accepted_at = None;
        }
        if is_late || (self.is_confirmed && !missing.is_empty()) {
            return self.mismatch(&batch, vec![self.rows_of(wanted)], 1);
        }
        self.mismatch.clear();
        self.mismatches = 0;
        if !self.is_confirmed {
            return self.open(wanted, missing);
        }
        if has_moved_nothing(&batch) {
            return self.ended(batch);
        }
        self.done(batch, Proof::FoundRecord)
    }

    /// How many of the wanted rows are there.
    fn rows_of(&self, wanted: usize) -> Difference {
        let found = format!("{} of them", self.rows.len());
        Difference::new("orders", format!("{wanted} rows"), found)
    }

    /// Takes in the state alone, while no row can settle the doubt.
    pub(super) fn status_read(
        &mut self,
        clock: Option<Timestamp>,
        batch: &BatchWithdrawOrder,
    ) -> Step {
        self.attempts.lookups += 1;
        if !self.observe(clock, batch) {
            return self.wait_then(Read::All);
        }
        let shows_nothing_new =
            batch.status == BatchStatus::Init && (self.doubt.is_some() || self.is_confirmed);
        if shows_nothing_new || self.status.is_some() {
            return self.wait();
        }
        Step::ReadBack
    }

    /// Takes in the state alone, because the rows could not be read.
    pub(super) fn rows_unread(
        &mut self,
        clock: Option<Timestamp>,
        batch: &BatchWithdrawOrder,
        error: Error,
    ) -> Step {
        self.attempts.lookups += 1;
        self.observe(clock, batch);
        self.last = Some(error);
        self.wait()
    }

    /// Takes in the state that a record shows. False where the record is of another batch.
    fn observe(&mut self, clock: Option<Timestamp>, batch: &BatchWithdrawOrder) -> bool {
        if batch.batch_order_id != self.order_id {
            return false;
        }
        self.is_there = true;
        self.is_absent = false;
        self.unread = None;
        self.doubt.take_if(|(act, _)| *act == Act::Open);
        self.status = None;
        match &batch.status {
            BatchStatus::Init => {
                // Once the gateway's clock is far enough, a request that does not show by now can't
                // arrive any more.
                let settled = self.doubt.take_if(|(_, since)| is_over(*since, clock));
                if let Some((Act::Append, _)) = settled {
                    self.failures += 1;
                }
            }
            BatchStatus::Unknown(status) => self.status = Some(status.clone()),
            // Any other known word means that the confirmation took effect.
            _ => self.is_confirmed = true,
        }
        true
    }

    /// Goes on with a batch that does not show as confirmed.
    fn open(&mut self, wanted: usize, missing: Vec<usize>) -> Step {
        let have_arrived = !self.sent.iter().any(|at| missing.binary_search(at).is_ok());
        self.doubt
            .take_if(|(act, _)| *act == Act::Append && have_arrived);
        if self.doubt.is_some() {
            return self.wait();
        }
        // One request may arrive twice, and then the refusal may answer the second.
        self.refused.take_if(|(act, _)| match act {
            Act::Append => have_arrived,
            Act::Open => true,
            _ => false,
        });
        if self.refused.is_some() || self.failures >= MAX_FAILURES {
            if self.last.is_none() {
                self.mismatch = vec![self.rows_of(wanted)];
            }
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
        self.attempts.lookups += 1;
        self.last = Some(error);
        self.wait()
    }

    /// The gateway says that it has no such batch.
    pub(super) fn not_found(&mut self, clock: Option<Timestamp>, error: Error) -> Step {
        if self.is_there {
            return self.read_failed(error);
        }
        self.attempts.lookups += 1;
        self.is_absent = true;
        self.last.get_or_insert(error);
        // An opening of an earlier process can't arrive any more, nor can what follows it.
        self.doubt
            .take_if(|(act, since)| *act == Act::Prior && is_over(*since, clock));
        if self.refused.is_some() {
            return finish(self.give_up());
        }
        if self.failures < MAX_FAILURES {
            return Step::Open;
        }
        // The batch may still show.
        if self.is_claimed {
            return self.wait();
        }
        finish(self.give_up())
    }

    /// The rows do not match. That is a verdict once the batch is known to be confirmed or not, and
    /// the rows were read often enough: this reading counts as `by`.
    fn mismatch(&mut self, batch: &BatchWithdrawOrder, fields: Vec<Difference>, by: u32) -> Step {
        self.mismatch = fields;
        self.mismatches = self.mismatches.saturating_add(by);
        let is_late = self.mismatches < MAX_MISMATCHES;
        if self.is_confirmed && !is_late {
            return self.incomparable(batch, self.mismatch.clone());
        }
        let is_refused = matches!(self.refused, Some((Act::Confirm, _)));
        if self.is_confirmed || self.doubt.is_some() || (is_late && !is_refused) {
            return self.wait();
        }
        finish(self.give_up())
    }

    fn wait(&mut self) -> Step {
        let then = self.next_read();
        self.wait_then(then)
    }

    fn wait_then(&mut self, then: Read) -> Step {
        let rounds = self.waits;
        self.waits += 1;
        Step::Wait { rounds, then }
    }

    fn next_read(&self) -> Read {
        match self.doubt {
            Some((Act::Confirm | Act::Prior | Act::UnknownPrior, _)) => Read::Status,
            Some((Act::Open | Act::Append, _)) | None => Read::All,
        }
    }
}

/// Whether a request that was signed then can't be accepted any more.
fn is_over(since: Timestamp, clock: Option<Timestamp>) -> bool {
    clock.is_some_and(|clock| is_past(since, clock))
}

/// Whether there are only added rows, and no wanted row differs.
fn are_other_rows(fields: &[Difference]) -> bool {
    fields.iter().all(|difference| difference.field == "orders")
}

fn finish(verdict: Result<SubmittedBatch, SubmitError>) -> Step {
    Step::Finish(Box::new(verdict))
}
