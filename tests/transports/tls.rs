//! TLS: handshakes that fail, and roots of one's own.

#![allow(clippy::disallowed_methods, reason = "real sockets are in real time")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ccpayment::blocking::UreqTransport;
use ccpayment::{Exchange, HyperTransport, ReqwestTransport, Transport, TransportError};
use http::Request;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A call to a peer that does this with each of its connections.
pub(super) fn call_to(peer: impl Fn(TcpStream) + Send + 'static) -> Exchange {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        while let Ok((connection, _)) = listener.accept() {
            peer(connection);
        }
    });
    let request = Request::post(format!("https://localhost:{}/", address.port()));
    Exchange::new(request.body(Bytes::from_static(b"{}")).unwrap(), "getCoin")
}

/// Closes each connection in the middle of its handshake.
fn exchange() -> Exchange {
    call_to(drop)
}

/// An issuer of certificates for hosts.
pub(super) struct Issuer {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Issuer {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        let issuer = issuer.unwrap();
        Self { issuer }
    }

    /// A transport that trusts this issuer and no other.
    fn trusted(&self) -> UreqTransport {
        let root = Certificate::from_der(self.issuer.der()).to_owned();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::new_with_certs(&[root]))
            .build();
        let config = Config::builder().tls_config(tls).proxy(None).build();
        UreqTransport::with_config(config).unwrap()
    }

    /// The client's side of TLS over hyper and reqwest, which trusts this issuer and no other.
    pub(super) fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// The side of a host that has a certificate in this name.
    pub(super) fn server(&self, name: &str, has_expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if has_expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into());
        Arc::new(config.unwrap())
    }

    /// A call to a host that answers every request with these bytes.
    fn exchange(&self, name: &str, has_expired: bool, answer: &'static [u8]) -> Exchange {
        let config = self.server(name, has_expired);
        call_to(move |socket| {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, socket);
            let mut asked = [0; 4_096];
            if stream.read(&mut asked).is_ok() {
                drop(stream.write_all(answer));
            }
        })
    }
}

/// A build with all features has two providers, and rustls would panic rather than choose.
#[tokio::test]
async fn a_process_with_two_crypto_providers_does_not_panic() {
    #[cfg(feature = "aws-lc-rs")]
    {
        drop(rustls::crypto::aws_lc_rs::default_provider());
        let implicit = std::panic::catch_unwind(ClientConfig::builder);
        assert!(implicit.is_err(), "there is nothing to test");
    }
    let transports: [Box<dyn Transport>; 3] = [
        Box::new(ReqwestTransport::new().unwrap()),
        Box::new(HyperTransport::new().unwrap()),
        Box::new(UreqTransport::new().unwrap()),
    ];
    for transport in transports {
        transport.send(exchange()).await.unwrap_err();
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "one was installed for everybody"
    );
}

#[tokio::test]
async fn a_broken_handshake_has_sent_nothing() {
    let plain = |bytes: &'static [u8]| {
        call_to(move |mut socket| {
            let mut hello = [0; 4_096];
            drop(socket.read(&mut hello));
            drop(socket.write_all(bytes));
        })
    };
    let calls = || {
        [
            ("closed at once", exchange()),
            ("closed after the hello", plain(b"")),
            (
                "plain HTTP",
                plain(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            ),
            ("a fatal alert", plain(b"\x15\x03\x03\x00\x02\x02\x28")),
            (
                "cut in the hello",
                plain(b"\x16\x03\x03\x00\x7a\x02\x00\x00"),
            ),
            (
                "an unknown issuer",
                Issuer::new().exchange("localhost", false, b""),
            ),
        ]
    };
    let transports: [Box<dyn Transport>; 3] = [
        Box::new(ReqwestTransport::new().unwrap()),
        Box::new(HyperTransport::new().unwrap()),
        Box::new(UreqTransport::new().unwrap()),
    ];
    for transport in transports {
        for (name, exchange) in calls() {
            let error = transport.send(exchange).await.unwrap_err();
            assert!(
                matches!(error, TransportError::NotSent(_)),
                "{name}: {error:?}"
            );
        }
    }
}

/// The limit on connecting includes the handshake.
#[tokio::test]
async fn a_handshake_that_never_ends_has_sent_nothing() {
    async fn given_up(transport: Box<dyn Transport>) {
        let mut exchange = call_to(|mut socket| {
            thread::spawn(move || socket.read_to_end(&mut Vec::new()));
        });
        exchange.timeout = Duration::from_secs(60);
        let (began, timeout) = (Instant::now(), exchange.timeout);
        let error = transport.send(exchange).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
        assert!(began.elapsed() < timeout / 2, "{:?}", began.elapsed());
    }
    let blocking = thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let ureq = Box::new(UreqTransport::new().unwrap());
        runtime.build().unwrap().block_on(given_up(ureq));
    });
    tokio::join!(
        given_up(Box::new(ReqwestTransport::new().unwrap())),
        given_up(Box::new(HyperTransport::new().unwrap())),
    );
    blocking.join().unwrap();
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

#[tokio::test]
async fn ureq_takes_a_root_of_ones_own_and_no_other() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let transport = issuer.trusted();
    let answer = transport
        .send(issuer.exchange("localhost", false, ANSWER))
        .await
        .unwrap();
    assert_eq!(&answer.body()[..], b"ok");

    for (name, exchange) in [
        (
            "another issuer",
            stranger.exchange("localhost", false, ANSWER),
        ),
        (
            "another host",
            issuer.exchange("other.example", false, ANSWER),
        ),
        ("expired", issuer.exchange("localhost", true, ANSWER)),
    ] {
        let error = transport.send(exchange).await.unwrap_err();
        assert!(
            matches!(error, TransportError::NotSent(_)),
            "{name}: {error:?}"
        );
    }
}

/// From here on the gateway may have acted.
#[tokio::test]
async fn after_the_handshake_a_broken_connection_may_have_carried_the_call() {
    let issuer = Issuer::new();
    let exchange = issuer.exchange("localhost", false, b"");
    let error = issuer.trusted().send(exchange).await.unwrap_err();
    assert!(matches!(error, TransportError::MaybeSent(_)), "{error:?}");
}

/// The settings that a payment needs hold, whatever the user's own settings are.
#[tokio::test]
async fn settings_of_ones_own_follow_no_redirect_and_take_no_status_for_an_error() {
    let issuer = Issuer::new();
    let redirect = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n";
    let failure = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    for (status, answer) in [(307, &redirect[..]), (503, failure)] {
        let exchange = issuer.exchange("localhost", false, answer);
        let answer = issuer.trusted().send(exchange).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}
