//! `ReqwestTransport::new` and `with_provider`: rustls, whose provider is always given.

use std::sync::Arc;

use ccpayment_client::{PerRuntime, SetupError};
use reqwest::redirect;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};

use super::{CONNECT_TIMEOUT, ReqwestTransport, Urls};

/// Our client, one for each runtime.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    tls: Arc<ClientConfig>,
    made: PerRuntime<reqwest::Client>,
}

impl Clients {
    pub(crate) fn here(&self) -> reqwest::Result<reqwest::Client> {
        self.made
            .get_or_make(|| client(ClientConfig::clone(&self.tls)))
    }
}

fn client(tls: ClientConfig) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // Each address of the host gets a part of it, so that a dead one leaves time for the next.
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

impl ReqwestTransport {
    /// A transport that does nothing by itself.
    ///
    /// With the feature `rustls`, TLS is by `ring`, whatever other providers the process has. With
    /// `rustls-no-provider` alone it is by the process's default provider.
    ///
    /// # Errors
    ///
    /// [`SetupError`], when TLS or the client can't be set up.
    pub fn new() -> Result<Self, SetupError> {
        Self::with_provider(provider()?)
    }

    /// The same with a crypto provider of your choice.
    ///
    /// # Errors
    ///
    /// [`SetupError`], when the provider lacks what TLS 1.2 or 1.3 need, or the client can't be set
    /// up.
    pub fn with_provider(provider: Arc<CryptoProvider>) -> Result<Self, SetupError> {
        let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError::Tls(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let clients = Clients {
            tls: Arc::new(tls),
            made: PerRuntime::default(),
        };
        // Wrong settings show here, not at the first call.
        (clients.here()).map_err(|error| SetupError::Client(error.into()))?;
        Ok(Self {
            clients: super::Clients::Ours(clients),
            urls: Urls::default(),
        })
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
