//! Tests that cross the crates.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod app_id;
mod arbitrary;
mod batch_answers;
mod batch_rows;
mod batches;
mod blocking;
mod discrepancies;
mod edge;
mod error_chains;
mod every_route;
mod facts;
mod faults;
mod fixtures;
mod gateway;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
mod gateway_rsa;
mod gateway_v1;
mod in_process;
mod last_moment;
mod mutations;
mod notification_fields;
mod pages;
mod payloads;
mod payout_faults;
mod payout_records;
mod payouts;
mod rate_limit;
mod readme;
mod remote_key;
mod repeats;
mod retries;
mod routes;
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
mod rsa;
mod sandbox_names;
mod schema;
mod signing;
mod simulate;
mod snapshots;
mod soak;
mod spans;
mod stored;
mod submits;
mod told;
mod tree;
mod v1;
mod v1_signing;
mod v1_webhooks;
mod v1_wire;
mod wrong_clock;

/// The transport of the gateway's and the faults' tests. They run once more below, over another.
use ccpayment::ReqwestTransport as Backend;

#[allow(clippy::duplicate_mod, reason = "the same tests, over another backend")]
#[path = "."]
mod over_hyper {
    use ccpayment::HyperTransport as Backend;

    #[path = "edge.rs"]
    mod edge;
    #[path = "faults.rs"]
    mod faults;
    #[path = "gateway.rs"]
    mod gateway;
    #[path = "gateway_v1.rs"]
    mod gateway_v1;
}
