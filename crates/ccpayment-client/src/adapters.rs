//! `TowerTransport` and `transport_fn`, which make a transport of a tower service and of a closure.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::read_body;
use crate::transport::{BoxError, Exchange, Transport, TransportError};

/// A [`Transport`] over any tower service that takes a request and gives an answer.
///
/// Each call goes to a clone of the service, once, as soon as the service is ready; one that fails
/// to become ready has sent nothing. What the service's layers do by themselves can't be switched
/// off from here: it must neither retry, nor follow redirects, nor decompress.
///
/// ```
/// use bytes::Bytes;
/// use ccpayment_client::{Exchange, TowerTransport, Transport};
/// use http::{Request, Response};
/// use http_body_util::Full;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = tower::service_fn(|request: Request<Bytes>| async move {
///     Ok::<_, std::io::Error>(Response::new(Full::new(request.into_body())))
/// });
/// let transport = TowerTransport::new(service)
///     .not_sent_if(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
///
/// let exchange = Exchange::new(Request::new(Bytes::from_static(b"{}")), "getCoin");
/// assert_eq!(transport.send(exchange).await?.body(), "{}");
/// # Ok(())
/// # }
/// ```
pub struct TowerTransport<S: Service<Request<Bytes>>> {
    service: S,
    not_sent: Option<Arc<NotSent<S::Error>>>,
}

/// Whether an error proves that nothing was sent.
type NotSent<E> = dyn Fn(&E) -> bool + Send + Sync;

impl<S: Service<Request<Bytes>>> TowerTransport<S> {
    /// A transport whose errors all leave a request in doubt: the gateway may have acted.
    pub fn new(service: S) -> Self {
        Self {
            service,
            not_sent: None,
        }
    }

    /// Lets an error count as *not sent* where `proves` says that no byte of the request can have
    /// left. In doubt, it has to say `false`: a payout is repeated for `true`.
    #[must_use]
    pub fn not_sent_if(
        mut self,
        proves: impl Fn(&S::Error) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.not_sent = Some(Arc::new(proves));
        self
    }
}

impl<S: Service<Request<Bytes>> + Clone> Clone for TowerTransport<S> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            not_sent: self.not_sent.clone(),
        }
    }
}

impl<S: Service<Request<Bytes>>> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S, B> Transport for TowerTransport<S>
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + Sync,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let mut service = self.service.clone();
        poll_fn(|context| service.poll_ready(context))
            .await
            .map_err(|error| TransportError::NotSent(error.into()))?;
        let answer = service.call(exchange.request).await.map_err(|error| {
            let not_sent = self.not_sent.as_ref().is_some_and(|proves| proves(&error));
            if not_sent {
                TransportError::NotSent(error.into())
            } else {
                TransportError::MaybeSent(error.into())
            }
        })?;
        read_body(answer, exchange.max_response_bytes).await
    }
}

/// A [`Transport`] out of a closure, which has to keep the contract of [`Transport`].
///
/// ```
/// use bytes::Bytes;
/// use ccpayment_client::{Exchange, TransportError, transport_fn};
///
/// let closed = transport_fn(|_exchange: Exchange| async {
///     Err::<http::Response<Bytes>, _>(TransportError::NotSent("closed for the night".into()))
/// });
/// ```
pub fn transport_fn<F, A>(send: F) -> TransportFn<F>
where
    F: Fn(Exchange) -> A + Send + Sync,
    A: Future<Output = Result<Response<Bytes>, TransportError>> + Send,
{
    TransportFn(send)
}

/// What [`transport_fn`] makes.
#[derive(Clone)]
pub struct TransportFn<F>(F);

impl<F> fmt::Debug for TransportFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransportFn").finish_non_exhaustive()
    }
}

#[async_trait]
impl<F, A> Transport for TransportFn<F>
where
    F: Fn(Exchange) -> A + Send + Sync,
    A: Future<Output = Result<Response<Bytes>, TransportError>> + Send,
{
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        (self.0)(exchange).await
    }
}
