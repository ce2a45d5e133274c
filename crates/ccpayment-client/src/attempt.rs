//! One attempt of a request: signed, sent, judged.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_core::{
    AnswerError, ErrorCode, Idempotency, Origin, PreparedRequest, Request, SigningError,
    TIMESTAMP_HEADER, TIMESTAMP_WINDOW, Timestamp, Version, decode, decode_signed,
};
use futures_util::future::{Either, select};
use tracing::{Instrument, Span};

use crate::client::Client;
use crate::error::{Error, RequestInfo};
use crate::headers::retry_after;
use crate::rate_limit::Priority;
use crate::skew::SkewSample;
use crate::telemetry::{self, ExchangeSpan};
use crate::transport::{Exchange, TransportError};

/// How one attempt is made.
#[derive(Clone, Copy)]
pub(crate) struct AttemptOptions {
    pub(crate) priority: Priority,
    /// How often the request was sent before.
    pub(crate) sent_before: u32,
    /// When everything has to be over, by [`Clock::elapsed`](crate::Clock::elapsed).
    pub(crate) give_up_at: Duration,
}

/// What came of one attempt.
pub(crate) struct Attempt<T> {
    /// The timestamp that was signed.
    pub(crate) signed_at: Timestamp,
    /// A moment that the gateway's own clock had reached, if it judged the request at all.
    pub(crate) gateway_clock: Option<Timestamp>,
    /// How long the answer asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Its timestamp was refused, and the next one will be corrected.
    pub(crate) clock_corrected: bool,
    /// How many exchanges were made, or would have been; 0 where there was no time to begin, or the
    /// client has stopped.
    pub(crate) exchanges: u32,
    pub(crate) result: Result<T, Error>,
}

impl<T> Attempt<T> {
    pub(crate) fn not_begun(error: Error) -> Self {
        Self {
            signed_at: Timestamp::default(),
            gateway_clock: None,
            retry_after: None,
            clock_corrected: false,
            exchanges: 0,
            result: Err(error),
        }
    }
}

impl Client {
    /// Makes an attempt within the time left. If its timestamp is refused, and that tells the right
    /// time, another attempt follows at once: the gateway did nothing.
    pub(crate) async fn attempt_with_clock_fix<E: Request>(
        &self,
        prepared: &PreparedRequest,
        mut terms: AttemptOptions,
    ) -> Attempt<E::Response> {
        let mut exchanges = 0;
        loop {
            let mut attempt = self.attempt::<E>(prepared, terms).await;
            exchanges += attempt.exchanges;
            terms.sent_before += attempt.exchanges;
            attempt.exchanges = exchanges;
            let again = attempt.clock_corrected
                && exchanges == 1
                && E::IDEMPOTENCY != Idempotency::NonIdempotent;
            if !again || self.left(terms.give_up_at).is_zero() {
                return attempt;
            }
        }
    }

    /// Signs, sends and judges, once, when the limit has room for it.
    pub(crate) async fn attempt<E: Request>(
        &self,
        prepared: &PreparedRequest,
        terms: AttemptOptions,
    ) -> Attempt<E::Response> {
        let span = telemetry::attempt(prepared, terms.sent_before);
        let attempt = self.attempt_within::<E>(&span, prepared, terms);
        let attempt = attempt.instrument(span.clone()).await;
        telemetry::attempt_ended(&span, attempt.result.as_ref().err());
        attempt
    }

    async fn attempt_within<E: Request>(
        &self,
        span: &Span,
        prepared: &PreparedRequest,
        terms: AttemptOptions,
    ) -> Attempt<E::Response> {
        let shared = &*self.shared;
        if let Some(code) = shared.halt.set_by() {
            let request = RequestInfo::of_prepared(prepared);
            return Attempt::not_begun(Error::Halted { request, code });
        }
        let room = self.acquire(prepared, terms).await;
        let began = shared.clock.elapsed();
        let left = terms.give_up_at.saturating_sub(began);
        let budget = self.timeouts().attempt.min(left);
        if room.is_ok() && budget.is_zero() {
            let request = RequestInfo::of_prepared(prepared);
            return Attempt::not_begun(Error::NoTime { request });
        }
        let signed_at = Timestamp::from_system(self.now_at(began));
        if self.is_fenced(signed_at) {
            let request = RequestInfo::of_prepared(prepared);
            return Attempt::not_begun(Error::NoTime { request });
        }
        let (mut gateway_clock, mut asked_pause, mut clock_corrected) = (None, None, false);
        let answer = match room {
            Ok(()) => {
                self.exchange(span, prepared, signed_at, began, budget)
                    .await
            }
            Err(error) => Err(error),
        };
        let result = answer.and_then(|response| {
            let read = match E::VERSION {
                Version::V1 => decode_signed(&response, &shared.credentials),
                Version::V2 => decode(&response),
            };
            gateway_clock = clock_behind(E::VERSION, signed_at, &response);
            read.map_err(|error| {
                let now = shared.clock.now();
                asked_pause = retry_after(response.headers(), now);
                let request = RequestInfo::of_prepared(prepared);
                if let AnswerError::Refused(refusal) = &error {
                    shared.halt.refused(E::OPERATION, refusal.code);
                }
                match self.scrub(error) {
                    AnswerError::Refused(source) if source.code == ErrorCode::ReqExpired => {
                        gateway_clock = None;
                        let took = shared.clock.elapsed().saturating_sub(began);
                        let measured = SkewSample::of(response.headers(), now, took);
                        let skew = shared.skew.as_ref();
                        clock_corrected = (measured.zip(skew))
                            .is_some_and(|(measured, skew)| skew.learn(measured));
                        Error::Clock {
                            request,
                            behind_seconds: measured.map(SkewSample::seconds),
                            source: Box::new(source),
                        }
                    }
                    source => Error::Answer { request, source },
                }
            })
        });
        Attempt {
            signed_at,
            gateway_clock,
            retry_after: asked_pause,
            clock_corrected,
            exchanges: 1,
            result,
        }
    }

