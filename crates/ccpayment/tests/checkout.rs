//! The example is the project's main job, so it is run as a stranger would run it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

const LAST_LINE: &str = "ledger balanced: 1 deposit credited, 1 payout debited";

/// Beside this test's own program: `cargo test` builds a package's examples before its tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = target.join("examples").join("checkout");
    assert!(
        program.exists(),
        "run `cargo test -p ccpayment`, which builds {}",
        program.display()
    );
    program
}

fn checkout(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

/// What happened, without what only names it: the seed, and the addresses made from it.
fn shape(output: &str) -> String {
    output
        .lines()
        .skip(1)
        .flat_map(|line| {
            line.split(' ')
                .filter(|word| !word.starts_with("0x"))
                .chain(["\n"])
        })
        .collect()
}

#[test]
fn fifty_seeds_end_well_in_at_least_twenty_ways() {
    let mut shapes = BTreeSet::new();
    for seed in 1..=50 {
        let output = checkout(&["--seed", &seed.to_string()]);
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {seed}: {errors}\n{text}");
        assert_eq!(text.lines().last(), Some(LAST_LINE), "seed {seed}");
        shapes.insert(shape(&text));
    }
    assert!(
        shapes.len() >= 20,
        "only {} different timelines",
        shapes.len()
    );
}

#[test]
fn one_seed_tells_one_story() {
    let once = checkout(&["--seed", "11"]).stdout;
    assert_eq!(once, checkout(&["--seed", "11"]).stdout);
}

#[test]
fn planted_faults_are_found() {
    for (fault, found) in [
        ("credit-twice", "the order was not credited exactly once"),
        ("new-order-id", "the gateway did not pay out exactly once"),
        ("timeout-is-failure", "missing from the merchant's books"),
        (
            "skip-verification",
            "a forged notification was not turned away",
        ),
        (
            "acknowledge-first",
            "something was acknowledged but not handled",
        ),
    ] {
        let mut messages = BTreeSet::new();
        for seed in 1..=12 {
            let output = checkout(&["--seed", &seed.to_string(), "--plant", fault]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                !output.status.success(),
                "{fault}, seed {seed} went unnoticed:\n{text}"
            );
            assert!(!text.contains(LAST_LINE), "{fault}, seed {seed}:\n{text}");
            messages.insert(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        assert!(
            messages.iter().any(|it| it.contains(found)),
            "{fault}: {messages:?}"
        );
    }
}

#[test]
fn a_wrong_argument_is_refused() {
    for arguments in [&["--seed", "x"][..], &["--plant", "nothing"], &["--what"]] {
        assert!(!checkout(arguments).status.success());
    }
}
