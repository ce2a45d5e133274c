//! `Report`, what is in the store: counts and ages by state, and what waits for a person.

use std::time::Duration;

use crate::counts::{Count, Row};
use crate::entry::{Queue, State, Step};
use crate::store::{Store, StoreError};

/// What is in the store.
///
/// What to look at: [`parked`](Self::parked) is for a person. [`waiting`](Self::waiting) grows when
/// no worker runs or the gateway can't be read. [`unknown_payouts`](Self::unknown_payouts) settle
/// by themselves within minutes, unless the gateway can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Counts and ages.
    pub counts: Vec<Count>,
    /// What waits for a person, the oldest first; at most [`Report::MOST_ROWS`] of each queue.
    pub parked: Vec<Row>,
    /// Payouts that may have been sent and are not settled; at most [`Report::MOST_ROWS`].
    pub unknown_payouts: Vec<Row>,
}

impl Report {
    /// How many rows are shown of each list.
    pub const MOST_ROWS: u32 = 100;

    /// Reads the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when it can't be read.
    pub async fn read<S: Store>(store: &S) -> Result<Self, StoreError> {
        let counts = store.counts().await?;
        let mut parked = Vec::new();
        for queue in [Queue::Inbox, Queue::Outbox] {
            parked.extend(store.list(queue, State::Parked, Self::MOST_ROWS).await?);
        }
        // All of them: those in doubt may be behind many that are not.
        let open = store.list(Queue::Outbox, State::Open, u32::MAX).await?;
        let unknown_payouts = open
            .into_iter()
            .filter(|row| row.step == Step::Sending)
            .take(Self::MOST_ROWS as usize)
            .collect();
        Ok(Self {
            counts,
            parked,
            unknown_payouts,
        })
    }

    /// How many entries are open.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.sum(|count| count.state == State::Open, |count| count.entries)
    }

    /// How long the oldest open entry has waited.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let open = self.counts.iter().filter(|it| it.state == State::Open);
        open.map(|it| it.oldest).max().unwrap_or_default()
    }

    /// How many records no notification had told of when a list showed them.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.sum(|_| true, |count| count.gaps)
    }

    fn sum(&self, of: impl Fn(&Count) -> bool, what: impl Fn(&Count) -> u64) -> u64 {
        self.counts.iter().filter(|it| of(it)).map(what).sum()
    }

    /// Sets the gauges `ccpayment.durable.entries` and `ccpayment.durable.oldest` (in seconds), by
    /// `app_id`, `queue`, `kind`, `state` and `verdict`, and `ccpayment.durable.gaps`.
    #[cfg(feature = "metrics")]
    pub fn record_metrics(&self) {
        #[allow(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; no money is in it"
        )]
        let float = |number: u64| number as f64;
        for count in &self.counts {
            let labels = [
                ("app_id", count.app_id.to_string()),
                ("queue", count.queue.as_str().to_owned()),
                ("kind", count.kind.clone()),
                ("state", count.state.as_str().to_owned()),
                ("verdict", count.verdict.clone().unwrap_or_default()),
            ];
            metrics::gauge!("ccpayment.durable.entries", &labels).set(float(count.entries));
            let oldest = count.oldest.as_secs_f64();
            metrics::gauge!("ccpayment.durable.oldest", &labels).set(oldest);
        }
        metrics::gauge!("ccpayment.durable.gaps").set(float(self.gaps()));
    }
}
