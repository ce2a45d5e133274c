//! `Inbox::route`, the receiver for axum.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use ccpayment_webhook::{Verifier, Webhook, WebhookRejection, read_delivery};
use http::HeaderMap;

use crate::inbox::Inbox;
use crate::store::Store;

type Answer = Result<Response, WebhookRejection>;

async fn read(request: Request) -> Result<(HeaderMap, Bytes), WebhookRejection> {
    let timeout = Webhook::<Verifier>::BODY_TIMEOUT;
    read_delivery(request, Verifier::MAX_BODY, timeout).await
}

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
        async fn receive<S: Store>(State(inbox): State<Inbox<S>>, request: Request) -> Answer {
            let (headers, body) = read(request).await?;
            Ok(inbox.receive(&headers, &body).await.map(Body::from))
        }
        let router = Router::new().route(path, post(receive::<S>));
        router.with_state(self.clone())
    }

    /// The same for notifications of v1.
    #[cfg(feature = "v1")]
    pub fn route_v1<R: Clone + Send + Sync + 'static>(&self, path: &str) -> Router<R> {
        async fn receive<S: Store>(State(inbox): State<Inbox<S>>, request: Request) -> Answer {
            let (headers, body) = read(request).await?;
            Ok(inbox.receive_v1(&headers, &body).await.map(Body::from))
        }
        let router = Router::new().route(path, post(receive::<S>));
        router.with_state(self.clone())
    }
}
