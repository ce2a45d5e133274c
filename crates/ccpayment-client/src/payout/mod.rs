//! What happens once: payouts, and whatever else is made under an order id.
//!
//! The rules are a state machine without I/O ([`machine`]); this module carries out its steps.

mod machine;
mod submit;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ccpayment_core::{
    Difference, Endpoint, ErrorCode, Found, OrderId, Payout, RecordId, Rejection, Submit, Timestamp,
};

use crate::client::Client;
use crate::error::{Error, Outcome, Unsettled};
use crate::limit::Lane;
use crate::retry::Pause;
use crate::skew::Words;
use machine::{LookedUp, Machine, Step, Then};

pub use machine::ABSENCE_SECONDS;
#[cfg(feature = "v2")]
pub(crate) use machine::is_past;
pub use submit::Submitted;

/// A payout that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaidOut {
    /// The merchant's id of the payout.
    pub order_id: OrderId,
    /// CCPayment's id of the payout.
    pub record_id: RecordId,
    /// How we know.
    pub proof: Proof,
    /// What it took.
    pub tried: Tried,
}

impl From<Submitted<RecordId>> for PaidOut {
    fn from(submitted: Submitted<RecordId>) -> Self {
        Self {
            order_id: submitted.order_id,
            record_id: submitted.made,
            proof: submitted.proof,
            tried: submitted.tried,
        }
    }
}

/// How a payout, or what else was submitted, is known to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The gateway accepted the call and named the record.
    Accepted,
    /// The record was found under the order id, and it is of the same call.
    Record,
}

/// What was done to make or to settle a payout, or what else was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tried {
    /// How often it was submitted, always under the same order id.
    pub submits: u32,
    /// How often its record was looked up.
    pub lookups: u32,
    /// The latest timestamp signed into a submit that may have arrived. From
    /// [`ABSENCE_SECONDS`] later on, a lookup that finds nothing proves that nothing happened.
    pub in_doubt_since: Option<Timestamp>,
}

/// Why a payout, or what else was submitted, was refused. In every case, no money moved by this call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The gateway refused it, and no earlier attempt can act any more.
    #[error(transparent)]
    Gateway(Box<Rejection>),
    /// The gateway refused our timestamp, and correcting our clock was not possible or did not help.
    #[error("{}", Words(*behind_seconds))]
    Clock {
        /// As in [`Error::Clock`].
        behind_seconds: Option<i64>,
        /// The refusal.
        source: Box<Rejection>,
    },
    /// It was accepted, and ended without moving money.
    #[error("the payout ended as {status}")]
    Ended {
        /// CCPayment's id.
        record_id: RecordId,
        /// The final status, as the gateway writes it.
        status: String,
        /// The gateway's reason, where it gives one.
        reason: Option<String>,
    },
    /// There is no record of it, and what may still have been on its way can't be accepted any more.
    #[error("there is no record of it, and none can come any more")]
    Absent,
    /// It never reached the gateway, or provably nothing came of it.
    #[error("it was not sent")]
    NotSent(#[source] Box<Error>),
}

impl Refusal {
    pub(crate) fn of(error: &Error, rejection: Rejection) -> Self {
        let source = Box::new(rejection);
        match *error {
            Error::Clock { behind_seconds, .. } => Self::Clock {
                behind_seconds,
                source,
            },
            _ => Self::Gateway(source),
        }
    }
}

/// Why there is no proof of a payout, or of what else was submitted under an order id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayoutError {
    /// No money moved by this call, and nothing was made by it.
    #[error("{order_id} was refused: {reason}")]
    Refused {
        /// The merchant's id.
        order_id: OrderId,
        /// Why.
        #[source]
        reason: Refusal,
        /// What was done.
        tried: Tried,
    },
    /// Another payout, or another order, has this order id, so this one was not made and can't be.
    /// Find out which of the two was meant; a new order id for this one is a decision for a person.
    #[error("{order_id} is taken by another: {}", list(fields))]
    Conflict {
        /// The merchant's id of both.
        order_id: OrderId,
        /// CCPayment's id of the other one, where it has one: orders and invoices have none.
        record_id: Option<RecordId>,
        /// Where the two differ.
        fields: Vec<Difference>,
        /// What was done.
        tried: Tried,
    },
    /// Not settled in time: money may have moved or may still move. Call [`Client::settle`]
    /// later, and never pay under a new order id.
    #[error("the outcome of {order_id} is not known yet")]
    Unknown {
        /// The merchant's id.
        order_id: OrderId,
        /// The route to ask, with that id.
        settled_by: &'static str,
        /// The last thing that went wrong.
        #[source]
        last: Option<Box<Error>>,
        /// What was done.
        tried: Tried,
    },
}

impl PayoutError {
    /// The merchant's id.
    #[must_use]
    pub fn order_id(&self) -> &OrderId {
        match self {
            Self::Refused { order_id, .. }
            | Self::Conflict { order_id, .. }
            | Self::Unknown { order_id, .. } => order_id,
        }
    }

