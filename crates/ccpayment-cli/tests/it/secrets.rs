//! Where secrets come from, and that none is shown.
//!
//! Each run of each test looks for the secret in its output as well: see `Ran::of`.

use std::process::{Command, Stdio};

use crate::support::{APP_ID, Gateway, Ran, SECRET, bare, ccpay, written};

fn without_credentials() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccpay"));
    bare(&mut command);
    command
}

#[test]
fn a_secret_comes_from_a_file_or_from_standard_input() {
    let gateway = Gateway::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "secret", format!("{SECRET}\n"));
    let options = |file: &str| {
        let mut command = without_credentials();
        command.args([
            "--origin",
            &gateway.running.url,
            "--app-id",
            APP_ID,
            "--secret-file",
            file,
        ]);
        command.args(["call", "getCoinList"]);
        command
    };
    Ran::of(&mut options(file.to_str().unwrap())).ended(0);
    let mut command = options("-");
    command.stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
    Ran::of(&mut command).ended(0);
    Ran::of(&mut options("/nowhere/at/all")).ended(1);
}

#[test]
fn without_a_terminal_nobody_is_asked_for_a_secret() {
    let ran = Ran::of(without_credentials().args(["call", "getCoinList"])).ended(2);
    assert!(ran.err.contains("CCPAYMENT_APP_SECRET"), "{}", ran.err);
    let ran = Ran::of(without_credentials().args(["--app-id", APP_ID, "call", "getCoinList"]));
    assert!(ran.ended(2).err.contains("APP Secret"));
}

#[test]
fn a_secret_is_no_argument() {
    for option in ["--app-secret", "--secret"] {
        let ran = Ran::of(without_credentials().args([option, "x", "routes"])).ended(2);
        assert!(ran.err.contains(option), "{}", ran.err);
    }
}

#[test]
fn a_secret_that_was_badly_copied_is_not_shown() {
    for bad in ["cAnArY secret", "\"cAnArY\"", "${cAnArY}"] {
        let mut command = ccpay();
        let ran = Ran::of(
            command
                .env("CCPAYMENT_APP_SECRET", bad)
                .args(["call", "getCoinList"]),
        );
        let ran = ran.ended(2);
        assert!(
            !ran.err.contains("cAnArY") && !ran.err.is_empty(),
            "{}",
            ran.err
        );
    }
}

/// Every command's help, with a secret at hand.
#[test]
fn no_help_shows_a_secret() {
    for command in [
        "sandbox",
        "routes",
        "call",
        "payout",
        "settle",
        "sign",
        "verify",
        "listen",
        "trigger",
        "replay",
        "inbox",
        "outbox",
        "doctor",
        "completions",
        "man",
    ] {
        let help = Ran::of(ccpay().args([command, "--help"])).ended(0).out;
        assert!(
            help.contains("Usage: ccpay") && !help.contains("cAnArY"),
            "{command}"
        );
    }
}

/// A signature lets its holder replay a request, so only `sign` prints one.
#[test]
fn a_question_and_a_refusal_show_no_signature() {
    let gateway = Gateway::start(&[]);
    let mut wrong = gateway.command(&["--json", "call", "getCoinList"]);
    let ran = Ran::of(wrong.env("CCPAYMENT_APP_SECRET", "another-secret")).ended(3);
    let is_hex = |it: &str| it.len() == 64 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let words = ran.err.split(|it: char| !it.is_ascii_alphanumeric());
    assert!(!words.into_iter().any(is_hex), "{}", ran.err);
}

#[test]
fn what_was_put_in_a_wrong_place_is_not_shown() {
    let origin = [
        "--origin",
        "http://user:cAnArY@127.0.0.1:1",
        "call",
        "getCoinList",
    ];
    let mut command = ccpay();
    let ran = Ran::of(command.args(origin)).ended(2);
    assert!(!ran.err.contains("cAnArY"), "{}", ran.err);

    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "secret", format!("\"{SECRET}\""));
    let body = ["call", "getCoin", "--body", file.to_str().unwrap()];
    // It looks for the secret by itself.
    Ran::of(ccpay().args(body)).ended(2);
}
