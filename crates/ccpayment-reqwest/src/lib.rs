//! The default backend: [`Transport`] over [`reqwest`].
//!
//! A payment must go out exactly once and reach nobody else, so everything that reqwest does by
//! itself is switched off, whatever features somebody else's crate switches on in the same build:
//! redirects, retries, system proxies, decompression, cookies of a shared jar, referers.
//!
//! One thing stays: when a pooled connection turns out to be closed before the first byte of a
//! request was written, hyper hands the untouched request back and it goes out on a new
//! connection. Nothing was sent then, so nothing is sent twice.
//!
//! TLS is rustls with its `ring` provider and the Mozilla roots, both given explicitly: a build
//! with two providers does not panic, and an extra root on the machine can't read signed calls.
//!
//! ```
//! use ccpayment_client::Client;
//! use ccpayment_client::core::{AppId, AppSecret, Credentials};
//! use ccpayment_reqwest::ReqwestTransport;
//!
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let client = Client::new(credentials, ReqwestTransport::new()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use ccpayment_client::{Call, Transport, TransportError};
use http::Response;
use reqwest::redirect;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Carries calls over reqwest. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

/// Why a transport can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// rustls refuses its settings.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// reqwest refuses its settings.
    #[error("the HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
}

impl ReqwestTransport {
    /// A transport that does nothing by itself.
    ///
    /// # Errors
    ///
    /// [`SetupError`], when TLS or the client can't be set up.
    pub fn new() -> Result<Self, SetupError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()
            .map_err(SetupError::Client)?;
        Ok(Self { client })
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, call: Call) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(call.request).map_err(not_sent)?;
        let mut answer = self.client.execute(request).await.map_err(classify)?;

        let limit = call.max_response_bytes;
        if answer
            .content_length()
            .is_some_and(|length| length > limit as u64)
        {
            return Err(TransportError::TooLarge { limit });
        }
        let mut body = Body::default();
        while let Some(chunk) = answer.chunk().await.map_err(maybe_sent)? {
            if body.len() + chunk.len() > limit {
                return Err(TransportError::TooLarge { limit });
            }
            body.push(chunk);
        }
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// A body that is copied only when it comes in more than one piece.
#[derive(Default)]
struct Body {
    first: Bytes,
    all: Option<BytesMut>,
}

impl Body {
    fn len(&self) -> usize {
        self.all.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        self.all
            .get_or_insert_with(|| BytesMut::from(&*self.first))
            .extend_from_slice(&chunk);
    }

    fn into_bytes(self) -> Bytes {
        self.all.map_or(self.first, BytesMut::freeze)
    }
}

/// Only an error before or while connecting proves that no byte of the request left. Everything
/// else (a reset, a cut answer, an incomplete message) may have come after the gateway acted.
fn classify(error: reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        not_sent(error)
    } else {
        maybe_sent(error)
    }
}

fn not_sent(error: reqwest::Error) -> TransportError {
    TransportError::NotSent(Box::new(error.without_url()))
}

fn maybe_sent(error: reqwest::Error) -> TransportError {
    TransportError::MaybeSent(Box::new(error.without_url()))
}

#[cfg(test)]
mod tests;
