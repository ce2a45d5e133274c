//! `Worker`, which does the work of inbox and outbox.

mod deposits;
mod payouts;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ccpayment_client::core::AppId;
use ccpayment_client::{Client, Clock, SystemClock};
use futures_util::FutureExt as _;
use futures_util::future::{Either, FusedFuture as _, join, join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tracing::Instrument as _;

use crate::entry::{Change, Entry, EntryKey, Queue};
use crate::handler::{Handler, HandlerError};
use crate::settings::Settings;
use crate::store::{Claim, Store, StoreError};

/// How often the worker checks whether the database's clock was set back.
const MEND_EVERY: Duration = Duration::from_secs(60);

/// Reads back what the inbox was told of, makes the payouts of the outbox, and calls the merchant's
/// [`Handler`] at each end.
///
/// Start one in each process that shall do work. Several share a store: one of them claims an
/// entry, and if its process dies, another takes the entry over after the lease.
///
/// The gateway is never asked while a transaction is open.
pub struct Worker<S, H> {
    store: S,
    handler: Arc<H>,
    clients: Vec<Client>,
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl<S, H> fmt::Debug for Worker<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What came of an entry. The store knows the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    /// Something was written down.
    Written,
    /// Another worker has it by now, so nothing was.
    Lost,
}

/// Why an entry's end was not written down.
#[derive(Debug)]
pub(crate) enum Unwritten {
    Handler(HandlerError),
    Store(StoreError),
}

impl From<StoreError> for Unwritten {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HandlerError> for Unwritten {
    fn from(error: HandlerError) -> Self {
        Self::Handler(error)
    }
}

impl<S, H> Worker<S, H>
where
    S: Store,
    H: Handler<S::Tx>,
{
    /// A worker without a merchant: add one by [`Worker::merchant`].
    pub fn new(store: S, handler: H) -> Self {
        Self {
            store,
            handler: Arc::new(handler),
            clients: Vec::new(),
            settings: Settings::default(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Works on this merchant's entries as well: those of the client's APP ID.
    #[must_use]
    pub fn merchant(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// The same worker with these settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The same worker, whose pauses are this clock's, such as a test's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Works until `shutdown` ends, and then finishes what it holds.
    ///
    /// A store that fails is asked again after a pause, so this ends by `shutdown` alone. Dropping
    /// it is safe as well: what it held comes back when its lease ends.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let (stop, _) = tokio::sync::watch::channel(false);
        let queues = [Queue::Inbox, Queue::Outbox];
        let loops = self
            .clients
            .iter()
            .flat_map(|client| queues.map(|queue| self.run_queue(client, queue, stop.subscribe())));
        let working = join_all(loops);
        let watching = async {
            shutdown.await;
            let _ = stop.send(true);
        };
        join(watching, working).await;
    }

    async fn run_queue(
        &self,
        client: &Client,
        queue: Queue,
        mut stop: tokio::sync::watch::Receiver<bool>,
    ) {
        let mut mend_at = Duration::ZERO;
        while !*stop.borrow() {
            let elapsed = self.clock.elapsed();
            if elapsed >= mend_at {
                mend_at = elapsed.saturating_add(MEND_EVERY);
                if let Err(error) = self.store.mend_clock().await {
                    report(&error);
                }
            }
            // Listens from before the claim on, so that nothing is missed that is committed beside
            // it.
            let mut woken = pin!(self.store.woken().fuse());
            let _ = (&mut woken).now_or_never();
            let worked = self.work_queue(client, queue).await;
            let pause = match worked {
                Ok(0) if !woken.is_terminated() => self.settings.poll,
                Ok(_) => continue,
                Err(error) => {
                    report(&error);
                    self.settings.poll.max(self.settings.first_pause)
                }
            };
            let pausing = pin!(self.clock.sleep(pause));
            let waiting = select(pausing, woken);
            let stopping = pin!(stop.changed());
            let _ = select(stopping, waiting).await;
        }
    }

    /// Works on everything that is due now, once, and returns how many entries that were. For a
    /// program without a long-running worker, and for tests.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when entries could not be claimed. What fails later is logged and comes back
    /// when its lease ends.
    pub async fn work_once(&self) -> Result<usize, StoreError> {
        self.store.mend_clock().await?;
        let mut worked = 0;
        for client in &self.clients {
            for queue in [Queue::Inbox, Queue::Outbox] {
                worked += self.work_queue(client, queue).await?;
            }
        }
        Ok(worked)
    }

    async fn work_queue(&self, client: &Client, queue: Queue) -> Result<usize, StoreError> {
        let Settings { batch, lease, .. } = self.settings;
        let claim = Claim::new(client.app_id().clone(), queue, batch, lease);
        let claimed = self.store.claim(&claim).await?;
        let count = claimed.len();
        let mut working: FuturesUnordered<_> = claimed
            .into_iter()
            .map(|entry| self.work(client, entry))
            .collect();
        while working.next().await.is_some() {}
        Ok(count)
    }

    async fn work(&self, client: &Client, entry: Entry) {
        let EntryKey {
            queue, kind, id, ..
        } = &entry.key;
        let span = tracing::info_span!(
            "ccpayment.entry",
            ccpayment.queue = %queue,
            ccpayment.kind = kind,
            ccpayment.entry = id,
        );
        self.work_on(client, &entry).instrument(span).await;
    }

    async fn work_on(&self, client: &Client, entry: &Entry) {
        let worked = match entry.key.queue {
            Queue::Inbox => self.work_record(client, entry).await,
            Queue::Outbox => self.work_payout(client, entry).await,
        };
        match worked {
            Ok(Worked::Written) => {}
            Ok(Worked::Lost) => {
                tracing::info!("another worker has taken this entry over");
            }
            // It comes back when its lease ends.
            Err(error) => report(&error),
        }
    }

    /// Writes a change in a transaction of its own.
    async fn write(&self, entry: &Entry, change: &Change) -> Result<Worked, StoreError> {
        let mut tx = self.store.begin().await?;
        if !(self.store.change(&mut tx, &entry.key, entry.fence, change)).await? {
            return Ok(Worked::Lost);
        }
        self.store.commit(tx).await?;
        Ok(Worked::Written)
    }

    /// Puts off an entry that has not ended yet.
    async fn look_later(
        &self,
        entry: &Entry,
        reason: Option<String>,
    ) -> Result<Worked, StoreError> {
        self.look_within(entry, Duration::MAX, reason).await
    }

    /// Puts an entry off, for so long at most.
    async fn look_within(
        &self,
        entry: &Entry,
        at_most: Duration,
        reason: Option<String>,
    ) -> Result<Worked, StoreError> {
        let change = Change {
            looks: entry.looks.saturating_add(1),
            failures: 0,
            reason,
            ..entry.later(self.settings.pause(entry.looks).min(at_most))
        };
        self.write(entry, &change).await
    }

    /// Puts off an entry that failed, or parks it when it has failed too often.
    async fn fail(&self, entry: &Entry, reason: String) -> Result<Worked, StoreError> {
        let failures = entry.failures.saturating_add(1);
        if failures >= self.settings.most_failures {
            return self.park(entry, reason).await;
        }
        tracing::warn!(failures, reason, "an entry failed");
        let change = Change {
            failures,
            reason: Some(reason),
            ..entry.later(self.settings.pause(entry.failures))
        };
        self.write(entry, &change).await
    }

    async fn park(&self, entry: &Entry, reason: String) -> Result<Worked, StoreError> {
        tracing::error!(reason, "an entry is parked for a person");
        self.write(entry, &entry.parked(reason)).await
    }

    /// What a handler did not do: tried again, or parked.
    async fn not_handled(&self, entry: &Entry, unwritten: Unwritten) -> Result<Worked, StoreError> {
        match unwritten {
            Unwritten::Store(error) => Err(error),
            Unwritten::Handler(error) if error.parks() => self.park(entry, error.to_string()).await,
            Unwritten::Handler(error) => self.fail(entry, error.to_string()).await,
        }
    }

    /// Runs the merchant's code for so long at most, and survives its panics.
    async fn guarded(
        &self,
        handling: impl Future<Output = Result<(), HandlerError>>,
    ) -> Result<(), HandlerError> {
        let limit = self.settings.handler_timeout;
        let handling = pin!(AssertUnwindSafe(handling).catch_unwind());
        let deadline = pin!(self.clock.deadline(limit));
        match select(handling, deadline).await {
            Either::Left((Ok(handled), _)) => handled,
            Either::Left((Err(_), _)) => Err(HandlerFailure::Panicked.into()),
            Either::Right(((), _)) => Err(HandlerFailure::TimedOut(limit).into()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum HandlerFailure {
    #[error("the handler panicked")]
    Panicked,
    #[error("the handler took longer than {} s", .0.as_secs_f64())]
    TimedOut(Duration),
}

fn report(error: &StoreError) {
    let error = ccpayment_client::core::ErrorReport::new(error);
    tracing::error!(%error, "the store failed");
}

/// Whose entry it is.
fn app_id(entry: &Entry) -> &AppId {
    &entry.key.app_id
}
