//! `SubmitMachine`: the rules of what happens exactly once, without I/O.
//!
//! Once a submit *may* have arrived, nothing but the record settles it: a later refusal
//! says nothing about the first attempt, and "not found" says nothing while the first may still
//! be on its way.

use std::marker::PhantomData;

use ccpayment_core::{ErrorCode, OrderId, RecordId, RecordMatch, TIMESTAMP_WINDOW, Timestamp};

use crate::codes::passes_in_seconds;
use crate::error::{Error, Outcome};
use crate::outcome::{Attempts, Proof, RefusalReason, SETTLE_AFTER, SubmitError, Submitted};
use crate::telemetry;

/// How often one request is submitted at most; after that it is only looked up.
const MAX_SUBMITS: u32 = 3;

/// What to do next.
pub(super) enum Step<Created> {
    Submit,
    Lookup,
    Wait { rounds: u32, then: Next },
    Finish(Box<Result<Submitted<Created>, SubmitError>>),
}

impl<Created> Step<Created> {
    /// The gateway asked for a pause, which is not one of our own rounds.
    pub(super) fn pause(then: Next) -> Self {
        Self::Wait { rounds: 0, then }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Submit,
    Lookup,
}

impl<Created> From<Next> for Step<Created> {
    fn from(then: Next) -> Self {
        match then {
            Next::Submit => Self::Submit,
            Next::Lookup => Self::Lookup,
        }
    }
}

/// What a lookup gave.
pub(super) enum LookupResult<Created> {
    Found(RecordMatch<Created>),
    /// The gateway accepted the question, when its clock was at this moment or later, and knows no
    /// such record.
    Nothing(Option<Timestamp>, Option<Error>),
    /// No answer to go by.
    Failed(Error),
}

/// CCPayment's id of what was made.
type RecordIdOf<Created> = fn(&Created) -> Option<&RecordId>;

pub(super) struct SubmitMachine<Created> {
    order_id: OrderId,
    settled_by: &'static str,
    /// The gateway refuses a second submit under the same id, so that one is safe even in doubt.
    refuses_repeats: bool,
    attempts: Attempts,
    /// What was in doubt is proven not to have happened.
    absent: bool,
    /// The gateway said that it has this order id, or showed a record that says too little, so "not
    /// found" can't be the whole truth.
    id_taken: bool,
    /// A definite refusal of a submit; it counts once nothing is in doubt. After it, nothing is
    /// submitted any more.
    refusal: Option<RefusalReason>,
    /// A refusal of a submit that passes within seconds.
    transient_refusal: Option<RefusalReason>,
    last: Option<Error>,
    /// A status of the record that this version does not know.
    status: Option<String>,
    /// An acceptance counts as a doubt until the record shows it.
    looks_up_accepted: Option<RecordIdOf<Created>>,
    /// The record that an acceptance named.
    accepted: Option<RecordId>,
    waits: u32,
    max_submits: u32,
    created: PhantomData<fn() -> Created>,
}

impl<Created> SubmitMachine<Created> {
    /// A fresh request, or one that was left in doubt and is only looked up.
    pub(super) fn new(
        order_id: OrderId,
        settled_by: &'static str,
        refuses_repeats: bool,
        in_doubt_since: Option<Timestamp>,
    ) -> Self {
        Self {
            order_id,
            settled_by,
            refuses_repeats,
            attempts: Attempts {
                in_doubt_since,
                ..Attempts::default()
            },
            max_submits: if in_doubt_since.is_some() {
                0
            } else {
                MAX_SUBMITS
            },
            absent: false,
            id_taken: false,
            refusal: None,
            transient_refusal: None,
            last: None,
            status: None,
            looks_up_accepted: None,
            accepted: None,
            waits: 0,
            created: PhantomData,
        }
    }

