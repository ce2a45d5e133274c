//! What became of a payout, or of what else was submitted under an order id.

use ccpayment_core::{Difference, ErrorCode, OrderId, RecordId, Rejection, Timestamp};

use crate::error::{Error, Outcome, Unsettled};
use crate::skew::Words;

/// Something that the gateway has under an order id: a payout, an order, an invoice.
///
/// A payout that was accepted is not yet paid. The gateway may still veto it
/// (`WaitingApproval`, then `Rejected`), and it may fail on its chain. Read its record, or wait for
/// its notification, before you tell anybody that the money has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submitted<Made> {
    /// The merchant's id.
    pub order_id: OrderId,
    /// What was made. Of a payout of v2, CCPayment's id of the record.
    pub made: Made,
    /// Where it stands, as the gateway's record writes it. None where only the acceptance is known,
    /// and for orders and invoices of v2, whose records have no status of their own.
    pub status: Option<String>,
    /// How we know.
    pub proof: Proof,
    /// What it took.
    pub tried: Tried,
}

/// How a payout, or what else was submitted, is known to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The gateway accepted the call and named the record. This is provisional: HTTP can't tell an
    /// answer to this call from a stray one to another call that came late on the same connection.
    /// The record under the order id is the proof;
    /// [`Client::with_acceptance_looked_up`](crate::Client::with_acceptance_looked_up) reads it at
    /// once.
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
    /// [`ABSENCE_SECONDS`](crate::ABSENCE_SECONDS) later on, a lookup that finds nothing proves
    /// that nothing happened.
    pub in_doubt_since: Option<Timestamp>,
}

/// Why a payout, or what else was submitted, was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The gateway refused it, and no earlier attempt can act any more.
    #[error(transparent)]
    Gateway(Box<Rejection>),
    /// The gateway refused our timestamp, and correcting our clock was not possible or did not
    /// help.
    #[error("{}", Words(*behind_seconds))]
    Clock {
        /// As in [`Error::Clock`].
        behind_seconds: Option<i64>,
        /// The refusal.
        source: Box<Rejection>,
    },
    /// It was accepted, and ended without success, as `Failed` or `Rejected`. The order id is used
    /// up. No document says that the amount and the fee of a failed payout come back: look at the
    /// balance before a person decides to pay again, under a new order id.
    #[error("the payout ended as {status}")]
    Ended {
        /// CCPayment's id.
        record_id: RecordId,
        /// The final status, as the gateway writes it.
        status: String,
        /// The gateway's reason, where it gives one.
        reason: Option<String>,
    },
    /// A batch is there and not confirmed, so nothing of it was paid, and it can't be matched with
    /// what was asked for, so it is not confirmed either. A person compares the two.
    #[error("it is not confirmed, and can't be matched: {}", list(fields))]
    Unmatched {
        /// Where the two do not match.
        fields: Vec<Difference>,
    },
    /// There is no record of it, and what may still have been on its way can't be accepted any
    /// more.
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

/// Why a payout, or what else was submitted under an order id, is not known to be accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayoutError {
    /// This call moved no money and made nothing, or what it made has ended without success. Ask
    /// [`PayoutError::can_be_made_again`] whether it may be submitted again.
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
        fields: Box<[Difference]>,
        /// What was done.
        tried: Tried,
    },
    /// Something was made under this order id, and its record writes a field otherwise than it was
    /// asked for: most likely this very payout in another spelling. Never pay it again, under this
    /// order id or another. A person compares what was asked with what is shown, and decides.
    #[error("{order_id} was made, but can't be compared: {}", list(fields))]
    Incomparable {
        /// The merchant's id.
        order_id: OrderId,
        /// CCPayment's id of what was made, where it has one: orders and invoices have none.
        record_id: Option<RecordId>,
        /// Where it stands, as the gateway writes it, where its record has a status.
        status: Option<String>,
        /// The fields that can't be compared: what was asked, and what is shown.
        fields: Box<[Difference]>,
        /// What was done.
        tried: Tried,
    },
    /// Not settled in time: money may have moved or may still move. Call
    /// [`Client::settle`](crate::Client::settle) later, and never pay under a new order id.
    #[error("the outcome of {order_id} is not known yet{}", said(status))]
    Unknown {
        /// The merchant's id.
        order_id: OrderId,
        /// The route to ask, with that id.
        settled_by: &'static str,
        /// The status of its record, where that is a word that this version does not know. Such a
        /// word is neither a success nor an end.
        status: Option<String>,
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
            | Self::Incomparable { order_id, .. }
            | Self::Unknown { order_id, .. } => order_id,
        }
    }

    /// Whether the same request may be submitted again, under the same order id: it was provably not
    /// made, and nothing of it is on its way. Mend the reason first, such as an empty balance or a
    /// network that is down.
    ///
    /// False says no more than that: after [`PayoutError::Unknown`] settle it first; a payout that
    /// ended ([`Refusal::Ended`]), a conflict and what can't be compared are for a person.
    #[must_use]
    pub fn can_be_made_again(&self) -> bool {
        match self {
            Self::Refused { reason, .. } => !matches!(reason, Refusal::Ended { .. }),
            _ => false,
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
            Self::Incomparable { .. } => Outcome::Acted,
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
            | Self::Incomparable { tried, .. }
            | Self::Unknown { tried, .. } => tried,
        }
    }
}

fn said(status: &Option<String>) -> String {
    let status = status.as_ref();
    status.map_or_else(String::new, |it| format!(": its record says {it}"))
}

fn list(fields: &[Difference]) -> String {
    fields
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
