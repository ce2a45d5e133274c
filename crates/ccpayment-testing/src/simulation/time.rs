//! `VirtualClock`, and what the simulation and the merchant's side share through it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::Clock;
use http::{Request, Response};

use super::report::{Counts, Trace};

/// When every run begins, in unix seconds.
pub(super) const START: u64 = 1_767_225_600;

/// A clock that moves on to the next event whenever nobody has anything to do. Clones show the same
/// time; pauses take no real time.
#[derive(Clone)]
pub struct VirtualClock {
    shared: Arc<Mutex<Shared>>,
}

/// What the simulation and the merchant's client have in common.
pub(super) struct Shared {
    pub(super) elapsed: Duration,
    pub(super) random: fastrand::Rng,
    timers: BTreeMap<(Duration, u64), Waker>,
    serial: u64,
    /// Requests on their way to the gateway, by when they arrive.
    pub(super) parcels: BTreeMap<(Duration, u64), Parcel>,
    /// Of a hundred exchanges, how many the network does not carry as it should.
    pub(super) faults_percent: u32,
    /// When no exchange finds a connection.
    pub(super) network_outage: Option<(Duration, Duration)>,
    pub(super) counts: Counts,
    pub(super) trace: Trace,
}

/// A request on its way to the gateway.
pub(super) struct Parcel {
    pub(super) operation: &'static str,
    pub(super) request: Request<Bytes>,
    /// Who waits for the answer.
    pub(super) slot: Option<Slot>,
}

impl Shared {
    pub(super) fn say(&mut self, who: &str, what: impl fmt::Display) {
        let (seconds, millis) = (self.elapsed.as_secs(), self.elapsed.subsec_millis());
        let line = format!("{seconds:>5}.{millis:03}  {who:<8}  {what}");
        self.trace.lines.push(line);
    }

    /// The next number of a sequence, which makes equal moments different keys.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.random.u64(from..=to))
    }

    /// Draws whether something happens that happens this often in a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(0..100) < percent
    }

    pub(super) fn post(&mut self, after: Duration, parcel: Parcel) {
        let key = (self.elapsed.saturating_add(after), self.serial());
        self.parcels.insert(key, parcel);
    }

    /// When somebody who sleeps is to be woken, or a request arrives.
    pub(super) fn next(&self) -> Option<Duration> {
        let timer = self.timers.keys().next().map(|(at, _)| *at);
        let parcel = self.parcels.keys().next().map(|(at, _)| *at);
        timer.into_iter().chain(parcel).min()
    }

    /// Time never goes back. Returns who is to be woken.
    pub(super) fn move_to(&mut self, moment: Duration) -> Vec<Waker> {
        self.elapsed = self.elapsed.max(moment);
        let later = self.timers.split_off(&(self.elapsed, u64::MAX));
        std::mem::replace(&mut self.timers, later)
            .into_values()
            .collect()
    }
}

impl VirtualClock {
    pub(super) fn new(seed: u64) -> Self {
        let shared = Shared {
            elapsed: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            timers: BTreeMap::new(),
            serial: 0,
            parcels: BTreeMap::new(),
            faults_percent: 0,
            network_outage: None,
            counts: Counts::default(),
            trace: Trace::default(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        // A handler that panicked is reported as such; what is shared is still good.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, duration: Duration) -> Sleep {
        let until = self.shared().elapsed.saturating_add(duration);
        Sleep {
            clock: self.clone(),
            until,
            serial: None,
        }
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualClock")
            .field("elapsed", &self.shared().elapsed)
            .finish()
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(START) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.shared().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        self.wait(duration).await;
    }

    fn random(&self) -> u64 {
        self.shared().random.u64(..)
    }
}

/// Ends when the time has come; forgets its timer when it is dropped before.
struct Sleep {
    clock: VirtualClock,
    until: Duration,
    serial: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let mut shared = self.clock.shared();
        if shared.elapsed >= until {
            return Poll::Ready(());
        }
        let serial = self.serial.unwrap_or_else(|| shared.serial());
        shared
            .timers
            .insert((until, serial), context.waker().clone());
        drop(shared);
        self.serial = Some(serial);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(serial) = self.serial {
            self.clock.shared().timers.remove(&(self.until, serial));
        }
    }
}

/// The place where a client that waits gets its answer.
#[derive(Clone, Default)]
pub(super) struct Slot {
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    /// The inner `None` is a connection that was closed.
    answer: Option<Option<Response<Bytes>>>,
    waker: Option<Waker>,
}

impl Slot {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, answer: Option<Response<Bytes>>) {
        let waker = {
            let mut content = self.content();
            content.answer = Some(answer);
            content.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    pub(super) async fn take(&self) -> Option<Response<Bytes>> {
        std::future::poll_fn(|context| {
            let mut content = self.content();
            if let Some(answer) = content.answer.take() {
                return Poll::Ready(answer);
            }
            content.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
