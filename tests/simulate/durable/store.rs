//! A store in memory that takes its time, and fails by the seed.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{AppId, Timestamp};
use ccpayment_durable::{
    Change, Claim, Count, Entry, EntryKey, MemoryStore, MemoryTx, NewEntry, Queue, Row, State,
    Step, Store, StoreError,
};

use super::books::Books;
use super::clock::DatabaseClock;
use super::{
    COMMIT_FAILS, COMMIT_UNHEARD, DIED_IN_TRANSACTION, Mutant, PRUNED, STORE_FAILS, TAKEN_OVER,
};
use crate::clock::{MachineClock, pause};
use crate::world::World;

struct Held {
    fence: i64,
    until: Duration,
}

/// The faults of a store and of the merchant's code.
pub(super) struct Weather {
    pub(super) world: Arc<World>,
    pub(super) mutant: Option<Mutant>,
    pub(super) clock: DatabaseClock,
    random: Mutex<fastrand::Rng>,
    /// How often faults strike, in a thousand of the usual rate.
    rate: u32,
    /// The entries that somebody has a lease on, and works on.
    held: Mutex<BTreeMap<EntryKey, Held>>,
    broken: Mutex<Vec<String>>,
}

impl Weather {
    pub(super) fn new(
        world: &Arc<World>,
        clock: DatabaseClock,
        mut random: fastrand::Rng,
        mutant: Option<Mutant>,
    ) -> Arc<Self> {
        let rate = [0, 300, 1000, 2500].get(random.usize(0..4)).copied();
        Arc::new(Self {
            world: Arc::clone(world),
            mutant,
            clock,
            random: Mutex::new(random),
            rate: rate.unwrap_or_default(),
            held: Mutex::default(),
            broken: Mutex::default(),
        })
    }

