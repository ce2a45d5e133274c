//! `Report`, what is in the store: counts and ages by state, and what waits for a person.

use std::time::Duration;

use ccpayment_client::core::AppId;

use crate::entry::{EntryKey, Queue, State, Step};
use crate::store::{Store, StoreError};

/// How many entries there are of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// The merchant.
    pub app_id: AppId,
    /// Inbox or outbox.
    pub queue: Queue,
    /// As in [`EntryKey`].
    pub kind: String,
    /// Whether there is work to do.
    pub state: State,
    /// How they ended, where they did.
    pub verdict: Option<String>,
    /// How many a list of records showed first: gaps in the notifications.
    pub gaps: u64,
    /// How many there are.
    pub entries: u64,
    /// How long ago the oldest was put in.
    pub oldest: Duration,
}

impl Count {
    /// So many entries.
    #[allow(clippy::too_many_arguments, reason = "a row of a table")]
    #[must_use]
    pub fn new(
        app_id: AppId,
        queue: Queue,
        kind: String,
        state: State,
        verdict: Option<String>,
        entries: u64,
        gaps: u64,
        oldest: Duration,
    ) -> Self {
        Self {
            app_id,
            queue,
            kind,
            state,
            verdict,
            gaps,
            entries,
            oldest,
        }
    }
}

/// An entry as it is shown to people. It has no body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// What it is known by.
    pub key: EntryKey,
    /// Whether there is work to do.
    pub state: State,
    /// How far it is.
    pub step: Step,
    /// How often in a row it failed.
    pub failures: u32,
    /// How it ended.
    pub verdict: Option<String>,
    /// Why it failed last, why it is parked, or why it ended so.
    pub reason: Option<String>,
    /// How long ago it was put in.
    pub age: Duration,
}

impl Row {
    /// An entry in this state.
    #[must_use]
    pub fn new(key: EntryKey, state: State, step: Step, failures: u32, age: Duration) -> Self {
        Self {
            key,
            state,
            step,
            failures,
            verdict: None,
            reason: None,
            age,
        }
    }
}

/// What is in the store.
///
/// What to look at: [`parked`](Self::parked) is for a person. [`waiting`](Self::waiting) grows when
/// no worker runs or the gateway can't be read. [`unknown_payouts`](Self::unknown_payouts) settle by
/// themselves within minutes, unless the gateway can't be read.
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
        let open = store
            .list(Queue::Outbox, State::Open, Self::MOST_ROWS)
            .await?;
        let unknown_payouts = open
            .into_iter()
            .filter(|row| row.step == Step::Sending)
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
    /// `queue`, `kind` and `state`, and `ccpayment.durable.gaps`.
    #[cfg(feature = "metrics")]
    pub fn record_metrics(&self) {
        #[allow(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; no money is in it"
        )]
        let float = |number: u64| number as f64;
        for count in &self.counts {
            let labels = [
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
