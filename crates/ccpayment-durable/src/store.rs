//! `Store`, what a database has to do, and `StoreError`.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::core::{AppId, Timestamp};

use crate::counts::{Count, Row};
use crate::entry::{Change, Delivery, Entry, EntryKey, NOT_CREDITED, NewEntry, Queue, State, Step};

/// Why a store could not do what it was asked to. Nothing of the transaction was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database could not be reached, refused, or failed.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what this version can't read.
    #[error("a row of the store can't be read: {0}")]
    Unreadable(String),
    /// The tables are of another version than this program.
    #[error("the tables are at version {found}, and this program needs {needed}")]
    Schema {
        /// The version of the tables; 0 where there are none.
        found: i64,
        /// The version that this program was built for.
        needed: i64,
    },
}

impl StoreError {
    /// An error of a database's driver.
    pub fn database(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Database(error.into())
    }
}

/// A claim: whose entries, how many at most, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// The merchant.
    pub app_id: AppId,
    /// Inbox or outbox.
    pub queue: Queue,
    /// How many at most.
    pub limit: u32,
    /// How long nobody else may take them, by the database's clock.
    pub lease: Duration,
}

impl Claim {
    /// So many of this merchant's entries, for so long.
    #[must_use]
    pub fn new(app_id: AppId, queue: Queue, limit: u32, lease: Duration) -> Self {
        Self {
            app_id,
            queue,
            limit,
            lease,
        }
    }
}

/// What a database has to do for inbox and outbox.
///
/// The rules are this crate's; a store only keeps rows. `ccpayment-sqlx` has two, and
/// `MemoryStore` is for tests. To bring another driver, implement this trait
/// and run the suite of `ccpayment-sqlx` against it.
///
/// **The database decides.** Keys are unique columns, and an insert says whether it was the first;
/// no method looks before it writes. All moments are by the database's own clock.
#[async_trait]
pub trait Store: Clone + Send + Sync + 'static {
    /// A transaction on the merchant's database, which the merchant's own writes go into as well.
    /// Dropping it rolls it back.
    type Tx: Send;

    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Self::Tx, StoreError>;

    /// Commits it. On an error it may or may not have been committed.
    async fn commit(&self, tx: Self::Tx) -> Result<(), StoreError>;

    /// Puts an entry in, due now. False where its key is there already, and then nothing changes.
    async fn put(&self, tx: &mut Self::Tx, entry: &NewEntry) -> Result<bool, StoreError>;

    /// Notes a delivery, whose key is that of its entry and the notification's status. False where
    /// it was noted before.
    async fn note_delivery(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        status: &str,
        body: &Bytes,
    ) -> Result<bool, StoreError>;

    /// Takes in deliveries that came at the same time, in the order of their keys, as the first
    /// thing in a transaction. It notes each one. For a new one, it puts the entry in, makes it
    /// due, or opens it again if it ended as [`NOT_CREDITED`].
    ///
    /// A store may only write them down, and do the rest with the next claim of the inbox; until
    /// then [`counts`](Self::counts) has each of them as an open entry.
    async fn take_in(&self, tx: &mut Self::Tx, deliveries: &[Delivery]) -> Result<(), StoreError> {
        for Delivery { key, status, body } in deliveries {
            if !self.note_delivery(tx, key, status, body).await? {
                continue;
            }
            let entry = NewEntry::new(key.clone(), Step::Received, body.clone());
            if !self.put(tx, &entry).await? {
                self.hasten(tx, key).await?;
                self.reopen(tx, key, NOT_CREDITED).await?;
            }
        }
        Ok(())
    }

    /// The bodies of an entry's deliveries, the oldest first.
    async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError>;

    /// Makes an open entry due: at once, or when the lease of its worker ends.
    async fn hasten(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<(), StoreError>;

    /// Takes entries that are due, the longest due first, in a transaction of its own. Each gets a
    /// new fence, and is not due again before the lease ends.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError>;

    /// Writes a change to a claimed entry. False where the fence is an older one or the entry is
    /// not open any more, and then nothing changes.
    async fn change(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        fence: i64,
        change: &Change,
    ) -> Result<bool, StoreError>;

    /// Writes down a key that is never forgotten: of an end that the handler was told, or of a
    /// payout that is planned, with a digest of its request. False where it is there already.
    async fn keep_key(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        digest: &[u8],
    ) -> Result<bool, StoreError>;

    /// The digest that a key was kept with.
    async fn digest(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Opens a parked entry again, with a new fence, no failures, and due now. False where it is
    /// not parked.
    async fn release(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<bool, StoreError>;

    /// Ends a parked entry, because a person has done what was to be done: its verdict is then
    /// [`CLOSED`](crate::CLOSED). False where it is not parked.
    async fn close(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        reason: &str,
    ) -> Result<bool, StoreError>;

    /// Opens a finished entry with this verdict again, as it was when it was put in, and with a new
    /// fence. False where there is none.
    async fn reopen(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        verdict: &str,
    ) -> Result<bool, StoreError>;

    /// The lists of records whose names begin with this, each with the moment up to which it was
    /// walked. Those that were walked the longest ago come first.
    async fn positions(
        &self,
        app_id: &AppId,
        prefix: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Sets the moment up to which a list was walked, forward only.
    async fn set_position(
        &self,
        tx: &mut Self::Tx,
        app_id: &AppId,
        list: &str,
        walked_until: Timestamp,
    ) -> Result<(), StoreError>;

    /// How many entries there are of each merchant, queue, kind, state and verdict, and how old the
    /// oldest is.
    async fn counts(&self) -> Result<Vec<Count>, StoreError>;

    /// The entries in a state, the oldest first.
    async fn list(&self, queue: Queue, state: State, limit: u32) -> Result<Vec<Row>, StoreError>;

    /// Deletes finished entries, and the deliveries of finished ones, that have not changed for so
    /// long, up to a limit; keys stay. Returns how many entries went.
    async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError>;

    /// Makes entries due whose last change is now in the future: the database's clock was set back.
    async fn mend_clock(&self) -> Result<u64, StoreError>;

    /// Waits until another process may have put something in. A store that can't tell never ends
    /// this; polling always works.
    async fn woken(&self) {
        std::future::pending().await
    }
}
