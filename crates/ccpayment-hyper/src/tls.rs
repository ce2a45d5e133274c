//! `HyperTransport::new` and `with_provider`: rustls, whose provider is always given.

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
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            // Plain HTTP is for loopback only, and `Origin` sees to that.
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(set_up(HttpConnector::new()));
        Ok(Self::with_connector(connector))
    }
}

fn set_up<R>(mut tcp: HttpConnector<R>) -> HttpConnector<R> {
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Each address of the host gets a part of it, so that a dead one leaves time for the next.
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp
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

// On other systems, a full queue refuses at once.
#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
mod tests {
    use std::net::SocketAddr;

    use hyper_util::client::legacy::connect::dns::Name;
    use tokio::net::{TcpListener, TcpSocket, TcpStream};
    use tower_service::Service;

    use super::*;

    /// A listener that drops each connection attempt, because its queue is full.
    async fn dead() -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        let a_moment = std::time::Duration::from_millis(200);
        #[allow(clippy::disallowed_methods, reason = "the kernel has no other clock")]
        while let Ok(waits) = tokio::time::timeout(a_moment, TcpStream::connect(address)).await {
            queued.push(waits.unwrap());
        }
        (listener, queued)
    }

    #[tokio::test]
    async fn a_dead_address_leaves_time_for_the_next() {
        let (dead, _queued) = dead().await;
        let dead = dead.local_addr().unwrap();
        let alive = SocketAddr::new([127, 0, 0, 2].into(), dead.port());
        let _listener = TcpListener::bind(alive).await.unwrap();
        let both = Both(vec![dead, alive]);
        let mut connector =
            crate::connect::InTime::new(set_up(HttpConnector::new_with_resolver(both)));
        let to = format!("http://gateway:{}/", dead.port()).parse().unwrap();
        connector.call(to).await.unwrap();
    }

    #[derive(Clone)]
    struct Both(Vec<SocketAddr>);

    impl Service<Name> for Both {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            std::future::ready(Ok(self.0.clone().into_iter()))
        }
    }
}