    /// The same machine, which believes an acceptance only once the record shows it.
    pub(super) fn looking_up_accepted(self, record_id: RecordIdOf<Created>) -> Self {
        Self {
            looks_up_accepted: Some(record_id),
            ..self
        }
    }

    pub(super) fn first(&self) -> Step<Created> {
        if self.in_doubt() || !self.refuses_repeats {
            Step::Lookup
        } else {
            Step::Submit
        }
    }

    pub(super) fn submitted(
        &mut self,
        signed_at: Timestamp,
        answer: Result<Created, Error>,
    ) -> Step<Created> {
        self.attempts.submits += 1;
        self.absent = false;
        let error = match (answer, self.looks_up_accepted) {
            (Ok(created), None) => return self.done(created, None, Proof::Accepted),
            (Ok(created), Some(record_id)) => {
                self.accepted = record_id(&created).cloned();
                return self.doubt(signed_at);
            }
            (Err(error), _) => error,
        };
        match (error.outcome(), error.refusal()) {
            (Outcome::NotSent, _) => {}
            (Outcome::Refused, Some(refusal)) => {
                let reason = RefusalReason::of(&error, refusal.clone());
                if passes_in_seconds(refusal.code) {
                    self.transient_refusal = Some(reason);
                } else {
                    self.refusal = Some(reason);
                }
            }
            _ => {
                let taken = [ErrorCode::OrderDuplicate, ErrorCode::RepeatedSubmit];
                self.id_taken |= error.code().is_some_and(|code| taken.contains(&code));
                self.last = Some(error);
                return self.doubt(signed_at);
            }
        }
        self.last = Some(error);
        if self.in_doubt() {
            Step::Lookup
        } else {
            self.submit_again()
        }
    }

    pub(super) fn looked_up(&mut self, answer: LookupResult<Created>) -> Step<Created> {
        self.attempts.lookups += 1;
        match answer {
            LookupResult::Found(RecordMatch::Matches { created, status }) => {
                let found = self.looks_up_accepted.and_then(|it| it(&created));
                if let (Some(accepted), Some(found)) = (&self.accepted, found)
                    && accepted != found
                {
                    telemetry::accepted_as_another(accepted, found);
                }
                self.done(created, status, Proof::FoundRecord)
            }
            LookupResult::Found(RecordMatch::Ended {
                record_id,
                status,
                reason,
            }) => finish(Err(self.refused(RefusalReason::Ended {
                record_id,
                status,
                reason,
            }))),
            LookupResult::Found(RecordMatch::Conflicts { record_id, fields }) => {
                finish(Err(SubmitError::Conflict {
                    order_id: self.order_id.clone(),
                    record_id,
                    fields: fields.into(),
                    attempts: self.attempts,
                }))
            }
            LookupResult::Found(RecordMatch::Incomparable {
                record_id,
                status,
                fields,
            }) => finish(Err(SubmitError::Incomparable {
                order_id: self.order_id.clone(),
                record_id,
                status,
                fields: fields.into(),
                attempts: self.attempts,
            })),
            LookupResult::Found(RecordMatch::UnknownStatus { status }) => {
                self.id_taken = true;
                self.status = Some(status);
                self.wait(Next::Lookup)
            }
            // A record that proves nothing, or a verdict that this version does not know.
            LookupResult::Found(_) => {
                self.id_taken = true;
                self.wait(Next::Lookup)
            }
            LookupResult::Failed(error) => {
                self.last = Some(error);
                self.wait(Next::Lookup)
            }
            LookupResult::Nothing(gateway_clock, error) => {
                if self.last.is_none() {
                    self.last = error;
                }
                if self.id_taken {
                    return self.wait(Next::Lookup);
                }
                if gateway_clock.is_some_and(|clock| self.proves_absence(clock)) {
                    self.attempts.in_doubt_since = None;
                    self.absent = true;
                }
                if !self.in_doubt() {
                    // This lookup came before any submit, so there is nothing to wait for.
                    let is_first = self.attempts.submits == 0 && self.max_submits > 0;
                    return if is_first {
                        Step::Submit
                    } else {
                        self.submit_again()
                    };
                }
                let may_submit = self.refuses_repeats && self.refusal.is_none();
                if may_submit && self.attempts.submits < self.max_submits {
                    self.wait(Next::Submit)
                } else {
                    self.wait(Next::Lookup)
                }
            }
        }
    }

