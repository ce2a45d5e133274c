//! The extractor in a real router, without a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::FromRef;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use ccpayment_webhook::{Acknowledgement, Event, Verified, Verifier, Webhook};
use futures_util::{StreamExt, stream};
use tower_service::Service;

use crate::delivery::{API_DEPOSIT, Delivery, SIGNED_AT, at, verifier};

/// A program's own state, of which the webhook is a part.
#[derive(Clone)]
struct State {
    webhook: Webhook,
    handled: Arc<AtomicUsize>,
}

impl FromRef<State> for Webhook {
    fn from_ref(state: &State) -> Self {
        state.webhook.clone()
    }
}

async fn notify(
    axum::extract::State(state): axum::extract::State<State>,
    event: Verified<Event>,
) -> Result<Acknowledgement, StatusCode> {
    state.handled.fetch_add(1, Ordering::SeqCst);
    match event.event() {
        Event::ApiDeposit(_) => Ok(event.acknowledge()),
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

struct App {
    router: Router,
    handled: Arc<AtomicUsize>,
}

impl App {
    fn new() -> Self {
        Self::with(|webhook| webhook)
    }

    fn with(set: impl FnOnce(Webhook) -> Webhook) -> Self {
        let handled = Arc::new(AtomicUsize::new(0));
        let state = State {
            webhook: set(Webhook::with_clock(verifier(), || at(SIGNED_AT))),
            handled: handled.clone(),
        };
        let router = Router::new()
            .route("/webhook", post(notify))
            .with_state(state);
        Self { router, handled }
    }

    /// Status, type and text of the answer.
    async fn receive(&mut self, delivery: &Delivery, body: Body) -> (u16, String, String) {
        let mut request = Request::post("/webhook").body(body).unwrap();
        *request.headers_mut() = delivery.headers().unwrap();
        let response = self.router.call(request).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers()["content-type"].to_str().unwrap().into();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(body.into()).unwrap();
        (status, content_type, text)
    }

    fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";

#[tokio::test]
async fn a_true_delivery_is_handled_and_acknowledged() {
    let mut app = App::new();
    let delivery = Delivery::new(API_DEPOSIT);
    let body = Body::from(API_DEPOSIT);
    let answer = app.receive(&delivery, body).await;
    assert_eq!(answer, (200, PLAIN.into(), "Success".into()));
    // In pieces it is the same body.
    let pieces = API_DEPOSIT.as_bytes().chunks(7).map(Bytes::from_static);
    let body = Body::from_stream(stream::iter(pieces.map(Ok::<_, axum::Error>)));
    assert_eq!(app.receive(&delivery, body).await.0, 200);
    assert_eq!(app.handled(), 2);
}

#[tokio::test]
async fn a_forgery_never_reaches_the_handler() {
    let mut app = App::new();
    let delivery = Delivery::new(API_DEPOSIT);
    let forged = API_DEPOSIT.replace("false", "true ");
    let answer = app.receive(&delivery, Body::from(forged)).await;
    let text = "the signature does not fit".to_owned();
    assert_eq!(answer, (401, PLAIN.to_owned(), text));

    let not_an_object = Delivery::new("[\"hush\"]");
    let body = Body::from(not_an_object.body.clone());
    let (status, _, text) = app.receive(&not_an_object, body).await;
    assert!(status == 400 && !text.contains("hush"), "{text}");
    assert_eq!(app.handled(), 0);
}

#[tokio::test]
async fn a_handler_that_fails_acknowledges_nothing() {
    let mut app = App::new();
    let delivery = Delivery::new("{}");
    let mut request = Request::post("/webhook").body(Body::from("{}")).unwrap();
    *request.headers_mut() = delivery.headers().unwrap();
    let response = app.router.call(request).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(app.handled(), 1);
}

#[tokio::test]
async fn a_long_body_is_not_read_to_its_end() {
    let mut app = App::new();
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, axum::Error>(Bytes::from_static(&[b' '; 16 * 1024]))
    });
    let body = Body::from_stream(endless);
    let answer = app.receive(&Delivery::new(API_DEPOSIT), body).await;
    let text = "the body is longer than 65536 bytes".to_owned();
    assert_eq!(answer, (413, PLAIN.to_owned(), text));
    assert_eq!(taken.load(Ordering::SeqCst), 5);
    assert_eq!(app.handled(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let mut app = App::new();
    let broken = [
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("connection reset")),
    ];
    let body = Body::from_stream(stream::iter(broken));
    let answer = app.receive(&Delivery::new("{"), body).await;
    let text = "the body could not be read".to_owned();
    assert_eq!(answer, (400, PLAIN.to_owned(), text));
}

/// Ten seconds pass as soon as nothing else can happen.
#[tokio::test(start_paused = true)]
#[allow(
    clippy::disallowed_methods,
    reason = "the time of this test alone, which stands still"
)]
async fn a_body_that_never_ends_is_refused_in_time() {
    let log = crate::refusals::Log::start();
    let mut app = App::new();
    let began = tokio::time::Instant::now();
    let endless =
        stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]).chain(stream::pending());
    let answer = app
        .receive(&Delivery::new("{}"), Body::from_stream(endless))
        .await;
    let text = "the body was not whole within 10 s".to_owned();
    assert_eq!(answer, (408, PLAIN.to_owned(), text));
    assert_eq!(began.elapsed(), Webhook::<Verifier>::BODY_TIMEOUT);
    assert_eq!(app.handled(), 0);
    let line = log.take();
    assert!(
        line.contains("reason=the body was not whole within 10 s"),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_has_the_time_that_was_set() {
    let mut app = App::with(|webhook| webhook.body_timeout(Duration::from_secs(2)));
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = app.receive(&Delivery::new("{}"), body).await;
    assert_eq!(
        (answer.0, &*answer.2),
        (408, "the body was not whole within 2 s")
    );
}

#[test]
fn nothing_secret_is_printed() {
    let webhook = Webhook::with_clock(verifier(), || at(SIGNED_AT));
    assert!(!format!("{webhook:?}").contains("sentinel"));
}

/// Both versions in one program, each with its verifier.
#[cfg(feature = "v1")]
#[tokio::test]
async fn the_older_version_is_extracted_by_its_own_verifier() {
    use ccpayment_core::{AppId, AppSecret, DigestKey, SignText};
    use ccpayment_webhook::v1;

    use crate::delivery::{APP_ID, SECRET};

    async fn notify(event: Verified<v1::Event>) -> Acknowledgement {
        event.acknowledge()
    }
    let body = r#"{"order_type":"Something new"}"#;
    let timestamp = SIGNED_AT.to_string();
    let text = SignText {
        app_id: APP_ID,
        timestamp: &timestamp,
        body: body.as_bytes(),
    };
    let sign = DigestKey::new(&AppSecret::new(SECRET)).sign(&text);
    let verifier = v1::Verifier::new(AppId::new(APP_ID), AppSecret::new(SECRET)).unwrap();
    let mut router: Router = Router::new()
        .route("/v1", post(notify))
        .with_state(Webhook::with_clock(verifier, || at(SIGNED_AT)));
    for (sent, expected) in [
        (body, (200, "success")),
        ("{}", (401, "the signature does not fit")),
    ] {
        let request = Request::post("/v1")
            .header("Appid", APP_ID)
            .header("Timestamp", &timestamp)
            .header("Sign", sign.as_str())
            .body(Body::from(sent))
            .unwrap();
        let response = router.call(request).await.unwrap();
        let status = response.status().as_u16();
        let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert_eq!((status, std::str::from_utf8(&text).unwrap()), expected);
    }
}
