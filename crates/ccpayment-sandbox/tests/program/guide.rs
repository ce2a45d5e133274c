//! The guide, followed to the letter: its commands are run as they stand there, and have to say
//! what it says that they say.

use std::io::Write;
use std::process::Command;

use crate::support::{Program, folder};

const GUIDE: &str = include_str!("../../docs/sandbox.md");

/// The shell commands of the guide but for the one that starts the sandbox, each with what it shows
/// of their output.
fn steps() -> Vec<(&'static str, Option<&'static str>)> {
    let blocks = GUIDE.split("\n```sh\n").skip(1);
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

#[test]
fn a_newcomer_gets_to_a_paid_order() {
    for tool in ["bash", "curl", "openssl"] {
        if Command::new(tool).arg("version").output().is_err() {
            let _ = writeln!(
                std::io::stderr(),
                "\n!!! NO {tool}: the guide was NOT tried.\n"
            );
            return;
        }
    }
    let (_, start) = GUIDE
        .split_once("```sh start\ncargo run -p ccpayment-sandbox -- ")
        .unwrap();
    let words: Vec<&str> = start.lines().next().unwrap().split(' ').collect();
    let ["--listen", "127.0.0.1:8480", rest @ ..] = words.as_slice() else {
        panic!("{words:?}")
    };
    // On a free port, and otherwise as written.
    let program = Program::start(rest);
    let addr = program.addr.to_string();
    let mark = "\n@@@ end of step\n";
    let script: String = steps()
        .iter()
        .map(|(commands, _)| format!("{commands}\nprintf '{}'\n", mark.replace('\n', "\\n")))
        .collect();
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c"])
        .arg(script.replace("127.0.0.1:8480", &addr))
        .current_dir(folder("guide"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout)
        .unwrap()
        .replace(&addr, "127.0.0.1:8480");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}\n{errors}");
    for ((commands, shown), said) in steps().iter().zip(said.split(mark)) {
        if let Some(shown) = shown {
            assert_eq!(
                without_times(said),
                without_times(shown),
                "after {commands}"
            );
        }
    }
    for part in [
        "\"phase\": \"paid\"",
        "can't connect",
        "no answer, as planned",
        "\"code\":13000",
    ] {
        assert!(
            said.contains(part),
            "{part} is missing in\n{said}\n{errors}"
        );
    }
    // No admin call was refused.
    assert!(!said.contains("{\n  \"error\": \""), "{said}");
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
