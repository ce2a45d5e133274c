//! The sandbox's own time, and the only place that touches the real one.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A virtual clock, or the real clock with an offset. By hand, either moves only forward.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Option<Duration>,
    offset: Duration,
}

impl Clock {
    pub(crate) fn new(start_time: Option<u64>) -> Self {
        Self {
            start: start_time.map(Duration::from_secs),
            offset: Duration::ZERO,
        }
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        let base = self.start.unwrap_or_else(real_time);
        base.saturating_add(self.offset).as_secs()
    }

    /// The time that callers go by: their clocks don't move with ours. A stopped clock is moved by
    /// hand on both sides.
    pub(crate) fn signing(&self) -> u64 {
        match self.start {
            Some(_) => self.now(),
            None => real_time().as_secs(),
        }
    }

    /// How far it was moved by hand. Rounded up to whole seconds, so that parts of a second add up
    /// and no caller is told a future time.
    pub(crate) fn seconds_ahead(&self) -> u64 {
        let begun = u64::from(self.offset.subsec_nanos() > 0);
        self.offset.as_secs().saturating_add(begun)
    }

    /// Whether callers have a clock of their own.
    pub(crate) fn is_real(&self) -> bool {
        self.start.is_none()
    }

    /// From now on it only moves by hand.
    pub(crate) fn stop(&mut self) {
        self.start.get_or_insert_with(real_time);
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(by);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the sandbox takes the real time here and nowhere else"
)]
fn real_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Lets real time pass.
#[allow(
    clippy::disallowed_methods,
    reason = "the program looks for due notifications second after second"
)]
pub(crate) async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Waits for `work`, but no longer than `limit` of real time: sockets know no other time.
#[allow(
    clippy::disallowed_methods,
    reason = "a silent peer must not hang the sandbox"
)]
pub(crate) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    tokio::time::timeout(limit, work).await.ok()
}
