//! `TestClock`, a clock that a test sets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ccpayment_client::Clock;
use ccpayment_client::core::Timestamp;

/// A clock that stands still until it is moved. Clones share their time.
///
/// A pause of the client ([`Clock::sleep`]) moves the clock and ends at once. A deadline
/// ([`Clock::deadline`]) is reached when [`TestClock::advance`] or a pause moves the clock past
/// it, so a call over a real socket does not time out by itself.
///
/// Pauses that are skipped would let a loop without an end run for ever, so the clock panics at the
/// pause after [`TestClock::MAX_PAUSES`].
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_client::Clock;
/// use ccpayment_client::core::Timestamp;
/// use ccpayment_testing::TestClock;
///
/// let clock = TestClock::at(Timestamp::new(1_767_225_600));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.elapsed(), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone)]
pub struct TestClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    start: SystemTime,
    /// How far the wall clock was set off by [`TestClock::set`]; deadlines don't see it.
    jump_seconds: i64,
    elapsed: Duration,
    random: u64,
    pauses: u32,
    wakers: Vec<Waker>,
}

impl TestClock {
    /// How many pauses there may be. No test that ends needs as many.
    pub const MAX_PAUSES: u32 = 2_000;

    /// A clock that shows this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        let state = State {
            start: UNIX_EPOCH + Duration::from_secs(moment.get()),
            jump_seconds: 0,
            elapsed: Duration::ZERO,
            random: 0,
            pauses: 0,
            wakers: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.elapsed += duration;
        state.wakers.drain(..).for_each(Waker::wake);
    }

    /// Sets the wall clock, as an administrator or a time server would: no time passes.
    pub fn set(&self, moment: Timestamp) {
        let shown = Timestamp::from_system(self.now());
        let difference = i128::from(moment.get()) - i128::from(shown.get());
        let mut state = self.state();
        state.jump_seconds = state
            .jump_seconds
            .saturating_add(i64::try_from(difference).unwrap_or_default());
    }

    /// The wall clock, in the form that a webhook extractor takes.
    pub fn now_fn(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere has already failed; the time itself is still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        let state = self.state();
        let shown = state.start + state.elapsed;
        let jump = Duration::from_secs(state.jump_seconds.unsigned_abs());
        let moved = if state.jump_seconds < 0 {
            shown.checked_sub(jump)
        } else {
            shown.checked_add(jump)
        };
        moved.unwrap_or(UNIX_EPOCH)
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        let pauses = {
            let mut state = self.state();
            state.pauses = state.pauses.saturating_add(1);
            state.pauses
        };
        // This panics without the lock, so that a clone can still look at the time.
        assert!(
            pauses <= Self::MAX_PAUSES,
            "a TestClock was asked for more than {} pauses: a loop has no end",
            Self::MAX_PAUSES
        );
        self.advance(duration);
    }

    async fn deadline(&self, duration: Duration) {
        let end = self.elapsed().saturating_add(duration);
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if state.elapsed >= end {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// A fixed sequence, so that a test repeats itself exactly.
    fn random(&self) -> u64 {
        let mut state = self.state();
        state.random = state
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.random >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_wall_clock_lets_no_time_pass() {
        let clock = TestClock::at(Timestamp::new(1_000));
        clock.advance(Duration::from_secs(5));
        assert_eq!(Timestamp::from_system(clock.now()).get(), 1_005);
        clock.set(Timestamp::new(400));
        assert_eq!(Timestamp::from_system(clock.now()).get(), 400);
        clock.advance(Duration::from_secs(1));
        assert_eq!(Timestamp::from_system((clock.now_fn())()).get(), 401);
        assert_eq!(clock.elapsed(), Duration::from_secs(6));
    }

    #[tokio::test]
    #[should_panic(expected = "more than 2000 pauses: a loop has no end")]
    async fn a_loop_without_an_end_is_ended() {
        let clock = TestClock::at(Timestamp::new(1_000));
        for _ in 0..TestClock::MAX_PAUSES {
            clock.sleep(Duration::ZERO).await;
        }
        assert_eq!(clock.elapsed(), Duration::ZERO);
        loop {
            clock.sleep(Duration::ZERO).await;
        }
    }

    #[tokio::test]
    async fn a_pause_is_skipped_and_a_deadline_is_not() {
        let clock = TestClock::at(Timestamp::new(1_000));
        let deadline = tokio::spawn({
            let clock = clock.clone();
            async move { clock.deadline(Duration::from_secs(20)).await }
        });
        tokio::task::yield_now().await;
        clock.sleep(Duration::from_secs(19)).await;
        tokio::task::yield_now().await;
        assert!(!deadline.is_finished());
        clock.advance(Duration::from_secs(1));
        deadline.await.unwrap();
    }
}
