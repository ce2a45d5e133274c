//! Errors that answer what a caller decides on.

use std::num::NonZeroU32;

use ccpayment_core::{
    AnswerError, Endpoint, ErrorCode, OrderId, PrepareError, Prepared, RawBody, Rejection, Retry,
    Safety,
};
use http::StatusCode;

use crate::skew::Words;
use crate::transport::TransportError;

/// Which call an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// The gateway's name of the route.
    pub operation: &'static str,
    /// What repeating the call can do.
    pub safety: Safety,
    /// The merchant's id of what the call creates.
    pub order_id: Option<OrderId>,
    /// The route whose record tells what became of the call.
    pub settled_by: Option<&'static str>,
    /// How often it was tried, the last time included; 0 when the request itself is at fault.
    pub attempts: u32,
}

impl CallInfo {
    pub(crate) fn of<E: Endpoint>(request: &E) -> Box<Self> {
        Box::new(Self {
            operation: E::NAME,
            safety: E::SAFETY,
            order_id: request.order_id().cloned(),
            settled_by: E::SETTLED_BY,
            attempts: 0,
        })
    }

    pub(crate) fn of_prepared(prepared: &Prepared) -> Box<Self> {
        Box::new(Self {
            operation: prepared.operation(),
            safety: prepared.safety(),
            order_id: prepared.order_id().cloned(),
            settled_by: prepared.settled_by(),
            attempts: 1,
        })
    }
}

/// Why a call gave no value.
///
/// Ask [`Error::outcome`] what it means for money before anything else.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request breaks a documented rule, can't be written or can't be signed. Nothing was
    /// sent.
    #[error("{} was not sent: {source}", call.operation)]
    Invalid {
        /// Which call.
        call: Box<CallInfo>,
        /// The field and the rule, or what the signer said.
        source: PrepareError,
    },
    /// Our own limit had no room for it in time. Nothing was sent. See
    /// [`Client::with_rate_limit`](crate::Client::with_rate_limit).
    #[error(
        "{} was not sent: its turn among {per_second} calls a second would come too late",
        call.operation
    )]
    Throttled {
        /// Which call.
        call: Box<CallInfo>,
        /// The limit.
        per_second: NonZeroU32,
    },
    /// An earlier call was refused in a way that stops all others. Nothing was sent. See
    /// [`Client::resume`](crate::Client::resume).
    #[error("{} was not sent: calls are stopped since the gateway answered {code}", call.operation)]
    Halted {
        /// Which call.
        call: Box<CallInfo>,
        /// The code of the earlier refusal.
        code: ErrorCode,
    },
    /// The time was up before anything was sent.
    #[error("{} was not sent: no time was left for it", call.operation)]
    NoTime {
        /// Which call.
        call: Box<CallInfo>,
    },
    /// There was no answer.
    #[error("{}: {source}", call.operation)]
    Transport {
        /// Which call.
        call: Box<CallInfo>,
        /// Why, and whether the gateway could have acted.
        source: TransportError,
    },
    /// There was an answer, but not a value.
    #[error("{}: {source}", call.operation)]
    Answer {
        /// Which call.
        call: Box<CallInfo>,
        /// The refusal, or what can't be read, with the raw answer.
        source: AnswerError,
    },
    /// The gateway refused our timestamp (11006) and did nothing, and correcting our clock was not
    /// possible or did not help. See
    /// [`Client::with_clock_correction`](crate::Client::with_clock_correction).
    #[error("{}: {}", call.operation, Words(*behind_seconds))]
    Clock {
        /// Which call.
        call: Box<CallInfo>,
        /// How far the machine's clock is behind the gateway's, ahead if below zero, by the `Date`
        /// of the answer; `None` where it has none of its own.
        behind_seconds: Option<i64>,
        /// The refusal.
        source: Box<Rejection>,
    },
}

/// Whether the gateway acted on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing reached the gateway. The same call may be made again.
    NotSent,
    /// The gateway refused this call and did nothing. See [`Error::code`].
    Rejected,
    /// The gateway has acted under this order id, and whether it did what this call asks for is for
    /// a person to see. Never make the call again.
    Acted,
    /// The gateway may have acted. For a call that moves money, read the record under the same
    /// order id before anything else, and never make a new order id.
    Unknown(Unsettled),
}

/// What is needed to settle a doubtful call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsettled {
    /// The merchant's id of what may have been created.
    pub order_id: Option<OrderId>,
    /// The route to ask, with that id.
    pub settled_by: Option<&'static str>,
}

impl Error {
    /// Which call this is about.
    #[must_use]
    pub fn call(&self) -> &CallInfo {
        match self {
            Self::Invalid { call, .. }
            | Self::Throttled { call, .. }
            | Self::Halted { call, .. }
            | Self::NoTime { call }
            | Self::Transport { call, .. }
            | Self::Answer { call, .. }
            | Self::Clock { call, .. } => call,
        }
    }

    /// The same error, after so many attempts.
    pub(crate) fn after(mut self, attempts: u32) -> Self {
        let (Self::Invalid { call, .. }
        | Self::Throttled { call, .. }
        | Self::Halted { call, .. }
        | Self::NoTime { call }
        | Self::Transport { call, .. }
        | Self::Answer { call, .. }
        | Self::Clock { call, .. }) = &mut self;
        call.attempts = attempts;
        self
    }

    /// The gateway's refusal, if it is one.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Answer {
                source: AnswerError::Rejected(source),
                ..
            } => Some(source),
            Self::Clock { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the gateway acted.
    ///
    /// A success whose data can't be read, an answer that is not the gateway's, and the codes
    /// that say nothing certain (10001, 11002, 11007, 11011 and unknown ones) are
    /// [`Outcome::Unknown`] for a call that acts.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let call = self.call();
        match self {
            Self::Invalid { .. }
            | Self::Throttled { .. }
            | Self::Halted { .. }
            | Self::NoTime { .. } => return Outcome::NotSent,
            Self::Transport { source, .. } if !source.could_have_acted() => {
                return Outcome::NotSent;
            }
            _ => {}
        }
        let refused = |code: ErrorCode| !call.safety.acts() || code.retry() != Retry::CheckRecord;
        if self.code().is_some_and(refused) {
            return Outcome::Rejected;
        }
        Outcome::Unknown(Unsettled {
            order_id: call.order_id.clone(),
            settled_by: call.settled_by,
        })
    }

    /// The gateway's code, when it refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.rejection().map(|rejection| rejection.code)
    }

    /// The gateway's words, when it refused.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.rejection().map(|rejection| rejection.message.as_str())
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answer { source, .. } => Some(source.status()),
            _ => self.rejection().map(|rejection| rejection.status),
        }
    }

    /// The answer's bytes, cut to a bound, when there was an answer.
    #[must_use]
    pub fn raw_body(&self) -> Option<&RawBody> {
        match self {
            Self::Answer { source, .. } => Some(source.body()),
            _ => self.rejection().map(|rejection| &rejection.body),
        }
    }
}
