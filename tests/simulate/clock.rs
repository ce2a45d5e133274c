//! The clock of one machine: it shows what a person or a fault set it to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ccpayment::Clock;
use ccpayment::Timestamp;
use tokio::time::Instant;

/// When every history begins, in unix seconds.
pub(crate) const START: u64 = 1_767_225_600;

/// Virtual time, which tokio moves on whenever nobody has anything to do.
#[allow(
    clippy::disallowed_methods,
    reason = "the runtime's clock is paused: this is the simulation's own time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets virtual time pass.
#[allow(clippy::disallowed_methods, reason = "as above")]
pub(crate) async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Clones show the same time.
#[derive(Debug, Clone)]
pub(crate) struct MachineClock {
    start: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// How far the wall clock is ahead of the gateway's, in milliseconds.
    ahead: i64,
    random: fastrand::Rng,
}

impl MachineClock {
    pub(crate) fn new(start: Instant, seed: u64, ahead: i64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self {
            start,
            state: Arc::new(Mutex::new(State { ahead, random })),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the wall clock forward or back; no time passes.
    pub(crate) fn jump(&self, millis: i64) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_add(millis);
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_system(self.now())
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> SystemTime {
        let shown = UNIX_EPOCH + Duration::from_secs(START) + self.elapsed();
        let ahead = self.state().ahead;
        let off = Duration::from_millis(ahead.unsigned_abs());
        let set = if ahead < 0 {
            shown.checked_sub(off)
        } else {
            shown.checked_add(off)
        };
        set.unwrap_or(UNIX_EPOCH)
    }

    fn elapsed(&self) -> Duration {
        now().saturating_duration_since(self.start)
    }

    async fn sleep(&self, duration: Duration) {
        pause(duration).await;
    }

    fn random(&self) -> u64 {
        self.state().random.u64(..)
    }
}
