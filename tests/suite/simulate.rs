//! Tests that the simulation does the same everywhere, and that it finds what it must find.

use std::path::Path;
use std::process::{Command, Output};

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simulate"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_hundred_histories_hold() {
    let output = simulate(&["--seeds", "100"]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let last = text.lines().last().unwrap();
    let payouts = last
        .strip_prefix("seeds 100, payouts ")
        .and_then(|rest| rest.strip_suffix(", double 0, lost 0, wrong 0"));
    assert!(payouts.unwrap().parse::<u32>().unwrap() > 200, "{last}");
}

#[test]
fn a_seed_does_the_same_in_every_process() {
    let hashes = || text(&simulate(&["--seeds", "100", "--hash"]));
    let first = hashes();
    assert_eq!(first.lines().count(), 100);
    for _ in 0..2 {
        assert_eq!(hashes(), first);
    }
    // Seeds differ, and so do their hashes.
    let mut distinct: Vec<_> = first.lines().filter_map(|it| it.split_once(' ')).collect();
    distinct.sort_by_key(|(_, hash)| *hash);
    distinct.dedup_by_key(|(_, hash)| *hash);
    assert_eq!(distinct.len(), 100);
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "at which seed each was found is what somebody who changes the simulation looks at"
)]
fn each_mutant_is_found_within_a_thousand_histories_and_its_seed_replays() {
    for (mutant, promise) in [
        ("new-order-id", "Double: "),
        ("timeout-is-failure", "Wrong: payment "),
        ("refusal-is-final", "Wrong: payment "),
        ("absence-is-final", "Wrong: payment "),
        ("old-signature", "Wrong: a signature was sent again "),
        ("spelling-is-conflict", "Double: "),
        ("credit-key-has-the-status", "Double: deposit "),
        ("credit-key-is-not-kept", "Double: deposit "),
        ("handler-commits-apart", "Double: deposit "),
        ("unknown-is-planned-again", "Wrong: of payout "),
        ("lease-by-own-clock", "Wrong: outbox "),
    ] {
        let word = promise.split(':').next().unwrap().to_lowercase();
        let output = simulate(&[
            "--seeds",
            "1000",
            "--jobs",
            "1",
            "--mutant",
            mutant,
            "--promise",
            &word,
        ]);
        let found = text(&output);
        assert_eq!(output.status.code(), Some(1), "{mutant} was not found");
        let seed = found
            .lines()
            .find_map(|line| line.strip_prefix("seed ")?.strip_suffix(':'))
            .unwrap();
        println!("{mutant} is found by seed {seed}");
        let broken = format!("  {promise}");
        assert!(found.lines().any(|it| it.starts_with(&broken)), "{found}");
        let again = format!("simulate --seeds 1 --from {seed} --trace --mutant {mutant}");
        assert!(found.contains(&again), "{found}");

        // A payment that was made once too often is found in the same way as one made more often.
        let twice = |line: &&str| line.matches(", ").count() == 1;
        assert!(
            mutant != "new-order-id"
                || (found.lines().filter(twice)).any(|it| it.starts_with("  Double: payment ")),
            "{found}"
        );

        // The command that a failing run prints does the same again.
        let one = ["--seeds", "1", "--from", seed, "--mutant", mutant];
        let trace = simulate(&[&one[..], &["--trace"]].concat());
        assert_eq!(trace.status.code(), Some(1));
        let hash = text(&simulate(&[&one[..], &["--hash"]].concat()));
        let hash = hash.trim().rsplit_once(' ').unwrap().1.to_owned();
        let trace = text(&trace);
        assert_eq!(trace.lines().last(), Some(&*format!("trace {hash}")));
        assert!(trace.lines().any(|it| it.starts_with(promise)), "{trace}");
    }
}

/// The simulation finds the mutation of a mutant, not the loop that all mutants share.
#[test]
fn the_loop_by_hand_holds_without_a_mutation() {
    let output = simulate(&["--seeds", "400", "--mutant", "none"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn every_kind_of_fault_is_in_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let guide = std::fs::read_to_string(root.join("tests/simulate/README.md")).unwrap();
    let kinds = text(&simulate(&["--kinds"]));
    assert!(kinds.lines().count() >= 30);
    for kind in kinds.lines() {
        assert!(guide.contains(&format!("| {kind} |")), "{kind}");
    }
}
