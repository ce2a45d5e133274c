//! A small backend: [`Transport`] over [hyper](https://docs.rs/hyper), without reqwest.
//!
//! A payment must go out exactly once and reach nobody else. hyper follows no redirect, reads no
//! proxy settings and decompresses nothing; the one thing that its pool would do by itself, sending
//! a request again, is switched off.
//!
//! TLS is rustls with the Mozilla roots, both given explicitly: a build with two crypto providers
//! does not panic, and an extra root on the machine can't read signed requests. The gateway chooses
//! HTTP/1.1 or HTTP/2.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rustls` | yes | `HyperTransport::new` with rustls and its `ring` provider |
//! | `rustls-no-provider` | no | the same with a provider that the program brings |
//!
//! Without either there is [`HyperTransport::with_connector`], for a TLS, a proxy or a network of
//! your own.
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "rustls")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ccpayment_client::Client;
//! use ccpayment_client::core::{AppId, AppSecret, Credentials};
//! use ccpayment_hyper::HyperTransport;
//!
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let client = Client::new(credentials, HyperTransport::new()?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "rustls"))]
//! # fn main() {}
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
#[cfg(feature = "rustls-no-provider")]
mod tls;

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{BoxError, Exchange, PerRuntime, Transport, TransportError, read_body};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use hyper_util::client::legacy::{Client, Error, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use connect::InTime;

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections to one host are kept when nobody uses them.
pub const MAX_IDLE_CONNECTIONS: usize = 64;

/// How long a connection is kept when nobody uses it.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// The most bytes that the head of an HTTP/1 answer may have: as many as Node.js takes.
///
/// hyper also reads as much at a time, and yields only after 128 reads. With hyper's own 400 KiB, a
/// peer that never ended the size of a chunk held up a runtime, and so every deadline, for seconds.
pub const MAX_HEAD_BYTES: usize = 16 << 10;

/// The client pings a connection that several calls share while one of them waits. A connection
/// without an answer is given up before a call's default 20 seconds are over, or each later call
/// would wait in vain as well.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Carries calls over hyper. Cheap to clone; clones share their connections within a runtime.
///
/// Calls have to be made inside a tokio runtime with time and, unless a connector does without,
/// I/O.
#[derive(Clone)]
pub struct HyperTransport {
    make: Arc<dyn Fn() -> Pool + Send + Sync>,
    pools: PerRuntime<Pool>,
}

/// A client of hyper. A closure hides the type of its connector.
type Pool = Arc<dyn Fn(Request<Full<Bytes>>) -> ResponseFuture + Send + Sync>;

impl HyperTransport {
    /// A transport over connections of your own making: through a proxy, with another TLS, or in
    /// memory.
    ///
    /// Each call of the connector opens one connection, within [`CONNECT_TIMEOUT`]. An error of the
    /// connector says that nothing was sent, so it must not write any part of a request itself.
    /// Connections are kept and used again. One that
    /// [negotiated HTTP/2](hyper_util::client::legacy::connect::Connected::negotiated_h2) carries
    /// many calls at once.
    pub fn with_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Unpin + Send + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let connector = InTime::new(connector);
        let make = move || -> Pool {
            let client = Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
                .http2_keep_alive_interval(PING_INTERVAL)
                .http2_keep_alive_timeout(PING_TIMEOUT)
                .http1_max_buf_size(MAX_HEAD_BYTES)
                // hyper has this on by default.
                .retry_canceled_requests(false)
                .build(connector.clone());
            Arc::new(move |request| client.request(request))
        };
        Self {
            make: Arc::new(make),
            pools: PerRuntime::default(),
        }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let limit = exchange.max_response_bytes;
        let Ok(pool) = (self.pools).get_or_make(|| Ok::<_, Infallible>((self.make)()));
        let answer = pool(exchange.request.map(Full::new)).await;
        read_body(answer.map_err(classify)?, limit).await
    }
}

/// Three errors prove that the gateway did not act: one before or while connecting, one of a
/// connection that was closed before it took the request up (hyper calls it cancelled), and an
/// HTTP/2 peer's word. Everything else (a reset, a cut answer, an incomplete message) may have come
/// after the gateway acted.
fn classify(error: Error) -> TransportError {
    let never_taken_up = error
        .source()
        .and_then(|source| source.downcast_ref::<hyper::Error>())
        .is_some_and(hyper::Error::is_canceled);
    if error.is_connect() || never_taken_up || was_left_unread(&error) {
        TransportError::NotSent(error.into())
    } else {
        TransportError::MaybeSent(error.into())
    }
}

/// Whether an HTTP/2 peer says that it did nothing with the request and never will (RFC 9113, 8.7):
/// it resets the request as refused, or its `GOAWAY` names an earlier one as the last that it took
/// up. h2 gives a peer's `GOAWAY` as the error of just those requests that it leaves out.
fn was_left_unread(error: &Error) -> bool {
    std::iter::successors(error.source(), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<h2::Error>())
        .any(|error| {
            let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (is_refused || error.is_go_away())
        })
}

#[cfg(test)]
mod tests;

#[cfg(all(doctest, feature = "rustls"))]
#[doc = include_str!("../README.md")]
struct Readme;
