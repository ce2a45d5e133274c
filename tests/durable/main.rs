//! Inbox, outbox and reconciler on SQLite and PostgreSQL, under load and under failures: nothing is
//! lost, nothing is doubled, and work goes on.
//!
//! PostgreSQL is left out where it is not installed, with a word about it, unless
//! `CCPAYMENT_NEEDS_POSTGRES` is set. With its clock the same goes for libfaketime and
//! `CCPAYMENT_NEEDS_FAKETIME`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    missing_debug_implementations,
    reason = "tests on real databases, which are in real time"
)]
#![allow(
    unreachable_pub,
    reason = "in a program, `pub` says what a module offers"
)]

mod acceptance;
mod clock;
#[path = "../../crates/ccpayment-sqlx/tests/it/cluster.rs"]
mod cluster;
mod disk;
mod gaps;
mod handler;
mod merchant;
mod pool;
mod server;
mod shop;
