//! A bound on the time that connecting takes.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ccpayment_client::BoxError;
use futures_util::future::{Either, select};
use http::Uri;
use hyper::rt::Timer;
use hyper_util::rt::TokioTimer;
use tower_service::Service;

use super::CONNECT_TIMEOUT;

/// A connector that gives up. Without it a call's own deadline would end the wait, and could not
/// say that nothing was sent.
#[derive(Clone)]
pub(crate) struct Bounded<C>(pub(crate) C);

#[derive(Debug, thiserror::Error)]
#[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
struct NoConnection;

impl<C> Service<Uri> for Bounded<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            match select(pin!(connecting), TokioTimer::new().sleep(CONNECT_TIMEOUT)).await {
                Either::Left((connected, _)) => connected.map_err(Into::into),
                Either::Right(((), _)) => Err(NoConnection.into()),
            }
        })
    }
}
