//! `MemoryStore`, a store in memory with the merchant's books beside it, for tests and simulations.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::Clock;
use ccpayment_client::core::{AppId, Timestamp};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::counts::{Count, Row};
use crate::entry::{CLOSED, Change, Entry, EntryKey, NewEntry, Queue, State, Step};
use crate::store::{Claim, Store, StoreError};

/// A store in memory. Clones share it. What is committed outlives a worker that is dropped, as a
/// database outlives a process.
///
/// `Books` is what the merchant keeps: a handler reaches it through the transaction.
///
/// ```
/// use ccpayment_durable::client::SystemClock;
/// use ccpayment_durable::{MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ccpayment_durable::StoreError> {
/// let store = MemoryStore::<Vec<String>>::new(SystemClock::new());
/// let mut tx = store.begin().await?;
/// tx.push("paid".to_owned());
/// store.commit(tx).await?;
/// assert_eq!(store.books().await, ["paid"]);
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore<Books> {
    clock: Arc<dyn Clock>,
    tables: Arc<Mutex<Tables<Books>>>,
    woken: Arc<Notify>,
}

#[derive(Clone, Default)]
struct Tables<Books> {
    books: Books,
    entries: BTreeMap<EntryKey, Stored>,
    deliveries: BTreeMap<(EntryKey, String), (u64, Bytes)>,
    keys: BTreeMap<EntryKey, Vec<u8>>,
    positions: BTreeMap<(AppId, String), Timestamp>,
}

#[derive(Clone)]
struct Stored {
    entry: Entry,
    state: State,
    is_claimed: bool,
    is_hastened: bool,
    is_gap: bool,
    due_at: Duration,
    created_at: Duration,
    updated_at: Duration,
    verdict: Option<String>,
    reason: Option<String>,
}

/// A transaction on a [`MemoryStore`]. It blocks all others, and holds the merchant's books as they
/// will be.
pub struct MemoryTx<Books> {
    committed: OwnedMutexGuard<Tables<Books>>,
    draft: Tables<Books>,
    now: Duration,
}

impl<Books> Deref for MemoryTx<Books> {
    type Target = Books;

    fn deref(&self) -> &Books {
        &self.draft.books
    }
}

impl<Books> DerefMut for MemoryTx<Books> {
    fn deref_mut(&mut self) -> &mut Books {
        &mut self.draft.books
    }
}

impl<Books> fmt::Debug for MemoryTx<Books> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTx").finish_non_exhaustive()
    }
}

impl<Books> Clone for MemoryStore<Books> {
    fn clone(&self) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            tables: Arc::clone(&self.tables),
            woken: Arc::clone(&self.woken),
        }
    }
}

impl<Books> fmt::Debug for MemoryStore<Books> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl<Books: Clone + Default> MemoryStore<Books> {
    /// An empty store, whose clock stands for the database's.
    #[must_use]
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            tables: Arc::default(),
            woken: Arc::default(),
        }
    }
}

impl<Books: Clone> MemoryStore<Books> {
    /// The merchant's books, as they are committed.
    pub async fn books(&self) -> Books {
        self.tables.lock().await.books.clone()
    }

    fn now(&self) -> Duration {
        since_epoch(self.clock.now())
    }
}

