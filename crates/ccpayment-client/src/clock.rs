//! `Clock`, the one source of time, sleep and randomness, and `SystemClock`, the real one.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Where a client takes time and randomness from.
///
/// [`SystemClock`] is the real one. `ccpayment-testing` has one that a test sets.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The wall clock, which timestamps are signed by. It may jump.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment, which deadlines are measured by. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits while nothing else is under way.
    async fn sleep(&self, duration: Duration);

    /// Waits beside something that is under way, and ends it by coming first. Virtual clocks tell
    /// this from [`Clock::sleep`]: a pause may be skipped, a deadline may not.
    async fn deadline(&self, duration: Duration) {
        self.sleep(duration).await;
    }

    /// A random number, which spreads repeated calls of many clients. No secret depends on it.
    fn random(&self) -> u64;
}

/// The machine's clock and tokio's timer.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

#[allow(
    clippy::disallowed_methods,
    reason = "where the client meets real time"
)]
impl SystemClock {
    /// The real clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
#[allow(
    clippy::disallowed_methods,
    reason = "where the client meets real time"
)]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}
