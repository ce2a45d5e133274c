//! `Settings`, how a worker waits, and how often it tries.

use std::time::Duration;

/// How a [`Worker`](crate::Worker) waits, and how often it tries.
///
/// ```
/// use std::time::Duration;
///
/// use ccpayment_durable::Settings;
///
/// let settings = Settings::default()
///     .poll(Duration::from_secs(2))
///     .handler_timeout(Duration::from_secs(10));
/// # let _ = settings;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How long a claim lasts: 2 minutes. It has to outlast the client's
    /// [`Timeouts::total`](ccpayment_client::Timeouts::total) and a handler's time together. A
    /// payout whose signature would come later is not sent.
    pub lease: Duration,
    /// How many entries of a queue are worked on at the same time: 16.
    pub batch: u32,
    /// How often the store is asked when nothing woke the worker: each second.
    pub poll: Duration,
    /// The pause before an entry is looked at a second time: 2 seconds. It doubles each time, up to
    /// [`longest_pause`](Self::longest_pause).
    pub first_pause: Duration,
    /// The longest pause between two looks: 5 minutes.
    pub longest_pause: Duration,
    /// How often in a row an entry may fail before it is parked: 12, which is about 25 minutes.
    /// An outage of the gateway does not count.
    pub most_failures: u32,
    /// How long a handler may take, with its transaction: 30 seconds.
    pub handler_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(120),
            batch: 16,
            poll: Duration::from_secs(1),
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(300),
            most_failures: 12,
            handler_timeout: Duration::from_secs(30),
        }
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty,)+) => {$(
        #[doc = concat!("Sets [`", stringify!($name), "`](#structfield.", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }
    )+};
}

impl Settings {
    setters! {
        lease: Duration,
        batch: u32,
        poll: Duration,
        first_pause: Duration,
        longest_pause: Duration,
        most_failures: u32,
        handler_timeout: Duration,
    }

    /// The pause before the next try, after so many.
    pub(crate) fn pause(&self, tries: u32) -> Duration {
        let doubled = 1_u32.checked_shl(tries.min(31)).unwrap_or(u32::MAX);
        self.first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause)
    }
}
