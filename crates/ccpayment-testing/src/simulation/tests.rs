//! Tests of the simulation.

use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::Clock;
use http::{Request, Response};

use ccpayment_client::core::v2::ApplyAppWithdrawToNetwork;
use ccpayment_client::core::{
    Address, AppId, AppSecret, Chain, CoinId, Credentials, OrderId, PreparedRequest, Timestamp,
};
use ccpayment_sandbox::{Sandbox, Setting};

use super::checks::Worths;
use super::*;

/// Turns everything away, in its own way.
struct Odd {
    env: Env,
    way: Way,
    restarts: Mutex<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Politely,
    Never,
    /// Asks another thread, as for a database.
    ByThread,
    PanicsInBooks,
}

impl Odd {
    fn new(env: Env, way: Way) -> Self {
        let restarts = Mutex::default();
        Self { env, way, restarts }
    }
}

#[async_trait]
impl Merchant for Odd {
    async fn notified(&self, _: Request<Bytes>) -> Response<Bytes> {
        match self.way {
            // This sleeps again and again, so that only the limit ends it.
            Way::Never => loop {
                self.env.clock().sleep(Duration::from_secs(60)).await;
            },
            Way::ByThread => {
                let (clock, before) = (self.env.clock(), self.env.now());
                let (send, receive) = tokio::sync::oneshot::channel();
                std::thread::spawn(move || send.send(clock.now()));
                let seen = receive.await.unwrap();
                // Others may be under way, and take their time.
                assert!(seen >= before);
            }
            _ => {}
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response
    }

    fn books(&self) -> Books {
        assert!(self.way != Way::PanicsInBooks, "no books today");
        Books::default()
    }

    async fn restart(&self) {
        *self.restarts.lock().unwrap() += 1;
    }
}

async fn first_broken(way: Way) -> InvariantViolation {
    let make = |env| Odd::new(env, way);
    simulate_many(0..50, make).await.unwrap_err()
}

#[tokio::test]
async fn what_is_never_acknowledged_is_lost_and_found_missing() {
    for way in [Way::Politely, Way::ByThread] {
        let broken = first_broken(way).await;
        assert_eq!(broken.invariant, Invariant::NoDepositIsLost, "{broken}");
    }
}

#[tokio::test]
async fn one_debit_too_many_is_found() {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(1_767_225_600)
        .setting(Setting::ManualChain(true))
        .balance(1280, "100")
        .build()
        .unwrap();
    let wanted = PayoutRequest {
        id: "request-1".into(),
        coin_id: CoinId::new(1280),
        chain: Chain::new("POLYGON"),
        address: Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount: "1".parse().unwrap(),
    };
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"));
    let credentials = credentials.unwrap();
    let found = async |order_id: &str| {
        let payout = ApplyAppWithdrawToNetwork::new(
            OrderId::new(order_id),
            wanted.coin_id,
            wanted.chain.clone(),
            wanted.address.clone(),
            wanted.amount.clone(),
        );
        let prepared = PreparedRequest::new(&payout).unwrap();
        let origin = "http://localhost".parse().unwrap();
        let at = Timestamp::new(1_767_225_600);
        let request = prepared.sign(&origin, &credentials, at).unwrap();
        sandbox.respond(request).await.unwrap();
        let books = Books::default();
        checks::always(
            &sandbox,
            &books,
            std::slice::from_ref(&wanted),
            &Worths::new(),
        )
    };
    found("order-1").await.unwrap();
    let breach = found("order-2").await.unwrap_err();
    assert_eq!(breach.invariant, Invariant::PaidOnce);
    assert_eq!(breach.found, "2 debits, as order-1 and order-2");
}

#[tokio::test]
async fn a_method_that_never_ends_is_reported() {
    let broken = first_broken(Way::Never).await;
    assert_eq!(broken.invariant, Invariant::EverythingEnds, "{broken}");
    assert_eq!(broken.about, "notified");
}

#[tokio::test]
async fn panics_are_reported_wherever_they_are() {
    let broken = first_broken(Way::PanicsInBooks).await;
    assert_eq!(broken.invariant, Invariant::NoPanic);
    assert_eq!(broken.found, "no books today");

    let make = |_: Env| -> Odd { panic!("no {}", "shop") };
    let broken = simulate(1, make).await.unwrap_err();
    assert_eq!(
        (broken.invariant, &*broken.found),
        (Invariant::NoPanic, "no shop")
    );
}

#[tokio::test]
async fn a_timer_that_nobody_waits_for_is_forgotten() {
    let clock = VirtualClock::new(1);
    let mut sleeps = clock.sleep(Duration::from_secs(20));
    let first = std::future::poll_fn(|context| Poll::Ready(sleeps.as_mut().poll(context))).await;
    assert!(first.is_pending());
    assert_eq!(clock.shared().next(), Some(Duration::from_secs(20)));
    drop(sleeps);
    assert_eq!(clock.shared().next(), None);
}
