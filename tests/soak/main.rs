//! `cargo xtask soak`: random operations of every kind on a sandbox in process. It checks the books
//! after each, and recounts them from the first entry every hundred thousand. It prints how many
//! bytes of memory an operation takes, which has a budget, and at last one line, `operations N,
//! balanced, R operations a second`. What was done goes to standard error.
//!
//! Records stay readable for ever: a lost one would let a client prove that a payout was never
//! made. So memory may grow with records only: requests that leave no record come at the end, and
//! must take none.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "it is about real time")]
#![allow(clippy::float_arithmetic, reason = "a rate is not money")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ccpayment_tests::soak::Soak;
use nix::sys::resource::{UsageWho, getrusage};

const OPERATIONS: u64 = 1_000_000;
const RECOUNT: u64 = 100_000;
/// Bytes of memory an operation may take. A run with fewer operations than a recount says little,
/// since tables grow by doubling.
const BUDGET: u64 = 1_600;
/// Requests that leave no record, and the most bytes that all of them may take. The logs of
/// requests, deliveries and faults have bounds, which these requests reach.
const READS: u64 = 200_000;
const READ_BYTES: u64 = 8 * 1024 * 1024;
const SEED: u64 = 20_260_101;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let operations = match words.as_slice() {
        [] => OPERATIONS,
        ["--operations", number] => number.parse().context("not a number of operations")?,
        _ => bail!("usage: soak [--operations N]"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut soak = Soak::new(SEED)?;
    let at_first = memory()?;
    let mut spent = Duration::ZERO;
    let mut made = 0;
    while made < operations {
        let until = operations.min(made + RECOUNT);
        let start = Instant::now();
        runtime.block_on(async {
            for operation in made..until {
                let step = soak.step().await;
                step.with_context(|| format!("operation {operation}, seed {SEED}"))?;
            }
            anyhow::Ok(())
        })?;
        // The recount is not the sandbox's daily work, so it does not count for the rate.
        let took = start.elapsed();
        spent += took;
        let entries = soak.recount()?;
        eprintln!(
            "# {until} operations, {entries} entries, {} MiB at most, {:.0} a second of late",
            memory()? >> 20,
            as_f64(until - made) / took.as_secs_f64(),
        );
        made = until;
    }
    for (kind, tally) in soak.tallies() {
        eprintln!("# {kind}: {} of {}", tally.done, tally.attempts);
    }
    let before_reads = memory()?;
    let each = before_reads.saturating_sub(at_first) / made.max(1);
    let judged = made >= RECOUNT;
    println!(
        "memory {each} bytes an operation, budget {BUDGET}{}",
        if judged {
            ""
        } else {
            ", NOT JUDGED: too few operations"
        }
    );
    ensure!(
        !judged || each <= BUDGET,
        "{each} bytes an operation are over the budget"
    );
    runtime.block_on(soak.reads(READS))?;
    let reads = memory()?.saturating_sub(before_reads);
    println!("memory {reads} bytes for {READS} requests without a record, bound {READ_BYTES}");
    ensure!(
        reads <= READ_BYTES,
        "what is no record takes memory without bounds"
    );
    let rate = as_f64(made) / spent.as_secs_f64();
    println!("operations {made}, balanced, {rate:.0} operations a second");
    Ok(())
}

/// The most memory that this process ever had, in bytes.
fn memory() -> Result<u64> {
    let kib = getrusage(UsageWho::RUSAGE_SELF)?.max_rss();
    Ok(u64::try_from(kib)? * 1024)
}

fn as_f64(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
