//! tokio's paused time as a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ccpayment_client::Clock;
use tokio::time::Instant;

/// A clock over tokio's paused time, which moves on by itself when every task waits.
///
/// Take it where several tasks have to wait at once: the first to wake is the one whose pause ends
/// first. [`TestClock`](crate::TestClock) skips every pause where it begins. The wall clock shows
/// the time since the clock was made, from the unix epoch on.
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_client::Clock;
/// use ccpayment_testing::PausedClock;
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let clock = PausedClock::new();
///     tokio::join!(
///         clock.sleep(Duration::from_secs(60)),
///         clock.sleep(Duration::from_secs(3_600)),
///     );
///     assert_eq!(clock.elapsed(), Duration::from_secs(3_600));
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PausedClock {
    start: Instant,
}

#[allow(clippy::disallowed_methods, reason = "this time is virtual")]
impl PausedClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for PausedClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
#[allow(clippy::disallowed_methods, reason = "this time is virtual")]
impl Clock for PausedClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Always 0: a client makes its shortest pause.
    fn random(&self) -> u64 {
        0
    }
}
