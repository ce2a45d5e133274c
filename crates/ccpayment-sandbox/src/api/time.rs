//! The calls about time.

use std::time::Duration;

use crate::api::sandbox::Sandbox;
use crate::model::caller_time::CallerTime;
use crate::model::error::SandboxError;
use crate::ops::Op;

/// # Time
///
/// The sandbox has a clock of its own; see [the crate](crate#time).
impl Sandbox {
    /// The sandbox's time, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.engine().clock.now()
    }

    /// The time that callers go by, in unix seconds: in signatures, and for all times in requests,
    /// answers and notifications. It differs from [`now`](Self::now) only if a sandbox on the real
    /// clock was advanced, because nobody else's clock has moved with it. Everything that was there
    /// before the advance is older by as much; see [the crate](crate#time).
    #[must_use]
    pub fn signing_time(&self) -> u64 {
        self.engine().clock.signing()
    }

    /// Makes time virtual from now on, as [`start_time`](crate::SandboxBuilder::start_time) does from
    /// the beginning: it stands until it is advanced, and callers go by it.
    pub fn stop_clock(&self) {
        let mut engine = self.engine();
        engine.clock.stop();
        engine.state.caller_time = CallerTime::default();
    }

    /// The time that callers are told for a time of the sandbox.
    pub(crate) fn told(&self, own: u64) -> u64 {
        self.engine().state.caller_time.told(own)
    }

    /// Ages an order or invoice until it has just expired. All others, and the clock, stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// When there is no such order.
    pub fn expire(&self, order_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Expire(order_id.to_owned())).map(drop)
    }

    /// Moves the sandbox's time forward. Everything due until then happens, each at its own moment:
    /// confirmations, and the progress of withdrawals and batches.
    pub fn advance(&self, by: Duration) {
        let _ = self.try_advance(by);
    }

    /// As [`advance`](Self::advance); the clock stays where it was if the journal can't keep that.
    pub(crate) fn try_advance(&self, by: Duration) -> Result<(), SandboxError> {
        self.engine().advance(by)
    }
}
