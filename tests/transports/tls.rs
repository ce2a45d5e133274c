//! TLS, as far as it goes without a certificate.

use std::net::TcpListener;
use std::thread;

use bytes::Bytes;
use ccpayment::blocking::UreqTransport;
use ccpayment::{Call, HyperTransport, ReqwestTransport, Transport, TransportError};
use http::Request;
use rustls::crypto::CryptoProvider;

/// Closes each connection in the middle of its handshake.
fn call() -> Call {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || while listener.accept().is_ok() {});
    let request = Request::post(format!("https://localhost:{}/", address.port()));
    Call::new(request.body(Bytes::from_static(b"{}")).unwrap(), "getCoin")
}

/// In a build with all features there are two, and rustls would panic rather than choose.
#[tokio::test]
async fn a_process_with_two_crypto_providers_does_not_panic() {
    #[cfg(feature = "aws-lc-rs")]
    {
        drop(rustls::crypto::aws_lc_rs::default_provider());
        let implicit = std::panic::catch_unwind(rustls::ClientConfig::builder);
        assert!(implicit.is_err(), "there is nothing to test");
    }
    let transports: [Box<dyn Transport>; 3] = [
        Box::new(ReqwestTransport::new().unwrap()),
        Box::new(HyperTransport::new().unwrap()),
        Box::new(UreqTransport::new().unwrap()),
    ];
    for transport in transports {
        transport.send(call()).await.unwrap_err();
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "one was installed for everybody"
    );
}

#[tokio::test]
async fn a_broken_handshake_has_sent_nothing() {
    let transports: [Box<dyn Transport>; 2] = [
        Box::new(ReqwestTransport::new().unwrap()),
        Box::new(HyperTransport::new().unwrap()),
    ];
    for transport in transports {
        let error = transport.send(call()).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    }
}
