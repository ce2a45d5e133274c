//! Merchants and workers that share a store, an outage of the gateway, and what is pruned.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ccpayment_durable::client::Clock;
use ccpayment_durable::client::core::Version;
use ccpayment_durable::{EntryKey, NewEntry, Queue, Report, State, Step, Store, Worker, kind};
use ccpayment_sandbox::{Sandbox, Setting};

use crate::failing::Failing;
use crate::shop::Shop;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn two_merchants_share_a_store_and_a_worker() {
    let first = Shop::new();
    let sandbox = Sandbox::builder().strict().app("other-app", "other-secret");
    let other = Shop::with(sandbox.seed(9));
    let other = Shop::on(other.sandbox.clone(), first.store.clone());
    let worker = Worker::new(first.store.clone(), first.code.clone())
        .merchant(first.client.clone())
        .merchant(other.client.clone());
    let ids = [
        first.paid("order-1", "20").await,
        other.paid("order-1", "30").await,
    ];
    for shop in [&first, &other] {
        shop.sandbox.confirm_all();
        assert!(shop.deliver().await > 0);
    }
    for _ in 0..10 {
        worker.work_once().await.unwrap();
        first.sandbox.advance(Duration::from_secs(60));
        other.sandbox.advance(Duration::from_secs(60));
    }
    let mut credits = first.books().await.credits;
    credits.sort_by(|one, other| one.1.cmp(&other.1));
    let credits: Vec<_> = credits.iter().map(|it| (it.0.as_str(), &*it.1)).collect();
    assert_eq!(credits, [(&*ids[0], "20"), (&*ids[1], "30")]);
}

#[tokio::test]
async fn two_workers_share_the_entries() {
    let shop = Shop::new();
    let other = shop.restarted();
    for number in 0..40 {
        shop.paid(&format!("order-{number}"), "20").await;
    }
    shop.sandbox.confirm_all();
    shop.deliver().await;
    // Each takes what the other has not: nobody waits, and nothing is done twice.
    let (mut ours, mut theirs) = (0, 0);
    for _ in 0..4 {
        let (one, two) = (shop.worker.work_once(), other.worker.work_once());
        let (one, two) = futures_util::future::join(one, two).await;
        ours += one.unwrap();
        theirs += two.unwrap();
    }
    assert_eq!(ours + theirs, 40);
    assert!(ours > 0 && theirs > 0, "{ours} and {theirs}");
    assert_eq!(shop.books().await.credits.len(), 40);
}

#[tokio::test]
async fn an_outage_of_a_day_parks_nothing() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    shop.sandbox.confirm_all();
    shop.deliver().await;
    // A fault of the gateway.
    shop.sandbox
        .set(Setting::RefuseEverything(Some(11_002)))
        .unwrap();
    for _quarter in 0..96 {
        shop.worker.work_once().await.unwrap();
        shop.sandbox.advance(HOUR / 4);
    }
    let states = shop.state_of(Queue::Inbox).await;
    assert!(matches!(states[..], [(State::Open, Some(_))]), "{states:?}");
    shop.sandbox.set(Setting::RefuseEverything(None)).unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 1);
}

#[tokio::test]
async fn what_is_told_again_after_it_was_pruned_credits_nothing() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    shop.sandbox.confirm_all();
    let told = shop.sandbox.due_notifications();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 1);
    shop.sandbox.advance(24 * HOUR);
    assert_eq!(shop.store.prune(HOUR, 100).await.unwrap(), 1);
    assert!(shop.state_of(Queue::Inbox).await.is_empty());

    shop.sandbox
        .resend_notification(&told[0].record_id)
        .unwrap();
    assert_eq!(shop.deliver().await, 1);
    shop.work(HOUR).await;
    let states = shop.state_of(Queue::Inbox).await;
    assert_eq!(states, [(State::Done, Some("credited".into()))]);
    assert_eq!(shop.books().await.credits.len(), 1);
}

/// A clock whose pauses are over at once.
#[derive(Debug, Clone, Default)]
struct Quick(Arc<AtomicU64>);

#[async_trait]
impl Clock for Quick {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::task::yield_now().await;
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn random(&self) -> u64 {
        0
    }
}

/// The database's clock may be set back while the worker runs.
#[tokio::test]
async fn a_worker_that_runs_looks_for_a_clock_that_was_set_back_again_and_again() {
    let shop = Shop::new();
    let (store, clock) = (Failing::new(shop.store.clone()), Quick::default());
    let worker = Worker::new(store.clone(), shop.code.clone())
        .merchant(shop.client.clone())
        .clock(clock.clone());
    let an_hour = async {
        while clock.elapsed() < HOUR {
            tokio::task::yield_now().await;
        }
    };
    worker.run(an_hour).await;
    let mends = store.mends.load(Ordering::SeqCst);
    assert!((60..=200).contains(&mends), "{mends}");
}

/// A clock whose pauses never end.
#[derive(Debug, Clone)]
struct Endless;

#[async_trait]
impl Clock for Endless {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }

    fn random(&self) -> u64 {
        0
    }
}

/// It would otherwise wait for the next look.
#[tokio::test]
async fn what_is_committed_right_after_a_claim_is_worked_on_at_once() {
    let shop = Shop::new();
    let store = Failing::new(shop.store.clone());
    let worker = Worker::new(store.clone(), shop.code.clone())
        .merchant(shop.client.clone())
        .clock(Endless);
    let key = EntryKey::inbox(
        &shop.sandbox.app_id().into(),
        Version::V2,
        kind::NOTICE,
        "1",
    );
    let entry = NewEntry::new(key, Step::Received, bytes::Bytes::from_static(b"{}"));
    *store.after_claim.lock().unwrap() = Some(entry);
    let told = async {
        for _ in 0..1_000 {
            if !shop.books().await.notices.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    worker.run(told).await;
    assert_eq!(shop.books().await.notices, ["{}"]);
}

/// Of each gauge its labels.
#[derive(Default)]
struct Gauges(Mutex<Vec<String>>);

impl metrics::Recorder for Gauges {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::noop()
    }

    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        self.0.lock().unwrap().push(key.to_string());
        metrics::Gauge::noop()
    }

    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[tokio::test]
async fn the_gauges_of_two_merchants_are_two() {
    let shop = Shop::new();
    let mut tx = shop.store.begin().await.unwrap();
    for app_id in ["one", "two"] {
        let key = EntryKey::inbox(&app_id.into(), Version::V2, kind::DEPOSIT, "1");
        let entry = NewEntry::new(key, Step::Received, bytes::Bytes::new());
        shop.store.put(&mut tx, &entry).await.unwrap();
    }
    shop.store.commit(tx).await.unwrap();
    let report = Report::read(&shop.store).await.unwrap();
    let gauges = Gauges::default();
    metrics::with_local_recorder(&gauges, || report.record_metrics());
    let mut set = gauges.0.into_inner().unwrap();
    set.sort();
    let all = set.len();
    set.dedup();
    assert_eq!((set.len(), all), (5, 5), "{set:?}");
}
