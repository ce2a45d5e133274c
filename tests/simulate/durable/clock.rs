//! The database's clock.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ccpayment::Clock;

use crate::clock::{START, pause};
use crate::world::World;

/// It follows the world's clock, and can be set back. No process sets it.
#[derive(Debug, Clone)]
pub(super) struct DatabaseClock {
    world: Arc<World>,
    behind: Arc<AtomicU64>,
    /// How far the clock of the calling process is ahead, in milliseconds, for the mutant that uses
    /// that clock.
    theirs: Arc<AtomicI64>,
}

impl DatabaseClock {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            behind: Arc::default(),
            theirs: Arc::default(),
        }
    }

    pub(super) fn set_back(&self, by: Duration) {
        self.behind.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(super) fn was_set_back(&self) -> bool {
        self.behind.load(Ordering::SeqCst) > 0
    }

    /// Runs `work` by a clock that is this far ahead.
    pub(super) fn by_theirs<F: Future>(&self, ahead: i64, work: F) -> ByTheirs<F> {
        ByTheirs {
            clock: self.clone(),
            ahead,
            work: Box::pin(work),
        }
    }
}

#[async_trait]
impl Clock for DatabaseClock {
    fn now(&self) -> SystemTime {
        let shown = UNIX_EPOCH + Duration::from_secs(START) + self.world.elapsed();
        let behind = Duration::from_secs(self.behind.load(Ordering::SeqCst));
        let theirs = self.theirs.load(Ordering::SeqCst);
        let by = Duration::from_millis(theirs.unsigned_abs());
        let shown = shown - behind;
        if theirs < 0 { shown - by } else { shown + by }
    }

    fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        pause(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

pub(super) struct ByTheirs<F> {
    clock: DatabaseClock,
    ahead: i64,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for ByTheirs<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.clock.theirs.store(this.ahead, Ordering::SeqCst);
        let done = this.work.as_mut().poll(context);
        this.clock.theirs.store(0, Ordering::SeqCst);
        done
    }
}
