//! `UreqTransport`, which carries an exchange over ureq.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{BlockingTransport, Exchange, SetupError, Transport, TransportError};
use http::Response;
use rustls::crypto::CryptoProvider;
use ureq::config::Config;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Body, Error, Timeout};

use crate::connect::{Connect, NotConnected};

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections are kept when nobody uses them.
pub const MAX_IDLE_CONNECTIONS: usize = 64;

/// How long a connection is kept when nobody uses it.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Carries calls over ureq, and blocks while it does. Cheap to clone; clones share their
/// connections.
///
/// For [`Client`](crate::Client). In an async runtime it would block a thread of the runtime.
#[derive(Debug, Clone)]
pub struct UreqTransport {
    agent: Agent,
}

impl UreqTransport {
    /// A transport that does nothing by itself.
    ///
    /// With the feature `rustls`, TLS is by `ring`, whatever other providers the process has.
    /// Without it, TLS is by the process's default provider.
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
            .proxy(None)
            .user_agent("")
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .max_idle_age(IDLE_TIMEOUT);
        Self::of(settings.build())
    }

    /// A transport with settings of your own: for roots or a client certificate of your own, or for
    /// a proxy.
    ///
    /// Whatever the settings say, each call follows no redirect, asks for no compressed answer, and
    /// takes no status for an error. Connecting takes [`CONNECT_TIMEOUT`] at most, unless the
    /// settings name another time. The rest is yours: ureq takes a proxy from the environment
    /// unless it is switched off as below, and a middleware sees signed calls and may send them
    /// again.
    ///
    /// # Errors
    ///
    /// [`SetupError::NoProvider`], when TLS is by rustls and neither the settings nor the process
    /// has a crypto provider.
    ///
    /// ```
    /// # #[cfg(feature = "rustls")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use ccpayment_ureq::UreqTransport;
    /// use ureq::config::Config;
    /// use ureq::tls::{Certificate, RootCerts, TlsConfig};
    ///
    /// # fn example(pem: &[u8]) -> Result<UreqTransport, Box<dyn std::error::Error>> {
    /// let root = Certificate::from_pem(pem)?;
    /// let tls = TlsConfig::builder()
    ///     .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
    ///     .root_certs(RootCerts::new_with_certs(&[root]))
    ///     .build();
    /// let config = Config::builder().tls_config(tls).proxy(None).build();
    /// let transport = UreqTransport::with_config(config)?;
    /// # Ok(transport)
    /// # }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "rustls"))]
    /// # fn main() {}
    /// ```
    pub fn with_config(config: Config) -> Result<Self, SetupError> {
        let tls = config.tls_config();
        let is_provided = tls.provider() != TlsProvider::Rustls
            || tls.unversioned_rustls_crypto_provider().is_some()
            || CryptoProvider::get_default().is_some();
        if is_provided {
            Ok(Self::of(config))
        } else {
            Err(SetupError::NoProvider)
        }
    }

    fn of(config: Config) -> Self {
        Self {
            agent: Agent::with_parts(config, Connect::default(), DefaultResolver::default()),
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
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let (head, body) = exchange.request.into_parts();
        let request = http::Request::from_parts(head, &*body);
        let connect = self.agent.config().timeouts().connect;
        let request = self
            .agent
            .configure_request(request)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("")
            .timeout_connect(connect.or(Some(CONNECT_TIMEOUT)))
            .timeout_global(Some(exchange.timeout))
            .build();
        let failed = |error| classify(error, exchange.timeout);
        let answer = self.agent.run(request).map_err(failed)?;
        read(answer, exchange.max_response_bytes, failed)
    }
}

impl BlockingTransport for UreqTransport {}

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
    // Reads one byte over the limit, to see whether more comes.
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

/// ureq does not say how far it came. Only an error that can't come later proves that no byte of
/// the request left: one before there is a connection, the TLS handshake included, or one of the
/// checks before that.
fn classify(error: Error, timeout: Duration) -> TransportError {
    match error {
        Error::Other(source) if source.is::<NotConnected>() => TransportError::NotSent(source),
        Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | Error::HostNotFound
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::ConnectionFailed
        | Error::TlsRequired => TransportError::NotSent(error.into()),
        Error::Timeout(_) => TransportError::TimedOut { after: timeout },
        error => TransportError::MaybeSent(error.into()),
    }
}
