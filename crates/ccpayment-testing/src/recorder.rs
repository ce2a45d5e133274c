//! `Recorder`, which turns traffic into stable, redacted snapshots.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::core::{APP_ID_HEADER, SIGN_HEADER, TIMESTAMP_HEADER};
use ccpayment_client::{BlockingTransport, Exchange, Transport, TransportError};
use http::Response;

/// Passes calls on to another transport and keeps what went over. Clones share the record.
///
/// It panics at the call after [`Recorder::MAX_CALLS`], so that a loop which sends for ever ends
/// before the memory does.
#[derive(Debug)]
pub struct Recorder<T> {
    transport: Arc<T>,
    exchanges: Arc<Mutex<Vec<RecordedExchange>>>,
}

/// One exchange, without anything that is secret or that changes from run to run: no host, no
/// APP ID, no timestamp, no signature, no response headers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedExchange {
    /// The gateway's name of the route.
    pub operation: &'static str,
    /// The path.
    pub path: String,
    /// The names of the headers, sorted, with those values that may be shown.
    pub headers: Vec<(String, String)>,
    /// The body that went out, byte for byte.
    pub request: Bytes,
    /// The status and the body that came, or what went wrong.
    pub answer: Result<(u16, Bytes), String>,
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            exchanges: Arc::clone(&self.exchanges),
        }
    }
}

impl<T> Recorder<T> {
    /// How many calls may go over.
    pub const MAX_CALLS: usize = 2_000;

    /// Records what goes over this transport.
    pub fn new(transport: T) -> Self {
        Self {
            transport: Arc::new(transport),
            exchanges: Arc::default(),
        }
    }

    /// What went over so far, in the order in which it was sent.
    #[must_use]
    pub fn exchanges(&self) -> Vec<RecordedExchange> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All exchanges as text, for `insta::assert_snapshot!`.
    #[must_use]
    pub fn snapshot(&self) -> String {
        self.exchanges()
            .iter()
            .map(RecordedExchange::snapshot)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl RecordedExchange {
    /// The exchange as text: what went out after `>`, what came after `<`, bodies as they are.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let mut text = format!("> POST {}\n", self.path);
        for (name, value) in &self.headers {
            // Writing to a String can't fail.
            let _ = writeln!(text, "> {name}: {value}");
        }
        let _ = writeln!(text, "{}", String::from_utf8_lossy(&self.request));
        let _ = match &self.answer {
            Ok((status, body)) => writeln!(text, "< {status}\n{}", String::from_utf8_lossy(body)),
            Err(error) => writeln!(text, "< {error}"),
        };
        text
    }
}

fn shown_headers(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let mut shown: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let value = match name {
                name if name == APP_ID_HEADER => "[app id]",
                name if name == TIMESTAMP_HEADER => "[timestamp]",
                name if name == SIGN_HEADER || value.is_sensitive() => "[signature]",
                _ => value.to_str().unwrap_or("[not text]"),
            };
            (name.to_string(), value.to_owned())
        })
        .collect();
    shown.sort();
    shown
}

impl<T: BlockingTransport> BlockingTransport for Recorder<T> {}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let recorded = RecordedExchange {
            operation: exchange.operation,
            path: exchange.request.uri().path().to_owned(),
            headers: shown_headers(exchange.request.headers()),
            request: exchange.request.body().clone(),
            // This stays if the client stops waiting, which drops the rest of this function.
            answer: Err("no answer".to_owned()),
        };
        let index = {
            let mut exchanges = self
                .exchanges
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            exchanges.push(recorded);
            exchanges.len() - 1
        };
        assert!(
            index < Self::MAX_CALLS,
            "more than {} calls went over a Recorder: a loop has no end",
            Self::MAX_CALLS
        );
        let result = self.transport.send(exchange).await;
        let answer = match &result {
            Ok(response) => Ok((response.status().as_u16(), response.body().clone())),
            Err(error) => Err(error.to_string()),
        };
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(exchange) = exchanges.get_mut(index) {
            exchange.answer = answer;
        }
        drop(exchanges);
        result
    }
}
