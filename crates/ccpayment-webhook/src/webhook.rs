//! `Webhook`, which reads a delivery from a server's request and verifies it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::acknowledge::Acknowledgement;
use crate::error::VerifyError;
use crate::event::Event;
use crate::verifier::{Verified, Verifier};

/// A verifier with the limits of a server: how long a body may be, how long it may take, and by
/// which clock. Cheap to clone.
///
/// With hyper alone, or any other server whose bodies are of [`http_body`]:
///
/// ```
#[doc = include_str!("../recipes/hyper.rs")]
/// ```
#[cfg_attr(feature = "axum", doc = include_str!("../recipes/axum.md"))]
#[derive(Clone)]
pub struct Webhook<V = Verifier> {
    shared: Arc<Shared<V>>,
    body_timeout: Duration,
}

struct Shared<V> {
    verifier: V,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl<V> Webhook<V> {
    /// How long a body may take to arrive, unless set.
    pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// Checks deliveries with this verifier, by the machine's clock.
    #[allow(
        clippy::disallowed_methods,
        reason = "where a receiver meets real time"
    )]
    pub fn new(verifier: V) -> Self {
        Self::with_clock(verifier, SystemTime::now)
    }

    /// Checks deliveries with this verifier, at the time that `now` tells: a test's, or that of a
    /// client (`Client::now`), which knows how far the machine's clock is off.
    pub fn with_clock(verifier: V, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let now = Box::new(now);
        Self {
            shared: Arc::new(Shared { verifier, now }),
            body_timeout: Self::BODY_TIMEOUT,
        }
    }

    /// How long a body may take to arrive, from its headers on: [`Webhook::BODY_TIMEOUT`], unless
    /// set. A longer one is refused with 408, so that a peer that sends nothing holds nothing.
    ///
    /// The time is that of tokio, whose runtime has to have it (`enable_time`).
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }
}

impl<V: VerifyDelivery> Webhook<V> {
    /// Reads a body within the limits and verifies it, byte for byte as it was sent. The caller has
    /// looked at the method and the path.
    ///
    /// # Errors
    ///
    /// [`WebhookRejection`], which is the answer to send. It leaves an event of `tracing`.
    pub async fn receive<B: Body>(
        &self,
        headers: &HeaderMap,
        body: B,
    ) -> Result<Verified<V::Event>, WebhookRejection> {
        let Shared { verifier, now } = &*self.shared;
        let body = read(body, verifier.body_limit(), self.body_timeout).await?;
        Ok(verifier.verify_delivery(headers, &body, now())?)
    }
}

impl<V: fmt::Debug> fmt::Debug for Webhook<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("verifier", &self.shared.verifier)
            .finish_non_exhaustive()
    }
}

/// The verifier of either version of the API. No others can be added.
pub trait VerifyDelivery: sealed::Sealed + Send + Sync + 'static {
    /// What its deliveries tell.
    type Event: Send + 'static;

    /// The most bytes that a body may have.
    fn body_limit(&self) -> usize;

    /// Checks a delivery and reads it.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], as [`Verifier::verify`].
    fn verify_delivery(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Self::Event>, VerifyError>;
}

mod sealed {
    #[allow(unreachable_pub, reason = "the bound of a public trait")]
    pub trait Sealed {}
}

macro_rules! verifiers {
    ($($(#[$cfg:meta])? $verifier:ty => $event:ty;)+) => {$(
        $(#[$cfg])?
        impl sealed::Sealed for $verifier {}

        $(#[$cfg])?
        impl VerifyDelivery for $verifier {
            type Event = $event;

            fn body_limit(&self) -> usize {
                self.body_limit()
            }

            fn verify_delivery(
                &self,
                headers: &HeaderMap,
                body: &[u8],
                now: SystemTime,
            ) -> Result<Verified<$event>, VerifyError> {
                self.verify(headers, body, now)
            }
        }
    )+};
}

verifiers! {
    Verifier => Event;
    #[cfg(feature = "v1")]
    crate::v1::Verifier => crate::v1::Event;
}

/// Reads a delivery's headers and raw body, for a receiver that verifies or stores the bytes itself:
/// up to `limit` bytes, which have to be there within `timeout`.
///
/// # Errors
///
/// [`WebhookRejection`], which is the answer to send. It leaves an event of `tracing`.
pub async fn read_delivery<B: Body>(
    request: Request<B>,
    limit: usize,
    timeout: Duration,
) -> Result<(HeaderMap, Bytes), WebhookRejection> {
    let (parts, body) = request.into_parts();
    Ok((parts.headers, read(body, limit, timeout).await?))
}

/// Reads a body up to the limit, and no further.
async fn read<B: Body>(
    body: B,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, WebhookRejection> {
    let body = Limited::new(body.map_err(|_| WebhookRejection::Body), limit);
    #[allow(
        clippy::disallowed_methods,
        reason = "the server is tokio's, and tests stop its time"
    )]
    let reading = tokio::time::timeout(timeout, body.collect());
    let error = match reading.await {
        Ok(Ok(collected)) => return Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => VerifyError::TooLarge { limit }.into(),
        Ok(Err(_)) => WebhookRejection::Body,
        Err(_) => WebhookRejection::TimedOut { after: timeout },
    };
    let status = error.status().as_u16();
    tracing::warn!(reason = %error, status, is_authentic = false, "a notification was refused");
    Err(error)
}

/// What a receiver answers when it refuses: a status and a line of plain text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookRejection {
    /// The delivery is not trusted.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The connection broke before the body was whole.
    #[error("the body could not be read")]
    Body,
    /// The body was not whole in time: see [`Webhook::body_timeout`].
    #[error("the body was not whole within {} s", after.as_secs_f32())]
    TimedOut {
        /// The time that the body had.
        after: Duration,
    },
}

impl WebhookRejection {
    /// The status to answer with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Verify(error) => error.status(),
            Self::Body => StatusCode::BAD_REQUEST,
            Self::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// The whole response.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        plain(self.status(), self.to_string())
    }
}

/// A response of plain text.
pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(Acknowledgement::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
