//! HTTP/1 by hyper over links in memory, with everything switched off that it would do by itself.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{Call, Transport, TransportError};
use http::{Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower_service::Service;

use crate::link::ClientEnd;
use crate::world::World;

/// Makes connections to the gateway of a world.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<World>);

impl Service<Uri> for Connector {
    type Response = TokioIo<ClientEnd>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<ClientEnd>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let world = Arc::clone(&self.0);
        Box::pin(async move { World::connect(&world).await.map(TokioIo::new) })
    }
}

pub(crate) struct Wire(Client<Connector, Full<Bytes>>);

impl Wire {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.retry_canceled_requests(false);
        Self(builder.build(Connector(Arc::clone(world))))
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, call: Call) -> Result<Response<Bytes>, TransportError> {
        let limit = call.max_response_bytes;
        let answer = self.0.request(call.request.map(Full::new)).await;
        let answer = answer.map_err(|error| {
            if error.is_connect() {
                TransportError::NotSent(Box::new(error))
            } else {
                TransportError::MaybeSent(Box::new(error))
            }
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                TransportError::TooLarge { limit }
            } else {
                TransportError::MaybeSent(error)
            }
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}
