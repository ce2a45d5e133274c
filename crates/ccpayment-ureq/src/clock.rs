//! `BlockingClock`, a clock that blocks.

use std::future::pending;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ccpayment_client::{Clock, SystemClock};

/// The machine's clock, whose sleep blocks the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockingClock(SystemClock);

impl BlockingClock {
    /// The real clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Clock for BlockingClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the blocking client waits"
    )]
    async fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    /// Never ends: a transport that blocks keeps the time by itself, as
    /// [`UreqTransport`](crate::UreqTransport) does.
    async fn deadline(&self, _: Duration) {
        pending().await
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}
