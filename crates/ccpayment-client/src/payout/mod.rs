//! A payout that happens once.
//!
//! The rules are a state machine without I/O ([`machine`]); this module carries out its steps.

mod machine;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ccpayment_core::{
    Difference, Endpoint, ErrorCode, Found, OrderId, Payout, RecordId, Rejection, Timestamp,
};

use crate::client::Client;
use crate::error::{Error, Outcome, Unsettled};
use machine::{LookedUp, Machine, Step};

pub use machine::ABSENCE_SECONDS;

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

/// How a payout is known to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The gateway accepted the call and named the record.
    Accepted,
    /// The record was found under the order id, and it is the same payout.
    Record,
}

/// What was done to make or to settle a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tried {
    /// How often the payout was submitted, always under the same order id.
    pub submits: u32,
    /// How often its record was looked up.
    pub lookups: u32,
    /// The latest timestamp signed into a submit that may have arrived. From
    /// [`ABSENCE_SECONDS`] later on, a lookup that finds nothing proves that nothing happened.
    pub in_doubt_since: Option<Timestamp>,
}

/// Why a payout was refused. In every case, no money moved by this call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The gateway refused it, and no earlier attempt can act any more.
    #[error(transparent)]
    Gateway(Box<Rejection>),
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
    /// It never reached the gateway, or provably nothing came of it.
    #[error("the payout was not sent")]
    NotSent(#[source] Box<Error>),
    /// Provably nothing came of it, and the gateway said so without an error: v1 answers a question
    /// after a payout that it does not know with an empty list.
    #[error("the gateway has no such payout")]
    Absent,
}

/// Why there is no proof of a payout.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayoutError {
    /// No money moved by this call.
    #[error("payout {order_id} was refused: {reason}")]
    Refused {
        /// The merchant's id of the payout.
        order_id: OrderId,
        /// Why.
        #[source]
        reason: Refusal,
        /// What was done.
        tried: Tried,
    },
    /// Another payout has this order id, so this one was not made and can't be. Find out which
    /// of the two was meant; a new order id for this one is a decision for a person.
    #[error(
        "payout {order_id} conflicts with record {record_id}: {}",
        list(fields)
    )]
    Conflict {
        /// The merchant's id of both.
        order_id: OrderId,
        /// CCPayment's id of the other payout.
        record_id: RecordId,
        /// Where the two differ.
        fields: Vec<Difference>,
        /// What was done.
        tried: Tried,
    },
    /// Not settled in time: money may have moved or may still move. Call [`Client::settle`]
    /// later, and never pay under a new order id.
    #[error("the outcome of payout {order_id} is not known yet")]
    Unknown {
        /// The merchant's id of the payout.
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
    /// The merchant's id of the payout.
    #[must_use]
    pub fn order_id(&self) -> &OrderId {
        match self {
            Self::Refused { order_id, .. }
            | Self::Conflict { order_id, .. }
            | Self::Unknown { order_id, .. } => order_id,
        }
    }

    /// Whether the gateway acted on this payout, in the words of [`Error::outcome`].
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
                reason: Refusal::Gateway(rejection),
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
        drive(self, request, None).await
    }

    /// Finds out what became of a payout that an earlier call, or an earlier process, left in
    /// doubt. Never submits anything.
    ///
    /// `in_doubt_since` is [`Tried::in_doubt_since`] of the earlier
    /// error; after a crash, take the moment of the crash or any later one. From
    /// [`ABSENCE_SECONDS`] after it, this settles at the first answer.
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
        drive(self, request, Some(in_doubt_since)).await
    }
}

/// Carries out what the machine decides; with an earlier doubt, only looks.
async fn drive<P: Payout>(
    client: &Client,
    payout: &P,
    in_doubt_since: Option<Timestamp>,
) -> Result<PaidOut, PayoutError> {
    let clock = client.clock();
    let give_up_at = clock.elapsed().saturating_add(client.timeouts().total);
    let mut machine = Machine::new(
        payout.payout_id().clone(),
        P::Lookup::NAME,
        P::REFUSES_REPEATS,
        in_doubt_since,
    );

    let both = client
        .prepare(payout)
        .and_then(|submit| Ok((submit, client.prepare(&payout.lookup())?)));
    let (submit, lookup) = match both {
        Ok(both) => both,
        Err(error) => return Err(machine.not_sent(error)),
    };
    let mut step = machine.first();
    loop {
        let left = give_up_at.saturating_sub(clock.elapsed());
        if left.is_zero() {
            return machine.give_up();
        }
        let budget = client.timeouts().attempt.min(left);
        step = match step {
            Step::Submit => {
                let attempt = client.attempt::<P>(&submit, budget).await;
                let answer = attempt.result.map(|accepted| P::record_id(&accepted));
                machine.submitted(attempt.signed_at, answer)
            }
            Step::Lookup => {
                let attempt = client.attempt::<P::Lookup>(&lookup, budget).await;
                let answer = match attempt.result {
                    Ok(found) => match payout.judge(&found) {
                        Found::Nothing => LookedUp::Nothing(attempt.gateway_clock, None),
                        judged => LookedUp::Found(judged),
                    },
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                        LookedUp::Nothing(attempt.gateway_clock, Some(error))
                    }
                    Err(error) => LookedUp::Failed(error),
                };
                machine.looked_up(answer)
            }
            Step::Wait { rounds, then } => {
                let pause = backoff(rounds, clock.random());
                if pause >= left {
                    return machine.give_up();
                }
                tracing::debug!(operation = P::NAME, pause_ms = pause.as_millis(), "waiting");
                clock.sleep(pause).await;
                then.into()
            }
            Step::Finish(verdict) => return *verdict,
        };
    }
}

/// Full jitter below a doubling ceiling from 1 to 16 seconds, but never under a quarter of a
/// second: what is asked after may still be on its way.
fn backoff(rounds: u32, random: u64) -> Duration {
    const FLOOR_MS: u64 = 250;
    let ceiling_ms = 1_000u64 << rounds.min(4);
    Duration::from_millis(FLOOR_MS + random % (ceiling_ms - FLOOR_MS))
}
