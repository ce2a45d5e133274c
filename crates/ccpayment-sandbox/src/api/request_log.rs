//! The log of requests, which says why one was refused.

use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::api::sandbox::Sandbox;
use crate::model::request_log::{LoggedRequest, RequestLog, SigningReport, beginning, masked};
use crate::sign::why::Claim;

/// How much of a body is kept, and of a path and a reason, which may name a field.
const BODY: usize = 2_000;
const LINE: usize = 300;

/// # The log of requests
///
/// Why a request was refused.
impl Sandbox {
    /// The newest 1000 requests since the start, oldest first, including those that reached no
    /// route.
    #[must_use]
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.lock_log().entries.iter().cloned().collect()
    }

    /// Calls `tell` for each request as it is answered. The answer waits for `tell`, which must not
    /// block.
    pub fn on_request(&self, tell: impl Fn(&LoggedRequest) + Send + Sync + 'static) {
        self.lock_log().listener = Some(Arc::new(tell));
    }

    pub(crate) fn log(&self, entry: LoggedRequest) {
        let mut log = self.lock_log();
        let listener = log.listener.clone();
        let told = listener.as_ref().map(|_| entry.clone());
        log.entries.push(entry);
        drop(log);
        if let (Some(listener), Some(entry)) = (listener, told) {
            listener(&entry);
        }
    }

    fn lock_log(&self) -> MutexGuard<'_, RequestLog> {
        let log = self.shared.request_log.lock();
        log.unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's entry of a request that nobody has looked at yet.
    pub(crate) fn new_entry(&self, request: &Request<Bytes>, at: u64) -> LoggedRequest {
        let body = String::from_utf8_lossy(request.body());
        LoggedRequest {
            at,
            path: self.line(request, request.uri().path()),
            order_id: None,
            status: None,
            code: None,
            message: String::new(),
            body: beginning(&body, BODY, self.secrets(request)),
            warnings: Vec::new(),
            fault: None,
            signing: None,
            number: None,
        }
    }

    /// A text without the secret and the signature of the request.
    pub(crate) fn masked(&self, request: &Request<Bytes>, text: &str) -> String {
        masked(text, self.secrets(request))
    }

    fn secrets<'a>(&'a self, request: &'a Request<Bytes>) -> [&'a str; 2] {
        [self.app_secret(), header(request, "Sign")]
    }

    /// The beginning of such a text: a caller's text must not fill the memory.
    pub(crate) fn line(&self, request: &Request<Bytes>, text: &str) -> String {
        beginning(text, LINE, self.secrets(request))
    }

    /// Why the signature of a request does not fit.
    pub(crate) fn explain_signature(&self, request: &Request<Bytes>, v1: bool) -> SigningReport {
        let signer = &self.shared.gateway.signer;
        let claim = Claim {
            app_id: &signer.app_id,
            secret: self.app_secret(),
            v1,
            rsa: !v1 && signer.rsa.is_some() && !signer.accept_secret,
            timestamp: header(request, "Timestamp"),
            sign: header(request, "Sign"),
            body: request.body(),
        };
        claim.explain()
    }
}

impl LoggedRequest {
    /// Notes the code and the message of an envelope.
    pub(crate) fn note_envelope(&mut self, envelope: &Value) {
        let code = envelope.get("code").and_then(Value::as_u64);
        self.code = code.and_then(|code| u32::try_from(code).ok());
        if self.is_refused() {
            let message = envelope.get("msg").and_then(Value::as_str);
            self.message = message.unwrap_or_default().to_owned();
        }
    }

    /// Notes an answer that did not come from a route.
    pub(crate) fn note_answer(&mut self, answer: &Response<Bytes>) {
        self.status = Some(answer.status().as_u16());
        if let Ok(envelope) = serde_json::from_slice(answer.body()) {
            self.note_envelope(&envelope);
        }
    }
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
