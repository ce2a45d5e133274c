//! A machine whose clock is wrong: it learns the right time from the gateway's refusal, or says
//! clearly what is wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use ccpayment::v1::CheckUser;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, GetAppOrderInfo, GetAppWithdrawRecord,
    GetCoinList, WithdrawStatus,
};
use ccpayment::webhook::{Acknowledgement, DepositDecision, Event, Verified, Verifier, Webhook};
use ccpayment::{
    Address, Amount, AppId, AppSecret, Chain, Client, Clock, CoinId, Credentials, Error, ErrorCode,
    Exchange, OrderId, Outcome, Proof, RecordId, RecordKey, RefusalReason, Request,
    ReqwestTransport, SETTLE_AFTER, SubmitError, Submitted, Timeouts, Timestamp, Transport,
    TransportError,
};
use ccpayment_sandbox::{Sandbox, Setting};
use ccpayment_testing::{SandboxClock, TestClock};
use http::Response;
use proptest::prelude::*;

const START: u64 = 1_767_225_600;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const SECOND: Duration = Duration::from_secs(1);

/// The `Date` of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dated {
    Right,
    /// Right, from a cache.
    Aged,
    Off(i64),
    No,
}

/// A gateway that checks only the timestamp, and has no records.
#[derive(Clone)]
struct Gateway {
    /// Shows the right time; the client's clock may differ.
    right: TestClock,
    dated: Arc<Mutex<Dated>>,
    calls: Arc<AtomicU64>,
    accepted: Arc<Mutex<Vec<&'static str>>>,
    /// The routes whose next calls are lost, whatever their timestamp.
    loses: Arc<Mutex<Vec<&'static str>>>,
    /// How long a call is on its way, there and back.
    way: Duration,
}

#[async_trait]
impl Transport for Gateway {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        {
            let mut loses = self.loses.lock().unwrap();
            if let Some(place) = loses.iter().position(|name| *name == exchange.operation) {
                loses.remove(place);
                return Err(TransportError::MaybeSent("reset".into()));
            }
        }
        self.right.advance(self.way / 2);
        let now = Timestamp::from_system(self.right.now());
        let signed = exchange.request.headers()["timestamp"].to_str().unwrap();
        let signed: u64 = signed.parse().unwrap();
        let body = if signed.abs_diff(now.get()) > 120 {
            r#"{"code":11006,"msg":"ReqExpired"}"#
        } else {
            self.accepted.lock().unwrap().push(exchange.operation);
            match exchange.operation {
                GetCoinList::OPERATION => r#"{"code":10000,"data":{"coins":[]}}"#,
                ApplyAppWithdrawToNetwork::OPERATION => {
                    r#"{"code":10000,"data":{"recordId":"r1"}}"#
                }
                _ => r#"{"code":11003,"msg":"NotFound"}"#,
            }
        };
        let dated = *self.dated.lock().unwrap();
        let off = match dated {
            Dated::Off(seconds) => seconds,
            _ => 0,
        };
        let date = UNIX_EPOCH + Duration::from_secs(now.get().saturating_add_signed(off));
        let mut answer = Response::builder();
        if dated != Dated::No {
            answer = answer.header("date", httpdate::fmt_http_date(date));
        }
        if dated == Dated::Aged {
            answer = answer.header("age", "1");
        }
        self.right.advance(self.way / 2);
        Ok(answer.body(body.into()).unwrap())
    }
}

/// A clock that is off by this many seconds from the right one.
#[derive(Debug, Clone)]
struct Off(TestClock, Arc<Mutex<i64>>);

