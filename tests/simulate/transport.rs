//! The hyper backend over links in memory.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ccpayment::HyperTransport;
use http::Uri;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use crate::clock::MachineClock;
use crate::link::ClientEnd;
use crate::world::World;

/// Makes connections to the gateway of a world.
#[derive(Clone)]
struct Connector(Arc<World>, MachineClock);

impl Service<Uri> for Connector {
    type Response = TokioIo<ClientEnd>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<ClientEnd>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self(world, clock) = self.clone();
        Box::pin(async move { World::connect(&world, clock).await.map(TokioIo::new) })
    }
}

/// A backend with connections of its own, of the process with this clock.
pub(crate) fn transport(world: &Arc<World>, clock: &MachineClock) -> HyperTransport {
    HyperTransport::with_connector(Connector(Arc::clone(world), clock.clone()))
}