    /// The next step could not even be begun. An earlier error says more than that.
    pub(super) fn not_begun(
        &mut self,
        error: Option<Error>,
    ) -> Result<Submitted<Created>, SubmitError> {
        self.last = self.last.take().or(error);
        self.give_up()
    }

    /// The time is up, or there is nothing left to do.
    pub(super) fn give_up(&mut self) -> Result<Submitted<Created>, SubmitError> {
        let last = self.last.take().map(Box::new);
        if self.in_doubt() || self.id_taken {
            return Err(self.unknown(last));
        }
        let refusal = self
            .refusal
            .take()
            .or_else(|| self.transient_refusal.take());
        let reason = refusal
            .or_else(|| self.absent.then_some(RefusalReason::Absent))
            .or_else(|| last.map(RefusalReason::NotSent));
        Err(match reason {
            Some(reason) => self.refused(reason),
            None => self.unknown(None),
        })
    }

    /// Nothing can be tried at all, which says nothing about an earlier doubt.
    pub(super) fn not_sent(&self, error: Error) -> SubmitError {
        let error = Box::new(error);
        if self.in_doubt() {
            return self.unknown(Some(error));
        }
        self.refused(RefusalReason::NotSent(error))
    }

    /// The submit that was signed then may have been carried out.
    fn doubt(&mut self, signed_at: Timestamp) -> Step<Created> {
        self.attempts.in_doubt_since = self.attempts.in_doubt_since.max(Some(signed_at));
        Step::Lookup
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.attempts.in_doubt_since.is_some()
    }

    fn proves_absence(&self, gateway_clock: Timestamp) -> bool {
        let since = self.attempts.in_doubt_since.unwrap_or_default();
        is_past(since, gateway_clock)
    }

    /// Submits again, which risks nothing without a doubt; but not for ever, and not after a
    /// definite refusal.
    fn submit_again(&mut self) -> Step<Created> {
        if self.refusal.is_none() && self.attempts.submits < self.max_submits {
            self.wait(Next::Submit)
        } else {
            finish(self.give_up())
        }
    }

    fn wait(&mut self, then: Next) -> Step<Created> {
        let rounds = self.waits;
        self.waits += 1;
        Step::Wait { rounds, then }
    }

    fn done(&self, created: Created, status: Option<String>, proof: Proof) -> Step<Created> {
        let order_id = self.order_id.clone();
        finish(Ok(Submitted {
            order_id,
            created,
            status,
            proof,
            attempts: self.attempts,
        }))
    }

    fn refused(&self, reason: RefusalReason) -> SubmitError {
        SubmitError::Refused {
            order_id: self.order_id.clone(),
            reason,
            attempts: self.attempts,
        }
    }

    fn unknown(&self, last: Option<Box<Error>>) -> SubmitError {
        SubmitError::Unknown {
            order_id: self.order_id.clone(),
            settled_by: self.settled_by,
            status: self.status.clone(),
            last,
            attempts: self.attempts,
        }
    }
}

/// Whether a request that was signed at `since` can't be accepted any more, once the gateway's
/// clock has reached this moment.
pub(crate) fn is_past(since: Timestamp, gateway_clock: Timestamp) -> bool {
    let past = gateway_clock.get().saturating_sub(since.get());
    past >= (SETTLE_AFTER - TIMESTAMP_WINDOW).as_secs()
}

fn finish<Created>(verdict: Result<Submitted<Created>, SubmitError>) -> Step<Created> {
    Step::Finish(Box::new(verdict))
}