    /// Waits until the limit has a free slot.
    async fn acquire(
        &self,
        prepared: &PreparedRequest,
        terms: AttemptOptions,
    ) -> Result<(), Error> {
        let Some(limit) = self.shared.limits.of(prepared.version()) else {
            return Ok(());
        };
        let found = limit
            .acquire(terms.priority, self.left(terms.give_up_at))
            .await;
        // Without time left, the request would go out and be in doubt for nothing.
        if found.is_ok() && !self.left(terms.give_up_at).is_zero() {
            return Ok(());
        }
        Err(Error::Throttled {
            request: RequestInfo::of_prepared(prepared),
            per_second: limit.per_second,
        })
    }

    async fn exchange(
        &self,
        span: &Span,
        prepared: &PreparedRequest,
        signed_at: Timestamp,
        began: Duration,
        budget: Duration,
    ) -> Result<http::Response<Bytes>, Error> {
        let shared = &*self.shared;
        let mut timer = pin!(shared.clock.deadline(budget));
        let gateway = Origin::of(prepared.version());
        let origin = shared.origin.as_ref().unwrap_or(&gateway);
        let signing = pin!(prepared.sign_async(origin, &shared.credentials, signed_at));
        // A key that is here signs at once. A key elsewhere has the time of the attempt, and no
        // more.
        let signed = select(signing, &mut timer).await;
        let timeout = budget.saturating_sub(shared.clock.elapsed().saturating_sub(began));
        let signed = match signed {
            Either::Left((signed, _)) if !timeout.is_zero() => signed,
            _ => Err(SigningError::TimedOut { after: budget }.into()),
        };
        let request = signed.map_err(|source| Error::Invalid {
            request: RequestInfo::of_prepared(prepared),
            source,
        })?;
        let seen = ExchangeSpan::begin(span, &request, prepared.operation(), &*shared.clock);
        let exchange = Exchange {
            request,
            timeout,
            max_response_bytes: shared.max_response_bytes,
            operation: prepared.operation(),
        };
        let limit = shared.max_response_bytes;
        let sending = pin!(shared.transport.send(exchange));
        // The answer is polled first, so that one that is there never counts as late.
        let answer = match select(sending, timer).await {
            Either::Left((Ok(response), _)) if response.body().len() > limit => {
                Err(TransportError::TooLarge { limit })
            }
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(TransportError::TimedOut { after: budget }),
        };
        seen.end(&answer);
        answer.map_err(|source| Error::Transport {
            request: RequestInfo::of_prepared(prepared),
            source,
        })
    }

    /// Takes our secret out of the gateway's words, in case they echo it.
    fn scrub(&self, mut error: AnswerError) -> AnswerError {
        let scrub = |text: &mut String| {
            *text = self.shared.credentials.scrub(std::mem::take(text));
        };
        match &mut error {
            AnswerError::Refused(refusal) => {
                scrub(&mut refusal.message);
                refusal.reason.as_mut().map(scrub);
            }
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
/// In v2 the gateway accepts a timestamp on both sides of its clock. So if it accepted ours, its
/// clock was behind it by the window at most. No document says so of v1, but its answers are signed
/// with a timestamp of their own. The reader of the answer checks that signature.
fn clock_behind(
    version: Version,
    signed_at: Timestamp,
    response: &http::Response<Bytes>,
) -> Option<Timestamp> {
    match version {
        Version::V2 => {
            let behind = signed_at.get().saturating_sub(TIMESTAMP_WINDOW.as_secs());
            Some(Timestamp::new(behind))
        }
        Version::V1 => {
            let timestamp = response.headers().get(TIMESTAMP_HEADER)?;
            Timestamp::of_header(timestamp).map(|(_, moment)| moment)
        }
    }
}

#[cfg(all(test, feature = "v2"))]
mod tests;
