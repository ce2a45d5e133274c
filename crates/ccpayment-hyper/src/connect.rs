//! When a connection is opened.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ccpayment_client::{BoxError, Connections};
use http::Uri;
use tower_service::Service;

use super::CONNECT_TIMEOUT;

/// A connector that opens no more connections than there are calls, and gives up in time. The pool
/// clones it for each call, so that has to cost next to nothing.
pub(crate) struct Bounded<C> {
    pub(crate) connector: Arc<C>,
    pub(crate) connections: Connections,
}

impl<C> Clone for Bounded<C> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            connections: self.connections.clone(),
        }
    }
}

impl<C> Service<Uri> for Bounded<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self {
            connector,
            connections,
        } = self.clone();
        Box::pin(async move {
            let open = || async move {
                let mut connector = C::clone(&connector);
                poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(uri).await
            };
            connections.open(CONNECT_TIMEOUT, open).await
        })
    }
}
