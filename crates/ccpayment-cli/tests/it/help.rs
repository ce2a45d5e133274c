//! What the program says of itself.

use crate::support::{Gateway, Ran, ccpay};

#[test]
fn the_help_is_as_it_was_read() {
    let help = Ran::of(ccpay().arg("--help")).ended(0).out;
    insta::assert_snapshot!("help", help);
    let operation = ["call", "createAppOrderDepositAddress", "--help"];
    let help = Ran::of(ccpay().args(operation)).ended(0).out;
    insta::assert_snapshot!("help_of_an_operation", help);
}

#[test]
fn a_wrong_command_line_sends_nothing_and_ends_with_2() {
    for wrong in [
        &["nothing"][..],
        &["call"],
        &["call", "getCoin"],
        &["call", "getCoin", "--coinId", "USDT"],
        &["call", "getCoin", "--coinId", "0"],
        &["call", "getCoins"],
        &[
            "call",
            "applyBatchWithdraw",
            "--coinId",
            "1280",
            "--chain",
            "POLYGON",
            "--orderId",
            "batch-1",
        ],
        &["--origin", "http://gateway.test", "call", "getCoinList"],
        &["--origin", "gateway", "call", "getCoinList"],
        &["--timeout", "0", "routes"],
        &["routes", "--group", "nothing"],
        &["trigger", "pay"],
    ] {
        let ran = Ran::of(ccpay().args(wrong)).ended(2);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{wrong:?}");
    }
}

#[test]
fn completions_and_manual_page_know_the_operations() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = Ran::of(ccpay().args(["completions", shell])).ended(0).out;
        assert!(text.contains("createAppOrderDepositAddress"), "{shell}");
    }
    let page = Ran::of(ccpay().arg("man")).ended(0).out;
    assert!(
        page.starts_with(".ie") && page.contains("Exit codes"),
        "{page}"
    );
    let folder = tempfile::tempdir().unwrap();
    let pages = ["man", "--folder", folder.path().to_str().unwrap()];
    Ran::of(ccpay().args(pages)).ended(0);
    assert!(folder.path().join("ccpay-doctor.1").is_file());
}

#[test]
fn colours_go_to_who_wants_them_alone() {
    let gateway = Gateway::start(&[]);
    let ran = |color: &[&str], no_color: bool| {
        let mut command = gateway.command(color);
        if no_color {
            command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
        }
        Ran::of(command.arg("doctor")).ended(0).out
    };
    assert!(ran(&["--color", "always"], false).contains('\u{1b}'));
    for plain in [
        ran(&[], false),
        ran(&["--color", "never"], false),
        ran(&["--color=auto"], true),
    ] {
        assert!(!plain.contains('\u{1b}'), "{plain}");
    }
}

#[test]
fn an_error_is_json_where_a_machine_reads() {
    let mut command = ccpay();
    command.args(["--json", "--origin", "gateway", "call", "getCoinList"]);
    let ran = Ran::of(&mut command).ended(2);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["exit"], 2);
    // Also where the command line itself is not right.
    for (wrong, says) in [
        (&["call", "getCion"][..], "'getCoin'"),
        (&["call", "getCoin"], "--coinId"),
        (&["call"], "missing"),
        (
            &["call", "getCoin", "--coinId", "USDT"],
            "not a whole number",
        ),
        (
            &["trigger", "Apideposit", "--to", "http://127.0.0.1:1"],
            "like it: ApiDeposit",
        ),
    ] {
        let ran = Ran::of(ccpay().arg("--json").args(wrong)).ended(2);
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert!(!message.contains("Usage"), "{message}");
        assert_eq!(error["error"]["exit"], 2);
    }
}

#[test]
fn a_misspelt_name_gets_few_and_good_suggestions() {
    let ran = Ran::of(ccpay().args(["call", "getCion"])).ended(2);
    let (_, tip) = ran.err.split_once("tip:").unwrap();
    let (tip, _) = tip.split_once("Usage").unwrap();
    let mut names = tip.split('\'').skip(1).step_by(2);
    assert_eq!(names.next(), Some("getCoin"), "{tip}");
    assert!(names.count() < 3, "{tip}");
    let gateway = Gateway::start(&[]);
    let ran = gateway.run(&["trigger", "pya"]).ended(1);
    assert!(ran.err.contains("like it: pay"), "{}", ran.err);
}

#[test]
fn every_operation_of_a_sandbox_can_be_suggested() {
    let described = include_str!("../../../ccpayment-sandbox/openapi/admin.json");
    let described: serde_json::Value = serde_json::from_str(described).unwrap();
    let paths = described["paths"].as_object().unwrap();
    let posts = paths.iter().filter(|it| it.1.get("post").is_some());
    let names: Vec<_> = posts
        .filter_map(|it| it.0.strip_prefix("/sandbox/"))
        .collect();
    assert!(names.contains(&"pay"));
    for name in names {
        let ran = Ran::of(ccpay().args(["trigger", name])).ended(2);
        let (_, suggested) = ran.err.split_once("like it: ").unwrap();
        assert!(suggested.starts_with(name), "{}", ran.err);
    }
}