#[async_trait]
impl Clock for Off {
    fn now(&self) -> SystemTime {
        let off = *self.1.lock().unwrap();
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 {
            self.0.now() - by
        } else {
            self.0.now() + by
        }
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    async fn deadline(&self, duration: Duration) {
        self.0.deadline(duration).await;
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}

struct Bench {
    gateway: Gateway,
    client: Client,
    off: Arc<Mutex<i64>>,
}

fn credentials() -> Credentials {
    Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap()
}

/// A client whose clock is this many seconds ahead.
fn bench(ahead: i64) -> Bench {
    let right = TestClock::at(Timestamp::new(START));
    let gateway = Gateway {
        right: right.clone(),
        dated: Arc::new(Mutex::new(Dated::Right)),
        calls: Arc::default(),
        accepted: Arc::default(),
        loses: Arc::default(),
        way: Duration::from_millis(300),
    };
    let off = Arc::new(Mutex::new(ahead));
    let client = Client::new(credentials(), gateway.clone()).with_clock(Off(right, off.clone()));
    Bench {
        gateway,
        client,
        off,
    }
}

impl Bench {
    /// Settles a payout that was never made, with a doubt as young as it can be.
    async fn settles_only_later(&self, since: Timestamp) {
        let settled = self.client.settle(&payout("payout-1"), since).await;
        assert!(
            matches!(settled, Err(SubmitError::Unknown { .. })),
            "{settled:?}"
        );
        let right = &self.gateway.right;
        right.advance(SETTLE_AFTER);
        let settled = self.client.settle(&payout("payout-1"), since).await;
        assert!(
            matches!(settled, Err(SubmitError::Refused { .. })),
            "{settled:?}"
        );
    }

    fn calls(&self) -> u64 {
        self.gateway.calls.swap(0, Ordering::Relaxed)
    }

    fn dated(self, dated: Dated) -> Self {
        *self.gateway.dated.lock().unwrap() = dated;
        self
    }

    async fn read(&self) -> Result<(), Error> {
        self.client.send(&GetCoinList::new()).await.map(drop)
    }

    async fn pay(&self) -> Result<Submitted<RecordId>, SubmitError> {
        self.client.payout(&payout("payout-1")).await
    }
}

fn payout(id: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(id),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "10".parse().unwrap(),
    )
}

proptest! {
    #[test]
    fn any_constant_error_of_a_day_costs_one_call_at_most(
        ahead in -DAY..=DAY,
        way_ms in 0u64..19_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut bench = bench(ahead);
        bench.gateway.way = Duration::from_millis(way_ms);
        bench.client = Client::new(credentials(), bench.gateway.clone())
            .with_clock(Off(bench.gateway.right.clone(), bench.off.clone()));
        runtime.block_on(async {
            bench.read().await.unwrap();
            prop_assert!(bench.calls() <= 2);
            for clone in [bench.client.clone(), bench.client.clone()] {
                clone.send(&GetCoinList::new()).await.unwrap();
                prop_assert_eq!(bench.calls(), 1);
            }
            let right = Timestamp::from_system(bench.gateway.right.now());
            let known = Timestamp::from_system(bench.client.now());
            prop_assert!(known.abs_diff(right) <= 120);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_payout_goes_through_at_the_second_timestamp() {
    for ahead in [-23 * HOUR, 23 * HOUR] {
        let bench = bench(ahead);
        let paid = bench.pay().await.unwrap();
        assert_eq!((paid.proof, paid.attempts.submits), (Proof::Accepted, 1));
        assert_eq!(bench.calls(), 2);
        assert_eq!(bench.gateway.accepted.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_clock_that_jumps_is_learned_anew() {
    let bench = bench(23 * HOUR);
    bench.read().await.unwrap();
    for ahead in [0, -23 * HOUR, 5 * HOUR] {
        bench.calls();
        *bench.off.lock().unwrap() = ahead;
        bench.read().await.unwrap();
        assert_eq!(bench.calls(), 2);
        bench.read().await.unwrap();
        assert_eq!(bench.calls(), 1);
    }
}

#[tokio::test]
async fn without_a_date_of_its_own_the_error_says_so() {
    for dated in [Dated::No, Dated::Aged] {
        let bench = bench(-23 * HOUR).dated(dated);
        let error = bench.read().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "getCoinList failed: the gateway refused our timestamp and gave no Date to correct the clock \
             by; it accepts 120 s"
        );
        assert_eq!(bench.calls(), 1);
        assert!(error.is_clock_skew());
        assert_eq!(error.code(), Some(ErrorCode::ReqExpired));
        assert_eq!(error.outcome(), Outcome::Refused);
        assert_eq!(error.status(), Some(StatusCode::OK));
        assert_eq!(error.message(), Some("ReqExpired"));
        assert!(error.raw_body().is_some());
    }
}

#[tokio::test]
async fn with_the_correction_off_the_error_names_the_skew() {
    for (ahead, words) in [
        (-23 * HOUR, "our clock is 23 h 0 min behind the gateway's"),
        (23 * HOUR, "our clock is 22 h 59 min ahead of the gateway's"),
    ] {
        let mut bench = bench(ahead);
        bench.client = bench.client.with_clock_correction(false);
        let error = bench.read().await.unwrap_err();
        assert_eq!(error.to_string(), format!("getCoinList failed: {words}"));
        assert_eq!(bench.calls(), 1);

        let error = bench.pay().await.unwrap_err();
        let told = error.report().to_string();
        assert!(
            told.starts_with(&format!("payout-1 was refused: {words}: ")),
            "{told}"
        );
        assert_eq!(error.code(), Some(ErrorCode::ReqExpired));
        assert!(matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::Clock { .. },
                ..
            }
        ));
        assert_eq!(bench.calls(), 1);
    }
}

#[tokio::test]
async fn what_is_off_by_more_than_a_day_is_for_a_person() {
    let bench = bench(-3 * DAY);
    let error = bench.read().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("3 d 0 h behind"), "{text}");
    assert_eq!(bench.calls(), 1);
}

#[tokio::test]
async fn a_call_that_may_act_twice_is_not_repeated_but_teaches() {
    let bench = bench(23 * HOUR);
    let raw = || bench.client.raw(GetCoinList::PATH, &());
    let error = raw().await.unwrap_err();
    assert!(matches!(error, Error::Clock { .. }), "{error}");
    assert_eq!(bench.calls(), 1);
    // The gateway of this test has no route of that name.
    let error = raw().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
    assert_eq!(bench.calls(), 1);
}

/// A `Date` is believed only where a timestamp was refused.
#[tokio::test]
async fn a_wrong_date_on_an_accepted_answer_teaches_nothing() {
    let bench = bench(0).dated(Dated::Off(5 * HOUR));
    for _ in 0..3 {
        bench.read().await.unwrap();
        bench.client.payout(&payout("payout-1")).await.unwrap();
    }
    assert_eq!(bench.calls(), 6);
    assert_eq!(
        Timestamp::from_system(bench.client.now()).abs_diff(Timestamp::new(START)),
        1
    );
}

#[tokio::test]
async fn a_wrong_date_on_a_refusal_is_corrected_by_the_next() {
    let bench = bench(23 * HOUR).dated(Dated::Off(5 * HOUR));
    let error = bench.read().await.unwrap_err();
    assert!(error.to_string().contains("ahead"), "{error}");
    assert_eq!((bench.calls(), error.request().attempts), (2, 2));
    let bench = bench.dated(Dated::Right);
    bench.read().await.unwrap();
    assert_eq!(bench.calls(), 2);
}

#[tokio::test]
async fn what_was_learned_belongs_to_one_clock_and_one_gateway() {
    let bench = bench(23 * HOUR);
    bench.read().await.unwrap();
    bench.calls();
    let right = bench.client.clone().with_clock(bench.gateway.right.clone());
    right.send(&GetCoinList::new()).await.unwrap();
    assert_eq!(bench.calls(), 1);
    let elsewhere = (bench.client.clone()).with_origin("http://localhost:1".parse().unwrap());
    elsewhere.send(&GetCoinList::new()).await.unwrap();
    assert_eq!(bench.calls(), 2);
    bench.read().await.unwrap();
    assert_eq!(bench.calls(), 1);
}

/// Nobody documents how v1 refuses a timestamp, so v1 learns no time from refusals and uses what v2
/// learned.
#[tokio::test]
async fn what_v2_learned_holds_for_v1() {
    let bench = bench(23 * HOUR);
    let ask = async || bench.client.send(&CheckUser::new("9454818")).await;
    let error = ask().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Unknown(11_006)));
    assert_eq!(bench.calls(), 1);
    bench.read().await.unwrap();
    ask().await.unwrap_err();
    let accepted = bench.gateway.accepted.lock().unwrap();
    assert_eq!(*accepted, [GetCoinList::OPERATION, CheckUser::OPERATION]);
}

/// A submit that was signed far in the future may be accepted when the gateway's clock gets there:
/// until then its absence proves nothing, however right the time of the lookups is.
#[tokio::test]
async fn a_lost_submit_from_the_future_is_in_doubt_until_then() {
    let mut bench = bench(23 * HOUR);
    let hour = Timeouts::new(20 * SECOND, 3_600 * SECOND);
    bench.client = bench.client.with_timeouts(hour);
    bench
        .gateway
        .loses
        .lock()
        .unwrap()
        .extend([ApplyAppWithdrawToNetwork::OPERATION; 3]);
    let error = bench.pay().await.unwrap_err();
    let SubmitError::Unknown { attempts, .. } = error else {
        panic!("{error}")
    };
    let since = attempts.in_doubt_since.unwrap();
    assert_eq!(since.get(), START + 23 * HOUR as u64);

    // Another process does not do so either, as long as the signature could be accepted.
    let right = Client::new(credentials(), bench.gateway.clone())
        .with_clock(bench.gateway.right.clone())
        .with_timeouts(hour);
    let settled = right.settle(&payout("payout-1"), since).await;
    assert!(
        matches!(settled, Err(SubmitError::Unknown { .. })),
        "{settled:?}"
    );
    bench.gateway.right.advance(Duration::from_secs(23 * 3_600));
    let settled = right.settle(&payout("payout-1"), since).await;
    assert!(
        matches!(settled, Err(SubmitError::Refused { .. })),
        "{settled:?}"
    );
    let accepted = bench.gateway.accepted.lock().unwrap();
    let is_lookup = |name: &&str| *name == GetAppWithdrawRecord::OPERATION;
    assert!(accepted.iter().all(is_lookup));
}

/// A clock that is behind dates a crash, while the requests before it had the right time. So the
/// look-ups have to be later by as much.
#[tokio::test]
async fn a_doubt_that_is_dated_by_a_clock_behind_is_not_settled_early() {
    let bench = bench(-23 * HOUR);
    bench.read().await.unwrap();
    bench
        .gateway
        .loses
        .lock()
        .unwrap()
        .push(ApplyAppWithdrawToNetwork::OPERATION);
    // The process dies in its payout, and the next process dates the death by its own clock.
    drop(
        bench
            .client
            .clone()
            .send_unsettled(&payout("payout-1"))
            .await,
    );
    let crashed = Timestamp::from_system(Off(bench.gateway.right.clone(), bench.off.clone()).now());
    assert!(crashed.get() < START - 22 * HOUR as u64);
    bench.settles_only_later(crashed).await;
}

/// The machine's clock is set while a process settles, and no refused timestamp shows that. A time
/// that was read from it before keeps its real age, whatever the clock shows.
#[tokio::test]
async fn a_clock_that_is_set_right_does_not_make_a_doubt_older() {
    for was_right_before in [false, true] {
        let bench = bench(if was_right_before { 0 } else { -9 * HOUR });
        let shown = || {
            let clock = Off(bench.gateway.right.clone(), bench.off.clone());
            Timestamp::from_system(clock.now())
        };
        if was_right_before {
            bench.read().await.unwrap();
            *bench.off.lock().unwrap() = -9 * HOUR;
            // Any look at the clock.
            let _ = bench.client.now();
        }
        let crashed = shown();
        *bench.off.lock().unwrap() = 0;
        bench.settles_only_later(crashed).await;
    }
}

/// A clock that was ahead, and corrected, is set back. The times that it then shows are behind,
/// until the correction is renewed.
#[tokio::test]
async fn a_corrected_clock_that_is_set_back_does_not_make_a_doubt_older() {
    let bench = bench(9 * HOUR);
    bench.read().await.unwrap();
    *bench.off.lock().unwrap() = 7 * HOUR;
    let crashed = Timestamp::from_system(bench.client.now());
    assert!(crashed.get() < START - HOUR as u64);
    bench.settles_only_later(crashed).await;
}

/// The sandbox's time, but this many hours off.
#[derive(Debug, Clone)]
struct OffSandbox {
    right: SandboxClock,
    hours: i64,
}

#[async_trait]
impl Clock for OffSandbox {
    fn now(&self) -> SystemTime {
        let right = Timestamp::from_system(self.right.now()).get();
        UNIX_EPOCH + Duration::from_secs(right.saturating_add_signed(self.hours * HOUR))
    }

    fn elapsed(&self) -> Duration {
        self.right.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.right.sleep(duration).await;
    }

    async fn deadline(&self, duration: Duration) {
        self.right.deadline(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

#[derive(Clone)]
struct Shop {
    webhook: Webhook,
    client: Client,
    /// By record, since notifications come more than once.
    credited: Arc<Mutex<BTreeMap<String, Amount>>>,
}

impl FromRef<Shop> for Webhook {
    fn from_ref(shop: &Shop) -> Self {
        shop.webhook.clone()
    }
}

async fn notify(
    State(shop): State<Shop>,
    event: Verified<Event>,
) -> Result<Acknowledgement, StatusCode> {
    if let Event::ApiDeposit(deposit) = event.event() {
        let confirmed =
            (deposit.confirm(&shop.client).await).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        if let DepositDecision::Credit(paid) = confirmed.decision() {
            let mut credited = shop.credited.lock().unwrap();
            credited.insert(paid.record_id().to_string(), paid.amount().clone());
        }
    }
    Ok(event.acknowledge())
}

/// An order is paid, announced and credited, and a payout is made, with a clock that is 23 hours
/// wrong on real sockets.
#[tokio::test]
async fn the_main_job_is_done_with_a_clock_that_is_23_hours_wrong() {
    for hours in [-23, 23] {
        let (usdt, polygon) = (CoinId::new(1280), Chain::new("POLYGON"));
        let sandbox = Sandbox::builder()
            .strict()
            .app("app-id", "app-secret")
            .seed(7)
            .start_time(START)
            .setting(Setting::ManualChain(true))
            .balance(usdt.get(), "100")
            .build()
            .unwrap();
        let server = (sandbox.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await).unwrap();
        let clock = OffSandbox {
            right: SandboxClock::new(&sandbox),
            hours,
        };
        let client = Client::new(credentials(), ReqwestTransport::new().unwrap())
            .with_origin(server.origin().parse().unwrap())
            .with_clock(clock);

        let verifier = Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
        let now = client.clone();
        let shop = Shop {
            webhook: Webhook::with_clock(verifier, move || now.now()),
            client: client.clone(),
            credited: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        sandbox.set_webhook_url(format!("http://{address}/notify"));
        let router = (Router::new().route("/notify", post(notify))).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let order = CreateAppOrderDepositAddress::new(
            OrderId::new("order-1"),
            usdt,
            polygon,
            "20".parse().unwrap(),
        );
        let opened = client.send_unsettled(&order).await.unwrap();
        assert_eq!(
            sandbox.requests().len(),
            2,
            "one call more than with a right clock"
        );
        let payment = sandbox.pay(opened.address.as_str(), "20").unwrap();
        sandbox.confirm(&payment.record_id).unwrap();
        sandbox.deliver_due().await;
        let credited = [(payment.record_id, "20".parse().unwrap())];
        assert_eq!(*shop.credited.lock().unwrap(), BTreeMap::from(credited));
        let info = client
            .send(&GetAppOrderInfo::new(OrderId::new("order-1")))
            .await;
        assert_eq!(info.unwrap().paid_list.len(), 1);

        let paid = client.payout(&payout("payout-1")).await.unwrap();
        assert_eq!(paid.proof, Proof::Accepted);
        sandbox.settle_payouts();
        sandbox.deliver_due().await;
        let record = GetAppWithdrawRecord::new(RecordKey::RecordId(paid.created));
        let record = client.send(&record).await.unwrap().record;
        assert_eq!(record.status, WithdrawStatus::Success);
        assert_eq!(sandbox.pending_notifications(), 0);
        let refused = sandbox
            .requests()
            .iter()
            .filter(|it| it.code == Some(11_006))
            .count();
        assert_eq!(refused, 1);
        assert!(sandbox.ledger().is_balanced());

        // With the correction off, the reason is named.
        let stubborn = client.with_clock_correction(false);
        let error = stubborn.send(&GetCoinList::new()).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("our clock is 2") && text.contains("h"),
            "{text}"
        );
        server.shutdown().await;
    }
}
