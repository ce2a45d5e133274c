//! Guards over what our packages show and hold: `cargo xtask check`.
//!
//! Each guard prints one line. One that fails says what to do, and the others run all the same.

mod deny;
mod features;
mod foreign;
mod links;
mod markdown;
mod metadata;
mod minimal_versions;
mod msrv;
mod public_api;
mod semver;
mod spelling;
mod tools;
mod workspace;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

pub(crate) use public_api::stood_in;
use workspace::Workspace;

/// What a guard found, in one line.
type Guard = fn(&Workspace) -> Result<String>;

/// The quick ones first. The last one builds in parallel with all the others, since most of their
/// compiling uses one core.
const GUARDS: [(&str, Guard); 9] = [
    ("deny", deny::check),
    ("spelling", spelling::check),
    ("docs", links::check),
    ("metadata", metadata::check),
    ("msrv", msrv::check),
    ("semver", semver::check),
    ("public-api", public_api::run),
    ("features", features::check),
    ("minimal-versions", minimal_versions::check),
];

pub(crate) fn run(cargo: &str, root: &Path, words: &[&str]) -> Result<()> {
    let (options, names): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with("--"));
    for option in &options {
        ensure!(
            ["--bless", "--install"].contains(option),
            "no option {option}"
        );
    }
    let known = GUARDS.map(|(name, _)| name);
    for name in &names {
        ensure!(
            known.contains(name),
            "no guard {name}; there are {}",
            known.join(", ")
        );
    }
    let it = Workspace::read(cargo, root, options.contains(&"--bless"))?;
    if options.contains(&"--install") {
        let released = semver::last_release(&it)?;
        tools::install(&it, released.map(|_| &tools::SEMVER_CHECKS))?;
    }
    let wanted = |it: &&(&'static str, Guard)| names.is_empty() || names.contains(&it.0);
    let (beside, others) = GUARDS.split_last().context("no guards")?;
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let beside = Some(beside).filter(wanted);
        let beside = beside.map(|guard| scope.spawn(|| hold(&it, guard)));
        let others = others.iter().filter(wanted).map(|guard| hold(&it, guard));
        let mut failed: Vec<Option<&str>> = others.collect();
        failed.extend(beside.map(|it| it.join().unwrap_or(Some("a guard that panicked"))));
        failed.into_iter().flatten().collect()
    });
    if !failed.is_empty() {
        bail!("check: failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Runs a guard and prints what it found. Returns its name if it failed.
fn hold(it: &Workspace, (name, guard): &(&'static str, Guard)) -> Option<&'static str> {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long a guard takes is printed"
    )]
    let start = Instant::now();
    let found = guard(it);
    let head = format!("{name:<16} {:>6.1} s ", start.elapsed().as_secs_f64());
    match found {
        Ok(line) => {
            println!("{head} {line}");
            None
        }
        Err(error) => {
            println!("{head} FAILED: {error:#}");
            Some(name)
        }
    }
}
