//! A store around the one in memory, which fails as it is told.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_durable::client::core::{AppId, Timestamp};
use ccpayment_durable::{
    Change, Claim, Count, Entry, EntryKey, MemoryTx, NewEntry, Queue, Row, State, Store, StoreError,
};

use crate::shop::{Books, MemStore};

#[derive(Clone)]
pub(crate) struct Failing {
    pub(crate) inner: MemStore,
    /// An entry with this id can't be put in.
    pub(crate) refuses: Arc<Mutex<Option<String>>>,
    /// Nothing can be committed.
    pub(crate) is_down: Arc<AtomicBool>,
    /// A commit takes its time.
    pub(crate) is_slow: Arc<AtomicBool>,
    pub(crate) commits: Arc<AtomicU32>,
    pub(crate) mends: Arc<AtomicU32>,
    /// What somebody commits right after the next claim.
    pub(crate) after_claim: Arc<Mutex<Option<NewEntry>>>,
}

impl Failing {
    pub(crate) fn new(inner: MemStore) -> Self {
        Self {
            inner,
            refuses: Arc::default(),
            is_down: Arc::default(),
            is_slow: Arc::default(),
            commits: Arc::default(),
            mends: Arc::default(),
            after_claim: Arc::default(),
        }
    }
}

fn failed() -> StoreError {
    StoreError::database(std::io::Error::other("the disk is full"))
}

#[async_trait]
impl Store for Failing {
    type Tx = MemoryTx<Books>;

    async fn begin(&self) -> Result<Self::Tx, StoreError> {
        self.inner.begin().await
    }

    async fn commit(&self, tx: Self::Tx) -> Result<(), StoreError> {
        while self.is_slow.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        if self.is_down.load(Ordering::SeqCst) {
            return Err(failed());
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.inner.commit(tx).await
    }

    async fn put(&self, tx: &mut Self::Tx, entry: &NewEntry) -> Result<bool, StoreError> {
        if self.refuses.lock().unwrap().as_ref() == Some(&entry.key.id) {
            return Err(failed());
        }
        self.inner.put(tx, entry).await
    }

    async fn note_delivery(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        status: &str,
        body: &Bytes,
    ) -> Result<bool, StoreError> {
        self.inner.note_delivery(tx, key, status, body).await
    }

    async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError> {
        self.inner.deliveries(key).await
    }

    async fn hasten(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<(), StoreError> {
        self.inner.hasten(tx, key).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError> {
        let claimed = self.inner.claim(claim).await;
        let entry = self.after_claim.lock().unwrap().take();
        if let Some(entry) = entry {
            let mut tx = self.inner.begin().await?;
            self.inner.put(&mut tx, &entry).await?;
            self.inner.commit(tx).await?;
        }
        claimed
    }

    async fn change(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        fence: i64,
        change: &Change,
    ) -> Result<bool, StoreError> {
        self.inner.change(tx, key, fence, change).await
    }

    async fn keep_key(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        digest: &[u8],
    ) -> Result<bool, StoreError> {
        self.inner.keep_key(tx, key, digest).await
    }

    async fn digest(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.digest(tx, key).await
    }

    async fn release(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<bool, StoreError> {
        self.inner.release(tx, key).await
    }

    async fn close(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.inner.close(tx, key, reason).await
    }

    async fn reopen(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        verdict: &str,
    ) -> Result<bool, StoreError> {
        self.inner.reopen(tx, key, verdict).await
    }

    async fn positions(
        &self,
        app_id: &AppId,
        prefix: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.inner.positions(app_id, prefix).await
    }

    async fn set_position(
        &self,
        tx: &mut Self::Tx,
        app_id: &AppId,
        list: &str,
        walked_until: Timestamp,
    ) -> Result<(), StoreError> {
        (self.inner.set_position(tx, app_id, list, walked_until)).await
    }

    async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        self.inner.counts().await
    }

    async fn list(&self, queue: Queue, state: State, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.inner.list(queue, state, limit).await
    }

    async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
        self.inner.prune(older_than, limit).await
    }

    async fn mend_clock(&self) -> Result<u64, StoreError> {
        self.mends.fetch_add(1, Ordering::SeqCst);
        self.inner.mend_clock().await
    }

    async fn woken(&self) {
        self.inner.woken().await;
    }
}
