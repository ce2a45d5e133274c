//! `cargo xtask soak`: random operations of every kind on a sandbox in process, whose books are
//! looked at after each and recounted from the first entry every hundred thousand; one line at
//! last, `operations N, balanced, R operations a second`. What was done, and the memory that it
//! took, goes to standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "it is about real time")]
#![allow(clippy::float_arithmetic, reason = "a rate is not money")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ccpayment_tests::soak::Soak;
use nix::sys::resource::{UsageWho, getrusage};

const OPERATIONS: u64 = 1_000_000;
const RECOUNT: u64 = 100_000;
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
        // The recount is not the sandbox's daily work, so that it stays out of the rate.
        let took = start.elapsed();
        spent += took;
        let entries = soak.recount()?;
        eprintln!(
            "# {until} operations, {entries} entries, {} MiB at most, {:.0} a second of late",
            memory()?,
            as_f64(until - made) / took.as_secs_f64(),
        );
        made = until;
    }
    for (kind, tally) in soak.tallies() {
        eprintln!("# {kind}: {} of {}", tally.done, tally.attempts);
    }
    let rate = as_f64(made) / spent.as_secs_f64();
    println!("operations {made}, balanced, {rate:.0} operations a second");
    Ok(())
}

/// The most memory that this process ever had, in MiB.
fn memory() -> Result<i64> {
    Ok(getrusage(UsageWho::RUSAGE_SELF)?.max_rss() / 1024)
}

fn as_f64(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
