//! What the answer to a request that acts says.

use ccpayment_core::v2::{BatchStatus, BatchWithdrawOrder};
use ccpayment_core::{OrderId, Timestamp};

use super::{Act, BatchMachine, Read, Step};
use crate::codes::passes_in_seconds;
use crate::error::{Error, Outcome};
use crate::outcome::{Proof, RefusalReason};

impl BatchMachine {
    /// Takes in the answer to an opening with so many of the wanted rows, and the batch that it
    /// names.
    pub(in crate::batch) fn opened(
        &mut self,
        signed_at: Timestamp,
        rows: usize,
        answer: Result<OrderId, Error>,
    ) -> Step {
        self.attempts.submits += 1;
        match answer {
            // It was not there before, so nobody else has confirmed it.
            Ok(named) if named == self.order_id => {
                self.is_there = true;
                self.doubt = None;
                self.accept(signed_at, 0..rows);
                Step::ReadBack
            }
            Ok(_) => self.doubt(Act::Open, signed_at),
            Err(error) => self.failed(Act::Open, signed_at, error),
        }
    }

    pub(in crate::batch) fn appended(
        &mut self,
        signed_at: Timestamp,
        answer: Result<(), Error>,
    ) -> Step {
        self.attempts.submits += 1;
        if let Err(error) = answer {
            return self.failed(Act::Append, signed_at, error);
        }
        let sent = self.sent.clone();
        self.accept(signed_at, sent);
        if self.missing.is_empty() {
            Step::ReadBack
        } else {
            self.append()
        }
    }

    /// The answer to an append is of another batch, or does not say that all rows were appended.
    pub(in crate::batch) fn append_unproven(&mut self, signed_at: Timestamp) -> Step {
        self.attempts.submits += 1;
        self.doubt(Act::Append, signed_at)
    }

    fn accept(&mut self, signed_at: Timestamp, rows: impl IntoIterator<Item = usize>) {
        self.transient_refusal = None;
        self.accepted.extend(rows);
        self.accepted_at = self.accepted_at.max(Some(signed_at));
    }

    pub(in crate::batch) fn confirmed(
        &mut self,
        signed_at: Timestamp,
        answer: Result<BatchWithdrawOrder, Error>,
    ) -> Step {
        self.attempts.submits += 1;
        match answer {
            Ok(batch) => match batch.status {
                BatchStatus::Reviewing | BatchStatus::Pending | BatchStatus::Processing
                    if batch.batch_order_id == self.order_id =>
                {
                    self.done(batch, Proof::Accepted)
                }
                // The code says that it is confirmed and the status does not, or the batch is over
                // already, or the answer is of another batch.
                _ => self.doubt(Act::Confirm, signed_at),
            },
            Err(error) => self.failed(Act::Confirm, signed_at, error),
        }
    }

    fn failed(&mut self, act: Act, signed_at: Timestamp, error: Error) -> Step {
        let refusal = error.refusal().cloned();
        let step = match (error.outcome(), refusal) {
            (Outcome::NotSent, _) => {
                self.failures += 1;
                self.wait()
            }
            (Outcome::Refused, Some(refusal)) => {
                if act == Act::Confirm {
                    self.unread = Some(signed_at);
                }
                let passes = passes_in_seconds(refusal.code);
                let refusal = RefusalReason::of(&error, refusal);
                if passes {
                    self.failures += 1;
                    self.transient_refusal = Some(refusal);
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
        // Rows are not sent again before it is known that they did not arrive.
        if act != Act::Append {
            self.failures += 1;
        }
        if act == Act::Open {
            self.is_claimed = true;
            self.doubt.get_or_insert((act, signed_at));
            return self.wait_then(Read::All);
        }
        self.doubt = Some((act, signed_at));
        self.next_read().into()
    }
}
