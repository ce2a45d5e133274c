//! `payout` and `settle`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{APP_ID, Gateway, Ran, SECRET, bare, payout};

fn balance(gateway: &Gateway) -> String {
    let asset = gateway.run(&["--json", "call", "getAppCoinAsset", "--coinId", "1280"]);
    asset.ended(0).json()["asset"]["available"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_dry_run_shows_the_exact_bytes_and_moves_nothing() {
    let gateway = Gateway::start(&[]);
    let dry = ["payout", "chain", "--dry-run"];
    let shown = gateway
        .run(&[&dry[..], &payout("payout-1")].concat())
        .ended(0)
        .out;
    for part in [
        "5 USDT",
        "POLYGON",
        r#""orderId":"payout-1""#,
        "Nothing was sent.",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let json = [&["--json"], &dry[..], &payout("payout-1")].concat();
    let json = gateway.run(&json).ended(0).json();
    assert_eq!(
        (&json["sent"], &json["findings"]),
        (&false.into(), &serde_json::json!([]))
    );
    assert_eq!(balance(&gateway), "1000");

    // What the gateway would refuse is found.
    let mut tiny = payout("payout-1");
    *tiny.last_mut().unwrap() = "0.0000001";
    let ran = gateway.run(&[&dry[..], &tiny].concat()).ended(5);
    assert!(ran.out.contains("against it:"), "{}", ran.out);
    // A payout with --yes stops there as well, and can be told not to.
    let yes = [&["payout", "chain", "--yes"][..], &tiny].concat();
    let stopped = gateway.run(&yes).ended(5);
    assert!(
        stopped.err.contains("--despite-findings"),
        "{}",
        stopped.err
    );
    assert!(!stopped.err.contains("settle"), "{}", stopped.err);
    let sent = gateway.run(&[&yes[..], &["--despite-findings"]].concat());
    assert!(sent.ended(3).err.contains("payout-1 was refused"));
    assert_eq!(balance(&gateway), "1000");
}

#[test]
fn a_payout_is_asked_about_and_happens_once() {
    let gateway = Gateway::start(&[]);
    let pay = [&["payout", "chain"][..], &payout("payout-1")].concat();
    gateway.run(&pay).ended(7);
    assert_eq!(balance(&gateway), "1000");

    let yes = [&["--json"], &pay[..], &["--yes"]].concat();
    let first = gateway.run(&yes).ended(0);
    // The trace that stays if the process dies.
    let trace: serde_json::Value = serde_json::from_str(&first.err).unwrap();
    assert_eq!(trace["sending"]["orderId"], "payout-1");
    let settle = trace["sending"]["settle"].as_str().unwrap();
    assert!(settle.contains("settle applyAppWithdrawToNetwork --orderId payout-1"));
    let first = first.json();
    assert!(first["created"]["recordId"].is_string(), "{first}");
    // Again, it is found and not made.
    let after = balance(&gateway);
    assert_eq!(
        gateway.run(&yes).ended(0).json()["created"],
        first["created"]
    );
    assert_eq!(balance(&gateway), after);
    // Another one under its id is for a person.
    let mut other = yes.clone();
    *other.iter_mut().find(|it| **it == "5").unwrap() = "6";
    let ran = gateway.run(&other).ended(6);
    assert!(ran.err.contains("payout-1"), "{}", ran.err);

    let settle = [&["--json", "settle", "chain"][..], &payout("payout-1")].concat();
    assert_eq!(
        gateway.run(&settle).ended(0).json()["created"],
        first["created"]
    );
}

#[test]
fn a_payout_that_is_refused_ends_with_3() {
    let gateway = Gateway::start(&[]);
    let mut much = payout("payout-1");
    *much.last_mut().unwrap() = "5000";
    let ran = gateway
        .run(&[&["payout", "chain", "--yes"][..], &much].concat())
        .ended(3);
    assert!(ran.err.contains("payout-1 was refused"), "{}", ran.err);
    // An earlier run may still arrive.
    let settle = "settle applyAppWithdrawToNetwork --orderId payout-1";
    assert!(ran.err.contains(settle), "{}", ran.err);
}

#[test]
fn a_payout_in_doubt_ends_with_4_and_names_the_command_that_settles_it() {
    let gateway = Gateway::start(&[]);
    let fault = |route: &str, fault: &str| {
        let (route, fault) = (format!("route={route}"), format!("fault:={fault}"));
        gateway.run(&["trigger", "faults", &route, &fault]).ended(0);
    };
    // It is carried out, its answer is lost, and so is that of every look.
    for _ in 0..12 {
        fault("applyAppWithdrawToNetwork", "\"ActThenDrop\"");
        fault("getAppWithdrawRecord", "\"ActThenDrop\"");
    }
    let pay = [
        &["--timeout", "4", "payout", "chain", "--yes"][..],
        &payout("payout-1"),
    ]
    .concat();
    let ran = gateway.run(&pay).ended(4);
    let settle = ran
        .err
        .lines()
        .find_map(|it| it.strip_prefix("  ccpay "))
        .unwrap();
    assert!(
        settle.contains("settle applyAppWithdrawToNetwork --orderId payout-1"),
        "{settle}"
    );

    let record = ["call", "getAppWithdrawRecord", "--orderId", "payout-1"];
    while gateway.run(&record).code != 0 {}
    let mut shell = Command::new("sh");
    bare(&mut shell);
    shell.args([
        "-c",
        &format!("{} --json {settle}", env!("CARGO_BIN_EXE_ccpay")),
    ]);
    let settled = Ran::of(
        shell
            .env("CCPAYMENT_APP_ID", APP_ID)
            .env("CCPAYMENT_APP_SECRET", SECRET),
    );
    assert_eq!(settled.ended(0).json()["orderId"], "payout-1");
}

/// Without a record, settling takes five minutes. `settle` says so before it waits.
#[test]
fn settle_says_until_when_it_waits() {
    let gateway = Gateway::start(&[]);
    let settle = [&["settle", "chain"][..], &payout("payout-1")].concat();
    let mut waiting = gateway
        .command(&settle)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(waiting.stderr.take().unwrap());
    said.read_line(&mut line).unwrap();
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert!(line.contains("until ") && line.contains(" GMT"), "{line}");
}

#[test]
fn other_payouts_are_made_by_their_own_names() {
    let gateway = Gateway::start(&[]);
    let cwallet = [
        "--json",
        "payout",
        "cwallet",
        "--orderId",
        "payout-2",
        "--coinId",
        "1280",
        "--amount",
        "1",
        "--cwalletUser",
        "35255142",
        "--yes",
    ];
    let made = gateway.run(&cwallet).ended(0).json();
    assert_eq!(made["orderId"], "payout-2");
    let wrong = gateway.run(&["payout", "getCoinList"]).ended(2);
    assert!(wrong.err.contains("getCoinList"), "{}", wrong.err);
}

/// At a terminal, which `script` of util-linux makes.
#[cfg(target_os = "linux")]
#[test]
fn a_person_at_a_terminal_sees_the_payout_whole_and_decides() {
    let gateway = Gateway::start(&[]);
    let pay = [&["payout", "chain"][..], &payout("payout-1")].concat();
    let line = format!(
        "{} --origin {} {}",
        env!("CARGO_BIN_EXE_ccpay"),
        gateway.running.url,
        pay.join(" ")
    );
    let answered = |answer: &str| {
        let mut terminal = Command::new("script");
        bare(&mut terminal);
        terminal
            .env("CCPAYMENT_APP_ID", APP_ID)
            .env("CCPAYMENT_APP_SECRET", SECRET);
        terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        let folder = tempfile::tempdir().unwrap();
        let answer = crate::support::written(folder.path(), "answer", answer);
        terminal.stdin(std::fs::File::open(answer).unwrap());
        Ran::of(&mut terminal)
    };
    let no = answered("n\n").ended(7);
    for part in [
        "5 USDT",
        "POLYGON",
        crate::support::ADDRESS,
        "payout-1",
        "[y/N]",
    ] {
        assert!(no.out.contains(part), "{}", no.out);
    }
    assert!(!no.out.contains("--yes"), "{}", no.out);
    assert_eq!(balance(&gateway), "1000");
    let yes = answered("y\n").ended(0);
    // The order id and the way to settle stand there before anything is sent.
    let (before, after) = yes.out.split_once("order id payout-1").unwrap();
    assert!(before.contains("[y/N]") && after.contains("settle applyAppWithdrawToNetwork"));
    assert!(after.contains("created.recordId"), "{after}");
}

/// Not with 1, after which a script might pay under another order id.
#[cfg(target_os = "linux")]
#[test]
fn a_payout_whose_answer_can_not_be_shown_ends_with_4() {
    let gateway = Gateway::start(&[]);
    let pay = [&["payout", "chain", "--yes"][..], &payout("payout-1")].concat();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = gateway
        .command(&pay)
        .stdout(full.unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("settle applyAppWithdrawToNetwork --orderId payout-1"),
        "{said}"
    );
    assert_ne!(balance(&gateway), "1000");
}
