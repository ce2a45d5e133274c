//! How many calls a second a client makes at most, under a clock that a test sets.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v1::CheckUser;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoinList};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, Clock, CoinId, Credentials, Error, Exchange, OrderId,
    Outcome, RefusalReason, RetryPolicy, SubmitError, Timeouts, Timestamp, Transport,
    TransportError, Version,
};
use ccpayment_testing::{FakeTransport, PausedClock, Reply, TestClock};
use http::Response;
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    fake: FakeTransport,
    clock: TestClock,
    client: Client,
}

fn bench() -> Bench {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let fake = FakeTransport::verifying(&credentials);
    let clock = TestClock::at(Timestamp::new(1_767_225_600));
    let client = Client::new(credentials, fake.clone()).with_clock(clock.clone());
    Bench {
        fake,
        clock,
        client,
    }
}

impl Bench {
    fn limited(mut self, version: Version, per_second: u32) -> Self {
        let limit = NonZeroU32::new(per_second);
        self.client = self.client.with_rate_limit(version, limit);
        self
    }

    async fn read(&self) -> Result<(), Error> {
        self.fake
            .expect_any::<GetCoinList>(Reply::data(&json!({"coins": []})));
        let clone = self.client.clone();
        clone.send(&GetCoinList::new()).await.map(drop)
    }

    async fn read_v1(&self) -> Result<(), Error> {
        let user = json!({"c_id": "9454818", "nikename": "alvin"});
        self.fake.expect_any::<CheckUser>(Reply::data(&user));
        let clone = self.client.clone();
        clone.send(&CheckUser::new("9454818")).await.map(drop)
    }
}

fn payout() -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-77"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x1"),
        "1".parse().unwrap(),
    )
}

#[tokio::test]
async fn v1_keeps_to_its_hundred_a_second_and_v2_has_no_limit() {
    let bench = bench();
    for _ in 0..1_000 {
        bench.read().await.unwrap();
    }
    assert_eq!(bench.clock.elapsed(), Duration::ZERO);
    for _ in 0..301 {
        bench.read_v1().await.unwrap();
    }
    let took = bench.clock.elapsed();
    assert!(took >= 3 * SECOND && took < 4 * SECOND, "{took:?}");
}

#[tokio::test]
async fn a_limit_can_be_set_and_lifted_for_each_version() {
    let slow = bench().limited(Version::V2, 2);
    for _ in 0..9 {
        slow.read().await.unwrap();
    }
    assert_eq!(slow.clock.elapsed(), 4 * SECOND);
    let fast = bench().limited(Version::V1, 0);
    for _ in 0..300 {
        fast.read_v1().await.unwrap();
    }
    assert_eq!(fast.clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn each_attempt_takes_its_turn() {
    let mut bench = bench().limited(Version::V2, 1);
    bench.client = bench.client.with_retry_policy(RetryPolicy::up_to(4));
    for _ in 0..3 {
        bench.fake.expect_any::<GetCoinList>(Reply::lost());
    }
    bench.read().await.unwrap();
    assert!(bench.clock.elapsed() >= 3 * SECOND);
    bench.fake.finish().unwrap();
}

/// Answers everything, and keeps the requests in their order.
#[derive(Clone, Default)]
struct Order(Arc<Mutex<Vec<&'static str>>>);

#[async_trait]
impl Transport for Order {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        self.0.lock().unwrap().push(exchange.operation);
        let data = json!({"coins": [], "recordId": "r-1"});
        let answer = json!({"code": 10000, "msg": "success", "data": data});
        Ok(Response::new(answer.to_string().into()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_payout_overtakes_the_reads_that_wait() {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let order = Order::default();
    let client = Client::new(credentials, order.clone())
        .with_clock(PausedClock::new())
        .with_rate_limit(Version::V2, NonZeroU32::new(1));
    let read = || {
        let client = client.clone();
        tokio::spawn(async move { client.send(&GetCoinList::new()).await.map(drop) })
    };
    let reads = [read(), read(), read()];
    tokio::task::yield_now().await;
    let sent = tokio::spawn({
        let client = client.clone();
        async move { client.send_unsettled(&payout()).await.map(drop) }
    });
    tokio::task::yield_now().await;
    client.payout(&payout()).await.unwrap();
    sent.await.unwrap().unwrap();
    for read in reads {
        read.await.unwrap().unwrap();
    }
    let (list, pay) = ("getCoinList", "applyAppWithdrawToNetwork");
    assert_eq!(*order.0.lock().unwrap(), [list, pay, pay, list, list]);
}

#[tokio::test]
async fn what_would_come_too_late_is_not_sent() {
    let mut bench = bench().limited(Version::V2, 1);
    let timeouts = Timeouts::new(SECOND, SECOND / 2);
    bench.client = bench.client.with_timeouts(timeouts);
    bench.read().await.unwrap();
    // The second call would have to wait for longer than it may: nothing goes out, not even a
    // payout.
    let error = bench.client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "getCoinList was not sent: rate limit of 1/s, no slot before the deadline"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
    let error = bench.client.payout(&payout()).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Refused {
            reason: RefusalReason::NotSent(_),
            ..
        }
    ));
    bench.fake.finish().unwrap();
}
