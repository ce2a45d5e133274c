//! One exchange over ureq.

use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{Call, SetupError, Transport, TransportError};
use http::Response;
use rustls::crypto::CryptoProvider;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Error, Timeout};

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections are kept when nobody uses them.
pub const MAX_IDLE_CONNECTIONS: usize = 64;

/// How long a connection is kept when nobody uses it.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Carries calls over ureq, and blocks while it does. Cheap to clone; clones share their
/// connections.
///
/// For [`Client`](crate::Client). In an async runtime it would hold up its thread.
#[derive(Debug, Clone)]
pub struct UreqTransport {
    agent: Agent,
}

impl UreqTransport {
    /// A transport that does nothing by itself.
    ///
    /// With the feature `rustls`, TLS is by `ring`, whatever other providers the process has. With
    /// `rustls-no-provider` alone it is by the process's default provider.
    ///
    /// # Errors
    ///
    /// [`SetupError::NoProvider`], when there is none.
    pub fn new() -> Result<Self, SetupError> {
        Ok(Self::with_provider(provider()?))
    }

    /// The same with a crypto provider of your choice.
    #[must_use]
    pub fn with_provider(provider: Arc<CryptoProvider>) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::WebPki)
            .build();
        let settings = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("")
            .accept_encoding("")
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .max_idle_age(IDLE_TIMEOUT);
        Self {
            agent: settings.build().new_agent(),
        }
    }
}

#[cfg(feature = "rustls")]
fn provider() -> Result<Arc<CryptoProvider>, SetupError> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "rustls"))]
fn provider() -> Result<Arc<CryptoProvider>, SetupError> {
    CryptoProvider::get_default()
        .cloned()
        .ok_or(SetupError::NoProvider)
}

#[async_trait]
impl Transport for UreqTransport {
    async fn send(&self, call: Call) -> Result<Response<Bytes>, TransportError> {
        let (head, body) = call.request.into_parts();
        let request = http::Request::from_parts(head, &*body);
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(call.timeout))
            .build();
        let failed = |error| classify(error, call.timeout);
        let answer = self.agent.run(request).map_err(failed)?;
        read(answer, call.max_response_bytes, failed)
    }
}

fn read(
    answer: Response<Body>,
    limit: usize,
    failed: impl Fn(Error) -> TransportError,
) -> Result<Response<Bytes>, TransportError> {
    let (head, body) = answer.into_parts();
    let announced = body.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(TransportError::TooLarge { limit });
    }
    let mut all = Vec::with_capacity(announced.map_or(0, |length| length as usize));
    // One byte more than may come shows that more comes.
    let within = (limit as u64).saturating_add(1);
    body.into_reader()
        .take(within)
        .read_to_end(&mut all)
        .map_err(|error| failed(error.into()))?;
    if all.len() > limit {
        return Err(TransportError::TooLarge { limit });
    }
    Ok(Response::from_parts(head, all.into()))
}

/// ureq does not say how far it came. What proves that no byte of the request left is what can only
/// happen before: no name, no time to connect, and a refused connection, which no connected socket
/// reports. A broken TLS handshake is not told from a broken connection, so it counts as one.
fn classify(error: Error, timeout: Duration) -> TransportError {
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | Error::HostNotFound
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::TlsRequired => TransportError::NotSent(error.into()),
        Error::Io(ref source) if source.kind() == ErrorKind::ConnectionRefused => {
            TransportError::NotSent(error.into())
        }
        Error::Timeout(_) => TransportError::TimedOut { after: timeout },
        error => TransportError::MaybeSent(error.into()),
    }
}
