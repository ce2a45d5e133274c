//! `cargo xtask bench`: ratios to lower bounds that are measured in the same run, one line each,
//! `NAME RATIO`. Notes on allocations go to standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark is about real time")]
#![allow(clippy::float_arithmetic, reason = "a ratio is not money")]

mod hot;
mod send;

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => {
            let sign = hot::Sign::new();
            report("sign_200_bytes", || sign.ours(), || sign.bound());
            let verify = hot::Verify::new()?;
            report(
                "verify_and_parse_186_bytes",
                || verify.ours(),
                || verify.bound(),
            );
            println!("send_cpu {:.2}", send::ratio()?);
            Ok(())
        }
        // The other process of the last measurement.
        ["serve"] => send::serve(),
        _ => bail!("usage: bench"),
    }
}

/// Runs both in turn, so that whatever else the machine does hits both, and prints the ratio of
/// the best rounds.
fn report<A, B>(name: &str, mut ours: impl FnMut() -> A, mut bound: impl FnMut() -> B) {
    const ROUNDS: u32 = 400;
    const CALLS: u32 = 2_000;
    let (mut our_best, mut bound_best) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        our_best = our_best.min(time(CALLS, &mut ours));
        bound_best = bound_best.min(time(CALLS, &mut bound));
    }
    println!(
        "{name} {:.2}",
        our_best.as_secs_f64() / bound_best.as_secs_f64()
    );

    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;
    let our_count = count(&mut || drop(black_box(ours())));
    let bound_count = count(&mut || drop(black_box(bound())));
    let (our_ns, bound_ns) = (
        our_best.as_nanos() / u128::from(CALLS),
        bound_best.as_nanos() / u128::from(CALLS),
    );
    eprintln!(
        "# {name}: {our_ns} ns and {our_count} allocations; bound {bound_ns} ns and {bound_count}"
    );
}

fn time<T>(calls: u32, run: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(run());
    }
    start.elapsed()
}