fn since_epoch(moment: SystemTime) -> Duration {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl<Books> MemoryTx<Books> {
    fn entry(&mut self, key: &EntryKey) -> Option<&mut Stored> {
        self.draft.entries.get_mut(key)
    }

    /// Opens an entry that is not open.
    fn open(&mut self, key: &EntryKey, which: impl FnOnce(&Stored) -> bool) -> bool {
        let now = self.now;
        let Some(stored) = self.entry(key).filter(|stored| which(stored)) else {
            return false;
        };
        stored.state = State::Open;
        // A worker with an older claim can't change it any more.
        stored.entry.fence += 1;
        (stored.entry.failures, stored.entry.looks) = (0, 0);
        (stored.verdict, stored.reason) = (None, None);
        stored.is_claimed = false;
        (stored.due_at, stored.updated_at) = (now, now);
        true
    }
}

impl Stored {
    fn hasten(&mut self, now: Duration) {
        if self.state != State::Open {
            return;
        }
        self.is_hastened = true;
        if !self.is_claimed {
            self.due_at = self.due_at.min(now);
        }
    }

    fn row(&self, now: Duration) -> Row {
        let age = now.saturating_sub(self.created_at);
        let (key, step) = (self.entry.key.clone(), self.entry.step);
        let mut row = Row::new(key, self.state, step, self.entry.failures, age);
        (row.verdict, row.reason) = (self.verdict.clone(), self.reason.clone());
        row
    }
}

#[async_trait]
impl<Books: Clone + Send + Sync + 'static> Store for MemoryStore<Books> {
    type Tx = MemoryTx<Books>;

    async fn begin(&self) -> Result<Self::Tx, StoreError> {
        let committed = Arc::clone(&self.tables).lock_owned().await;
        let draft = committed.clone();
        let now = self.now();
        Ok(MemoryTx {
            committed,
            draft,
            now,
        })
    }

    async fn commit(&self, mut tx: Self::Tx) -> Result<(), StoreError> {
        *tx.committed = tx.draft;
        self.woken.notify_waiters();
        Ok(())
    }

    async fn put(&self, tx: &mut Self::Tx, new: &NewEntry) -> Result<bool, StoreError> {
        let now = tx.now;
        if tx.draft.entries.contains_key(&new.key) {
            return Ok(false);
        }
        let stored = Stored {
            entry: Entry::new(new.key.clone(), new.step, new.body.clone(), 0),
            state: new.state,
            is_claimed: false,
            is_hastened: false,
            is_gap: new.is_gap,
            due_at: now,
            created_at: now,
            updated_at: now,
            verdict: None,
            reason: new.reason.clone(),
        };
        tx.draft.entries.insert(new.key.clone(), stored);
        Ok(true)
    }

    async fn note_delivery(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        status: &str,
        body: &Bytes,
    ) -> Result<bool, StoreError> {
        let serial = tx.draft.deliveries.len() as u64;
        match tx.draft.deliveries.entry((key.clone(), status.to_owned())) {
            btree_map::Entry::Vacant(vacant) => {
                vacant.insert((serial, body.clone()));
                Ok(true)
            }
            btree_map::Entry::Occupied(_) => Ok(false),
        }
    }

    async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError> {
        let tables = self.tables.lock().await;
        let of_it = tables.deliveries.iter().filter(|((of, _), _)| of == key);
        let mut found: Vec<_> = of_it.map(|(_, delivery)| delivery.clone()).collect();
        found.sort_by_key(|(serial, _)| *serial);
        Ok(found.into_iter().map(|(_, body)| body).collect())
    }

    async fn hasten(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<(), StoreError> {
        let now = tx.now;
        if let Some(stored) = tx.entry(key) {
            stored.hasten(now);
        }
        Ok(())
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError> {
        let mut tables = self.tables.lock().await;
        let now = self.now();
        let mut due: Vec<_> = tables
            .entries
            .iter()
            .filter(|(key, stored)| {
                stored.state == State::Open
                    && stored.due_at <= now
                    && key.queue == claim.queue
                    && key.app_id == claim.app_id
            })
            .map(|(key, stored)| (stored.due_at, key.clone()))
            .collect();
        due.sort();
        due.truncate(claim.limit as usize);
        let mut claimed = Vec::with_capacity(due.len());
        for (_, key) in due {
            let Some(stored) = tables.entries.get_mut(&key) else {
                continue;
            };
            stored.entry.fence += 1;
            stored.is_claimed = true;
            stored.is_hastened = false;
            stored.due_at = now.saturating_add(claim.lease);
            stored.updated_at = now;
            claimed.push(stored.entry.clone());
        }
        Ok(claimed)
    }

    async fn change(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        fence: i64,
        change: &Change,
    ) -> Result<bool, StoreError> {
        let now = tx.now;
        let is_ours = |it: &&mut Stored| it.entry.fence == fence && it.state == State::Open;
        let Some(stored) = tx.entry(key).filter(is_ours) else {
            return Ok(false);
        };
        let change = change.clone();
        let is_due = stored.is_hastened && !change.keeps_claim;
        stored.due_at = match is_due {
            true => now,
            false => now.saturating_add(change.due_in),
        };
        stored.is_hastened &= change.keeps_claim;
        stored.is_claimed = change.keeps_claim;
        stored.state = change.state;
        stored.updated_at = now;
        (stored.verdict, stored.reason) = (change.verdict, change.reason);
        let entry = &mut stored.entry;
        entry.step = change.step;
        (entry.failures, entry.looks) = (change.failures, change.looks);
        entry.in_doubt_since = change.in_doubt_since;
        entry.signed_until = change.signed_until;
        entry.record_id = change.record_id;
        Ok(true)
    }

    async fn keep_key(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        digest: &[u8],
    ) -> Result<bool, StoreError> {
        if tx.draft.keys.contains_key(key) {
            return Ok(false);
        }
        tx.draft.keys.insert(key.clone(), digest.to_vec());
        Ok(true)
    }

    async fn digest(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(tx.draft.keys.get(key).cloned())
    }

    async fn release(&self, tx: &mut Self::Tx, key: &EntryKey) -> Result<bool, StoreError> {
        Ok(tx.open(key, |it| it.state == State::Parked))
    }

    async fn close(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let now = tx.now;
        let Some(stored) = tx.entry(key).filter(|it| it.state == State::Parked) else {
            return Ok(false);
        };
        stored.state = State::Done;
        stored.updated_at = now;
        stored.verdict = Some(CLOSED.to_owned());
        stored.reason = Some(reason.to_owned());
        Ok(true)
    }

    async fn reopen(
        &self,
        tx: &mut Self::Tx,
        key: &EntryKey,
        verdict: &str,
    ) -> Result<bool, StoreError> {
        let is_open = tx.open(key, |it| {
            it.state == State::Done && it.verdict.as_deref() == Some(verdict)
        });
        if let Some(stored) = tx.entry(key).filter(|_| is_open) {
            let entry = &mut stored.entry;
            entry.step = match key.queue {
                Queue::Outbox => Step::Planned,
                Queue::Inbox => Step::Received,
            };
            (entry.in_doubt_since, entry.signed_until) = (None, None);
            entry.record_id = None;
        }
        Ok(is_open)
    }

    async fn positions(
        &self,
        app_id: &AppId,
        prefix: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let tables = self.tables.lock().await;
        let of_it = |(of, list): &(AppId, String)| of == app_id && list.starts_with(prefix);
        let positions = tables.positions.iter().filter(|(key, _)| of_it(key));
        let mut found: Vec<_> = positions
            .map(|((_, list), at)| (list.clone(), *at))
            .collect();
        found.sort_by_key(|(_, at)| *at);
        Ok(found)
    }

    async fn set_position(
        &self,
        tx: &mut Self::Tx,
        app_id: &AppId,
        list: &str,
        walked_until: Timestamp,
    ) -> Result<(), StoreError> {
        let key = (app_id.clone(), list.to_owned());
        let position = tx.draft.positions.entry(key).or_insert(walked_until);
        *position = walked_until.max(*position);
        Ok(())
    }

    async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        let (tables, now) = (self.tables.lock().await, self.now());
        let mut counts: BTreeMap<_, Count> = BTreeMap::new();
        for stored in tables.entries.values() {
            let key = &stored.entry.key;
            let group = (
                key.app_id.clone(),
                key.queue,
                key.kind.clone(),
                stored.state,
                stored.verdict.clone(),
            );
            let (app_id, queue, kind, state, verdict) = group.clone();
            let count = counts.entry(group).or_insert_with(|| {
                Count::new(app_id, queue, kind, state, verdict, 0, 0, Duration::ZERO)
            });
            count.entries += 1;
            count.gaps += u64::from(stored.is_gap);
            count.oldest = count.oldest.max(now.saturating_sub(stored.created_at));
        }
        Ok(counts.into_values().collect())
    }

    async fn list(&self, queue: Queue, state: State, limit: u32) -> Result<Vec<Row>, StoreError> {
        let (tables, now) = (self.tables.lock().await, self.now());
        let mut found: Vec<_> = tables
            .entries
            .values()
            .filter(|it| it.entry.key.queue == queue && it.state == state)
            .collect();
        found.sort_by_key(|it| it.created_at);
        let first = found.into_iter().take(limit as usize);
        Ok(first.map(|it| it.row(now)).collect())
    }

    async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
        let (mut tables, now) = (self.tables.lock().await, self.now());
        let old: Vec<_> = tables
            .entries
            .iter()
            .filter(|(_, it)| {
                it.state == State::Done && now.saturating_sub(it.updated_at) > older_than
            })
            .map(|(key, _)| key.clone())
            .take(limit as usize)
            .collect();
        for key in &old {
            tables.entries.remove(key);
            tables.deliveries.retain(|(of, _), _| of != key);
        }
        Ok(old.len() as u64)
    }

    async fn mend_clock(&self) -> Result<u64, StoreError> {
        const SLACK: Duration = Duration::from_secs(60);
        let (mut tables, now) = (self.tables.lock().await, self.now());
        let mut mended = 0;
        for stored in tables.entries.values_mut() {
            if stored.state == State::Open && stored.updated_at > now + SLACK {
                (stored.due_at, stored.updated_at) = (now, now);
                stored.is_claimed = false;
                mended += 1;
            }
        }
        Ok(mended)
    }

    async fn woken(&self) {
        self.woken.notified().await;
    }
}
