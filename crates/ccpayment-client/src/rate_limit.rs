//! `Limit`, the rate limit: how many requests a second leave at most, and who waits behind whom.

use std::fmt;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ccpayment_core::{Idempotency, Version};
use futures_util::future::{Either, select};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Clock;

/// "100 calls per second per source IP", say the documents of v1. Those of v2 give no number.
const V1_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Which requests go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Requests that act, and the lookups of a payout: before all others.
    High,
    Normal,
}

impl Priority {
    pub(crate) fn of(idempotency: Idempotency) -> Self {
        if idempotency.acts() {
            Self::High
        } else {
            Self::Normal
        }
    }
}

/// The limits of both versions, which have a host each.
#[derive(Clone)]
pub(crate) struct Limits {
    v1: Option<Arc<Limit>>,
    v2: Option<Arc<Limit>>,
}

impl Limits {
    pub(crate) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            v1: Some(Limit::new(V1_PER_SECOND, clock)),
            v2: None,
        }
    }

    pub(crate) fn of(&self, version: Version) -> Option<&Limit> {
        match version {
            Version::V1 => self.v1.as_deref(),
            Version::V2 => self.v2.as_deref(),
        }
    }

    pub(crate) fn set(
        &mut self,
        version: Version,
        per_second: Option<NonZeroU32>,
        clock: &Arc<dyn Clock>,
    ) {
        let limit = per_second.map(|per_second| Limit::new(per_second, clock));
        match version {
            Version::V1 => self.v1 = limit,
            Version::V2 => self.v2 = limit,
        }
    }

    /// The same limits by another clock, which knows nothing of what went before.
    pub(crate) fn move_to(&mut self, clock: &Arc<dyn Clock>) {
        for limit in [&mut self.v1, &mut self.v2].into_iter().flatten() {
            *limit = Limit::new(limit.per_second, clock);
        }
    }
}

/// No more requests than this begin in any second.
pub(crate) struct Limit {
    pub(crate) per_second: NonZeroU32,
    clock: Arc<dyn Clock>,
    limiter: RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Duration>>,
    /// The holder is the next of its priority. The others wait behind it, in order of arrival.
    high: Mutex<()>,
    normal: Mutex<()>,
    high_waiting: AtomicUsize,
}

/// The deadline comes before a slot is free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeadlineExceeded;

impl Limit {
    fn new(per_second: NonZeroU32, clock: &Arc<dyn Clock>) -> Arc<Self> {
        // A tenth of the limit may leave at once. This and the slots of a second add up to the
        // limit.
        let burst = NonZeroU32::new(per_second.get() / 10).unwrap_or(NonZeroU32::MIN);
        let rate = per_second.get().saturating_sub(burst.get() - 1);
        let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(rate).allow_burst(burst);
        Arc::new(Self {
            per_second,
            clock: Arc::clone(clock),
            limiter: RateLimiter::direct_with_clock(quota, Elapsed(Arc::clone(clock))),
            high: Mutex::default(),
            normal: Mutex::default(),
            high_waiting: AtomicUsize::new(0),
        })
    }

    /// Waits until a request may begin, but not for longer than it has. Gives up at once where that
    /// can be foreseen.
    pub(crate) async fn acquire(
        &self,
        priority: Priority,
        left: Duration,
    ) -> Result<(), DeadlineExceeded> {
        let give_up_at = self.clock.elapsed().saturating_add(left);
        let _waiting = (priority == Priority::High).then(|| WaitGuard::new(&self.high_waiting));
        let own = match priority {
            Priority::High => &self.high,
            Priority::Normal => &self.normal,
        };
        let _turn = self.wait_turn(own, give_up_at).await?;
        loop {
            if priority == Priority::Normal && self.high_waiting.load(Ordering::Relaxed) > 0 {
                drop(self.wait_turn(&self.high, give_up_at).await?);
                continue;
            }
            let Err(until) = self.limiter.check() else {
                return Ok(());
            };
            let now = self.clock.elapsed();
            let pause = until.wait_time_from(now);
            if pause >= give_up_at.saturating_sub(now) {
                return Err(DeadlineExceeded);
            }
            self.clock.sleep(pause).await;
        }
    }

    async fn wait_turn<'a>(
        &self,
        queue: &'a Mutex<()>,
        give_up_at: Duration,
    ) -> Result<MutexGuard<'a, ()>, DeadlineExceeded> {
        if let Ok(turn) = queue.try_lock() {
            return Ok(turn);
        }
        let left = give_up_at.saturating_sub(self.clock.elapsed());
        match select(pin!(queue.lock()), self.clock.deadline(left)).await {
            Either::Left((turn, _)) => Ok(turn),
            Either::Right(_) => Err(DeadlineExceeded),
        }
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("per_second", &self.per_second)
            .finish_non_exhaustive()
    }
}

