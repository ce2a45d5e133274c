//! `WebhookLayer` and `WebhookService`, for tower.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use crate::acknowledge::Acknowledgement;
use crate::verifier::{Verified, Verifier};
use crate::webhook::{VerifyDelivery, Webhook, plain};

/// Puts a [`Webhook`] before a service of tower.
///
/// The inner service takes a [`Request`] whose body is the `Verified<Event>`, so a forgery never
/// gets there. It answers with the [`Acknowledgement`] that only the event gives. On its error the
/// layer answers with 503, so that the gateway sends the notification again; the error goes to
/// `tracing` and not to the sender. The layer answers any other method than `POST` with 405.
///
/// ```
/// use bytes::Bytes;
/// use ccpayment_webhook::{Acknowledgement, Event, Verified, Verifier, Webhook, WebhookLayer};
/// use http::Request;
/// use http_body_util::Full;
/// use tower::{BoxError, Layer, Service, service_fn};
///
/// async fn notify(request: Request<Verified<Event>>) -> Result<Acknowledgement, BoxError> {
///     let event = request.into_body();
///     // Confirm it and do what the decision says, as on the crate's page. Only then:
///     Ok(event.acknowledge())
/// }
///
/// # async fn example() -> Result<(), BoxError> {
/// let webhook = Webhook::new(Verifier::new("app-id", "app-secret")?);
/// let mut service = WebhookLayer::new(webhook).layer(service_fn(notify));
/// // Here with a request in memory; hyper's own has another body.
/// let forged = Request::post("/ccpayment").body(Full::new(Bytes::from("{}")))?;
/// assert_eq!(service.call(forged).await?.status(), 400);
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(example())?;
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WebhookLayer<V = Verifier>(Webhook<V>);

impl<V> WebhookLayer<V> {
    /// Verifies by this webhook, within its limits.
    pub fn new(webhook: Webhook<V>) -> Self {
        Self(webhook)
    }
}

impl<S, V: Clone> Layer<S> for WebhookLayer<V> {
    type Service = WebhookService<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        let webhook = self.0.clone();
        WebhookService { webhook, inner }
    }
}

/// What [`WebhookLayer`] makes of a service.
#[derive(Clone)]
pub struct WebhookService<S, V = Verifier> {
    webhook: Webhook<V>,
    inner: S,
}

impl<S, V: fmt::Debug> fmt::Debug for WebhookService<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService")
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

impl<S, V, B> Service<Request<B>> for WebhookService<S, V>
where
    V: VerifyDelivery + Clone,
    S: Service<Request<Verified<V::Event>>, Response = Acknowledgement> + Clone + Send + 'static,
    // No `Into<BoxError>`: inside of an async block the compiler can't show that for a boxed error.
    S::Error: fmt::Display,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    /// Ready at once: a call waits for the inner service when it has something for it.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { webhook, inner } = self.clone();
        Box::pin(async move { Ok(answer(webhook, inner, request).await.map(Full::new)) })
    }
}

async fn answer<S, V, B>(webhook: Webhook<V>, inner: S, request: Request<B>) -> Response<Bytes>
where
    V: VerifyDelivery,
    S: Service<Request<Verified<V::Event>>, Response = Acknowledgement>,
    S::Error: fmt::Display,
    B: Body,
{
    if request.method() != Method::POST {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "only POST");
        let allowed = HeaderValue::from_static("POST");
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let (parts, body) = request.into_parts();
    let event = match webhook.receive(&parts.headers, body).await {
        Ok(event) => event,
        Err(refused) => return refused.into_response(),
    };
    match handle(inner, Request::from_parts(parts, event)).await {
        Ok(acknowledgement) => acknowledgement.into_response(),
        Err(reason) => {
            tracing::error!(%reason, "a notification was not handled");
            plain(StatusCode::SERVICE_UNAVAILABLE, "not handled")
        }
    }
}

async fn handle<S, R>(mut inner: S, request: R) -> Result<Acknowledgement, S::Error>
where
    S: Service<R, Response = Acknowledgement>,
{
    poll_fn(|context| inner.poll_ready(context)).await?;
    inner.call(request).await
}
