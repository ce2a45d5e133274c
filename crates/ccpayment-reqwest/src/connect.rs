//! When a connection is opened.

use std::pin::Pin;
use std::task::{Context, Poll};

use ccpayment_client::{BoxError, Connections};
use tower_layer::Layer;
use tower_service::Service;

/// Opens no more connections than there are calls.
#[derive(Debug, Clone)]
pub(crate) struct Bounded(pub(crate) Connections);

#[derive(Debug, Clone)]
pub(crate) struct Connector<C> {
    connector: C,
    connections: Connections,
}

impl<C> Layer<C> for Bounded {
    type Service = Connector<C>;

    fn layer(&self, connector: C) -> Connector<C> {
        Connector {
            connector,
            connections: self.0.clone(),
        }
    }
}

impl<C, T> Service<T> for Connector<C>
where
    C: Service<T, Error = BoxError> + Clone + Send + 'static,
    C::Future: Send,
    T: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        // The one that is ready, which the clone need not be.
        let next = self.connector.clone();
        let mut connector = std::mem::replace(&mut self.connector, next);
        let connections = self.connections.clone();
        Box::pin(async move { connections.open(|| connector.call(target)).await })
    }
}
