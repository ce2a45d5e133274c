//! `Fixture`, a database of a test's own, and what tests put into it.

use std::time::Duration;

use ccpayment_sqlx::InvalidName;
use ccpayment_sqlx::durable::client::core::{AppId, Version};
use ccpayment_sqlx::durable::{Claim, Entry, EntryKey, NewEntry, Queue, Step, Store, StoreError};

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A database that a test has for itself, with a store in it.
pub(crate) trait Fixture: Sized {
    type Store: Store;
    /// The type of bytes.
    const BLOB: &'static str;

    /// Whether one transaction alone can write at a time.
    const ONE_WRITER: bool;

    /// Whose tables are there. The test's name makes it its own. None where there is no server.
    async fn migrated(test: &str) -> Option<Self> {
        let fixture = Self::empty(test).await?;
        fixture.migrate(fixture.store()).await.unwrap();
        Some(fixture)
    }

    /// As [`Self::migrated`], without tables.
    async fn empty(test: &str) -> Option<Self>;

    fn store(&self) -> &Self::Store;

    /// Another store in the same database.
    fn named(&self, name: &str) -> Result<Self::Store, InvalidName>;

    async fn migrate(&self, store: &Self::Store) -> Result<(), StoreError>;

    async fn check(&self, store: &Self::Store) -> Result<(), StoreError>;

    /// Runs SQL outside of transactions. `{entry}` and the like are the tables of the store.
    async fn run(&self, sql: &str);

    /// Runs SQL in a transaction, as a merchant does.
    async fn run_in(&self, tx: &mut <Self::Store as Store>::Tx, sql: &str);

    /// The number that SQL asks for.
    async fn number(&self, sql: &str) -> i64;
}

/// Puts the names of the tables in.
pub(crate) fn fill(sql: &str, table: impl Fn(&str) -> String) -> String {
    let tables = [
        "entry",
        "received",
        "delivery",
        "kept_key",
        "position",
        "schema_version",
    ];
    let mut sql = sql.to_owned();
    for name in tables {
        sql = sql.replace(&format!("{{{name}}}"), &table(name));
    }
    // A table of the merchant's.
    sql.replace("{shop}", &table("shop"))
}

pub(crate) fn app_id() -> AppId {
    AppId::new("app")
}

pub(crate) fn deposit(id: &str) -> EntryKey {
    EntryKey::inbox(&app_id(), Version::V2, "deposit", id)
}

pub(crate) fn payout(id: &str) -> EntryKey {
    EntryKey::outbox(&app_id(), Version::V2, "applyAppWithdrawToNetwork", id)
}

pub(crate) fn new(key: EntryKey) -> NewEntry {
    let step = match key.queue {
        Queue::Outbox => Step::Planned,
        _ => Step::Received,
    };
    NewEntry::new(key, step, "a body".into())
}

/// Puts entries in, one transaction each, and tells which were the first of their key.
pub(crate) async fn put<S: Store>(store: &S, keys: &[EntryKey]) -> Vec<bool> {
    let mut first = Vec::new();
    for key in keys {
        let mut tx = store.begin().await.unwrap();
        first.push(store.put(&mut tx, &new(key.clone())).await.unwrap());
        store.commit(tx).await.unwrap();
    }
    first
}

/// Claims entries of the inbox.
pub(crate) async fn claim<S: Store>(store: &S, limit: u32) -> Vec<Entry> {
    claim_of(store, Queue::Inbox, limit).await
}

pub(crate) async fn claim_of<S: Store>(store: &S, queue: Queue, limit: u32) -> Vec<Entry> {
    let claim = Claim::new(app_id(), queue, limit, LEASE);
    store.claim(&claim).await.unwrap()
}

pub(crate) fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.id.as_str()).collect()
}

/// Does one thing in a transaction of its own, and commits it.
macro_rules! once {
    ($store:expr, $method:ident($($argument:expr),*)) => {{
        let mut tx = $store.begin().await.unwrap();
        let result = $store.$method(&mut tx, $($argument),*).await.unwrap();
        $store.commit(tx).await.unwrap();
        result
    }};
}
pub(crate) use once;
