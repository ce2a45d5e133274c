//! `Webhook`, the extractor for axum.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::acknowledge::Acknowledgement;
use crate::error::VerifyError;
use crate::event::Event;
use crate::verifier::{Verified, Verifier};

/// What the extractor needs: the router's state, or a part of it that [`FromRef`] gives.
///
/// Cheap to clone. Behind `FromRef`, it stands beside what else the handlers need:
///
/// ```
/// use axum::extract::{FromRef, State};
/// use ccpayment_webhook::{Acknowledgement, Event, Verified, Webhook};
///
/// #[derive(Clone)]
/// struct Shop {
///     webhook: Webhook,
///     books: std::sync::Arc<std::sync::Mutex<Vec<Event>>>,
/// }
///
/// impl FromRef<Shop> for Webhook {
///     fn from_ref(shop: &Shop) -> Self {
///         shop.webhook.clone()
///     }
/// }
///
/// async fn notify(State(shop): State<Shop>, event: Verified<Event>) -> Acknowledgement {
///     shop.books.lock().unwrap().push(event.event().clone());
///     event.acknowledge()
/// }
/// # let _: axum::Router<Shop> = axum::Router::new().route("/", axum::routing::post(notify));
/// ```
///
/// A receiver without a state of its own:
///
/// ```
/// use axum::Router;
/// use axum::http::StatusCode;
/// use axum::routing::post;
/// use ccpayment_core::{AppId, AppSecret};
/// use ccpayment_webhook::{Acknowledgement, ApiDeposit, Event, Verified, Verifier, Webhook};
///
/// /// A forgery never gets here: it is refused before.
/// async fn notify(event: Verified<Event>) -> Result<Acknowledgement, StatusCode> {
///     match event.event() {
///         Event::ApiDeposit(deposit) => on_deposit(deposit).await?,
///         // Not handled, so it is stored whole before it is acknowledged.
///         other => store(other).await?,
///     }
///     // Only now: an error above lets the gateway send it again.
///     Ok(event.acknowledge())
/// }
///
/// async fn on_deposit(_deposit: &ApiDeposit) -> Result<(), StatusCode> {
///     // Confirm it and do what the decision says, as on the crate's page.
///     Ok(())
/// }
///
/// async fn store(event: &Event) -> Result<(), StatusCode> {
///     let _whole = serde_json::to_string(event).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
///     // Into a table for a person, or a later version, to work on.
///     Ok(())
/// }
///
/// let verifier = Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
/// let app: Router = Router::new()
///     .route("/ccpayment/webhook", post(notify))
///     .with_state(Webhook::new(verifier));
/// # Ok::<(), ccpayment_core::ValidationError>(())
/// ```
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
        reason = "where the extractor meets real time"
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

/// Reads a delivery's headers and raw body, for a receiver that verifies or stores the bytes itself:
/// up to `limit` bytes, which have to be there within `timeout`.
///
/// # Errors
///
/// [`WebhookRejection`], which is the answer to send. It leaves an event of `tracing`.
pub async fn read_delivery(
    request: Request,
    limit: usize,
    timeout: Duration,
) -> Result<(HeaderMap, Bytes), WebhookRejection> {
    let (parts, body) = request.into_parts();
    Ok((parts.headers, read(body, limit, timeout).await?))
}

/// Reads a body up to the limit, and no further.
async fn read(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, WebhookRejection> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the server is tokio's, and tests stop its time"
    )]
    let reading = tokio::time::timeout(timeout, Limited::new(body, limit).collect());
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

impl<V: fmt::Debug> fmt::Debug for Webhook<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("verifier", &self.shared.verifier)
            .finish_non_exhaustive()
    }
}

/// A version's event, by its verifier.
macro_rules! extract {
    ($event:ty, $verifier:ty) => {
        impl<S> FromRequest<S> for Verified<$event>
        where
            S: Send + Sync,
            Webhook<$verifier>: FromRef<S>,
        {
            type Rejection = WebhookRejection;

            async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
                let webhook = Webhook::<$verifier>::from_ref(state);
                let shared = webhook.shared;
                let limit = shared.verifier.body_limit();
                let (headers, body) = read_delivery(request, limit, webhook.body_timeout).await?;
                let now = (shared.now)();
                Ok(shared.verifier.verify(&headers, &body, now)?)
            }
        }
    };
}

extract!(Event, Verifier);
#[cfg(feature = "v1")]
extract!(crate::v1::Event, crate::v1::Verifier);

/// What the extractor answers when it refuses: a status and a line of plain text.
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
        /// The time that it had.
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
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        // Text in axum is `text/plain; charset=utf-8`.
        (self.status(), self.to_string()).into_response()
    }
}

impl IntoResponse for Acknowledgement {
    fn into_response(self) -> Response {
        Self::into_response(self).map(Body::from)
    }
}
