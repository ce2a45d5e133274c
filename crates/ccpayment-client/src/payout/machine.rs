//! The rules of a call that happens once, without I/O.
//!
//! Once a submit *may* have arrived, nothing but the record settles it: a later refusal
//! says nothing about the first attempt, and "not found" says nothing while the first may still
//! be on its way.

use std::marker::PhantomData;

use ccpayment_core::{ErrorCode, Found, OrderId, RecordId, TIMESTAMP_WINDOW_SECONDS, Timestamp};

use crate::error::{Error, Outcome};
use crate::observe;
use crate::retry::passes_in_seconds;
use crate::verdict::{PayoutError, Proof, Refusal, Submitted, Tried};

/// How many seconds after the last doubtful submit was signed a lookup that finds nothing proves
/// that nothing happened, and that nothing will.
///
/// The gateway accepts a timestamp within 120 seconds of its own clock. It accepted the lookup
/// signed at L, so its clock then stood at L - 120 at least; a submit signed at S is refused from
/// S + 120 on. With L - S above 240, no submit can be accepted any more. This needs no trust in our
/// own clock. The rest is for what was accepted in the last moment and is still being written.
/// Where an answer says by itself what the gateway's clock shows, as in v1, 180 seconds by that
/// clock are enough.
pub const ABSENCE_SECONDS: u64 = 2 * TIMESTAMP_WINDOW_SECONDS + 60;

/// How often one call is submitted at most; after that it is only looked up.
const MAX_SUBMITS: u32 = 3;

/// What to do next.
pub(super) enum Step<Made> {
    Submit,
    Lookup,
    Wait { rounds: u32, then: Then },
    Finish(Box<Result<Submitted<Made>, PayoutError>>),
}

