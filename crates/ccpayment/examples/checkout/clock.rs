//! One time for both sides: the sandbox's, which stands still unless it is moved.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccpayment::{Clock, SystemClock};
use ccpayment_sandbox::Sandbox;

/// A client's clock that shows the sandbox's time. A pause of the client moves that time on
/// rather than being waited for; deadlines are real, since the sockets are.
pub struct SandboxClock {
    sandbox: Sandbox,
    real: SystemClock,
}

impl SandboxClock {
    pub fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            real: SystemClock::new(),
        }
    }
}

impl std::fmt::Debug for SandboxClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxClock")
    }
}

pub fn now(sandbox: &Sandbox) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(sandbox.now())
}

#[async_trait::async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> SystemTime {
        now(&self.sandbox)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.sandbox.now())
    }

    async fn sleep(&self, duration: Duration) {
        // The sandbox counts whole seconds.
        self.sandbox
            .advance(Duration::from_secs(duration.as_secs() + 1));
    }

    async fn deadline(&self, duration: Duration) {
        self.real.deadline(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}
