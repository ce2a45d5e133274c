//! Records that notifications do not tell of, or tell of too early.

use std::time::Duration;

use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::{Chain, Client, CoinId, Credentials, OrderId, Timestamp};
use ccpayment_durable::{Reconciler, Worker};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::merchant::{Merchant, ids, postgres, settings, sqlite};
use crate::shop::{Books, Shop};

const DAY: Duration = Duration::from_secs(86_400);
const START: u64 = 1_767_225_600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_silent_days_on_sqlite() {
    let (_folder, store) = sqlite().await;
    ten_silent_days(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_silent_days_on_postgres() {
    if let Some(store) = postgres("silent").await {
        ten_silent_days(store).await;
    }
}

async fn ten_silent_days<S: Shop>(store: S) {
    store.create().await;
    let sandbox = Sandbox::builder()
        .strict()
        .start_time(START)
        .build()
        .unwrap();
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, SandboxTransport::new(&sandbox))
        .with_clock(SandboxClock::new(&sandbox));
    let mut paid = Vec::new();
    for day in 0..10 {
        for number in 0..30 {
            let id = OrderId::new(format!("order-{day}-{number}"));
            let (coin, chain) = (CoinId::new(1280), Chain::new("POLYGON"));
            let order = CreateAppOrderDepositAddress::new(id, coin, chain, "2".parse().unwrap());
            let order = client.submit(&order).await.unwrap();
            let address = order.created.address.to_string();
            paid.push(sandbox.pay(&address, "2").unwrap().record_id);
        }
        sandbox.advance(DAY);
    }
    let reconciler = Reconciler::new(store.clone(), client.clone(), Timestamp::new(START));
    let walked = reconciler.walk().await.unwrap();
    assert_eq!((walked.new, walked.gaps, walked.unreadable), (300, 300, 0));
    // A second walk, with the overlap, finds nothing new.
    assert_eq!(reconciler.walk().await.unwrap().new, 0);
    let worker = Worker::new(store.clone(), Books::<S>::new())
        .merchant(client)
        .settings(settings());
    while worker.work_once().await.unwrap() > 0 {}
    paid.sort_unstable();
    assert_eq!(store.credits().await, paid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_once_and_too_early_on_sqlite() {
    let (_folder, store) = sqlite().await;
    told_once_and_too_early(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_once_and_too_early_on_postgres() {
    if let Some(store) = postgres("early").await {
        told_once_and_too_early(store).await;
    }
}

/// Every notification but the first of each record is lost, and that one says `Processing`.
async fn told_once_and_too_early<S: Shop>(store: S) {
    let merchant = Merchant::of_slow_records(store).await;
    let records = ids("", 300);
    for id in &records {
        let told = merchant.told(id, "Processing");
        merchant.accept(&told).await.unwrap();
    }
    assert!(merchant.worker.work_once().await.unwrap() > 0);
    assert_eq!(merchant.store.credits().await, [""; 0]);
    merchant.credits(&records, async {}).await;
}
