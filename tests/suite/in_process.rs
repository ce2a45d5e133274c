//! The client against a sandbox in the same process, under the sandbox's own time: no socket, so
//! that thousands of calls take a moment.

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{AppId, AppSecret, Client, Credentials, Exchange, Transport, TransportError};
use ccpayment_sandbox::Sandbox;

use crate::gateway::SandboxClock;

/// A line without faults of its own: a call that gets no whole answer may have arrived.
pub(crate) struct InProcess(pub(crate) Sandbox);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.0.respond(exchange.request).await;
        answer.ok_or_else(|| TransportError::MaybeSent("no whole answer".into()))
    }
}

pub(crate) fn client(sandbox: &Sandbox) -> Client {
    let app_id = AppId::new(sandbox.app_id());
    let secret = AppSecret::new(sandbox.app_secret());
    let credentials = Credentials::new(app_id, secret).unwrap();
    Client::new(credentials, InProcess(sandbox.clone())).with_clock(SandboxClock::of(sandbox))
}
