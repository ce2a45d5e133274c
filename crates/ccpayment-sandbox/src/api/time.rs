//! The calls about time.

use std::time::Duration;

use crate::api::sandbox::Sandbox;
use crate::model::error::SandboxError;

/// # Time
///
/// The sandbox has a clock of its own; see [the crate](crate#time).
impl Sandbox {
    /// The sandbox's time, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.engine().clock.now()
    }

    /// The time that signatures go by, in unix seconds. It is [`now`](Self::now) but for a sandbox
    /// on the real clock that was advanced: nobody else's clock has moved with it, so that it signs
    /// by the real time, and takes signatures by either.
    #[must_use]
    pub fn signing_time(&self) -> u64 {
        self.engine().clock.signing()
    }

    /// Moves the sandbox's time forward, and lets happen what is due until then: confirmations,
    /// the progress of withdrawals and batches, each at its own moment.
    pub fn advance(&self, by: Duration) {
        let _ = self.try_advance(by);
    }

    /// As [`advance`](Self::advance); the clock stands where it stood when that can't be kept.
    pub(crate) fn try_advance(&self, by: Duration) -> Result<(), SandboxError> {
        self.engine().advance(by)
    }
}
