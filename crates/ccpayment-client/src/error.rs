//! `Error`, why a request has no answer, and `Outcome`, whether the gateway acted.

use std::num::NonZeroU32;

use ccpayment_core::{
    AnswerError, ErrorCode, ErrorReport, Idempotency, OrderId, PrepareError, PreparedRequest,
    RawBody, Refusal, Request, Retry,
};
use http::StatusCode;

use crate::codes::{is_unauthorized, passes_in_seconds};
use crate::skew::SkewDisplay;
use crate::transport::TransportError;

/// Which request an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// The gateway's name of the operation.
    pub operation: &'static str,
    /// What happens when it is sent again.
    pub idempotency: Idempotency,
    /// The merchant's id of what the request creates.
    pub order_id: Option<OrderId>,
    /// The operation whose record tells what became of the request.
    pub settled_by: Option<&'static str>,
    /// How often it was sent, the last time included; 0 when the request itself is at fault.
    pub attempts: u32,
}

impl RequestInfo {
    pub(crate) fn of<E: Request>(request: &E) -> Box<Self> {
        Box::new(Self {
            operation: E::OPERATION,
            idempotency: E::IDEMPOTENCY,
            order_id: request.order_id().cloned(),
            settled_by: E::SETTLED_BY,
            attempts: 0,
        })
    }

    pub(crate) fn of_prepared(prepared: &PreparedRequest) -> Box<Self> {
        Box::new(Self {
            operation: prepared.operation(),
            idempotency: prepared.idempotency(),
            order_id: prepared.order_id().cloned(),
            settled_by: prepared.settled_by(),
            attempts: 1,
        })
    }
}

/// Why a request has no answer.
///
/// Ask [`Error::outcome`] first: it says whether the gateway may have acted. The text names the
/// operation, and [`source`](std::error::Error::source) has the reason; [`Error::report`] prints
/// both.
///
/// ```
/// use ccpayment_client::{Error, Outcome};
///
/// /// What to do about a request that failed.
/// fn advice(error: &Error) -> String {
///     match error.outcome() {
///         Outcome::NotSent => "send it again".into(),
///         Outcome::Refused if error.is_rate_limited() => "send it again, later".into(),
///         Outcome::Refused => format!("mend it: {}", error.report()),
///         Outcome::Unknown(doubt) => format!("read the record first: {:?}", doubt.settled_by),
///         _ => "show it to a person".into(),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request breaks a documented rule, can't be written or can't be signed. Nothing was
    /// sent.
    #[error("{} was not sent", request.operation)]
    Invalid {
        /// Which request.
        request: Box<RequestInfo>,
        /// The field and the rule, or what the signer said.
        source: PrepareError,
    },
    /// The rate limit of this client had no slot in time. Nothing was sent. See
    /// [`Client::with_rate_limit`](crate::Client::with_rate_limit).
    #[error(
        "{} was not sent: rate limit of {per_second}/s, no slot before the deadline",
        request.operation
    )]
    Throttled {
        /// Which request.
        request: Box<RequestInfo>,
        /// The limit.
        per_second: NonZeroU32,
    },
    /// The gateway refused an earlier request in a way that stops all others. Nothing was sent. See
    /// [`Client::resume`](crate::Client::resume).
    #[error(
        "{} was not sent: this client stopped when the gateway answered {code}",
        request.operation
    )]
    Halted {
        /// Which request.
        request: Box<RequestInfo>,
        /// The code of the earlier refusal.
        code: ErrorCode,
    },
    /// The time was up before anything was sent.
    #[error("{} was not sent: no time was left for it", request.operation)]
    NoTime {
        /// Which request.
        request: Box<RequestInfo>,
    },
    /// There was no answer.
    #[error("{} failed", request.operation)]
    Transport {
        /// Which request.
        request: Box<RequestInfo>,
        /// Why, and whether the gateway could have acted.
        source: TransportError,
    },
    /// The gateway refused the request, or its answer can't be read.
    #[error("{} failed", request.operation)]
    Answer {
        /// Which request.
        request: Box<RequestInfo>,
        /// The refusal, or what can't be read, with the raw answer.
        source: AnswerError,
    },
    /// The gateway refused our timestamp (11006) and did nothing, and correcting our clock was not
    /// possible or did not help. See
    /// [`Client::with_clock_correction`](crate::Client::with_clock_correction).
    #[error("{} failed: {}", request.operation, SkewDisplay(*behind_seconds))]
    Clock {
        /// Which request.
        request: Box<RequestInfo>,
        /// How many seconds the machine's clock is behind the gateway's, below zero if it is ahead,
        /// by the `Date` of the answer; `None` where it has none, or a cache kept the answer.
        behind_seconds: Option<i64>,
        /// The refusal.
        source: Box<Refusal>,
    },
}

