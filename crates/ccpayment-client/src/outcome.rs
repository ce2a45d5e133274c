//! `Submitted` and `SubmitError`: what became of a request that was submitted under an order id.

use std::time::Duration;

use ccpayment_core::{
    Difference, ErrorCode, ErrorReport, OrderId, RecordId, Refusal, TIMESTAMP_WINDOW, Timestamp,
};

use crate::error::{Error, Outcome, Unsettled};
use crate::skew::SkewDisplay;

/// Five minutes after the signature of the last doubtful submit, a lookup that finds nothing proves
/// that nothing happened and nothing will.
///
/// The gateway accepts a timestamp within 120 seconds of its own clock. It accepted the lookup
/// signed at L, so its clock then stood at L - 120 at least; from S + 120 on, it refuses a submit
/// signed at S. With L - S above 240, no submit can be accepted any more. This needs no trust in
/// our own clock. The remaining minute is for a submit that was accepted in the last moment and is
/// still being written. Where an answer says by itself what the gateway's clock shows, as in v1,
/// 180 seconds by that clock are enough.
pub const SETTLE_AFTER: Duration = Duration::from_secs(2 * TIMESTAMP_WINDOW.as_secs() + 60);

/// Something that the gateway has accepted under an order id: a payout, an order, an invoice.
///
/// Accepted is not paid. The gateway may still veto a payout (`WaitingApproval`, then `Rejected`),
/// and it may fail on its chain. Read its record, or wait for its notification, before you tell
/// anybody that the money has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submitted<Created> {
    /// The merchant's id.
    pub order_id: OrderId,
    /// What was created. Of a payout of v2, CCPayment's id of the record.
    pub created: Created,
    /// Where it stands, as the gateway's record writes it. None where only the acceptance is known,
    /// and for orders and invoices of v2, whose records have no status of their own.
    pub status: Option<String>,
    /// How we know.
    pub proof: Proof,
    /// What it took.
    pub attempts: Attempts,
}

/// How a submitted request is known to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The gateway accepted the request and named the record. This is provisional: HTTP can't tell
    /// an answer to this request from a late answer to another one on the same connection. The
    /// record under the order id is the proof;
    /// [`Client::with_acceptance_looked_up`](crate::Client::with_acceptance_looked_up) reads it at
    /// once.
    Accepted,
    /// The record was found under the order id, and it is of the same request.
    FoundRecord,
}

/// What was sent to submit or to settle a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Attempts {
    /// How often it was submitted, always under the same order id.
    pub submits: u32,
    /// How often its record was looked up.
    pub lookups: u32,
    /// The latest timestamp signed into a submit that may have arrived. From
    /// [`SETTLE_AFTER`](crate::SETTLE_AFTER) later on, a lookup that finds nothing proves
    /// that nothing happened.
    pub in_doubt_since: Option<Timestamp>,
}

/// Why a submitted request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The gateway refused it, and no earlier attempt can act any more.
    #[error(transparent)]
    Gateway(Box<Refusal>),
    /// The gateway refused our timestamp, and correcting our clock was not possible or did not
    /// help.
    #[error("{}", SkewDisplay(*behind_seconds))]
    Clock {
        /// As in [`Error::Clock`].
        behind_seconds: Option<i64>,
        /// The refusal.
        source: Box<Refusal>,
    },
    /// It was accepted, and ended without success, as `Failed` or `Rejected`. The order id is used
    /// up. No document says that the amount and the fee of a failed payout come back: look at the
    /// balance before a person decides to pay again, under a new order id.
    #[error("it was accepted and ended as {status}")]
    Ended {
        /// CCPayment's id.
        record_id: RecordId,
        /// The final status, as the gateway writes it.
        status: String,
        /// The gateway's reason, where it gives one.
        reason: Option<String>,
    },
    /// A batch is there and not confirmed, so nothing of it was paid. It is not what was asked for,
    /// so it is not confirmed either. A person compares the two.
    #[error("it is not confirmed, and can't be matched: {}", list(fields))]
    Unmatched {
        /// Where the two do not match.
        fields: Vec<Difference>,
    },
    /// There is no record of it, and every submit has expired.
    #[error("no record exists, and every submit has expired")]
    Absent,
    /// It never reached the gateway, or provably nothing came of it.
    #[error(transparent)]
    NotSent(Box<Error>),
}

impl RefusalReason {
    pub(crate) fn of(error: &Error, refusal: Refusal) -> Self {
        let source = Box::new(refusal);
        match *error {
            Error::Clock { behind_seconds, .. } => Self::Clock {
                behind_seconds,
                source,
            },
            _ => Self::Gateway(source),
        }
    }
}

