//! The sandbox in the same process.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::webhook::Verifier;
use ccpayment::{Client, Credentials, Exchange, Transport, TransportError};
use ccpayment_sandbox::{Notification, Sandbox, Setting};
use ccpayment_testing::{SandboxClock, SandboxTransport};
use http::{Request, Response};

struct Line {
    sandbox: SandboxTransport,
    is_down: Arc<AtomicBool>,
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(TransportError::NotSent("no route to host".into()));
        }
        self.sandbox.send(exchange).await
    }
}

/// A gateway whose chain waits for the test, and a merchant's means to work with it.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) verifier: Verifier,
    pub(crate) clock: SandboxClock,
    /// While this is set, no call gets a connection.
    pub(crate) is_down: Arc<AtomicBool>,
}

impl House {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::builder()
            .strict()
            .seed(7)
            .start_time(1_767_225_600)
            .setting(Setting::ManualChain(true))
            .balance(1280, "100")
            .webhook_url("http://shop.example/notify")
            .build()
            .unwrap();
        let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
        let verifier = Verifier::from(&credentials);
        let clock = SandboxClock::new(&sandbox);
        let is_down = Arc::new(AtomicBool::new(false));
        let line = Line {
            sandbox: SandboxTransport::new(&sandbox),
            is_down: Arc::clone(&is_down),
        };
        let client = Client::new(credentials, line).with_clock(clock.clone());
        Self {
            sandbox,
            client,
            verifier,
            clock,
            is_down,
        }
    }
}

/// A notification as a server gets it.
pub(crate) fn request(notification: &Notification) -> Request<Bytes> {
    let mut request = Request::post(&notification.url);
    for (name, value) in &notification.headers {
        request = request.header(*name, value);
    }
    let body = Bytes::from(notification.body.clone());
    request.body(body).unwrap()
}
