//! Chores of the project: `cargo xtask COMMAND`.
//!
//! - `codegen` writes the generated sources anew; `codegen --check` only says whether they differ.
//! - `spec-diff` holds the OpenAPI documents against the facts and lists every deviation.
//! - `bench` measures against lower bounds and prints one line each, `NAME RATIO`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what these commands print is their purpose"
)]

mod api;
mod codegen;
mod spec;
mod spec_diff;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Asked at run time, so that a program built for one checkout never works on another.
    let by_cargo = |name| std::env::var(name).context("run it as `cargo xtask`");
    let (here, cargo) = (by_cargo("CARGO_MANIFEST_DIR")?, by_cargo("CARGO")?);
    let root = Path::new(&here).parent().context("xtask has a parent")?;
    match words.as_slice() {
        ["codegen"] => codegen::write(root),
        ["codegen", "--check"] => codegen::check(root),
        ["spec-diff"] => spec_diff::run(root),
        // Needs compiled types, so it is a program of the `tests` member.
        ["bench", rest @ ..] => {
            let status = Command::new(cargo)
                .current_dir(root)
                .args([
                    "run",
                    "--quiet",
                    "--release",
                    "-p",
                    "ccpayment-tests",
                    "--bin",
                    "bench",
                    "--features",
                    "aws-lc-rs",
                    "--",
                ])
                .args(rest)
                .status()
                .context("cargo can't be started")?;
            ensure!(status.success(), "the benchmark failed");
            Ok(())
        }
        _ => bail!("usage: cargo xtask codegen [--check] | spec-diff | bench"),
    }
}
