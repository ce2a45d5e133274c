//! Histories in which everything goes wrong: `cargo xtask simulate --seeds N [--from S]`.
//!
//! Each seed is a history of a merchant's processes that pay, read, crash and start again, against
//! a whole gateway over connections in memory, in virtual time and on one thread. `checks` compares
//! the results with the gateway's ledger. `README.md` lists what can go wrong, and `fault_kinds`
//! names it.
//!
//! Beside one seed in five runs a history of inbox, outbox and workers (`durable`).
//!
//! Prints how often each kind of fault struck, and last the line
//! `seeds N, payouts M, double 0, lost 0, wrong 0`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::float_arithmetic, reason = "a rate is not money")]

mod checks;
mod clock;
mod disk;
mod durable;
mod fault_kinds;
mod history;
mod link;
mod naive_client;
mod payer;
mod payment;
mod places;
mod plan;
mod reads;
mod report;
mod spelling;
mod trace;
mod transport;
mod worker;
mod world;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let orders = report::Orders::read(&arguments)?;
    report::silence_panics();
    report::run(&orders)
}
