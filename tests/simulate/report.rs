//! Many seeds, on as many threads as there are, and what is printed of them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::checks::{Broken, Count, Promise};
use crate::durable;
use crate::fault_kinds;
use crate::history::{self, Run};
use crate::payer::Who;

/// From this many seeds on, every kind of fault has to be hit this often.
const MANY: u64 = 20_000;
const HITS: u64 = 100;
const MEAN: u64 = 3;
/// How much of a failing seed's trace is printed.
const TAIL: usize = 60;
/// For how many failing seeds the trace is printed; for the others only the command.
const SHOWN: usize = 3;

#[derive(Debug)]
pub(crate) struct Orders {
    seeds: u64,
    from: u64,
    jobs: usize,
    who: Who,
    mutant: Option<String>,
    /// The only promise that is checked.
    promise: Option<Promise>,
    pub(crate) what: What,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Sums,
    Hashes,
    Trace,
    Kinds,
}

impl Orders {
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut orders = Self {
            seeds: MANY,
            from: 0,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            who: Who::Client,
            mutant: None,
            promise: None,
            what: What::Sums,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} what?"));
            match word.as_str() {
                "--seeds" => orders.seeds = value()?.parse().context("not a number of seeds")?,
                "--from" => orders.from = value()?.parse().context("not a seed")?,
                "--jobs" => orders.jobs = value()?.parse().context("not a number of jobs")?,
                "--mutant" => {
                    let name = value()?;
                    orders.who = Who::named(name)?;
                    orders.mutant = Some(name.clone());
                }
                "--promise" => orders.promise = Some(Promise::named(value()?)?),
                "--hash" => orders.what = What::Hashes,
                "--trace" => orders.what = What::Trace,
                "--kinds" => orders.what = What::Kinds,
                _ => bail!(
                    "usage: simulate [--seeds N] [--from S] [--jobs K] \
                     [--trace | --hash | --kinds] [--mutant NAME] [--promise double|lost|wrong]"
                ),
            }
        }
        Ok(orders)
    }

    fn seeds(&self) -> std::ops::Range<u64> {
        self.from..self.from.saturating_add(self.seeds)
    }

    fn replay(&self, seed: u64) -> String {
        let mutant = self.mutant.as_ref();
        let mutant = mutant.map_or_else(String::new, |name| format!(" --mutant {name}"));
        format!("cargo xtask simulate --seeds 1 --from {seed} --trace{mutant}")
    }
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts each panic where it happens, also in a task that nobody joins.
pub(crate) fn silence_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.with(|count| count.set(count.get() + 1));
        print(panic);
    }));
}

/// One seed, panics included.
fn one(seed: u64, who: Who, keep_trace: bool) -> Result<Run> {
    PANICS.with(|count| count.set(0));
    let run = catch_unwind(AssertUnwindSafe(|| history::run(seed, who, keep_trace)));
    let Ok(run) = run else {
        bail!("seed {seed}: the history itself panicked");
    };
    let mut run = run.with_context(|| format!("seed {seed}"))?;
    if PANICS.with(Cell::get) > 0 {
        run.broken
            .push(Broken::wrong("something panicked".to_owned()));
    }
    Ok(run)
}