/// Whether the gateway acted on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing reached the gateway. The same request may be sent again.
    NotSent,
    /// The gateway refused this request and did nothing. See [`Error::code`].
    Refused,
    /// The gateway has acted under this order id. A person has to see whether it did what this
    /// request asks for. Never send the request again.
    Acted,
    /// The gateway may have acted. For a request that moves money, read the record under the same
    /// order id before anything else, and never make a new order id.
    Unknown(Unsettled),
}

/// What is needed to settle a request that is in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsettled {
    /// The merchant's id of what may have been created.
    pub order_id: Option<OrderId>,
    /// The operation to ask, with that id.
    pub settled_by: Option<&'static str>,
}

impl Error {
    /// Which request this is about.
    #[must_use]
    pub fn request(&self) -> &RequestInfo {
        match self {
            Self::Invalid { request, .. }
            | Self::Throttled { request, .. }
            | Self::Halted { request, .. }
            | Self::NoTime { request }
            | Self::Transport { request, .. }
            | Self::Answer { request, .. }
            | Self::Clock { request, .. } => request,
        }
    }

    /// The same error, after so many attempts.
    pub(crate) fn after(mut self, attempts: u32) -> Self {
        let (Self::Invalid { request, .. }
        | Self::Throttled { request, .. }
        | Self::Halted { request, .. }
        | Self::NoTime { request }
        | Self::Transport { request, .. }
        | Self::Answer { request, .. }
        | Self::Clock { request, .. }) = &mut self;
        request.attempts = attempts;
        self
    }

    /// The gateway's refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Answer {
                source: AnswerError::Refused(source),
                ..
            } => Some(source),
            Self::Clock { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the gateway acted.
    ///
    /// For a request that acts, [`Outcome::Unknown`] stands for a success whose data can't be read,
    /// an answer that is not the gateway's, and the codes that say nothing certain (10001, 11002,
    /// 11007, 11011 and unknown ones).
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let request = self.request();
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
        let refused =
            |code: ErrorCode| !request.idempotency.acts() || code.retry() != Retry::CheckRecord;
        if self.code().is_some_and(refused) {
            return Outcome::Refused;
        }
        Outcome::Unknown(Unsettled {
            order_id: request.order_id.clone(),
            settled_by: request.settled_by,
        })
    }

    /// Prints this error and every reason below it, each once, on one line.
    ///
    /// ```
    /// # use ccpayment_client::{Client, Error, core::v2::GetCoinList};
    /// # async fn list(client: Client) {
    /// if let Err(error) = client.send(&GetCoinList::new()).await {
    ///     // getCoinList failed: the gateway answered 11004 RateLimit: too many requests
    ///     eprintln!("{}", error.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self) -> ErrorReport<'_> {
        ErrorReport::new(self)
    }

    /// Whether no answer came in time.
    ///
    /// The gateway may still have acted: ask [`Error::outcome`]. If it happens often, give the
    /// request more time ([`Client::with_timeouts`](crate::Client::with_timeouts)).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        let source = match self {
            Self::NoTime { .. } => return true,
            Self::Transport { source, .. } => source,
            _ => return false,
        };
        matches!(source, TransportError::TimedOut { .. })
    }

    /// Whether there were too many requests: the client's own limit had no slot, or the gateway
    /// refused by its limit (11004, 11018, or HTTP 429).
    ///
    /// Send less often: [`Client::with_rate_limit`](crate::Client::with_rate_limit) spaces requests.
    /// Several processes on one address share the gateway's limit and not ours.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        let by_code = self.code().is_some_and(passes_in_seconds);
        let by_status = self.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        matches!(self, Self::Throttled { .. }) || by_code || by_status
    }

    /// Whether the gateway refused our timestamp.
    ///
    /// Set the machine's clock by NTP. The client corrects by up to 24 hours where the answer has a
    /// `Date` ([`Client::with_clock_correction`](crate::Client::with_clock_correction)).
    #[must_use]
    pub fn is_clock_skew(&self) -> bool {
        matches!(self, Self::Clock { .. })
    }

    /// Whether the gateway does not accept who we are: a wrong signature (11005), an unknown APP ID
    /// (12001), or an address that is blocked (11014) or not on the allow-list (12002).
    ///
    /// No repeat helps. Compare APP ID and secret with the dashboard, and the address that requests
    /// leave from with its allow-list.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        let code = match self {
            Self::Halted { code, .. } => Some(*code),
            _ => self.code(),
        };
        code.is_some_and(is_unauthorized)
    }

    /// The gateway's code, when it refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.refusal().map(|refusal| refusal.code)
    }

    /// The gateway's words, when it refused.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.message.as_str())
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answer { source, .. } => Some(source.status()),
            _ => self.refusal().map(|refusal| refusal.status),
        }
    }

    /// The answer's bytes, cut to a bound, when there was an answer.
    #[must_use]
    pub fn raw_body(&self) -> Option<&RawBody> {
        match self {
            Self::Answer { source, .. } => Some(source.body()),
            _ => self.refusal().map(|refusal| &refusal.body),
        }
    }
}
