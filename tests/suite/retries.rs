//! Tests which calls are made again, how, and for how long, under a clock that a test sets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::raw::PreparedRequest;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, GetAppWithdrawRecord, GetCoinList, GetOrCreateAppDepositAddress,
};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, Clock, CoinId, Credentials, ErrorCode, Exchange,
    OrderId, Outcome, ReferenceId, Request, RetryPolicy, Timeouts, Timestamp, Transport,
    TransportError,
};
use ccpayment_testing::TestClock;
use http::{HeaderMap, Response, StatusCode};
use proptest::prelude::*;

const START: Timestamp = Timestamp::new(1_767_225_600);
const SECOND: Duration = Duration::from_secs(1);

/// The fate of one call on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Coins,
    Accepted,
    NotSent,
    Lost,
    TimedOut,
    TooLong,
    Refused(u64),
    Unreadable,
    Page(u16),
    /// A page with this `Retry-After`.
    Busy(u16, &'static str),
}

/// Answers from a list, whose last entry stays, and keeps the requests and their times.
#[derive(Clone)]
struct Line {
    fates: Arc<Mutex<VecDeque<Fate>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    clock: TestClock,
}

struct Sent {
    operation: &'static str,
    at: Duration,
    timeout: Duration,
    headers: HeaderMap,
    body: Bytes,
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let fate = {
            let mut fates = self.fates.lock().unwrap();
            let next = (fates.len() > 1).then(|| fates.pop_front().unwrap());
            next.unwrap_or_else(|| fates[0])
        };
        self.sent.lock().unwrap().push(Sent {
            operation: exchange.operation,
            at: self.clock.elapsed(),
            timeout: exchange.timeout,
            headers: exchange.request.headers().clone(),
            body: exchange.request.body().clone(),
        });
        let page = |status: u16| Response::builder().status(status);
        let json = |text: String| page(200).body(text.into()).unwrap();
        Ok(match fate {
            Fate::NotSent => return Err(TransportError::NotSent("refused".into())),
            Fate::Lost => return Err(TransportError::MaybeSent("reset".into())),
            Fate::TimedOut => {
                self.clock.advance(exchange.timeout);
                let after = exchange.timeout;
                return Err(TransportError::TimedOut { after });
            }
            Fate::TooLong => return Err(TransportError::TooLarge { limit: 1 }),
            Fate::Coins => json(r#"{"code":10000,"msg":"success","data":{"coins":[]}}"#.into()),
            Fate::Accepted => json(r#"{"code":10000,"data":{"recordId":"r1"}}"#.into()),
            Fate::Refused(code) => json(format!(r#"{{"code":{code},"msg":"words"}}"#)),
            Fate::Unreadable => json(r#"{"code":10000,"msg":"success","data":7}"#.into()),
            Fate::Page(status) => page(status).body("<html>".into()).unwrap(),
            Fate::Busy(status, wait) => page(status)
                .header("retry-after", wait)
                .body("<html>".into())
                .unwrap(),
        })
    }
}

struct Bench {
    line: Line,
    clock: TestClock,
    client: Client,
}

fn credentials() -> Credentials {
    Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap()
}

fn bench(fates: &[Fate]) -> Bench {
    let clock = TestClock::at(START);
    let line = Line {
        fates: Arc::new(Mutex::new(fates.iter().copied().collect())),
        sent: Arc::default(),
        clock: clock.clone(),
    };
    let client = Client::new(credentials(), line.clone()).with_clock(clock.clone());
    Bench {
        line,
        clock,
        client,
    }
}

impl Bench {
    fn sent(&self) -> usize {
        self.line.sent.lock().unwrap().len()
    }

    fn up_to(mut self, attempts: u32) -> Self {
        self.client = self.client.with_retry_policy(RetryPolicy::up_to(attempts));
        self
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

/// Each class, as a caller meets it.
#[tokio::test]
async fn each_class_repeats_what_harms_nobody() {
    const HARMLESS: [usize; 4] = [3, 3, 1, 1];
    const DID_NOTHING: [usize; 4] = [3, 3, 3, 1];
    const NEVER: [usize; 4] = [1; 4];
    let address = GetOrCreateAppDepositAddress::new(ReferenceId::new("user-77"), Chain::new("ETH"));
    for (fate, expected) in [
        (Fate::NotSent, DID_NOTHING),
        (Fate::Lost, HARMLESS),
        (Fate::TimedOut, HARMLESS),
        (Fate::TooLong, NEVER),
        (Fate::Unreadable, NEVER),
        (Fate::Page(200), HARMLESS),
        (Fate::Page(302), NEVER),
        (Fate::Page(403), NEVER),
        (Fate::Page(429), HARMLESS),
        (Fate::Page(502), HARMLESS),
        (Fate::Busy(503, "1"), HARMLESS),
        (Fate::Refused(11_004), DID_NOTHING),
        (Fate::Refused(11_018), DID_NOTHING),
        (Fate::Refused(11_002), HARMLESS),
        (Fate::Refused(10_001), NEVER),
        (Fate::Refused(11_006), NEVER),
        (Fate::Refused(13_004), NEVER),
        (Fate::Refused(14_000), NEVER),
        (Fate::Refused(99_999), NEVER),
    ] {
        let counts = [
            {
                let bench = bench(&[fate]);
                bench.client.send(&GetCoinList::new()).await.unwrap_err();
                bench.sent()
            },
            {
                let bench = bench(&[fate]);
                bench.client.send(&address).await.unwrap_err();
                bench.sent()
            },
            {
                let bench = bench(&[fate]);
                bench.client.send_unsettled(&payout()).await.unwrap_err();
                bench.sent()
            },
            {
                // Nobody knows what it does.
                let bench = bench(&[fate]);
                let error = bench.client.raw("/ccpayment/v2/new", &()).await.err();
                assert!(error.is_none_or(|error| error.request().attempts == 1));
                bench.sent()
            },
        ];
        assert_eq!(counts, expected, "{fate:?}");
    }
}

#[tokio::test]
async fn each_attempt_signs_the_same_bytes_afresh() {
    let bench = bench(&[Fate::Lost, Fate::Busy(429, "3"), Fate::Coins]);
    bench.client.send(&GetCoinList::new()).await.unwrap();
    let sent = bench.line.sent.lock().unwrap();
    assert_eq!(sent.len(), 3);
    let prepared = PreparedRequest::new(&GetCoinList::new()).unwrap();
    for one in &*sent {
        let at = Timestamp::new(START.get() + one.at.as_secs());
        let again = prepared.sign(&"http://localhost".parse().unwrap(), &credentials(), at);
        let again = again.unwrap();
        assert_eq!(one.body, again.body());
        assert_eq!(&one.headers, again.headers());
    }
    assert_ne!(sent[1].headers["timestamp"], sent[2].headers["timestamp"]);
    assert_ne!(sent[1].headers["sign"], sent[2].headers["sign"]);
}

#[tokio::test]
async fn an_error_says_how_often_it_was_tried() {
    let unlucky = bench(&[Fate::Lost, Fate::Page(502), Fate::Refused(13_000)]);
    let error = unlucky.client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(error.request().attempts, 3);
    assert_eq!(error.code(), Some(ErrorCode::InvalidCoin));
    let once = bench(&[Fate::Lost]).up_to(0);
    let error = once.client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!((error.request().attempts, once.sent()), (1, 1));
}

#[tokio::test]
async fn retry_after_is_waited_at_least_in_both_forms() {
    let busy = Fate::Busy(503, "Thu, 01 Jan 2026 00:00:30 GMT");
    for (fates, least) in [
        ([Fate::Busy(429, "7"), Fate::Coins], 7),
        ([busy, Fate::Coins], 30),
    ] {
        let bench = bench(&fates);
        bench.client.send(&GetCoinList::new()).await.unwrap();
        let waited = bench.line.sent.lock().unwrap()[1].at;
        assert!(
            waited >= least * SECOND && waited < (least + 1) * SECOND,
            "{waited:?}"
        );
    }
}

#[tokio::test]
async fn what_would_outlast_the_deadline_is_not_waited_for() {
    let bench = bench(&[Fate::Busy(503, "60")]);
    let error = bench.client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!((bench.clock.elapsed(), bench.sent()), (Duration::ZERO, 1));
}

#[tokio::test]
async fn no_call_outlives_its_deadline() {
    let timeouts = Timeouts::new(20 * SECOND, 45 * SECOND);
    let bench = bench(&[Fate::TimedOut]).up_to(100);
    let client = bench.client.clone().with_timeouts(timeouts);
    let error = client.send(&GetCoinList::new()).await.unwrap_err();
    assert!(bench.clock.elapsed() <= 45 * SECOND, "{error}");
    let sent = bench.line.sent.lock().unwrap();
    assert_eq!(sent.len(), 3);
    for one in &*sent {
        assert!(one.at + one.timeout <= 45 * SECOND);
    }
}

/// An outage does not multiply traffic, whichever clone meets it. Reads that use up the budget do
/// not take it from payouts.
#[tokio::test]
async fn an_outage_uses_up_the_budget_of_reads_alone() {
    let bench = bench(&[Fate::NotSent]);
    for _ in 0..1_000 {
        let clone = bench.client.clone();
        clone.send(&GetCoinList::new()).await.unwrap_err();
    }
    assert_eq!(bench.sent(), 1_000 + 100);
    bench.client.send_unsettled(&payout()).await.unwrap_err();
    assert_eq!(bench.sent(), 1_100 + 3);

    // A success pays for repeats again.
    let fates = &bench.line.fates;
    fates.lock().unwrap()[0] = Fate::Coins;
    for _ in 0..5 {
        bench.client.send(&GetCoinList::new()).await.unwrap();
    }
    fates.lock().unwrap()[0] = Fate::NotSent;
    let before = bench.sent();
    bench.client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(bench.sent() - before, 2);
}

/// A success gives back what its own repeats took, and one token more.
#[tokio::test]
async fn a_success_after_repeats_leaves_the_budget_one_token_richer() {
    let read = GetCoinList::new();
    for (before, cost) in [
        (vec![Fate::NotSent], 5),
        (vec![Fate::TimedOut], 10),
        (vec![Fate::NotSent, Fate::Lost], 10),
        (vec![Fate::Lost, Fate::TimedOut], 15),
    ] {
        let bench = bench(&[Fate::NotSent]);
        let fates = &bench.line.fates;
        for _ in 0..50 {
            bench.client.send(&read).await.unwrap_err();
        }
        // No token is left. This many successes pay for just these repeats.
        *fates.lock().unwrap() = [Fate::Coins].into();
        for _ in 0..cost {
            bench.client.send(&read).await.unwrap();
        }
        let repeats = before.len();
        *fates.lock().unwrap() = before.iter().copied().chain([Fate::Coins]).collect();
        let sent = bench.sent();
        bench.client.send(&read).await.unwrap();
        assert_eq!(bench.sent() - sent, repeats + 1, "{before:?}");
        // The repeats use up the tokens, five at a time, until one is left.
        *fates.lock().unwrap() = [Fate::NotSent].into();
        let once = bench
            .client
            .clone()
            .with_retry_policy(RetryPolicy::up_to(2));
        let sent = bench.sent();
        for _ in 0..10 {
            once.send(&read).await.unwrap_err();
        }
        assert_eq!(bench.sent() - sent, 10 + cost / 5, "{before:?}");
        *fates.lock().unwrap() = [Fate::Coins].into();
        for _ in 0..4 {
            bench.client.send(&read).await.unwrap();
        }
        *fates.lock().unwrap() = [Fate::NotSent].into();
        let sent = bench.sent();
        once.send(&read).await.unwrap_err();
        assert_eq!(bench.sent() - sent, 2, "{before:?}: one and four are five");
    }
}

#[tokio::test]
async fn a_payout_waits_as_long_as_it_is_asked_to() {
    let fates = [
        Fate::Busy(429, "20"),
        Fate::Refused(11_003),
        Fate::Refused(14_000),
    ];
    let bench = bench(&fates);
    let error = bench.client.payout(&payout()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Unknown(_)), "{error}");
    {
        let sent = bench.line.sent.lock().unwrap();
        let first: Vec<_> = sent.iter().map(|one| one.operation).take(2).collect();
        assert_eq!(
            first,
            [
                ApplyAppWithdrawToNetwork::OPERATION,
                GetAppWithdrawRecord::OPERATION
            ]
        );
        assert!(sent[1].at >= 20 * SECOND);
    }

    // There is no use in waiting: the time is over before. The client still asks for the record
    // once.
    let bench = self::bench(&[Fate::Busy(503, "61")]);
    let error = bench.client.payout(&payout()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Unknown(_)), "{error}");
    assert_eq!((bench.clock.elapsed(), bench.sent()), (Duration::ZERO, 2));
}

/// A payout is bounded by its own rules and needs no budget.
#[tokio::test]
async fn a_payout_is_made_when_every_budget_is_used_up() {
    let bench = bench(&[Fate::NotSent]);
    for _ in 0..200 {
        bench.client.send_unsettled(&payout()).await.unwrap_err();
        bench.client.send(&GetCoinList::new()).await.unwrap_err();
    }
    assert_eq!(bench.sent(), 2 * (200 + 100));
    let fates = [
        Fate::NotSent,
        Fate::Lost,
        Fate::Refused(11_003),
        Fate::Accepted,
    ];
    *bench.line.fates.lock().unwrap() = fates.into();
    let paid = bench.client.payout(&payout()).await.unwrap();
    assert_eq!((paid.attempts.submits, paid.attempts.lookups), (3, 1));
}

fn fate() -> impl Strategy<Value = Fate> {
    let codes = ErrorCode::ALL.iter().map(|code| code.code());
    let codes: Vec<u64> = codes.filter(|code| *code != 10_000).collect();
    prop_oneof![
        3 => Just(Fate::NotSent),
        1 => prop_oneof![Just(Fate::Lost), Just(Fate::TimedOut), Just(Fate::TooLong)],
        1 => Just(Fate::Unreadable),
        2 => prop_oneof![Just(200), Just(302), Just(408), Just(429), Just(502)].prop_map(Fate::Page),
        2 => prop_oneof![Just(11_004), Just(11_018)].prop_map(Fate::Refused),
        2 => proptest::sample::select(codes).prop_map(Fate::Refused),
    ]
}

proptest! {
    /// A doubt ends a call that acts. The attempts before it did nothing, and no later answer can
    /// replace it.
    #[test]
    fn the_outcome_of_the_last_attempt_is_that_of_the_call(
        fates in proptest::collection::vec(fate(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bench = bench(&fates).up_to(20);
        let error = runtime.block_on(bench.client.send_unsettled(&payout())).unwrap_err();
        let doubtful = |fate: &Fate| match *fate {
            Fate::NotSent => false,
            Fate::Refused(code) => {
                ErrorCode::from(code).retry() == ccpayment::Retry::CheckRecord
            }
            _ => true,
        };
        let seen = &fates[..bench.sent().min(fates.len())];
        let doubts = seen.iter().filter(|fate| doubtful(fate)).count();
        let is_unknown = matches!(error.outcome(), Outcome::Unknown(_));
        prop_assert_eq!(doubts, usize::from(is_unknown), "{:?}: {}", seen, error);
        prop_assert_eq!(error.request().attempts as usize, bench.sent());
    }
}
