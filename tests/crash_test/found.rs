//! Kills at named steps find each mistake that can be planted, and the same story without the
//! mistake ends well. A few random kills end well, too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_crash_test");
    Command::new(program).args(arguments).output().unwrap()
}

fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn is_found(plant: &str, how: &str) {
    let planted = run(&["--plant", plant]);
    let said = words(&planted);
    assert_eq!(
        planted.status.code(),
        Some(1),
        "{plant} was not found:\n{said}"
    );
    assert!(said.contains(how), "{plant}:\n{said}");
    let control = run(&["--plant", plant, "--control"]);
    assert!(
        control.status.success(),
        "{plant}, without it:\n{}",
        words(&control)
    );
}

#[test]
fn a_credit_that_is_looked_for_and_then_inserted() {
    is_found("check-then-insert", "deposit doubled");
}

#[test]
fn an_acknowledgement_before_the_commit() {
    is_found("acknowledge-before-commit", "deposit lost");
}

#[test]
fn a_credit_key_with_the_status() {
    is_found("key-with-status", "deposit doubled");
}

#[test]
fn a_handler_apart_from_the_transaction() {
    is_found("handler-outside", "deposit doubled");
}

#[test]
fn a_lease_by_the_clock_of_the_process() {
    is_found("process-lease", "worked on by two processes at once");
}

#[test]
fn a_payout_that_is_marked_as_done_before_its_answer() {
    is_found("done-before-answer", "payout lost");
}

#[test]
fn an_unknown_plant_is_refused_with_the_known_ones() {
    let output = run(&["--plant", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        words(&output).contains("process-lease"),
        "{}",
        words(&output)
    );
}
