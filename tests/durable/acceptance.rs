//! A hundred thousand deliveries of ten thousand records: ten thousand credits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ccpayment_sqlx::PostgresStore;
use ccpayment_sqlx::sqlx;
use ccpayment_sqlx::sqlx::postgres::PgPoolOptions;
use futures_util::future::join_all;

use crate::cluster::Cluster;
use crate::merchant::{Delivery, Merchant, ids, sqlite};
use crate::shop::Shop;

/// The notifications of each record, the first time and again.
const TOLD: [(&str, usize); 2] = [("Processing", 3), ("Success", 7)];
const CALLERS: usize = 32;
const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_deliveries_on_sqlite() {
    let (_folder, store) = sqlite().await;
    let synchronous = sqlx::query_scalar("PRAGMA synchronous").fetch_one(store.pool());
    let synchronous: i64 = synchronous.await.unwrap();
    assert_eq!(synchronous, 2, "FULL");
    are_credited_once(store, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_deliveries_on_postgres_that_is_restarted() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    // Shorter than the time that the server is away.
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500));
    let pool = pool.connect(&cluster.url()).await.unwrap();
    let cluster = Arc::new(cluster);
    let restart = || {
        let cluster = Arc::clone(&cluster);
        std::thread::spawn(move || {
            cluster.stop();
            std::thread::sleep(Duration::from_secs(2));
            cluster.go_on();
        });
    };
    let again = are_credited_once(PostgresStore::new(pool), restart).await;
    assert!(again > 0, "the restart hit no delivery");
}

/// Says how many deliveries were not acknowledged, and came again.
async fn are_credited_once<S: Shop>(store: S, in_the_middle: impl Fn()) -> usize {
    let merchant = Merchant::new(store).await;
    let records = ids("", 10_000);
    let told: Vec<_> = (records.iter())
        .flat_map(|id| TOLD.map(|(status, times)| (merchant.told(id, status), times)))
        .collect();
    let mut order: Vec<&Delivery> = (told.iter())
        .flat_map(|(delivery, times)| std::iter::repeat_n(delivery, *times))
        .collect();
    fastrand::Rng::with_seed(SEED).shuffle(&mut order);
    assert_eq!(order.len(), 100_000);
    let middle = order.len() / 2;
    let waiting = Mutex::new(VecDeque::from(order));
    let again = Mutex::new(0);
    let start = Instant::now();
    let call = async || {
        loop {
            let (delivery, left) = {
                let mut waiting = waiting.lock().unwrap();
                let Some(delivery) = waiting.pop_front() else {
                    return;
                };
                (delivery, waiting.len())
            };
            if left == middle && *again.lock().unwrap() == 0 {
                in_the_middle();
            }
            if let Err(error) = merchant.accept(delivery).await {
                assert_eq!(error.status(), 503, "{error}");
                waiting.lock().unwrap().push_back(delivery);
                *again.lock().unwrap() += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    let deliver = async {
        join_all((0..CALLERS).map(|_| call())).await;
        println!("seed {SEED}: all acknowledged after {:?}", start.elapsed());
    };
    merchant.credits(&records, deliver).await;
    let again = again.into_inner().unwrap();
    println!(
        "all credited after {:?}, {again} delivered again",
        start.elapsed()
    );
    again
}
