//! `Inbox::route`, the receiver for axum.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ccpayment_webhook::{Verifier, Webhook, read_delivery};

use crate::inbox::Inbox;
use crate::store::Store;

impl<S: Store> Inbox<S> {
    /// A route that receives notifications of v2, by `POST` to this path. A body has as much time
    /// as with [`Webhook`].
    ///
    /// ```
    /// use ccpayment_durable::client::SystemClock;
    /// use ccpayment_durable::client::core::Credentials;
    /// use ccpayment_durable::{Inbox, MemoryStore};
    ///
    /// let store = MemoryStore::<()>::new(SystemClock::new());
    /// let inbox = Inbox::new(store, &Credentials::new("app-id", "app-secret")?);
    /// let app: axum::Router = axum::Router::new().merge(inbox.route("/ccpayment/webhook"));
    /// # Ok::<(), ccpayment_durable::client::core::ValidationError>(())
    /// ```
    pub fn route<R: Clone + Send + Sync + 'static>(&self, path: &str) -> Router<R> {
        async fn receive<S: Store>(State(inbox): State<Inbox<S>>, request: Request) -> Response {
            match read_delivery(
                request,
                Verifier::MAX_BODY,
                Webhook::<Verifier>::BODY_TIMEOUT,
            )
            .await
            {
                Ok((headers, body)) => inbox.receive(&headers, &body).await.map(Body::from),
                Err(rejection) => rejection.into_response(),
            }
        }
        let router = Router::new().route(path, post(receive::<S>));
        router.with_state(self.clone())
    }

    /// The same for notifications of v1.
    #[cfg(feature = "v1")]
    pub fn route_v1<R: Clone + Send + Sync + 'static>(&self, path: &str) -> Router<R> {
        async fn receive<S: Store>(State(inbox): State<Inbox<S>>, request: Request) -> Response {
            match read_delivery(
                request,
                Verifier::MAX_BODY,
                Webhook::<Verifier>::BODY_TIMEOUT,
            )
            .await
            {
                Ok((headers, body)) => inbox.receive_v1(&headers, &body).await.map(Body::from),
                Err(rejection) => rejection.into_response(),
            }
        }
        let router = Router::new().route(path, post(receive::<S>));
        router.with_state(self.clone())
    }
}
