//! Tests that cross the crates.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod arbitrary;
mod batches;
mod discrepancies;
mod every_route;
mod facts;
mod faults;
mod fixtures;
mod gateway;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
mod gateway_rsa;
mod gateway_v1;
mod in_process;
mod pages;
mod payloads;
mod payout_records;
mod payouts;
mod rate_limit;
mod remote_key;
mod retries;
mod routes;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
mod rsa;
mod sandbox_names;
mod schema;
mod signing;
mod snapshots;
mod soak;
mod submits;
mod tree;
mod v1;
mod v1_signing;
mod v1_webhooks;
mod v1_wire;
mod wrong_clock;
