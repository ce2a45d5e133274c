//! Inbox and outbox over a store in memory, with the sandbox as the gateway.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "tests"
)]

mod deposits;
mod failing;
mod older;
mod others;
mod payouts;
mod receiving;
mod reconciler;
mod served;
mod sharing;
mod shop;
mod stored;
