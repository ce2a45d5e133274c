//! `cargo xtask bench`: ratios to lower bounds that are measured in the same run, one line each,
//! `NAME RATIO`. Notes on allocations go to standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark is about real time")]
#![allow(clippy::float_arithmetic, reason = "a ratio is not money")]

#[path = "../../crates/ccpayment-sqlx/tests/it/cluster.rs"]
#[allow(
    clippy::expect_used,
    reason = "shared with tests, which fail by panicking"
)]
mod cluster;
mod durable;
mod handled;
mod hot;
mod pages;
#[cfg(feature = "aws-lc-rs")]
mod rsa;
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
        ["send"] => send::report(),
        ["durable"] => durable::report(),
        [] => {
            let sign = hot::Sign::new();
            report("sign_200_bytes", FAST, || sign.ours(), || sign.bound());
            let verify = hot::Verify::new()?;
            report(
                "verify_and_parse_186_bytes",
                FAST,
                || verify.ours(),
                || verify.bound(),
            );
            #[cfg(feature = "aws-lc-rs")]
            rsa_lines()?;
            send::report()?;
            println!("pages_memory_growth_mib {:.2}", pages::growth()?);
            durable::report()
        }
        // The server process for the calls.
        ["serve"] => send::serve(),
        _ => bail!("usage: bench [send | durable]"),
    }
}

#[cfg(feature = "aws-lc-rs")]
fn rsa_lines() -> Result<()> {
    const SIGN: Rounds = Rounds {
        rounds: 200,
        calls: 20,
    };
    const VERIFY: Rounds = Rounds {
        rounds: 400,
        calls: 100,
    };
    let rsa = rsa::Rsa::new()?;
    report(
        "rsa_sign_aws_lc_rs",
        SIGN,
        || rsa.sign(),
        || rsa.sign_bound(),
    );
    report(
        "rsa_verify_aws_lc_rs",
        VERIFY,
        || rsa.verify(),
        || rsa.verify_bound(),
    );
    Ok(())
}

/// How often to measure, and how many calls at once.
struct Rounds {
    rounds: u32,
    calls: u32,
}

const FAST: Rounds = Rounds {
    rounds: 400,
    calls: 2_000,
};

/// Runs both in turn, so that other load on the machine hits both. Prints the ratio of the best
/// rounds.
fn report<A, B>(
    name: &str,
    Rounds { rounds, calls }: Rounds,
    mut ours: impl FnMut() -> A,
    mut bound: impl FnMut() -> B,
) {
    let (mut our_best, mut bound_best) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        our_best = our_best.min(time(calls, &mut ours));
        bound_best = bound_best.min(time(calls, &mut bound));
    }
    println!(
        "{name} {:.2}",
        our_best.as_secs_f64() / bound_best.as_secs_f64()
    );

    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;
    let our_count = count(&mut || drop(black_box(ours())));
    let bound_count = count(&mut || drop(black_box(bound())));
    let (our_ns, bound_ns) = (
        our_best.as_nanos() / u128::from(calls),
        bound_best.as_nanos() / u128::from(calls),
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
