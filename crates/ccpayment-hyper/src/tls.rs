//! Transports with rustls, whose provider is always given.

use std::sync::Arc;

use ccpayment_client::SetupError;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};

use super::{CONNECT_TIMEOUT, HyperTransport};

impl HyperTransport {
    /// A transport that does nothing by itself.
    ///
    /// With the feature `rustls`, TLS is by `ring`, whatever other providers the process has. With
    /// `rustls-no-provider` alone it is by the process's default provider.
    ///
    /// # Errors
    ///
    /// [`SetupError`], when TLS can't be set up.
    pub fn new() -> Result<Self, SetupError> {
        Self::with_provider(provider()?)
    }

    /// The same with a crypto provider of your choice.
    ///
    /// # Errors
    ///
    /// [`SetupError`], when the provider lacks what TLS 1.2 or 1.3 need.
    pub fn with_provider(provider: Arc<CryptoProvider>) -> Result<Self, SetupError> {
        let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError::Tls(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // A part of it for each address of the host, so that a dead one leaves time for the next.
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            // Plain HTTP is for loopback only, and `Origin` sees to that.
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        Ok(Self::with_connector(connector))
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
