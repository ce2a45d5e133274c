//! A handler that panics or hangs after it has written.

use crate::merchant::{Merchant, ids, postgres, sqlite};
use crate::shop::{Mood, Shop};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goes_wrong_on_sqlite() {
    let (_folder, store) = sqlite().await;
    goes_wrong(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goes_wrong_on_postgres() {
    if let Some(store) = postgres("handler").await {
        goes_wrong(store).await;
    }
}

async fn goes_wrong<S: Shop>(store: S) {
    let merchant = Merchant::new(store).await;
    let records = ids("", 30);
    merchant.accepts(&records).await;
    merchant.books.go_wrong(Mood::Panics, 10);
    merchant.books.go_wrong(Mood::Hangs, 5);
    merchant.credits(&records, async {}).await;
    let left = [Mood::Panics, Mood::Hangs].map(|mood| merchant.books.left(mood));
    assert_eq!(left, [0, 0]);
}