/// Counts a request that waits, until it has a slot or is dropped.
struct WaitGuard<'a>(&'a AtomicUsize);

impl<'a> WaitGuard<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Our clock, as the limiter reads it.
struct Elapsed(Arc<dyn Clock>);

impl GovernorClock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        // The limiter counts nanoseconds in 64 bits, and panics above.
        const CENTURIES: Duration = Duration::from_secs(1 << 33);
        self.0.elapsed().min(CENTURIES)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use async_trait::async_trait;
    use tokio::time::Instant;

    use super::*;

    /// tokio's time, which moves on by itself when everybody waits.
    #[derive(Debug)]
    struct Paused(Instant);

    #[async_trait]
    #[allow(clippy::disallowed_methods, reason = "this time is virtual")]
    impl Clock for Paused {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + self.elapsed()
        }

        fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }

        async fn sleep(&self, duration: Duration) {
            tokio::time::sleep(duration).await;
        }

        fn random(&self) -> u64 {
            0
        }
    }

    fn limit(per_second: u32) -> (Arc<Limit>, Arc<dyn Clock>) {
        #[allow(clippy::disallowed_methods, reason = "this time is virtual")]
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
        let limit = Limit::new(NonZeroU32::new(per_second).unwrap(), &clock);
        (limit, clock)
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_calls_than_the_limit() {
        for per_second in [1, 2, 3, 9, 10, 11, 50, 100, 333] {
            let (limit, clock) = limit(per_second);
            let mut begun = Vec::new();
            while clock.elapsed() < Duration::from_secs(4) {
                limit.acquire(Priority::Normal, LONG).await.unwrap();
                begun.push(clock.elapsed());
            }
            let second = Duration::from_secs(1);
            for (place, first) in begun.iter().enumerate() {
                let until = begun[place..].partition_point(|at| *at < *first + second);
                assert!(until <= per_second as usize, "{per_second}: {until}");
            }
            // tokio's timer counts whole milliseconds, which costs the most at high rates.
            let least = u64::from(per_second) * 4 * 7 / 10;
            assert!(begun.len() as u64 >= least, "{per_second}: {}", begun.len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn money_overtakes_reads_that_wait_and_reads_keep_their_order() {
        let (limit, _) = limit(10);
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let go = |priority, name: String| {
            let (limit, order) = (Arc::clone(&limit), Arc::clone(&order));
            tokio::spawn(async move {
                limit.acquire(priority, LONG).await.unwrap();
                order.lock().unwrap().push(name);
            })
        };
        let mut all: Vec<_> = (0..8)
            .map(|place| go(Priority::Normal, format!("read {place}")))
            .collect();
        // The first has gone, the second waits for room.
        tokio::task::yield_now().await;
        all.extend((0..3).map(|place| go(Priority::High, format!("money {place}"))));
        for one in all {
            one.await.unwrap();
        }
        let expected = [
            "read 0", "money 0", "money 1", "money 2", "read 1", "read 2", "read 3", "read 4",
            "read 5", "read 6", "read 7",
        ];
        assert_eq!(*order.lock().unwrap(), expected);
    }

    #[test]
    fn what_acts_is_in_the_lane_of_money() {
        for (idempotency, priority) in [
            (Idempotency::Read, Priority::Normal),
            (Idempotency::GetOrCreate, Priority::Normal),
            (Idempotency::OrderId, Priority::High),
            (Idempotency::NonIdempotent, Priority::High),
        ] {
            assert_eq!(Priority::of(idempotency), priority, "{idempotency:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_time_to_wait_is_told_at_once_or_at_the_deadline() {
        let (limit, clock) = limit(1);
        limit.acquire(Priority::Normal, LONG).await.unwrap();
        let short = Duration::from_millis(999);
        assert_eq!(
            limit.acquire(Priority::Normal, short).await,
            Err(DeadlineExceeded)
        );
        assert_eq!(clock.elapsed(), Duration::ZERO);

        // Behind others, the wait is not known before.
        let ahead = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.acquire(Priority::Normal, LONG).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(
            limit.acquire(Priority::Normal, short).await,
            Err(DeadlineExceeded)
        );
        assert_eq!(clock.elapsed(), short);
        ahead.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_leaves_its_place() {
        let (limit, clock) = limit(1);
        limit.acquire(Priority::High, LONG).await.unwrap();
        for priority in [Priority::High, Priority::Normal] {
            let dropped = tokio::spawn({
                let limit = Arc::clone(&limit);
                async move { limit.acquire(priority, LONG).await }
            });
            tokio::task::yield_now().await;
            dropped.abort();
            dropped.await.unwrap_err();
        }
        limit.acquire(Priority::Normal, LONG).await.unwrap();
        assert!(clock.elapsed() <= Duration::from_millis(1_001));
    }
}
