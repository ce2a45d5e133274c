//! SQLite's file: on a full disk, read-only, and locked by somebody else.

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use ccpayment_durable::Store as _;
use ccpayment_sqlx::SqliteStore;
use ccpayment_sqlx::sqlx;
use ccpayment_sqlx::sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::merchant::{Merchant, ids, sqlite};
use crate::shop::Shop as _;

/// A store over the same file or a new one, with other options.
async fn store_in(
    folder: &TempDir,
    connections: u32,
    change: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
) -> SqliteStore {
    let options = SqliteStore::connect_options(folder.path().join("shop.db"));
    let pool = SqliteStore::pool_options().max_connections(connections);
    SqliteStore::new(pool.connect_with(change(options)).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_pages() {
    let folder = tempfile::tempdir().unwrap();
    // The pragma belongs to a connection, so there is only one.
    let store = store_in(&folder, 1, |it| it.pragma("max_page_count", "80")).await;
    is_full(store.clone(), "disk is full", async || {
        let mut tx = store.begin().await.unwrap();
        let more = sqlx::raw_sql("PRAGMA max_page_count = 1000000");
        more.execute(&mut *tx).await.unwrap();
        store.commit(tx).await.unwrap();
    })
    .await;
}

/// A small file system in memory. SQLite's log alone takes four megabytes of it.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(folder.path())
            .output();
        if mount.is_ok_and(|it| it.status.success()) {
            return Some(Self(folder));
        }
        // Not by the printing macros: a passing test does not show their output.
        let what = "TEST OF A FULL FILE SYSTEM SKIPPED: none can be mounted";
        let _ = writeln!(std::io::stderr(), "{what}");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_file_system() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![7; 12_300_000]).unwrap();
    let store = store_in(&disk.0, 4, |it| it).await;
    is_full(store, "disk", async || {
        std::fs::remove_file(&ballast).unwrap();
    })
    .await;
}

/// Fills a disk with deliveries, works on it while it is full, and goes on when there is room.
async fn is_full(store: SqliteStore, why: &str, make_room: impl AsyncFn()) {
    let merchant = Merchant::new(store).await;
    let records = ids("", 3_000);
    let mut taken = 0;
    for id in &records {
        if merchant
            .accept(&merchant.told(id, "Success"))
            .await
            .is_err()
        {
            break;
        }
        taken += 1;
    }
    assert!((20..3_000).contains(&taken), "{taken} were taken");
    merchant.refuses(&records[taken], why).await;
    for _ in 0..3 {
        // An entry that it can't write comes back when its lease ends.
        let _ = merchant.worker.work_once().await;
    }
    let early = merchant.store.credits().await.len();
    assert!(early <= taken, "{early} of {taken}");

    make_room().await;
    let records = &records[..taken + 50];
    // All are delivered again, those acknowledged and those not.
    merchant.accepts(records).await;
    merchant.credits(records, async {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_not_be_written() {
    let (folder, store) = sqlite().await;
    let merchant = Merchant::new(store).await;
    let records = ids("", 20);
    merchant.accepts(&records[..10]).await;
    let unwritable = Merchant::over(store_in(&folder, 4, |it| it.read_only(true)).await);
    unwritable.refuses(&records[10], "readonly").await;
    unwritable.does_not_work().await;
    assert_eq!(unwritable.open().await, 10);
    merchant.accepts(&records[10..]).await;
    merchant.credits(&records, async {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_for_longer_than_the_busy_timeout() {
    let (folder, other) = sqlite().await;
    let short = Duration::from_millis(100);
    let store = store_in(&folder, 4, |it| it.busy_timeout(short)).await;
    let merchant = Merchant::new(store).await;
    let records = ids("", 20);
    merchant.accepts(&records[..10]).await;
    let tx = other.begin().await.unwrap();
    merchant.refuses(&records[10], "database is locked").await;
    merchant.does_not_work().await;
    assert_eq!(merchant.open().await, 10, "reading goes on");
    drop(tx);
    merchant.accepts(&records[10..]).await;
    merchant.credits(&records, async {}).await;
}
