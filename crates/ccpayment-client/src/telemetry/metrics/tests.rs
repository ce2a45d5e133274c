//! The names, labels and values of all metrics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use ccpayment_core::v2::{ApplyAppWithdrawToNetwork, GetCoinList};
use ccpayment_core::{
    Address, AppId, AppSecret, Chain, CoinId, Credentials, OrderId, Origin, Timestamp,
};
use http::StatusCode;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use super::*;
use crate::{Client, Exchange, Transport};

/// What was recorded, by name and labels.
#[derive(Default, Clone)]
struct Seen(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

struct One(Seen, String);

impl One {
    fn add(&self, value: f64) {
        let mut all = self.0.0.lock().unwrap();
        all.entry(self.1.clone()).or_default().push(value);
    }
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        assert_eq!(value, 1);
        self.add(1.0);
    }

    fn absolute(&self, _: u64) {
        panic!("counters only grow by one");
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Seen {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        Arc::new(One(self.clone(), name))
    }

    fn count(&self, name: &str) -> usize {
        self.0.lock().unwrap().get(name).map_or(0, Vec::len)
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

/// Each exchange takes a quarter of a second, and pauses take no time at all.
#[derive(Debug, Default, Clone)]
struct Quarters(Arc<Mutex<u32>>);

#[async_trait]
impl Clock for Quarters {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap() * Duration::from_millis(250)
    }

    async fn sleep(&self, _: Duration) {}

    async fn deadline(&self, _: Duration) {
        std::future::pending().await
    }

    fn random(&self) -> u64 {
        0
    }
}

/// Answers with these, the last of which stays; without a status, the connection breaks.
struct Line(Mutex<VecDeque<(u16, &'static str)>>, Quarters);

#[async_trait]
impl Transport for Line {
    async fn send(&self, _: Exchange) -> Result<Response<Bytes>, TransportError> {
        *self.1.0.lock().unwrap() += 1;
        let mut answers = self.0.lock().unwrap();
        let (status, body) = if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers[0]
        };
        if status == 0 {
            return Err(TransportError::MaybeSent("reset".into()));
        }
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

fn client(answers: &[(u16, &'static str)]) -> Client {
    let clock = Quarters::default();
    let line = Line(Mutex::new(answers.iter().copied().collect()), clock.clone());
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let origin: Origin = "http://127.0.0.1:8480".parse().unwrap();
    let client = Client::new(credentials, line).with_clock(clock);
    client.with_origin(origin)
}

fn recorded<F: Future>(work: F) -> Seen {
    let seen = Seen::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    metrics::with_local_recorder(&seen, || {
        runtime.block_on(work);
    });
    seen
}

const COINS: &str = r#"{"code":10000,"data":{"coins":[]}}"#;
const OF: &str = "ccpayment.operation=getCoinList";
const TO: &str = "http.request.method=POST server.address=127.0.0.1 server.port=8480";

#[test]
fn calls_are_timed_and_counted_by_name() {
    let seen = recorded(async {
        let client = client(&[(0, ""), (502, "<html>"), (200, COINS)]);
        client.send(&GetCoinList::new()).await.unwrap();
        let refused = self::client(&[(200, r#"{"code":12002}"#)]);
        refused.send(&GetCoinList::new()).await.unwrap_err();
    });
    let expected = [
        (
            format!("ccpayment.client.requests {OF} ccpayment.outcome=done"),
            vec![1.0],
        ),
        (
            format!("ccpayment.client.requests {OF} ccpayment.outcome=refused"),
            vec![1.0],
        ),
        (
            format!("ccpayment.client.retries {OF} error.type=maybe_sent"),
            vec![1.0],
        ),
        (
            format!("ccpayment.client.retries {OF} error.type=no_envelope"),
            vec![1.0],
        ),
        (
            format!("http.client.request.duration {TO} {OF} error.type=maybe_sent"),
            vec![0.25],
        ),
        (
            format!("http.client.request.duration {TO} {OF} http.response.status_code=200"),
            vec![0.25, 0.25],
        ),
        (
            format!("http.client.request.duration {TO} {OF} http.response.status_code=502"),
            vec![0.25],
        ),
    ];
    assert_eq!(*seen.0.lock().unwrap(), BTreeMap::from(expected));
}

#[test]
fn what_the_budget_drops_is_counted() {
    let seen = recorded(async {
        let client = client(&[(0, "")]);
        for _ in 0..60 {
            client.send(&GetCoinList::new()).await.unwrap_err();
        }
    });
    let retries = format!("ccpayment.client.retries {OF} error.type=maybe_sent");
    assert_eq!(seen.count(&retries), 100);
    let dropped = format!("ccpayment.client.retries.throttled {OF}");
    assert_eq!(seen.count(&dropped), 10);
    let unknown = format!("ccpayment.client.requests {OF} ccpayment.outcome=unknown");
    assert_eq!(seen.count(&unknown), 60);
}

#[test]
fn payouts_are_counted_by_their_end() {
    let payout = ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x1"),
        "1".parse().unwrap(),
    );
    let record = r#"{"code":10000,"data":{"record":{"recordId":"r1","withdrawType":"Network",
        "coinId":7,"coinSymbol":"X","chain":"POLYGON","toAddress":"0x1","orderId":"payout-1",
        "txId":"","toMemo":"","status":"Success","amount":"1",
        "fee":{"coinId":1280,"coinSymbol":"USDT","amount":"0"}}}}"#;
    for (outcome, answers) in [
        (
            "done",
            &[(200, r#"{"code":10000,"data":{"recordId":"r1"}}"#)][..],
        ),
        ("refused", &[(200, r#"{"code":14000}"#)]),
        ("conflict", &[(200, r#"{"code":11011}"#), (200, record)]),
    ] {
        let seen = recorded(async {
            let _ = client(answers).payout(&payout).await;
        });
        let name = format!(
            "ccpayment.client.submits ccpayment.operation=applyAppWithdrawToNetwork \
             ccpayment.outcome={outcome}"
        );
        assert_eq!(seen.count(&name), 1, "{outcome}");
    }
    let seen = recorded(async {
        let client = client(&[(502, "")]);
        let since = Timestamp::new(1);
        // Its time is over before it begins.
        let none = crate::Timeouts::new(Duration::ZERO, Duration::ZERO);
        let _ = client.with_timeouts(none).settle(&payout, since).await;
    });
    let all = format!("{:?}", seen.0.lock().unwrap());
    assert!(all.contains("ccpayment.outcome=unknown"), "{all}");
}
