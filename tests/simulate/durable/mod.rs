//! Histories of a merchant who works through an inbox, an outbox and workers on a store in memory,
//! beside one in five of the other histories.
//!
//! The store is what outlives a process. Its clock is the database's, and is set by nobody's
//! process. It can fail at any step, and a commit that it reports as failed may have happened.

mod books;
mod calm;
mod checks;
mod clock;
mod deposits;
mod disasters;
mod history;
mod process;
mod store;

pub(crate) use checks::Count;
pub(crate) use history::run;

/// One rule broken, by a store or a handler around the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The credit key has the status in it.
    KeyWithStatus,
    /// The credit key is not kept, so that it goes when its entry is pruned.
    KeyNotKept,
    /// The handler's writes are committed by themselves, whatever becomes of the mark.
    WritesApart,
    /// A payout that may have been sent counts as one that was not.
    PlannedAgain,
    /// Due times and leases go by the clock of the process that asks.
    OwnClock,
}

impl Mutant {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("credit-key-has-the-status", Self::KeyWithStatus),
        ("credit-key-is-not-kept", Self::KeyNotKept),
        ("handler-commits-apart", Self::WritesApart),
        ("unknown-is-planned-again", Self::PlannedAgain),
        ("lease-by-own-clock", Self::OwnClock),
    ];
}

/// Whether a seed has such a history beside its own.
pub(crate) fn is_drawn(seed: u64) -> bool {
    seed % 5 == 2
}

/// The faults that only occur here.
pub(crate) const FAULTS: [&str; 13] = [
    STORE_FAILS,
    COMMIT_FAILS,
    COMMIT_UNHEARD,
    DIED_IN_TRANSACTION,
    TAKEN_OVER,
    SET_BACK,
    PRUNED,
    HANDLER_FAILS,
    HANDLER_HANGS,
    HANDLER_PARKS,
    TOLD_AGAIN,
    TOLD_LATE,
    NEVER_TOLD,
];

const STORE_FAILS: &str = "store fails";
const COMMIT_FAILS: &str = "commit fails";
const COMMIT_UNHEARD: &str = "commit of which nobody hears";
const DIED_IN_TRANSACTION: &str = "crash in a transaction";
const TAKEN_OVER: &str = "lease ends before the work";
const SET_BACK: &str = "database's clock set back";
const PRUNED: &str = "pruned";
const HANDLER_FAILS: &str = "handler fails";
const HANDLER_HANGS: &str = "handler hangs";
const HANDLER_PARKS: &str = "handler parks";
const TOLD_AGAIN: &str = "notification twice";
const TOLD_LATE: &str = "notification days late";
const NEVER_TOLD: &str = "notification never";

/// The kinds of payments, in and out.
pub(crate) const KINDS: [&str; 15] = [
    "order",
    "permanent address",
    "user's address",
    "order of v1",
    "permanent address of v1",
    "invoice of v1",
    "applyAppWithdrawToNetwork",
    "applyAppWithdrawToCwallet",
    "applyUserWithdrawToNetwork",
    "applyUserWithdrawToCwallet",
    "userTransfer",
    "userBatchTransfer",
    "swap",
    "userSwap",
    "withdraw",
];
