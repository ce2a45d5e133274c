//! The client: one way to send.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_core::{
    AnswerError, Credentials, Endpoint, Origin, Prepared, SigningError, TIMESTAMP_HEADER,
    TIMESTAMP_WINDOW_SECONDS, Timestamp, Version, decode, decode_signed,
};
use futures_util::future::{Either, select};

use crate::clock::{Clock, SystemClock};
use crate::error::{CallInfo, Error};
use crate::transport::{Call, Transport, TransportError};

/// How long a call may take. Always bounded: there is no way to wait for ever.
///
/// The time to connect is the backend's (5 seconds in `ccpayment-reqwest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// One exchange with the gateway: 20 seconds.
    pub attempt: Duration,
    /// Everything that one [`Client::send`] or [`Client::payout`] does: 60 seconds.
    pub total: Duration,
}

impl Timeouts {
    /// These two bounds.
    #[must_use]
    pub fn new(attempt: Duration, total: Duration) -> Self {
        Self { attempt, total }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new(Duration::from_secs(20), Duration::from_secs(60))
    }
}

/// A client of the gateway. Cheap to clone; every clone shares connections and settings.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    credentials: Credentials,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// None: the real gateway, which has a host for each version.
    origin: Option<Origin>,
    timeouts: Timeouts,
    max_response_bytes: usize,
}

impl Client {
    /// The most bytes that an answer may have, unless set: 8 MiB.
    pub const MAX_RESPONSE_BYTES: usize = 8 << 20;

    /// A client for the real gateway, with default timeouts and the system's clock.
    pub fn new(credentials: Credentials, transport: impl Transport + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                credentials,
                transport: Arc::new(transport),
                clock: Arc::new(SystemClock::new()),
                origin: None,
                timeouts: Timeouts::default(),
                max_response_bytes: Self::MAX_RESPONSE_BYTES,
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The same client for another host, such as a sandbox on loopback, for both versions of the
    /// API.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        self.with(|shared| shared.origin = Some(origin))
    }

