//! A pool whose only connection somebody else has.

use std::time::Duration;

use ccpayment_sqlx::sqlx::postgres::PgPoolOptions;
use ccpayment_sqlx::{PostgresStore, SqliteStore};

use crate::merchant::{Merchant, ids, postgres_url};
use crate::shop::Shop;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exhausted_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteStore::connect_options(folder.path().join("shop.db"));
    let pool = SqliteStore::pool_options()
        .max_connections(1)
        .acquire_timeout(SHORT);
    let pool = pool.connect_with(options).await.unwrap();
    let store = SqliteStore::new(pool.clone());
    exhausted(store, async || pool.acquire().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exhausted_on_postgres() {
    let Some(url) = postgres_url("exhausted").await else {
        return;
    };
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(SHORT);
    let pool = pool.connect(&url).await.unwrap();
    let store = PostgresStore::new(pool.clone());
    exhausted(store, async || pool.acquire().await.unwrap()).await;
}

async fn exhausted<S: Shop, C>(store: S, take: impl AsyncFn() -> C) {
    let merchant = Merchant::new(store).await;
    let records = ids("", 20);
    merchant.accepts(&records[..10]).await;
    let connection = take().await;
    merchant.refuses(&records[10], "pool timed out").await;
    merchant.does_not_work().await;
    drop(connection);
    merchant.accepts(&records[10..]).await;
    merchant.credits(&records, async {}).await;
}
