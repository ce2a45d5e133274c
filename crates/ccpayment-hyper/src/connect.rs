//! When a connection is opened, and how long that may take.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ccpayment_client::{BoxError, Connections};
use futures_util::future::{Either, select};
use http::Uri;
use hyper::rt::Timer;
use hyper_util::rt::TokioTimer;
use tower_service::Service;

use super::CONNECT_TIMEOUT;

/// A connector that opens no more connections than there are calls, and gives up. Without that a
/// call's own deadline would end the wait, and could not say that nothing was sent.
#[derive(Clone)]
pub(crate) struct Bounded<C> {
    pub(crate) connector: C,
    pub(crate) connections: Connections,
}

#[derive(Debug, thiserror::Error)]
#[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
struct NoConnection;

impl<C> Service<Uri> for Bounded<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // The one that is ready, which the clone need not be.
        let next = self.connector.clone();
        let mut connector = std::mem::replace(&mut self.connector, next);
        let connections = self.connections.clone();
        Box::pin(async move {
            let open = || async move {
                let connecting = pin!(connector.call(uri));
                match select(connecting, TokioTimer::new().sleep(CONNECT_TIMEOUT)).await {
                    Either::Left((connected, _)) => connected.map_err(Into::into),
                    Either::Right(((), _)) => Err(BoxError::from(NoConnection)),
                }
            };
            connections.open(open).await
        })
    }
}
