//! PostgreSQL is gone for a while.

use std::time::Duration;

use ccpayment_sqlx::PostgresStore;
use ccpayment_sqlx::sqlx::postgres::PgPoolOptions;

use crate::cluster::Cluster;
use crate::merchant::{Merchant, ids};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_answer_503_while_postgres_is_gone() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(1));
    let pool = pool.connect(&cluster.url()).await.unwrap();
    let merchant = Merchant::new(PostgresStore::new(pool)).await;
    let records = ids("", 200);
    let gone = async {
        merchant.accepts(&records[..100]).await;
        tokio::task::block_in_place(|| cluster.stop());
        for id in &records[100..105] {
            merchant.refuses(id, "the database failed").await;
        }
        // Longer than the pause of a worker whose store failed.
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::task::block_in_place(|| cluster.go_on());
        merchant.accepts(&records[100..]).await;
    };
    merchant.credits(&records, gone).await;
}
