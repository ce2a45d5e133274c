//! When a connection is opened.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ccpayment_client::{BoxError, Connections};
use tower_layer::Layer;
use tower_service::Service;

use super::CONNECT_TIMEOUT;

/// Opens no more connections than there are calls, and gives up in time.
#[derive(Debug, Clone)]
pub(crate) struct Bounded(pub(crate) Connections);

/// The pool clones it for each call, so that has to cost next to nothing.
#[derive(Debug)]
pub(crate) struct Connector<C> {
    connector: Arc<C>,
    connections: Connections,
}

impl<C> Clone for Connector<C> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            connections: self.connections.clone(),
        }
    }
}

impl<C> Layer<C> for Bounded {
    type Service = Connector<C>;

    fn layer(&self, connector: C) -> Connector<C> {
        Connector {
            connector: Arc::new(connector),
            connections: self.0.clone(),
        }
    }
}

impl<C, T> Service<T> for Connector<C>
where
    C: Service<T, Error = BoxError> + Clone + Send + Sync + 'static,
    C::Future: Send,
    T: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let Self {
            connector,
            connections,
        } = self.clone();
        Box::pin(async move {
            let open = || async move {
                let mut connector = C::clone(&connector);
                poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(target).await
            };
            connections.open(CONNECT_TIMEOUT, open).await
        })
    }
}
