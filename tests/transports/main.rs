//! Runs the conformance suite on each of our transports and wrappers, and on bad ones, which it
//! must find.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod closing;
mod connections;
mod floods;
mod http2;
mod planted;
mod proxies;
mod tls;

use bytes::Bytes;
use ccpayment::blocking::UreqTransport;
use ccpayment::{
    Exchange, HyperTransport, ReqwestTransport, TowerTransport, Transport, TransportError,
    read_body, transport_fn,
};
use ccpayment_testing::conformance::{Peer, PeerError};
use ccpayment_testing::transport_conformance;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;

mod reqwest {
    use super::*;
    transport_conformance!(message, |_| ReqwestTransport::new().unwrap());
    transport_conformance!(socket, |_| ReqwestTransport::new().unwrap());
    transport_conformance!(keep_alive, |_| ReqwestTransport::new().unwrap());
}

/// A client that a user has built as the docs say.
mod reqwest_of_your_own {
    use super::*;
    transport_conformance!(message, |_| ReqwestTransport::from(client()));
    transport_conformance!(socket, |_| ReqwestTransport::from(client()));
    transport_conformance!(keep_alive, |_| ReqwestTransport::from(client()));

    /// The user did not follow the docs.
    #[::tokio::test]
    async fn an_answer_from_elsewhere_is_not_believed() {
        let app = axum::Router::new()
            .route(
                "/",
                axum::routing::post(|| async { axum::response::Redirect::temporary("/b") }),
            )
            .route("/b", axum::routing::post(|| async { "elsewhere" }));
        let listener = ::tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        ::tokio::spawn(async move { axum::serve(listener, app).await });

        let client = builder()
            .redirect(::reqwest::redirect::Policy::limited(3))
            .build();
        let transport = ReqwestTransport::from(client.unwrap());
        let request = Request::post(format!("http://{address}/")).body(Bytes::new());
        let error = transport
            .send(Exchange::new(request.unwrap(), "getCoin"))
            .await
            .unwrap_err();
        assert!(matches!(error, TransportError::MaybeSent(_)), "{error:?}");
    }

    fn client() -> ::reqwest::Client {
        builder().build().unwrap()
    }

    pub(super) fn builder() -> ::reqwest::ClientBuilder {
        ::reqwest::Client::builder()
            .tls_backend_preconfigured(tls::Issuer::new().client())
            .redirect(::reqwest::redirect::Policy::none())
            .retry(::reqwest::retry::never())
            .referer(false)
            .no_proxy()
    }
}

mod hyper {
    use super::*;
    transport_conformance!(message, |_| HyperTransport::new().unwrap());
    transport_conformance!(socket, |_| HyperTransport::new().unwrap());
    transport_conformance!(keep_alive, |_| HyperTransport::new().unwrap());
}

mod tower_over_hyper {
    use super::*;
    transport_conformance!(message, |_| transport());
    transport_conformance!(socket, |_| transport());
    transport_conformance!(keep_alive, |_| transport());

    fn transport() -> impl Transport {
        let client = legacy::Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build_http::<Full<Bytes>>();
        let service = client.map_request(|request: Request<Bytes>| request.map(Full::new));
        TowerTransport::new(service).not_sent_if(legacy::Error::is_connect)
    }
}

mod ureq {
    use super::*;
    transport_conformance!(blocking message, |_| UreqTransport::new().unwrap());
    transport_conformance!(blocking socket, |_| UreqTransport::new().unwrap());
    transport_conformance!(blocking keep_alive, |_| UreqTransport::new().unwrap());
}

fn not_sent(error: PeerError) -> TransportError {
    if error == PeerError::Unreachable {
        TransportError::NotSent(error.into())
    } else {
        TransportError::MaybeSent(error.into())
    }
}

mod closure {
    use super::*;
    transport_conformance!(message, in_process);
}

fn in_process(peer: &Peer) -> impl Transport + use<> {
    let peer = peer.clone();
    transport_fn(move |exchange: Exchange| {
        let peer = peer.clone();
        async move {
            let answer = peer.answer(exchange.request).await.map_err(not_sent)?;
            read_body(answer, exchange.max_response_bytes).await
        }
    })
}

mod tower_service {
    use super::*;
    transport_conformance!(message, |peer: &Peer| {
        let peer = peer.clone();
        let service = tower::service_fn(move |request: Request<Bytes>| {
            let peer = peer.clone();
            async move { peer.answer(request).await }
        });
        TowerTransport::new(service).not_sent_if(|error| *error == PeerError::Unreachable)
    });
}

/// A wrapper around a transport must follow the same rules.
mod recorder {
    use super::*;
    transport_conformance!(message, |peer: &Peer| {
        ccpayment_testing::Recorder::new(in_process(peer))
    });
}