    /// Whether the gateway acted, in the words of [`Error::outcome`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Refused {
                reason: Refusal::NotSent(_) | Refusal::Absent,
                ..
            } => Outcome::NotSent,
            Self::Refused { .. } | Self::Conflict { .. } => Outcome::Rejected,
            Self::Unknown {
                order_id,
                settled_by,
                ..
            } => Outcome::Unknown(Unsettled {
                order_id: Some(order_id.clone()),
                settled_by: Some(settled_by),
            }),
        }
    }

    /// The gateway's code, when a refusal of it is the reason.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused {
                reason:
                    Refusal::Gateway(rejection)
                    | Refusal::Clock {
                        source: rejection, ..
                    },
                ..
            } => Some(rejection.code),
            _ => None,
        }
    }

    /// What was done before giving up.
    #[must_use]
    pub fn tried(&self) -> &Tried {
        match self {
            Self::Refused { tried, .. }
            | Self::Conflict { tried, .. }
            | Self::Unknown { tried, .. } => tried,
        }
    }
}

fn list(fields: &[Difference]) -> String {
    fields
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Payouts.
impl Client {
    /// Moves money exactly once, under the request's order id.
    ///
    /// Store the request, or at least its order id, before this call. When an answer is lost,
    /// this looks the record up and repeats under the same id, never under a new one, until the
    /// outcome is certain or the time is up. Calling again with the same request pays nothing
    /// twice: a payout that was made is found and compared, not made again.
    ///
    /// A refusal speaks for this call. Where an earlier call for the same payout ended as unknown,
    /// was cancelled or crashed, ask [`Client::settle`] first: it knows that the earlier one may
    /// still be on its way.
    ///
    /// # Errors
    ///
    /// Exactly one of [`PayoutError::Refused`] (no money moved by this call),
    /// [`PayoutError::Conflict`] (another payout has this order id) and
    /// [`PayoutError::Unknown`] (not settled in time; look again later).
    pub async fn payout<P: Payout>(&self, request: &P) -> Result<PaidOut, PayoutError> {
        drive(self, request, None, self.give_up_at())
            .await
            .map(PaidOut::from)
    }

    /// Finds out what became of a payout that an earlier call, or an earlier process, left in
    /// doubt. Never submits anything.
    ///
    /// `in_doubt_since` is [`Tried::in_doubt_since`] of the earlier
    /// error; after a crash, take the moment of the crash or any later one. From
    /// [`ABSENCE_SECONDS`] after it, this settles at the first answer; where our clock is found to be
    /// behind, so much later, since that moment may have been read from it.
    ///
    /// # Errors
    ///
    /// [`PayoutError::Refused`] means that the payout was provably not made and will not be: it
    /// may be made now, under the same id. Otherwise as for [`Client::payout`].
    pub async fn settle<P: Payout>(
        &self,
        request: &P,
        in_doubt_since: Timestamp,
    ) -> Result<PaidOut, PayoutError> {
        let settled = drive(self, request, Some(in_doubt_since), self.give_up_at()).await;
        settled.map(PaidOut::from)
    }
}

/// Carries out what the machine decides; with an earlier doubt, only looks.
pub(crate) async fn drive<S: Submit>(
    client: &Client,
    request: &S,
    in_doubt_since: Option<Timestamp>,
    give_up_at: Duration,
) -> Result<Submitted<S::Made>, PayoutError> {
    let clock = client.clock();
    let mut machine = Machine::new(
        request.submit_id().clone(),
        S::Lookup::NAME,
        S::REFUSES_REPEATS,
        in_doubt_since,
    );

    let both = client
        .prepare(request)
        .and_then(|submit| Ok((submit, client.prepare(&request.lookup())?)));
    let (submit, lookup) = match both {
        Ok(both) => both,
        Err(error) => return Err(machine.not_sent(error)),
    };
    let mut step = machine.first();
    // What the last answer asks to wait, before anything is sent again.
    let mut asked = None;
    loop {
        let left = client.left(give_up_at);
        if left.is_zero() {
            return machine.give_up();
        }
        step = match step {
            Step::Submit if asked.is_some() => Step::pause(Then::Submit),
            Step::Lookup if asked.is_some() => Step::pause(Then::Lookup),
            Step::Submit => {
                let attempt = (client.attempt_on_time::<S>(&submit, Lane::Money, give_up_at)).await;
                asked = attempt.retry_after;
                let answer = attempt.result.map(S::made);
                machine.submitted(attempt.signed_at, answer)
            }
            Step::Lookup => {
                let attempt = client
                    .attempt_on_time::<S::Lookup>(&lookup, Lane::Money, give_up_at)
                    .await;
                asked = attempt.retry_after;
                // A doubt from elsewhere may be dated by our own clock, which may be behind.
                let gateway_clock = match in_doubt_since {
                    Some(_) => attempt.gateway_clock.map(|clock| client.before_skew(clock)),
                    None => attempt.gateway_clock,
                };
                let answer = match attempt.result {
                    Ok(found) => match request.judge(&found) {
                        Found::Nothing => LookedUp::Nothing(gateway_clock, None),
                        judged => LookedUp::Found(judged),
                    },
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                        LookedUp::Nothing(gateway_clock, Some(error))
                    }
                    Err(error) => LookedUp::Failed(error),
                };
                machine.looked_up(answer)
            }
            Step::Wait { rounds, then } => {
                let pause = Pause::before_asking(rounds, asked.take()).length(clock.random());
                if pause >= left {
                    return machine.give_up();
                }
                tracing::debug!(operation = S::NAME, pause_ms = pause.as_millis(), "waiting");
                clock.sleep(pause).await;
                then.into()
            }
            Step::Finish(verdict) => return *verdict,
        };
    }
}
