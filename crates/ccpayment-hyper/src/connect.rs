//! `InTime`, a connector with a time limit.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ccpayment_client::BoxError;
use http::Uri;
use tower_service::Service;

use crate::CONNECT_TIMEOUT;

/// A connector that is given up after [`CONNECT_TIMEOUT`]. A call's own deadline would end the wait
/// as well, but could not tell that nothing was sent.
///
/// The pool clones it for each call, so a clone costs next to nothing.
#[derive(Debug)]
pub(crate) struct InTime<C> {
    connector: Arc<C>,
}

#[derive(Debug, thiserror::Error)]
#[error("no connection within {} ms", CONNECT_TIMEOUT.as_millis())]
struct NoConnection;

impl<C> InTime<C> {
    pub(crate) fn new(connector: C) -> Self {
        Self {
            connector: Arc::new(connector),
        }
    }
}

impl<C> Clone for InTime<C> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
        }
    }
}

impl<C> Service<Uri> for InTime<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a connection is in its runtime's time, which tests pause there"
    )]
    fn call(&mut self, to: Uri) -> Self::Future {
        let mut connector = C::clone(&self.connector);
        Box::pin(async move {
            let connection = async {
                let ready = poll_fn(|context| connector.poll_ready(context));
                ready.await.map_err(Into::into)?;
                connector.call(to).await.map_err(Into::into)
            };
            (tokio::time::timeout(CONNECT_TIMEOUT, connection).await)
                .unwrap_or_else(|_| Err(NoConnection.into()))
        })
    }
}
