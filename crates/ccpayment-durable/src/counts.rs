//! `Count` and `Row`, what a store tells people of its entries.

use std::time::Duration;

use ccpayment_client::core::AppId;

use crate::entry::{EntryKey, Queue, State, Step};

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
