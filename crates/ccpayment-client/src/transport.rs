//! `Transport`, which carries an `Exchange`, and `TransportError`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// Any error of a backend.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One HTTP exchange to carry out.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// What to send, byte for byte.
    pub request: Request<Bytes>,
    /// How long the client will wait. It stops waiting by itself; a backend uses this to give
    /// its resources back.
    pub timeout: Duration,
    /// The most bytes that an answer's body may have.
    pub max_response_bytes: usize,
    /// The gateway's name of the operation, for logs and fakes.
    pub operation: &'static str,
}

impl Exchange {
    /// An exchange with the default limits, for tests of a transport.
    #[must_use]
    pub fn new(request: Request<Bytes>, operation: &'static str) -> Self {
        Self {
            request,
            timeout: Duration::from_secs(20),
            max_response_bytes: 8 << 20,
            operation,
        }
    }
}

impl fmt::Debug for Exchange {
    /// Neither headers nor body: one holds the signature, the other may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("operation", &self.operation)
            .field("uri", self.request.uri())
            .field("body_bytes", &self.request.body().len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Carries one exchange: sends these bytes once, and gives back what comes.
///
/// # Contract
///
/// An implementation
///
/// - sends the request exactly once: no retry, no redirect, no hidden second connection attempt
///   after a byte has left;
/// - changes neither the body nor the headers it is given;
/// - gives back every HTTP answer as `Ok`, whatever its status;
/// - refuses an answer over [`Exchange::max_response_bytes`] without buffering it;
/// - says by its error whether the gateway could have acted. When in doubt, that is
///   [`TransportError::MaybeSent`].
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use ccpayment_client::{Exchange, Transport, TransportError};
///
/// /// Refuses what is too long, and leaves the rest to another transport.
/// struct Short<T>(T);
///
/// #[async_trait]
/// impl<T: Transport> Transport for Short<T> {
///     async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
///         if exchange.request.body().len() > 10_000 {
///             return Err(TransportError::NotSent("too long for this line".into()));
///         }
///         self.0.send(exchange).await
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync {
    /// Carries out the exchange.
    ///
    /// # Errors
    ///
    /// [`TransportError`], chosen by whether the gateway could have acted.
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        (**self).send(exchange).await
    }
}

/// A [`Transport`] for a client without a runtime: it answers at once, or blocks the calling thread
/// until there is an answer, for [`Exchange::timeout`] at most.
///
/// A client that blocks takes no other transport, because nothing could interrupt it. Implement this
/// only for a transport that waits for nothing but its own blocking calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say that it blocks and keeps to the time by itself",
    label = "not a transport for a client without a runtime",
    note = "use `UreqTransport`; or the async `Client`, in a runtime"
)]
pub trait BlockingTransport: Transport {}

impl<T: BlockingTransport + ?Sized> BlockingTransport for Arc<T> {}

/// Why there is no answer, by the one question that counts: could the gateway have acted?
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No byte of the request left: no name, no connection, no TLS. The gateway did nothing.
    #[error("the request was not sent")]
    NotSent(#[source] BoxError),
    /// The request may have arrived: a reset, a cut answer, a broken connection. The gateway may
    /// have acted.
    #[error("the connection broke before an answer")]
    MaybeSent(#[source] BoxError),
    /// No answer in time. The gateway may have acted, or may still act.
    #[error("no answer within {} ms", after.as_millis())]
    TimedOut {
        /// How long the client waited.
        after: Duration,
    },
    /// An answer came that is longer than the limit. The gateway may have acted.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl TransportError {
    /// Whether the gateway could have acted. If so, a request that moves money is in doubt: read its
    /// record before anything else.
    #[must_use]
    pub fn could_have_acted(&self) -> bool {
        !matches!(self, Self::NotSent(_))
    }
}

/// Why a backend can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The TLS library refuses its settings.
    #[error("TLS can't be set up")]
    Tls(#[source] BoxError),
    /// This build has no crypto provider of its own, and the process has no default one.
    #[error("no crypto provider: install a default one, give one, or use the feature `rustls`")]
    NoProvider,
    /// The HTTP library refuses its settings.
    #[error("the HTTP client can't be set up")]
    Client(#[source] BoxError),
}
