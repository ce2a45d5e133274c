//! The steps of a process at which it can be killed, and a store that passes through them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::shop::Shop;
use ccpayment::bytes::Bytes;
use ccpayment::{AppId, Exchange, Timestamp, Transport, TransportError, async_trait, http};
use ccpayment_durable::{
    Change, Claim, Count, Delivery, Entry, EntryKey, NewEntry, Queue, Row, State, Store, StoreError,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Every step, in the words with which a process reports its death there.
pub const STEPS: [&str; 16] = [
    "transaction begun",
    "delivery noted",
    "entry put in",
    "entries claimed",
    "doubt or mark written",
    "key kept",
    "before the commit",
    "after the commit",
    "deposit handled",
    "payout's end handled",
    "payout planned",
    "before a request",
    "after an answer",
    "before a payout is sent",
    "after a payout's answer",
    "before an acknowledgement",
];

struct Fate {
    at: String,
    left: AtomicU32,
    holds: bool,
}

static FATE: OnceLock<Fate> = OnceLock::new();

/// Makes the process die, or stop until it is told to go on, when it has passed this step this many
/// times.
pub fn destine(at: String, times: u32, holds: bool) {
    let left = AtomicU32::new(times.max(1));
    let _ = FATE.set(Fate { at, left, holds });
}

/// A step of the process.
pub fn step(name: &str) {
    let Some(fate) = FATE.get().filter(|fate| fate.at == name) else {
        return;
    };
    if fate.left.fetch_sub(1, Ordering::SeqCst) != 1 {
        return;
    }
    if fate.holds {
        println!("holds at {name}");
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        return;
    }
    println!("dies at {name}");
    let _ = kill(Pid::this(), Signal::SIGKILL);
    // The signal is on its way.
    std::thread::sleep(Duration::from_secs(60));
}

/// How far a process's clock is ahead of the database's, if leases use the process's clock.
type Ahead = std::sync::Arc<dyn Fn() -> Duration + Send + Sync>;

/// A store, or a transport, at whose steps the process can die.
#[derive(Clone)]
pub struct Steps<S>(pub S, pub Option<Ahead>);

impl<S> Steps<S> {
    pub fn new(of: S) -> Self {
        Self(of, None)
    }
}

#[async_trait]
impl<S: Shop> Store for Steps<S> {
    type Tx = S::Tx;

    async fn begin(&self) -> Result<S::Tx, StoreError> {
        let tx = self.0.begin().await?;
        step("transaction begun");
        Ok(tx)
    }

    async fn commit(&self, tx: S::Tx) -> Result<(), StoreError> {
        step("before the commit");
        self.0.commit(tx).await?;
        step("after the commit");
        Ok(())
    }

    async fn put(&self, tx: &mut S::Tx, entry: &NewEntry) -> Result<bool, StoreError> {
        let put = self.0.put(tx, entry).await?;
        step("entry put in");
        Ok(put)
    }

    async fn note_delivery(
        &self,
        tx: &mut S::Tx,
        key: &EntryKey,
        status: &str,
        body: &Bytes,
    ) -> Result<bool, StoreError> {
        let noted = self.0.note_delivery(tx, key, status, body).await?;
        step("delivery noted");
        Ok(noted)
    }

    async fn take_in(&self, tx: &mut S::Tx, deliveries: &[Delivery]) -> Result<(), StoreError> {
        self.0.take_in(tx, deliveries).await?;
        step("delivery noted");
        Ok(())
    }

    async fn deliveries(&self, key: &EntryKey) -> Result<Vec<Bytes>, StoreError> {
        self.0.deliveries(key).await
    }

    async fn hasten(&self, tx: &mut S::Tx, key: &EntryKey) -> Result<(), StoreError> {
        self.0.hasten(tx, key).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Entry>, StoreError> {
        if let Some(ahead) = &self.1 {
            self.0.expire(ahead()).await.map_err(StoreError::database)?;
        }
        let claimed = self.0.claim(claim).await?;
        if !claimed.is_empty() {
            step("entries claimed");
        }
        Ok(claimed)
    }

    async fn change(
        &self,
        tx: &mut S::Tx,
        key: &EntryKey,
        fence: i64,
        change: &Change,
    ) -> Result<bool, StoreError> {
        let changed = self.0.change(tx, key, fence, change).await?;
        step("doubt or mark written");
        Ok(changed)
    }

    async fn keep_key(
        &self,
        tx: &mut S::Tx,
        key: &EntryKey,
        digest: &[u8],
    ) -> Result<bool, StoreError> {
        let kept = self.0.keep_key(tx, key, digest).await?;
        step("key kept");
        Ok(kept)
    }

    async fn digest(&self, tx: &mut S::Tx, key: &EntryKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.digest(tx, key).await
    }

    async fn release(&self, tx: &mut S::Tx, key: &EntryKey) -> Result<bool, StoreError> {
        self.0.release(tx, key).await
    }

    async fn close(
        &self,
        tx: &mut S::Tx,
        key: &EntryKey,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.0.close(tx, key, reason).await
    }

    async fn reopen(
        &self,
        tx: &mut S::Tx,
        key: &EntryKey,
        verdict: &str,
    ) -> Result<bool, StoreError> {
        self.0.reopen(tx, key, verdict).await
    }

    async fn positions(
        &self,
        app_id: &AppId,
        prefix: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.0.positions(app_id, prefix).await
    }

    async fn set_position(
        &self,
        tx: &mut S::Tx,
        app_id: &AppId,
        list: &str,
        walked_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.set_position(tx, app_id, list, walked_until).await
    }

    async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        self.0.counts().await
    }

    async fn list(&self, queue: Queue, state: State, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.0.list(queue, state, limit).await
    }

    async fn prune(&self, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
        self.0.prune(older_than, limit).await
    }

    async fn mend_clock(&self) -> Result<u64, StoreError> {
        self.0.mend_clock().await
    }

    async fn woken(&self) {
        self.0.woken().await;
    }
}

#[async_trait]
impl<T: Transport> Transport for Steps<T> {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let acts = ["withdraw", "apply", "transfer"];
        let pays = acts.iter().any(|it| exchange.operation.starts_with(it));
        let (before, after) = if pays {
            ("before a payout is sent", "after a payout's answer")
        } else {
            ("before a request", "after an answer")
        };
        step(before);
        let answer = self.0.send(exchange).await;
        step(after);
        answer
    }
}
