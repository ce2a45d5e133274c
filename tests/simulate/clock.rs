//! The clock of one machine, as a person or a fault has set it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ccpayment::Clock;
use ccpayment::Timestamp;
use futures_util::FutureExt as _;
use tokio::time::Instant;

use crate::fault_kinds;
use crate::world::World;

/// When every history begins, in unix seconds.
pub(crate) const START: u64 = 1_767_225_600;

/// Virtual time. Tokio moves it on when no task can go on.
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

/// Moves virtual time on without a pause: no other task runs meanwhile.
#[allow(clippy::disallowed_methods, reason = "as above")]
fn skip(length: Duration) {
    // The clock moves at the first poll; the rest of the future only lets others run.
    let _ = tokio::time::advance(length).now_or_never();
}

/// How often a process stalls, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pauses {
    /// Looks at its clock before which time passes, as between any two statements.
    pub(crate) looks: u32,
    /// Wake-ups that come late: the process stalls, and everything else goes on.
    pub(crate) polls: u32,
}

/// Clones show the same time.
#[derive(Debug, Clone)]
pub(crate) struct MachineClock {
    world: Arc<World>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// How far the wall clock is ahead of the gateway's, in milliseconds.
    ahead: i64,
    random: fastrand::Rng,
    pauses: Pauses,
    /// Draws the pauses alone, so that a history without pauses draws the rest as before.
    fate: fastrand::Rng,
    /// When the exchange that began last has to be over.
    deadline: Option<Instant>,
    /// When the call that began last has to be over.
    end: Option<Instant>,
    /// Until when the process stands still.
    still: Option<Instant>,
}

impl State {
    /// Draws a pause: as often a moment as minutes, and often just until the time for an exchange
    /// or a call is over.
    fn pause(&mut self) -> Duration {
        let end = if self.fate.bool() {
            self.deadline
        } else {
            self.end
        };
        let left = end.map(|end| end.saturating_duration_since(now()));
        match left.filter(|left| !left.is_zero()) {
            Some(left) if self.fate.bool() => {
                let around = left + Duration::from_millis(self.fate.u64(0..8));
                around.saturating_sub(Duration::from_millis(4))
            }
            _ => {
                let most = 1 << self.fate.u32(0..=17);
                Duration::from_millis(self.fate.u64(1..=most))
            }
        }
    }
}

impl MachineClock {
    pub(crate) fn new(world: &Arc<World>, seed: u64, ahead: i64, pauses: Pauses) -> Self {
        let state = State {
            ahead,
            random: fastrand::Rng::with_seed(seed),
            pauses,
            fate: fastrand::Rng::with_seed(seed ^ 0x0070_6175_7365),
            deadline: None,
            end: None,
            still: None,
        };
        Self {
            world: Arc::clone(world),
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the wall clock is ahead, in milliseconds.
    pub(crate) fn ahead(&self) -> i64 {
        self.state().ahead
    }

    /// Sets the wall clock forward or back; no time passes.
    pub(crate) fn jump(&self, millis: i64) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_add(millis);
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_system(self.shown())
    }

    /// When the exchange that began last has to be over.
    pub(crate) fn deadline_of_last(&self) -> Option<Instant> {
        self.state().deadline
    }

    /// Notes that a call begins, with this much time.
    pub(crate) fn begins(&self, total: Duration) {
        self.state().end = Some(now() + total);
    }

    fn shown(&self) -> SystemTime {
        let shown = UNIX_EPOCH + Duration::from_secs(START) + self.world.elapsed();
        let ahead = self.state().ahead;
        let off = Duration::from_millis(ahead.unsigned_abs());
        let set = if ahead < 0 {
            shown.checked_sub(off)
        } else {
            shown.checked_add(off)
        };
        set.unwrap_or(UNIX_EPOCH)
    }

    /// Time may pass here.
    fn look(&self) {
        if self.world.is_quiet() {
            return;
        }
        let length = {
            let mut state = self.state();
            let passes = state.pauses.looks > 0 && state.fate.u32(0..1000) < state.pauses.looks;
            passes.then(|| state.pause())
        };
        if let Some(length) = length {
            self.world.paused(fault_kinds::BETWEEN, length);
            skip(length);
        }
    }

    /// How long the process stalls after it was woken.
    pub(crate) fn stands_still(&self) -> Option<Duration> {
        if self.world.is_quiet() {
            return None;
        }
        let mut state = self.state();
        let left = (state.still).map(|still| still.saturating_duration_since(now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Some(left);
        }
        if state.pauses.polls == 0 || state.fate.u32(0..1000) >= state.pauses.polls {
            return None;
        }
        let length = state.pause();
        state.still = Some(now() + length);
        drop(state);
        self.world.paused(fault_kinds::STILL, length);
        Some(length)
    }
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> SystemTime {
        self.look();
        self.shown()
    }

    fn elapsed(&self) -> Duration {
        self.look();
        self.world.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        pause(duration).await;
    }

    async fn deadline(&self, duration: Duration) {
        self.state().deadline = Some(now() + duration);
        pause(duration).await;
    }

    fn random(&self) -> u64 {
        self.state().random.u64(..)
    }
}