    /// The same client with other timeouts.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        self.with(|shared| shared.timeouts = timeouts)
    }

    /// The same client with another clock, such as a test's.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        self.with(|shared| shared.clock = Arc::new(clock))
    }

    /// The same client with another bound on the length of an answer.
    #[must_use]
    pub fn with_max_response_bytes(self, max: usize) -> Self {
        self.with(|shared| shared.max_response_bytes = max)
    }

    /// Makes one call, once, and gives back what the gateway answers.
    ///
    /// # Errors
    ///
    /// [`Error`]. For a call that moves money, ask [`Error::outcome`] first; better still, use
    /// [`Client::payout`], which settles a doubt by itself.
    pub async fn send<E: Endpoint>(&self, request: &E) -> Result<E::Response, Error> {
        let prepared = self.prepare(request)?;
        let timeouts = &self.shared.timeouts;
        let budget = timeouts.attempt.min(timeouts.total);
        self.attempt::<E>(&prepared, budget).await.result
    }

    pub(crate) fn prepare<E: Endpoint>(&self, request: &E) -> Result<Prepared, Error> {
        Prepared::new(request).map_err(|source| Error::Invalid {
            call: CallInfo::of(request),
            source,
        })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.shared.timeouts
    }

    /// Signs, sends and judges, once.
    pub(crate) async fn attempt<E: Endpoint>(
        &self,
        prepared: &Prepared,
        budget: Duration,
    ) -> Attempt<E::Response> {
        let signed_at = Timestamp::from_system(self.shared.clock.now());
        let answer = self.exchange(prepared, signed_at, budget).await;
        let mut gateway_clock = None;
        let result = answer.and_then(|response| {
            let read = match E::VERSION {
                Version::V1 => decode_signed(&response, &self.shared.credentials),
                Version::V2 => decode(&response),
            };
            gateway_clock = clock_behind(E::VERSION, signed_at, &response);
            read.map_err(|error| Error::Answer {
                call: CallInfo::of_prepared(prepared),
                source: self.scrub(error),
            })
        });
        match &result {
            Ok(_) => tracing::debug!(operation = E::NAME, "answered"),
            Err(error) => tracing::debug!(
                operation = E::NAME,
                code = error.code().map(ccpayment_core::ErrorCode::code),
                status = error.status().map(|status| status.as_u16()),
                "no value"
            ),
        }
        Attempt {
            signed_at,
            gateway_clock,
            result,
        }
    }

    async fn exchange(
        &self,
        prepared: &Prepared,
        signed_at: Timestamp,
        budget: Duration,
    ) -> Result<http::Response<Bytes>, Error> {
        let shared = &*self.shared;
        let mut timer = pin!(shared.clock.deadline(budget));
        let gateway = Origin::of(prepared.version());
        let origin = shared.origin.as_ref().unwrap_or(&gateway);
        let signing = pin!(prepared.sign_async(origin, &shared.credentials, signed_at));
        // A key that is here signs at once; one that is not has no more time than the rest.
        let signed = match select(signing, &mut timer).await {
            Either::Left((signed, _)) => signed,
            Either::Right(((), _)) => Err(SigningError::TimedOut { after: budget }.into()),
        };
        let request = signed.map_err(|source| Error::Invalid {
            call: CallInfo::of_prepared(prepared),
            source,
        })?;
        let call = Call {
            request,
            timeout: budget,
            max_response_bytes: shared.max_response_bytes,
            operation: prepared.operation(),
        };
        let answer = pin!(shared.transport.send(call));
        // The answer is looked at first, so that one that is there never counts as late.
        let source = match select(answer, timer).await {
            Either::Left((Ok(response), _))
                if response.body().len() > shared.max_response_bytes =>
            {
                TransportError::TooLarge {
                    limit: shared.max_response_bytes,
                }
            }
            Either::Left((Ok(response), _)) => return Ok(response),
            Either::Left((Err(error), _)) => error,
            Either::Right(((), _)) => TransportError::TimedOut { after: budget },
        };
        Err(Error::Transport {
            call: CallInfo::of_prepared(prepared),
            source,
        })
    }

    /// Takes our secret out of the gateway's words, should it ever echo it.
    fn scrub(&self, mut error: AnswerError) -> AnswerError {
        let scrub = |text: &mut String| {
            *text = self.shared.credentials.scrub(std::mem::take(text));
        };
        match &mut error {
            AnswerError::Rejected(rejection) => scrub(&mut rejection.message),
            AnswerError::Undecodable { detail, near, .. } => {
                scrub(detail);
                scrub(near);
            }
            _ => {}
        }
        error
    }
}

/// What an answer says of the gateway's clock, whatever ours says.
///
/// In v2 the gateway accepts a timestamp on both sides of its clock, so where it accepted ours its
/// clock was behind it by the window at most. Of v1 that is not documented, but its answers are signed
/// with a timestamp of their own; whether the signature fits is judged where the answer is read.
fn clock_behind(
    version: Version,
    signed_at: Timestamp,
    response: &http::Response<Bytes>,
) -> Option<Timestamp> {
    match version {
        Version::V2 => {
            let behind = signed_at.get().saturating_sub(TIMESTAMP_WINDOW_SECONDS);
            Some(Timestamp::new(behind))
        }
        Version::V1 => {
            let timestamp = response.headers().get(TIMESTAMP_HEADER)?;
            Timestamp::of_header(timestamp).map(|(_, moment)| moment)
        }
    }
}

/// One exchange, and the timestamp that was signed into it.
pub(crate) struct Attempt<T> {
    pub(crate) signed_at: Timestamp,
    /// A moment that the gateway's own clock had reached, if it judged the call at all.
    pub(crate) gateway_clock: Option<Timestamp>,
    pub(crate) result: Result<T, Error>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credentials", &self.shared.credentials)
            .field("origin", &self.shared.origin)
            .field("timeouts", &self.shared.timeouts)
            .finish_non_exhaustive()
    }
}