impl<Made> Step<Made> {
    /// The gateway asked for a pause, which is not one of our own rounds.
    pub(super) fn pause(then: Then) -> Self {
        Self::Wait { rounds: 0, then }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Submit,
    Lookup,
}

impl<Made> From<Then> for Step<Made> {
    fn from(then: Then) -> Self {
        match then {
            Then::Submit => Self::Submit,
            Then::Lookup => Self::Lookup,
        }
    }
}

/// What a lookup gave.
pub(super) enum LookedUp<Made> {
    Found(Found<Made>),
    /// The gateway accepted the question, when its clock was at this moment or later, and knows no
    /// such record.
    Nothing(Option<Timestamp>, Option<Error>),
    /// No answer to go by.
    Failed(Error),
}

/// CCPayment's id of what was made.
type RecordIdOf<Made> = fn(&Made) -> Option<&RecordId>;

pub(super) struct Machine<Made> {
    order_id: OrderId,
    settled_by: &'static str,
    /// A second submit under the same id is refused, so it risks nothing even in doubt.
    refuses_repeats: bool,
    tried: Tried,
    /// What was in doubt is proven not to have happened.
    absent: bool,
    /// The gateway said that it has this order id, or showed a record that says too little, so "not
    /// found" can't be the whole truth.
    claimed: bool,
    /// A definite refusal of a submit; it counts once nothing is in doubt. After it, nothing is
    /// submitted any more.
    refusal: Option<Refusal>,
    /// A refusal of a submit that passes within seconds.
    passing: Option<Refusal>,
    last: Option<Error>,
    /// A status of the record that this version does not know.
    status: Option<String>,
    /// An acceptance counts as a doubt until the record shows it.
    looks_up_accepted: Option<RecordIdOf<Made>>,
    /// The record that an acceptance named.
    accepted: Option<RecordId>,
    waits: u32,
    max_submits: u32,
    made: PhantomData<fn() -> Made>,
}

impl<Made> Machine<Made> {
    /// A fresh call, or one that was left in doubt and is only looked up.
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
            tried: Tried {
                in_doubt_since,
                ..Tried::default()
            },
            max_submits: if in_doubt_since.is_some() {
                0
            } else {
                MAX_SUBMITS
            },
            absent: false,
            claimed: false,
            refusal: None,
            passing: None,
            last: None,
            status: None,
            looks_up_accepted: None,
            accepted: None,
            waits: 0,
            made: PhantomData,
        }
    }

    /// The same machine, which believes an acceptance only once the record shows it.
    pub(super) fn looking_up_accepted(self, record_id: RecordIdOf<Made>) -> Self {
        Self {
            looks_up_accepted: Some(record_id),
            ..self
        }
    }

    pub(super) fn first(&self) -> Step<Made> {
        if self.in_doubt() || !self.refuses_repeats {
            Step::Lookup
        } else {
            Step::Submit
        }
    }

    pub(super) fn submitted(
        &mut self,
        signed_at: Timestamp,
        answer: Result<Made, Error>,
    ) -> Step<Made> {
        self.tried.submits += 1;
        self.absent = false;
        let error = match (answer, self.looks_up_accepted) {
            (Ok(made), None) => return self.done(made, None, Proof::Accepted),
            (Ok(made), Some(record_id)) => {
                self.accepted = record_id(&made).cloned();
                return self.doubt(signed_at);
            }
            (Err(error), _) => error,
        };
        match (error.outcome(), error.rejection()) {
            (Outcome::NotSent, _) => {}
            (Outcome::Rejected, Some(rejection)) => {
                let refusal = Refusal::of(&error, rejection.clone());
                if passes_in_seconds(rejection.code) {
                    self.passing = Some(refusal);
                } else {
                    self.refusal = Some(refusal);
                }
            }
            _ => {
                let taken = [ErrorCode::OrderDuplicate, ErrorCode::RepeatedSubmit];
                self.claimed |= error.code().is_some_and(|code| taken.contains(&code));
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

    pub(super) fn looked_up(&mut self, answer: LookedUp<Made>) -> Step<Made> {
        self.tried.lookups += 1;
        match answer {
            LookedUp::Found(Found::Same { made, status }) => {
                let found = self.looks_up_accepted.and_then(|it| it(&made));
                if let (Some(accepted), Some(found)) = (&self.accepted, found)
                    && accepted != found
                {
                    observe::accepted_as_another(accepted, found);
                }
                self.done(made, status, Proof::Record)
            }
            LookedUp::Found(Found::Ended {
                record_id,
                status,
                reason,
            }) => finish(Err(self.refused(Refusal::Ended {
                record_id,
                status,
                reason,
            }))),
            LookedUp::Found(Found::Differs { record_id, fields }) => {
                finish(Err(PayoutError::Conflict {
                    order_id: self.order_id.clone(),
                    record_id,
                    fields: fields.into(),
                    tried: self.tried,
                }))
            }
            LookedUp::Found(Found::Incomparable {
                record_id,
                status,
                fields,
            }) => finish(Err(PayoutError::Incomparable {
                order_id: self.order_id.clone(),
                record_id,
                status,
                fields: fields.into(),
                tried: self.tried,
            })),
            LookedUp::Found(Found::UnknownStatus { status }) => {
                self.claimed = true;
                self.status = Some(status);
                self.wait(Then::Lookup)
            }
            // A record that proves nothing, or a verdict that this version does not know.
            LookedUp::Found(_) => {
                self.claimed = true;
                self.wait(Then::Lookup)
            }
            LookedUp::Failed(error) => {
                self.last = Some(error);
                self.wait(Then::Lookup)
            }
            LookedUp::Nothing(gateway_clock, error) => {
                if self.last.is_none() {
                    self.last = error;
                }
                if self.claimed {
                    return self.wait(Then::Lookup);
                }
                if gateway_clock.is_some_and(|clock| self.proves_absence(clock)) {
                    self.tried.in_doubt_since = None;
                    self.absent = true;
                }
                if !self.in_doubt() {
                    // It was looked for before anything was sent, so there is nothing to wait for.
                    let is_first = self.tried.submits == 0 && self.max_submits > 0;
                    return if is_first {
                        Step::Submit
                    } else {
                        self.submit_again()
                    };
                }
                let may_submit = self.refuses_repeats && self.refusal.is_none();
                if may_submit && self.tried.submits < self.max_submits {
                    self.wait(Then::Submit)
                } else {
                    self.wait(Then::Lookup)
                }
            }
        }
    }

    /// The next step could not even be begun, which says less than what went wrong before.
    pub(super) fn not_begun(
        &mut self,
        error: Option<Error>,
    ) -> Result<Submitted<Made>, PayoutError> {
        self.last = self.last.take().or(error);
        self.give_up()
    }

    /// The time is up, or there is nothing left to do.
    pub(super) fn give_up(&mut self) -> Result<Submitted<Made>, PayoutError> {
        let last = self.last.take().map(Box::new);
        if self.in_doubt() || self.claimed {
            return Err(self.unknown(last));
        }
        let refusal = self.refusal.take().or_else(|| self.passing.take());
        let reason = refusal
            .or_else(|| self.absent.then_some(Refusal::Absent))
            .or_else(|| last.map(Refusal::NotSent));
        Err(match reason {
            Some(reason) => self.refused(reason),
            None => self.unknown(None),
        })
    }

    /// Nothing can be tried at all, which says nothing about an earlier doubt.
    pub(super) fn not_sent(&self, error: Error) -> PayoutError {
        let error = Box::new(error);
        if self.in_doubt() {
            return self.unknown(Some(error));
        }
        self.refused(Refusal::NotSent(error))
    }

    /// What was signed then may have been carried out.
    fn doubt(&mut self, signed_at: Timestamp) -> Step<Made> {
        self.tried.in_doubt_since = self.tried.in_doubt_since.max(Some(signed_at));
        Step::Lookup
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.tried.in_doubt_since.is_some()
    }

    fn proves_absence(&self, gateway_clock: Timestamp) -> bool {
        let since = self.tried.in_doubt_since.unwrap_or_default();
        is_past(since, gateway_clock)
    }

    /// Nothing is in doubt, so another submit risks nothing; but not for ever, and not against a
    /// definite refusal.
    fn submit_again(&mut self) -> Step<Made> {
        if self.refusal.is_none() && self.tried.submits < self.max_submits {
            self.wait(Then::Submit)
        } else {
            finish(self.give_up())
        }
    }

    fn wait(&mut self, then: Then) -> Step<Made> {
        let rounds = self.waits;
        self.waits += 1;
        Step::Wait { rounds, then }
    }

    fn done(&self, made: Made, status: Option<String>, proof: Proof) -> Step<Made> {
        let order_id = self.order_id.clone();
        finish(Ok(Submitted {
            order_id,
            made,
            status,
            proof,
            tried: self.tried,
        }))
    }

    fn refused(&self, reason: Refusal) -> PayoutError {
        PayoutError::Refused {
            order_id: self.order_id.clone(),
            reason,
            tried: self.tried,
        }
    }

    fn unknown(&self, last: Option<Box<Error>>) -> PayoutError {
        PayoutError::Unknown {
            order_id: self.order_id.clone(),
            settled_by: self.settled_by,
            status: self.status.clone(),
            last,
            tried: self.tried,
        }
    }
}

/// Whether what was signed at `since` can't be accepted any more, once the gateway's clock has
/// reached this moment.
pub(crate) fn is_past(since: Timestamp, gateway_clock: Timestamp) -> bool {
    let past = gateway_clock.get().saturating_sub(since.get());
    past >= ABSENCE_SECONDS - TIMESTAMP_WINDOW_SECONDS
}

fn finish<Made>(verdict: Result<Submitted<Made>, PayoutError>) -> Step<Made> {
    Step::Finish(Box::new(verdict))
}
