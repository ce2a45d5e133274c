//! The guide, followed to the letter: its commands are run as they stand there, and have to say
//! what it says that they say.

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::support::{Program, folder};

const GUIDE: &str = include_str!("../../docs/sandbox.md");
const OTHER: &str = include_str!("../../docs/other-languages.md");

/// The shell commands of a page but for the one that starts the sandbox, each with what it shows of
/// their output.
fn steps(page: &str) -> Vec<(&str, Option<&str>)> {
    let blocks = page.split("\n```sh\n").skip(1);
    blocks
        .map(|block| {
            let (commands, rest) = block.split_once("\n```").unwrap();
            let shown = rest.strip_prefix("\n\n```text\n");
            (
                commands,
                shown.map(|text| text.split("\n```").next().unwrap()),
            )
        })
        .collect()
}

/// Times and the ids that are made of them differ from run to run.
fn without_times(text: &str) -> String {
    let mut plain = String::new();
    let mut digits = String::new();
    for letter in text.trim().chars().chain([' ']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        plain += if digits.len() >= 10 { "N" } else { &digits };
        digits.clear();
        plain.push(letter);
    }
    plain
}

fn has(tools: &[&str]) -> bool {
    let missing = tools.iter().find(|tool| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output();
        !found.is_ok_and(|found| found.status.success())
    });
    if let Some(tool) = missing {
        let _ = writeln!(
            std::io::stderr(),
            "\n!!! NO {tool}: the guide was NOT tried.\n"
        );
    }
    missing.is_none()
}

/// What a page's commands say in this shell, which have to succeed and to say what the page shows.
fn follow(page: &str, name: &str, shell: &[&str]) -> String {
    let (_, start) = page
        .split_once("```sh start\ncargo run -p ccpayment-sandbox -- ")
        .unwrap();
    let words: Vec<&str> = start.lines().next().unwrap().split(' ').collect();
    let ["--listen", "127.0.0.1:8480", rest @ ..] = words.as_slice() else {
        panic!("{words:?}")
    };
    let folder = folder(&format!("guide-{name}-{}", shell[0]));
    let certificate = folder.join("sandbox.pem").to_str().unwrap().to_owned();
    let in_folder = |word: &&str| match *word {
        "sandbox.pem" => certificate.clone(),
        word => word.to_owned(),
    };
    let rest: Vec<String> = rest.iter().map(in_folder).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    // On free ports, and otherwise as written.
    let program = Program::start(&rest);
    let addr = program.addr.to_string();
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port().to_string();
    drop(receiver);
    let mark = "\n@@@ end of step\n";
    // What a failed step leaves running would keep the output open.
    let mut script = "trap 'kill ${RECEIVER:-} 2> /dev/null || true' EXIT\n".to_owned();
    for (commands, _) in steps(page) {
        script += &format!("{commands}\nprintf '{}'\n", mark.replace('\n', "\\n"));
    }
    let output = Command::new("timeout")
        .arg("120")
        .args(shell)
        .arg("-c")
        .arg(
            script
                .replace("127.0.0.1:8480", &addr)
                .replace("8481", &port),
        )
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout)
        .unwrap()
        .replace(&addr, "127.0.0.1:8480");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}\n{errors}");
    for ((commands, shown), said) in steps(page).iter().zip(said.split(mark)) {
        if let Some(shown) = shown {
            assert_eq!(
                without_times(said),
                without_times(shown),
                "after {commands}"
            );
        }
    }
    // No admin call was refused.
    assert!(!said.contains("{\n  \"error\": \""), "{said}");
    said
}

const BASH: [&str; 4] = ["bash", "-eu", "-o", "pipefail"];
const DASH: [&str; 2] = ["dash", "-eu"];

#[test]
fn a_newcomer_gets_to_a_paid_order() {
    if !has(&["bash", "dash", "curl", "openssl"]) {
        return;
    }
    for shell in [&BASH[..], &DASH] {
        let said = follow(GUIDE, "first", shell);
        for part in [
            "\"phase\": \"paid\"",
            "can't connect",
            "no answer, as planned",
            "\"code\":13000",
        ] {
            assert!(said.contains(part), "{part} is missing in\n{said}");
        }
    }
}

#[test]
fn who_has_another_language_gets_to_a_paid_order() {
    if !has(&["bash", "dash", "curl", "openssl", "python3"]) {
        return;
    }
    for shell in [&BASH[..], &DASH] {
        follow(OTHER, "other", shell);
    }
}

/// The options as the program prints them.
#[test]
fn the_guide_shows_the_help() {
    let output = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options = help.split_once("OPTION]...\n\n").unwrap().1.trim_end();
    assert!(
        GUIDE.contains(options),
        "docs/sandbox.md should show:\n{options}"
    );
}

/// The coins and currencies as the program lists them.
#[test]
fn the_guide_lists_the_money() {
    let program = Program::start(&[]);
    let mut table = "| coin | id | chains |\n|---|---|---|\n".to_owned();
    let coins = program.call("getCoinList", &json!({}));
    for coin in coins["coins"].as_array().unwrap() {
        let networks = coin["networks"].as_object().unwrap();
        let chains = networks.iter().map(|(chain, network)| {
            let needs_memo = network["isSupportMemo"] == true;
            format!("{chain}{}", if needs_memo { " (memo)" } else { "" })
        });
        let chains: Vec<String> = chains.collect();
        let symbol = coin["symbol"].as_str().unwrap();
        table += &format!(
            "| {symbol} | {} | {} |\n",
            coin["coinId"],
            chains.join(", ")
        );
    }
    table += "\n| currency of prices | id |\n|---|---|\n";
    let fiats = program.call("getFiatList", &json!({}));
    for fiat in fiats["fiats"].as_array().unwrap() {
        table += &format!(
            "| {} | {} |\n",
            fiat["symbol"].as_str().unwrap(),
            fiat["fiatId"]
        );
    }
    assert!(
        OTHER.contains(&format!("<!-- coins -->\n\n{table}\n<!-- /coins -->")),
        "docs/other-languages.md should show, with an empty line before and after:\n{table}"
    );
}

/// The codes of v1 that are made up, as the documentation of the crate has them.
#[test]
fn the_guide_has_the_codes_of_v1() {
    let crate_page = include_str!("../../src/lib.rs");
    let rows = crate_page
        .lines()
        .filter_map(|line| line.strip_prefix("//! "));
    let rows: Vec<&str> = rows.filter(|line| line.starts_with("| 9900")).collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert!(OTHER.lines().any(|line| line == row), "{row}");
    }
}
