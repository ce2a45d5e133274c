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
        let kills = text
            .matches("kills the merchant's process (SIGKILL)")
            .count();
        assert_eq!(kills, 1, "seed {seed}:\n{text}");
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
fn bugs_are_found_and_show_their_loss() {
    for (bug, found) in [
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
            let output = checkout(&["--seed", &seed.to_string(), "--bug", bug]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                !output.status.success(),
                "{bug}, seed {seed} went unnoticed:\n{text}"
            );
            assert!(!text.contains(LAST_LINE), "{bug}, seed {seed}:\n{text}");
            let errors = String::from_utf8(output.stderr).unwrap();
            let loss = errors.lines().last().unwrap();
            assert!(loss.starts_with("loss: "), "{bug}, seed {seed}: {errors}");
            assert_ne!(loss, "loss: none yet", "{bug}, seed {seed}");
            messages.insert(errors.trim().to_owned());
        }
        assert!(
            messages.iter().any(|it| it.contains(found)),
            "{bug}: {messages:?}"
        );
    }
}

#[test]
fn a_wrong_argument_is_refused_with_the_right_ones() {
    let help = checkout(&["--help"]);
    assert!(help.status.success());
    let usage = String::from_utf8(help.stdout).unwrap();
    for right in ["--seed", "--bug", "credit-twice", "acknowledge-first"] {
        assert!(usage.contains(right), "{right}: {usage}");
    }
    for (arguments, wrong) in [
        (&["--seed", "x"][..], "\"x\""),
        (&["--bug", "nothing"], "no bug called nothing"),
        (&["--plant", "nothing"], "no bug called nothing"),
        (&["--what"], "--what"),
        (&["what"], "what"),
    ] {
        let output = checkout(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(wrong), "{arguments:?}: {errors}");
        assert!(errors.contains(&usage), "{arguments:?}: {errors}");
    }
}

#[test]
fn each_line_names_an_order_or_a_payout() {
    for seed in 1..=12 {
        let text = String::from_utf8(checkout(&["--seed", &seed.to_string()]).stdout).unwrap();
        let events = (text.lines()).filter(|line| line.starts_with(' ') && line.contains("s  "));
        let mut count = 0;
        for line in events {
            let about = line.split_whitespace().nth(2).unwrap();
            assert!(
                ["order-1001", "payout-77"].contains(&about),
                "{seed}: {line}"
            );
            count += 1;
        }
        assert!(count > 15, "{seed}: {text}");
    }
}