pub(crate) fn run(orders: &Orders) -> Result<ExitCode> {
    match orders.what {
        What::Sums => return simulate(orders),
        What::Trace => return print_trace(orders),
        What::Hashes => {
            for seed in orders.seeds() {
                let run = one(seed, orders.who, false)?;
                println!("{seed} {:016x}", run.trace.hash());
            }
        }
        What::Kinds => {
            for kind in fault_kinds::kinds() {
                println!("{kind}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_trace(orders: &Orders) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for seed in orders.seeds() {
        let run = one(seed, orders.who, true)?;
        let hash = run.trace.hash();
        println!("seed {seed}");
        for line in run.trace.into_lines() {
            println!("{line}");
        }
        for broken in run.broken {
            println!("{broken}");
            code = ExitCode::FAILURE;
        }
        println!("trace {hash:016x}");
    }
    Ok(code)
}

#[derive(Default)]
struct Sum {
    seeds: u64,
    hits: BTreeMap<&'static str, u64>,
    count: Count,
    durable: durable::Count,
    promises: [u64; 3],
    failed: Vec<(u64, Vec<Broken>)>,
}

impl Sum {
    fn add(&mut self, seed: u64, run: Run) {
        self.seeds += 1;
        for (kind, hits) in run.hits {
            *self.hits.entry(kind).or_default() += hits;
        }
        self.count.payouts += run.count.payouts;
        self.durable.add(&run.durable);
        self.count.done += run.count.done;
        self.count.refused += run.count.refused;
        self.count.incomparable += run.count.incomparable;
        for broken in &run.broken {
            let [double, lost, wrong] = &mut self.promises;
            *match broken.promise {
                Promise::Double => double,
                Promise::Lost => lost,
                Promise::Wrong => wrong,
            } += 1;
        }
        if !run.broken.is_empty() {
            self.failed.push((seed, run.broken));
        }
    }

    fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        for (kind, hits) in other.hits {
            *self.hits.entry(kind).or_default() += hits;
        }
        self.count.payouts += other.count.payouts;
        self.durable.add(&other.durable);
        self.count.done += other.count.done;
        self.count.refused += other.count.refused;
        self.count.incomparable += other.count.incomparable;
        for (mine, others) in self.promises.iter_mut().zip(other.promises) {
            *mine += others;
        }
        self.failed.extend(other.failed);
    }
}

/// Each seed runs on one thread; which thread makes no difference.
fn all(orders: &Orders) -> Result<Sum> {
    let next = AtomicU64::new(orders.from);
    let end = orders.seeds().end;
    let sum = Mutex::new(Sum::default());
    let worker = || -> Result<()> {
        let mut own = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= end {
                break;
            }
            let mut run = one(seed, orders.who, false)?;
            if let Some(promise) = orders.promise
                && !run.broken.iter().any(|broken| broken.promise == promise)
            {
                run.broken.clear();
            }
            own.add(seed, run);
            // A mutant is found once.
            if orders.mutant.is_some() && !own.failed.is_empty() {
                next.store(end, Ordering::SeqCst);
            }
        }
        sum.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .merge(own);
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..orders.jobs.max(1))
            .map(|_| scope.spawn(worker))
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(done) => done?,
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })?;
    let mut sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.failed.sort_unstable_by_key(|(seed, _)| *seed);
    Ok(sum)
}

#[allow(
    clippy::disallowed_methods,
    reason = "how fast it is, is a matter of real time"
)]
fn simulate(orders: &Orders) -> Result<ExitCode> {
    let start = Instant::now();
    let sum = all(orders)?;
    let took = start.elapsed().as_secs_f64();

    let kinds = fault_kinds::kinds();
    let total: u64 = kinds.iter().filter_map(|kind| sum.hits.get(kind)).sum();
    for kind in &kinds {
        println!("{:>9}  {kind}", sum.hits.get(kind).copied().unwrap_or(0));
    }
    println!(
        "{} kinds, {total} faults, {:.1} a seed; with orders and invoices, {} calls done, {} refused, {} \
         made and not to be compared",
        kinds.len(),
        as_f64(total) / as_f64(sum.seeds.max(1)),
        sum.count.done,
        sum.count.refused,
        sum.count.incomparable,
    );
    eprintln!(
        "# {took:.1} s, {:.0} seeds a second on {} threads",
        as_f64(sum.seeds) / took,
        orders.jobs
    );
    for (seed, broken) in sum.failed.iter().take(SHOWN) {
        println!("seed {seed}:");
        for line in tail(orders, *seed)? {
            println!("  {line}");
        }
        for broken in broken {
            println!("  {broken}");
        }
        println!("  again: {}", orders.replay(*seed));
    }
    for (seed, _) in sum.failed.iter().skip(SHOWN) {
        println!("also: {}", orders.replay(*seed));
    }
    let mut sound = sum.failed.is_empty();
    if sum.seeds >= MANY {
        for kind in kinds.into_iter().chain(durable::KINDS) {
            if sum.hits.get(kind).copied().unwrap_or(0) < HITS {
                println!("too seldom: {kind}");
                sound = false;
            }
        }
        if total < sum.seeds * MEAN {
            println!("too few faults");
            sound = false;
        }
    }
    let durable = &sum.durable;
    let seldom = durable::KINDS.iter().chain(&durable::FAULTS);
    let seldom = seldom.map(|kind| (sum.hits.get(kind).copied().unwrap_or(0), kind));
    if let Some((hits, kind)) = seldom.min() {
        println!(
            "durable histories {}, deposits {}, payouts {}, crashes {}, takeovers {}; \
             each kind at least {hits} times ({kind})",
            durable.histories,
            durable.deposits,
            durable.payouts,
            durable.crashes,
            durable.takeovers,
        );
    }
    let [double, lost, wrong] = sum.promises;
    println!(
        "seeds {}, payouts {}, double {double}, lost {lost}, wrong {wrong}",
        sum.seeds,
        sum.count.payouts + durable.payouts
    );
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the seed again, now with its trace: the same seed does the same.
fn tail(orders: &Orders, seed: u64) -> Result<Vec<String>> {
    let mut lines = one(seed, orders.who, true)?.trace.into_lines();
    let start = lines.len().saturating_sub(TAIL);
    Ok(lines.split_off(start))
}

fn as_f64(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
