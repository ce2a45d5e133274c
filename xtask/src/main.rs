//! Chores of the project: `cargo xtask COMMAND`.
//!
//! - `codegen` writes the generated sources anew; `codegen --check` only says whether they differ.
//! - `check` runs the guards over what the packages show and hold, or those that are named: `deny`,
//!   `spelling`, `docs`, `metadata`, `msrv`, `semver`, `public-api`, `minimal-versions`, `features`.
//!   `--bless` writes committed listings anew, and `--install` installs the tools that are missing.
//! - `spec-diff` holds the OpenAPI documents against the facts and lists every deviation.
//! - `bench` measures against lower bounds and prints one line each, `NAME RATIO`.
//! - `routes` lists every route with whether the sandbox has it and the payloads that cover it, and
//!   counts what the types have of what the facts have; it fails when something is missing.
//! - `conformance` lets schemathesis call a sandbox with arbitrary requests of each document, and
//!   fails at any answer that the document does not allow; `conformance --examples 20` makes fewer
//!   a route. Before that, generators of other languages take the published documents, and a
//!   generated client pays an order.
//! - `soak` makes a million random operations on a sandbox, whose books have to balance after each;
//!   `soak --operations 20000` makes another number.
//! - `crash-test` kills a merchant's processes on a real database, and holds the merchant's books
//!   against a sandbox's ledger.
//! - `simulate` lets seeded histories of payouts, crashes and faults happen in virtual time, and
//!   holds them against a sandbox's ledger; `simulate --seeds N --from S` chooses the seeds.
//! - `mutate` makes the mistake that each row of `discrepancies.yaml` names, in a copy, and fails when
//!   the row's tests don't; `mutate --rows v1:10,v2:5.6` makes these, `mutate --from v2:5.6` goes on
//!   from there.
//! - `package` packs each crate as the registry gets it, and runs its unit tests unpacked.
//! - `consumers` builds and runs the projects of `tests/consumers` on the packages, and holds what
//!   each costs against its budget; `consumers --bless` writes the budget and the lock files.
//! - `release` sets the versions, packs, tests, commits, tags and publishes: RELEASING.md says how;
//!   `release --dry-run` does all but the last two, in a copy.
//! - `load` measures how fast a sandbox starts, and how many calls a second it answers on one core.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what these commands print is their purpose"
)]

mod api;
mod check;
mod clients;
mod codegen;
mod conformance;
mod consumers;
mod mutate;
mod package;
mod release;
mod spec;
mod spec_diff;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if check::stood_in(&arguments)? {
        return Ok(());
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Read at run time, so that a program built for one checkout never works on another.
    let by_cargo = |name| std::env::var(name).context("run it as `cargo xtask`");
    let (here, cargo) = (by_cargo("CARGO_MANIFEST_DIR")?, by_cargo("CARGO")?);
    let root = Path::new(&here).parent().context("xtask has a parent")?;
    match words.as_slice() {
        ["codegen"] => codegen::write(root),
        ["codegen", "--check"] => codegen::check(root),
        ["check", rest @ ..] => check::run(&cargo, root, rest),
        ["spec-diff"] => spec_diff::run(root),
        // These need compiled types, so they are programs of the `tests` member.
        ["bench", rest @ ..] => {
            let optimised = ["--release", "--bin", "bench", "--features", "aws-lc-rs"];
            program(&cargo, root, &optimised, rest)
        }
        ["routes", rest @ ..] => program(&cargo, root, &["--bin", "routes"], rest),
        ["soak", rest @ ..] => program(&cargo, root, &["--release", "--bin", "soak"], rest),
        ["crash-test", rest @ ..] => {
            program(&cargo, root, &["--release", "--bin", "crash_test"], rest)
        }
        ["simulate", rest @ ..] => program(&cargo, root, &["--release", "--bin", "simulate"], rest),
        ["load", rest @ ..] => program(&cargo, root, &["--release", "--bin", "load"], rest),
        ["package"] => package::run(&cargo, root),
        ["consumers", rest @ ..] => consumers::run(&cargo, root, rest),
        ["release", rest @ ..] => release::run(&cargo, root, rest),
        ["mutate", rest @ ..] => mutate::run(&cargo, root, rest),
        ["conformance"] => conformance::run(&cargo, root, conformance::EXAMPLES),
        ["conformance", "--examples", number] => {
            let examples = number.parse().context("not a number of examples")?;
            conformance::run(&cargo, root, examples)
        }
        _ => bail!(
            "usage: cargo xtask codegen [--check] | check [NAME...] [--bless] [--install] | spec-diff | bench | routes | \
             conformance [--examples N] | soak [--operations N] | load | \
             package | consumers [NAME | --bless] | release [VERSION] [--dry-run] | \
             simulate [--seeds N] [--from S] [--jobs K] [--promise P] [--trace | --hash | --kinds] \
             [--mutant NAME] | crash-test [--kills N] [--store sqlite|postgres] [--seed S] \
             [--keep DIR] [--plant NAME [--control]] | mutate [--rows V:ROW,... | --from V:ROW]"
        ),
    }
}

/// Runs a program of the `tests` member.
fn program(cargo: &str, root: &Path, which: &[&str], arguments: &[&str]) -> Result<()> {
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["run", "--quiet", "-p", "ccpayment-tests"])
        .args(which)
        .arg("--")
        .args(arguments)
        .status()
        .context("cargo can't be started")?;
    ensure!(status.success(), "{} failed", which.join(" "));
    Ok(())
}