/// Why a submitted request is not known to be accepted.
///
/// Each variant asks for something else: see [`SubmitError::can_be_made_again`] and
/// [`SubmitError::settle_at`]. [`SubmitError::report`] prints the reason as well.
///
/// ```
/// use ccpayment_client::{SubmitError, Submitted, core::RecordId};
///
/// /// What a shop stores of a payout, in the transaction that ends its work on it.
/// fn state(result: &Result<Submitted<RecordId>, SubmitError>) -> String {
///     match result {
///         Ok(payout) => format!("accepted as {}", payout.created),
///         Err(error) if error.can_be_made_again() => format!("mend and repeat: {}", error.report()),
///         Err(SubmitError::Unknown { .. }) => "settle later".into(),
///         Err(error) => format!("for a person: {}", error.report()),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// This submit moved no money and created nothing, or what it created has ended without success.
    /// Ask [`SubmitError::can_be_made_again`] whether it may be submitted again.
    #[error("{order_id} was refused")]
    Refused {
        /// The merchant's id.
        order_id: OrderId,
        /// Why.
        #[source]
        reason: RefusalReason,
        /// What was sent.
        attempts: Attempts,
    },
    /// Another payout, or another order, has this order id, so this one was not created and can't
    /// be. Find out which of the two was meant. A person decides on a new order id for this one.
    #[error("{order_id} is taken by another: {}", list(fields))]
    Conflict {
        /// The merchant's id of both.
        order_id: OrderId,
        /// CCPayment's id of the other one, where it has one: orders and invoices have none.
        record_id: Option<RecordId>,
        /// Where the two differ.
        fields: Box<[Difference]>,
        /// What was sent.
        attempts: Attempts,
    },
    /// Something was created under this order id, and its record spells a field otherwise than the
    /// request: most likely it is this very payout. Never pay it again, under this order id or
    /// another. A person compares what was asked with what is shown, and decides.
    #[error("{order_id} was created, but can't be compared: {}", list(fields))]
    Incomparable {
        /// The merchant's id.
        order_id: OrderId,
        /// CCPayment's id of what was created, where it has one: orders and invoices have none.
        record_id: Option<RecordId>,
        /// Where it stands, as the gateway writes it, where its record has a status.
        status: Option<String>,
        /// The fields that can't be compared: what was asked, and what is shown.
        fields: Box<[Difference]>,
        /// What was sent.
        attempts: Attempts,
    },
    /// Not settled in time: money may have moved or may still move. Call
    /// [`Client::settle`](crate::Client::settle) later ([`SubmitError::settle_at`] says when), and
    /// never pay under a new order id.
    #[error(
        "the outcome of {order_id} is not known yet{}; settle it later",
        said(status)
    )]
    Unknown {
        /// The merchant's id.
        order_id: OrderId,
        /// The operation to ask, with that id.
        settled_by: &'static str,
        /// The status of its record, where that is a word that this version does not know. Such a
        /// word is neither a success nor an end.
        status: Option<String>,
        /// The last thing that went wrong.
        #[source]
        last: Option<Box<Error>>,
        /// What was sent.
        attempts: Attempts,
    },
}

impl SubmitError {
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

    /// Whether the same request may be submitted again, under the same order id: provably nothing was
    /// created, and nothing of it is on its way. Mend the reason first, such as an empty balance or
    /// a network that is down.
    ///
    /// After [`SubmitError::Unknown`] settle it first. A payout that ended
    /// ([`RefusalReason::Ended`]), a conflict and what can't be compared are for a person.
    #[must_use]
    pub fn can_be_made_again(&self) -> bool {
        match self {
            Self::Refused { reason, .. } => !matches!(reason, RefusalReason::Ended { .. }),
            _ => false,
        }
    }

    /// From when on [`Client::settle`](crate::Client::settle) is certain to end, if the outcome is
    /// unknown: until then a lookup that finds nothing proves nothing. `None` where nothing is in
    /// doubt.
    #[must_use]
    pub fn settle_at(&self) -> Option<Timestamp> {
        let is_unknown = matches!(self, Self::Unknown { .. });
        let since = self.attempts().in_doubt_since.filter(|_| is_unknown)?;
        Some(since.plus(SETTLE_AFTER))
    }

    /// Prints this error and every reason below it, each once, on one line.
    #[must_use]
    pub fn report(&self) -> ErrorReport<'_> {
        ErrorReport::new(self)
    }

    /// Whether the gateway acted, in the words of [`Error::outcome`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Refused {
                reason: RefusalReason::NotSent(_) | RefusalReason::Absent,
                ..
            } => Outcome::NotSent,
            Self::Refused { .. } | Self::Conflict { .. } => Outcome::Refused,
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
                    RefusalReason::Gateway(refusal)
                    | RefusalReason::Clock {
                        source: refusal, ..
                    },
                ..
            } => Some(refusal.code),
            _ => None,
        }
    }

    /// What was sent before giving up.
    #[must_use]
    pub fn attempts(&self) -> &Attempts {
        match self {
            Self::Refused { attempts, .. }
            | Self::Conflict { attempts, .. }
            | Self::Incomparable { attempts, .. }
            | Self::Unknown { attempts, .. } => attempts,
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
