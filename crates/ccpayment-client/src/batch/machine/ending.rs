//! How `BatchMachine` ends: what is proven of the batch by then.

use ccpayment_core::v2::{BatchStatus, BatchWithdrawOrder, GetBatchWithdrawOrder};
use ccpayment_core::{Difference, Request as _};

use super::{Act, BatchMachine, Step, SubmittedBatch, finish};
use crate::error::Error;
use crate::outcome::{Attempts, Proof, RefusalReason, SubmitError};

/// After fewer readings, rows that do not match may only be late.
const MIN_MISMATCHES: u32 = 3;

impl BatchMachine {
    /// The time is up, or there is nothing left to do. A refusal counts only if the batch is proven
    /// not to be confirmed.
    pub(in crate::batch) fn give_up(&mut self) -> Result<SubmittedBatch, SubmitError> {
        let fields = self.mismatch.clone();
        if self.is_confirmed && self.mismatches >= MIN_MISMATCHES {
            return Err(self.incomparable_error(None, fields));
        }
        let is_open = match self.doubt {
            // Without a batch, there is nothing to confirm.
            Some((Act::UnknownPrior, _)) => self.is_absent && !self.is_claimed,
            Some(_) => false,
            None => {
                let is_seen = self.is_there || self.is_absent;
                is_seen && self.unread.is_none() && !self.is_confirmed && self.status.is_none()
            }
        };
        let last = self.last.take().map(Box::new);
        let refused = self.refused.take().map(|(_, refusal)| refusal);
        let unmatched = (!fields.is_empty()).then_some(RefusalReason::Unmatched { fields });
        let reason = refused
            .or_else(|| self.transient_refusal.take())
            .or(unmatched);
        Err(match (reason.filter(|_| is_open), last) {
            (Some(reason), _) => self.refuse(reason),
            (None, Some(last)) if is_open => self.refuse(RefusalReason::NotSent(last)),
            (None, last) => SubmitError::Unknown {
                order_id: self.order_id.clone(),
                settled_by: GetBatchWithdrawOrder::OPERATION,
                status: self.status.clone(),
                last,
                attempts: self.attempts(),
            },
        })
    }

    /// Nothing was tried.
    pub(in crate::batch) fn not_sent(&self, error: Error) -> SubmitError {
        self.refuse(RefusalReason::NotSent(Box::new(error)))
    }

    /// A rule forbids to go on.
    pub(in crate::batch) fn stopped(
        &mut self,
        error: Error,
    ) -> Result<SubmittedBatch, SubmitError> {
        self.last = Some(error);
        self.give_up()
    }

    /// What was done, and since when a later process has to wait.
    fn attempts(&self) -> Attempts {
        let doubt = self.doubt.map(|(_, since)| since);
        let may_be_confirmed = self.is_confirmed || self.status.is_some();
        let began = may_be_confirmed.then_some(self.began);
        Attempts {
            in_doubt_since: doubt.max(self.unread).max(began).max(self.accepted_at),
            ..self.attempts
        }
    }

    fn refuse(&self, reason: RefusalReason) -> SubmitError {
        SubmitError::Refused {
            order_id: self.order_id.clone(),
            reason,
            attempts: self.attempts(),
        }
    }

    pub(super) fn ended(&self, batch: BatchWithdrawOrder) -> Step {
        finish(Err(self.refuse(RefusalReason::Ended {
            record_id: batch.bill_id.unwrap_or_default().into(),
            status: batch.status.to_string(),
            reason: batch.reason,
        })))
    }

    pub(super) fn conflict(&self, fields: Vec<Difference>) -> Step {
        finish(Err(SubmitError::Conflict {
            order_id: self.order_id.clone(),
            record_id: None,
            fields: fields.into(),
            attempts: self.attempts(),
        }))
    }

    pub(super) fn incomparable(&self, batch: &BatchWithdrawOrder, fields: Vec<Difference>) -> Step {
        finish(Err(self.incomparable_error(Some(batch), fields)))
    }

    fn incomparable_error(
        &self,
        batch: Option<&BatchWithdrawOrder>,
        fields: Vec<Difference>,
    ) -> SubmitError {
        let bill_id = batch.and_then(|batch| batch.bill_id.clone());
        SubmitError::Incomparable {
            order_id: self.order_id.clone(),
            record_id: bill_id.map(Into::into),
            status: batch.map(|batch| batch.status.to_string()),
            fields: fields.into(),
            attempts: self.attempts(),
        }
    }

    pub(super) fn done(&mut self, batch: BatchWithdrawOrder, proof: Proof) -> Step {
        finish(Ok(SubmittedBatch {
            order_id: self.order_id.clone(),
            batch,
            rows: std::mem::take(&mut self.rows),
            proof,
            attempts: self.attempts,
        }))
    }
}

/// The gateway has no status of its own for a batch that was cancelled before anything was paid.
pub(super) fn has_moved_nothing(batch: &BatchWithdrawOrder) -> bool {
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