    fn random(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this fault strikes now. At the usual rate, its chance is `per_mille` in a thousand.
    pub(super) fn strikes(&self, per_mille: u32, kind: &'static str) -> bool {
        let strikes = !self.world.is_quiet()
            && self.random().u32(0..1_000_000) < per_mille.saturating_mul(self.rate);
        if strikes {
            self.world.hit(kind);
            self.world.say(format_args!("{kind}"));
        }
        strikes
    }

    pub(super) fn take_broken(&self) -> Vec<String> {
        std::mem::take(&mut self.broken())
    }

    fn broken(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step of the database, at which a process may die.
    pub(super) async fn latency(&self) {
        let millis = {
            let mut random = self.random();
            random.bool().then(|| random.u64(1..40))
        };
        match millis {
            Some(millis) => pause(Duration::from_millis(millis)).await,
            None => tokio::task::yield_now().await,
        }
    }

    async fn step(&self) -> Result<(), StoreError> {
        self.latency().await;
        match self.strikes(15, STORE_FAILS) {
            true => Err(failed(STORE_FAILS)),
            false => Ok(()),
        }
    }
}

fn failed(kind: &'static str) -> StoreError {
    StoreError::database(std::io::Error::other(kind))
}

/// The store as one process sees it.
#[derive(Clone)]
pub(super) struct SimStore {
    pub(super) inner: MemoryStore<Books>,
    pub(super) weather: Arc<Weather>,
    pub(super) clock: MachineClock,
    pub(super) is_dead: Arc<AtomicBool>,
}

pub(super) struct SimTx {
    inner: Option<MemoryTx<Books>>,
    empty: Books,
    /// The status of the delivery that was noted last, for the mutant that keeps it in the key.
    status: Option<String>,
    world: Arc<World>,
    is_dead: Arc<AtomicBool>,
}

impl Deref for SimTx {
    type Target = Books;

    fn deref(&self) -> &Books {
        self.inner.as_deref().unwrap_or(&self.empty)
    }
}

impl DerefMut for SimTx {
    fn deref_mut(&mut self) -> &mut Books {
        self.inner.as_deref_mut().unwrap_or(&mut self.empty)
    }
}

impl Drop for SimTx {
    fn drop(&mut self) {
        if self.inner.is_some() && self.is_dead.load(Ordering::SeqCst) {
            self.world.hit(DIED_IN_TRANSACTION);
        }
    }
}

impl SimTx {
    fn inner(&mut self) -> Result<&mut MemoryTx<Books>, StoreError> {
        self.inner.as_mut().ok_or_else(|| failed("no transaction"))
    }
}

impl SimStore {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<EntryKey, Held>> {
        (self.weather.held.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks that nobody takes an entry before the lease on it has ended, whatever a process's
    /// clock shows.
    fn note_claim(&self, entry: &Entry, lease: Duration, began: Duration) {
        let Weather { world, clock, .. } = &*self.weather;
        let now = world.elapsed();
        let held = Held {
            fence: entry.fence,
            until: began + lease,
        };
        let Some(before) = self.held().insert(entry.key.clone(), held) else {
            return;
        };
        world.hit(TAKEN_OVER);
        world.say(format_args!("{} is taken over", entry.key));
        if now < before.until && !clock.was_set_back() {
            let what = format!("{} was taken over before its lease ended", entry.key);
            self.weather.broken().push(what);
        }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.weather.mutant == Some(mutant)
    }

    fn ahead(&self) -> i64 {
        match self.is(Mutant::OwnClock) {
            true => self.clock.ahead(),
            false => 0,
        }
    }

    fn with_status(&self, tx: &SimTx, key: &EntryKey) -> EntryKey {
        let mut key = key.clone();
        if let Some(status) = tx
            .status
            .as_ref()
            .filter(|_| self.is(Mutant::KeyWithStatus))
        {
            key.id = format!("{} {status}", key.id);
        }
        key
    }
}

#[async_trait]
impl Store for SimStore {
    type Tx = SimTx;

    async fn begin(&self) -> Result<SimTx, StoreError> {
        self.weather.step().await?;
        let begin = self.inner.begin();
        let tx = self.weather.clock.by_theirs(self.ahead(), begin).await?;
        Ok(SimTx {
            inner: Some(tx),
            empty: Books::default(),
            status: None,
            world: Arc::clone(&self.weather.world),
            is_dead: Arc::clone(&self.is_dead),
        })
    }

    async fn commit(&self, mut tx: SimTx) -> Result<(), StoreError> {
        self.weather.latency().await;
        if self.weather.strikes(30, COMMIT_FAILS) {
            tx.inner = None;
            return Err(failed(COMMIT_FAILS));
        }
        if let Some(inner) = tx.inner.take() {
            self.inner.commit(inner).await?;
        }
        self.weather.latency().await;
        match self.weather.strikes(30, COMMIT_UNHEARD) {
            true => Err(failed(COMMIT_UNHEARD)),
            false => Ok(()),
        }
    }

    async fn put(&self, tx: &mut SimTx, entry: &NewEntry) -> Result<bool, StoreError> {
        self.weather.step().await?;
        let mut entry = entry.clone();
        entry.key = self.with_status(tx, &entry.key);
        self.inner.put(tx.inner()?, &entry).await
    }

    async fn note_delivery(
        &self,
        tx: &mut SimTx,
        key: &EntryKey,
        status: &str,
        body: &Bytes,
    ) -> Result<bool, StoreError> {
        self.weather.step().await?;
        tx.status = Some(status.to_owned());
        let key = self.with_status(tx, key);
        self.inner
            .note_delivery(tx.inner()?, &key, status, body)
            .await
    }

    async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError> {
        self.weather.step().await?;
        self.inner.deliveries(key).await
    }

    async fn hasten(&self, tx: &mut SimTx, key: &EntryKey) -> Result<(), StoreError> {
        self.weather.step().await?;
        let key = self.with_status(tx, key);
        self.inner.hasten(tx.inner()?, &key).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError> {
        self.weather.step().await?;
        let began = self.weather.world.elapsed();
        let claiming = self.inner.claim(claim);
        let mut claimed = self.weather.clock.by_theirs(self.ahead(), claiming).await?;
        for entry in &mut claimed {
            self.note_claim(entry, claim.lease, began);
            if self.is(Mutant::PlannedAgain) && entry.step == Step::Sending {
                entry.step = Step::Planned;
            }
        }
        // The answer may be lost, like that of a commit.
        self.weather.step().await?;
        Ok(claimed)
    }

    async fn change(
        &self,
        tx: &mut SimTx,
        key: &EntryKey,
        fence: i64,
        change: &Change,
    ) -> Result<bool, StoreError> {
        self.weather.step().await?;
        let is_ours = self.inner.change(tx.inner()?, key, fence, change).await?;
        self.weather.latency().await;
        let mut held = self.held();
        if !change.keeps_claim && held.get(key).is_some_and(|it| it.fence == fence) {
            held.remove(key);
        }
        Ok(is_ours)
    }

    async fn keep_key(
        &self,
        tx: &mut SimTx,
        key: &EntryKey,
        digest: &[u8],
    ) -> Result<bool, StoreError> {
        self.weather.step().await?;
        if self.is(Mutant::KeyNotKept) && key.queue == Queue::Inbox {
            return Ok(true);
        }
        self.inner.keep_key(tx.inner()?, key, digest).await
    }

    async fn digest(&self, tx: &mut SimTx, key: &EntryKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.weather.step().await?;
        self.inner.digest(tx.inner()?, key).await
    }

    async fn release(&self, tx: &mut SimTx, key: &EntryKey) -> Result<bool, StoreError> {
        self.weather.step().await?;
        self.inner.release(tx.inner()?, key).await
    }

    async fn close(
        &self,
        tx: &mut SimTx,
        key: &EntryKey,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.weather.step().await?;
        self.inner.close(tx.inner()?, key, reason).await
    }

    async fn reopen(
        &self,
        tx: &mut SimTx,
        key: &EntryKey,
        verdict: &str,
    ) -> Result<bool, StoreError> {
        self.weather.step().await?;
        self.inner.reopen(tx.inner()?, key, verdict).await
    }

    async fn positions(
        &self,
        app_id: &AppId,
        prefix: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.weather.step().await?;
        self.inner.positions(app_id, prefix).await
    }

    async fn set_position(
        &self,
        tx: &mut SimTx,
        app_id: &AppId,
        list: &str,
        walked_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.weather.step().await?;
        let tx = tx.inner()?;
        self.inner
            .set_position(tx, app_id, list, walked_until)
            .await
    }

    async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        self.inner.counts().await
    }

    async fn list(&self, queue: Queue, state: State, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.inner.list(queue, state, limit).await
    }

    async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
        self.weather.step().await?;
        let pruned = self.inner.prune(older_than, limit).await?;
        for _ in 0..pruned {
            self.weather.world.hit(PRUNED);
        }
        Ok(pruned)
    }

    async fn mend_clock(&self) -> Result<u64, StoreError> {
        self.weather.step().await?;
        let mending = self.inner.mend_clock();
        self.weather.clock.by_theirs(self.ahead(), mending).await
    }

    async fn woken(&self) {
        self.inner.woken().await;
    }
}
