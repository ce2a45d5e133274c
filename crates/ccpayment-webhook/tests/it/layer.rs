//! The layer over services of tower, without a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use ccpayment_webhook::{Acknowledgement, Event, Verified, Webhook, WebhookLayer};
use futures_util::{future, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{BoxError, Layer, Service, service_fn};

use crate::delivery::{API_DEPOSIT, Delivery, SIGNED_AT, at, verifier};

fn layer() -> WebhookLayer {
    WebhookLayer::new(webhook())
}

fn webhook() -> Webhook {
    Webhook::with_clock(verifier(), || at(SIGNED_AT))
}

fn request<B>(delivery: &Delivery, body: B) -> Request<B> {
    let mut request = Request::post("/notify").body(body).unwrap();
    *request.headers_mut() = delivery.headers().unwrap();
    request
}

fn whole(delivery: &Delivery) -> Request<Full<Bytes>> {
    request(delivery, Full::from(delivery.body.clone()))
}

async fn shown(response: Response<Full<Bytes>>) -> (u16, String) {
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn only_what_is_verified_reaches_the_service_with_its_request() {
    let handled = Arc::new(AtomicUsize::new(0));
    let counter = handled.clone();
    let mut service = layer().layer(service_fn(move |request: Request<Verified<Event>>| {
        assert_eq!(request.uri().path(), "/notify");
        assert!(request.headers().contains_key("sign"));
        counter.fetch_add(1, Ordering::SeqCst);
        future::ok::<_, BoxError>(request.into_body().acknowledge())
    }));
    let good = Delivery::new(API_DEPOSIT);
    let answer = service.call(whole(&good)).await.unwrap();
    assert_eq!(shown(answer).await, (200, "Success".into()));

    let mut forged = good.clone();
    forged.body.push(b' ');
    let answer = service.call(whole(&forged)).await.unwrap();
    let expected = (401, "the signature does not fit".to_owned());
    assert_eq!(shown(answer).await, expected);

    let mut get = whole(&good);
    *get.method_mut() = http::Method::GET;
    let answer = service.call(get).await.unwrap();
    assert_eq!(answer.headers()["allow"], "POST");
    assert_eq!(shown(answer).await, (405, "only POST".into()));
    assert_eq!(handled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_error_is_not_acknowledged_and_not_shown_to_the_sender() {
    let log = crate::refusals::Log::start();
    let mut service = layer().layer(service_fn(|_: Request<Verified<Event>>| {
        future::err::<Acknowledgement, BoxError>("the books are closed".into())
    }));
    let answer = service.call(whole(&Delivery::new(API_DEPOSIT))).await;
    assert_eq!(shown(answer.unwrap()).await, (503, "not handled".into()));
    assert!(log.take().contains("reason=the books are closed"));
}

/// A service that is never ready; its error is one of the service.
#[derive(Clone)]
struct Closed;

impl Service<Request<Verified<Event>>> for Closed {
    type Response = Acknowledgement;
    type Error = BoxError;
    type Future = future::Ready<Result<Acknowledgement, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err("closed".into()))
    }

    fn call(&mut self, _: Request<Verified<Event>>) -> Self::Future {
        panic!("it was not ready")
    }
}

#[tokio::test]
async fn a_service_that_is_not_ready_gets_nothing() {
    let mut service = layer().layer(Closed);
    let answer = service.call(whole(&Delivery::new(API_DEPOSIT))).await;
    assert_eq!(shown(answer.unwrap()).await.0, 503);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_refused_in_time() {
    let webhook = webhook().body_timeout(Duration::from_secs(2));
    let mut service = WebhookLayer::new(webhook).layer(Closed);
    let pending = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
    let answer = service.call(request(&Delivery::new("{}"), pending)).await;
    let expected = (408, "the body was not whole within 2 s".to_owned());
    assert_eq!(shown(answer.unwrap()).await, expected);
}

#[cfg(feature = "v1")]
#[test]
fn it_takes_a_verifier_of_v1() {
    use ccpayment_webhook::v1;

    fn is_service(_: impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>>) {}
    let verifier = v1::Verifier::new("app-id", "app-secret").unwrap();
    let layer = WebhookLayer::new(Webhook::new(verifier));
    is_service(
        layer.layer(service_fn(|request: Request<Verified<v1::Event>>| {
            future::ok::<_, BoxError>(request.into_body().acknowledge())
        })),
    );
}

#[test]
fn nothing_secret_is_printed() {
    let shown = format!("{:?} {:?}", layer(), layer().layer(Closed));
    assert!(!shown.contains("sentinel"), "{shown}");
}
