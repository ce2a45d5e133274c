//! How many connections many callers need.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use ccpayment::{Call, HyperTransport, ReqwestTransport, Transport};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const CALLERS: usize = 32;
const CALLS: usize = 10_000;

/// How many connections the server has accepted after all calls.
async fn connections(transport: impl Transport + 'static) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let service = service_fn(|request: Request<Incoming>| async {
                let body = request.into_body().collect().await?;
                Ok::<_, ::hyper::Error>(Response::new(Full::new(body.to_bytes())))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let transport = Arc::new(transport);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let transport = Arc::clone(&transport);
            tokio::spawn(async move {
                for number in (caller..CALLS).step_by(CALLERS) {
                    let body = Bytes::from(format!("{{\"coinId\":{number}}}"));
                    let request = Request::post(format!("http://{address}/ccpayment/v2/getCoin"));
                    let request = request.body(body.clone()).unwrap();
                    let answer = transport.send(Call::new(request, "getCoin")).await.unwrap();
                    assert_eq!(*answer.body(), body);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    accepted.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_callers_need_no_more_connections_over_reqwest() {
    let connections = connections(ReqwestTransport::new().unwrap()).await;
    assert!(connections <= CALLERS, "{connections}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_callers_need_no_more_connections_over_hyper() {
    let connections = connections(HyperTransport::new().unwrap()).await;
    assert!(connections <= CALLERS, "{connections}");
}
