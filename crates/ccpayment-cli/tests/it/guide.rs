//! The guide, followed to the letter: its commands are run as they stand there, and have to say
//! what it says that they say.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Ran, Running, bare, ccpay, free_port};

const GUIDE: &str = include_str!("../../../../docs/command-line.md");

/// A fenced block: the words behind its fence, and its text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = Vec::new();
    let mut rest = GUIDE;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, after) = after.split_once('\n').unwrap();
        let (text, after) = after.split_once("\n```\n").unwrap();
        blocks.push((info, text));
        rest = after;
    }
    blocks
}

fn block(info: &str) -> &'static str {
    let mut blocks = blocks().into_iter();
    blocks.find(|it| it.0 == info).unwrap().1
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
fn a_session_with_the_command_line_alone() {
    let folder = tempfile::tempdir().unwrap();
    // On free ports, and otherwise as written.
    let ports = [
        ("8480", free_port().to_string()),
        ("8481", free_port().to_string()),
    ];
    let here = |text: &str| {
        let replaced = |text: String, (from, to): &(&str, String)| {
            text.replace(&format!("127.0.0.1:{from}"), &format!("127.0.0.1:{to}"))
                .replace(&format!("port {from}"), &format!("port {to}"))
        };
        ports.iter().fold(text.to_owned(), replaced)
    };
    let shell = |script: &str| {
        let script = format!("set -eu\n{}\n{script}", block("sh every"));
        shell(folder.path(), &here(&script))
    };
    // `exec`, so that a signal reaches the program and not the shell.
    let background = |info: &str| Running::start(&mut shell(&format!("exec {}", block(info))));
    let sandbox = background("sh sandbox");
    let listening = background("sh listen");

    let blocks = blocks();
    for (at, (_, commands)) in blocks.iter().enumerate().filter(|it| it.1.0 == "sh") {
        let ran = Ran::of(&mut shell(commands)).ended(0);
        if let Some(("text", shown)) = blocks.get(at + 1) {
            let shown = here(shown);
            assert_eq!(
                without_times(&ran.out),
                without_times(&shown),
                "after {commands}"
            );
        }
    }
    let heard = listening.end("-INT");
    for line in block("text listen").lines() {
        assert!(heard.contains(line), "{line} is missing in\n{heard}");
    }
    assert!(sandbox.end("-TERM").ends_with("stopped\n"));
}

/// A shell in a folder of its own, which finds the program by its name.
fn shell(folder: &Path, script: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_ccpay")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    bare(&mut command);
    command
        .args(["-c", script])
        .current_dir(folder)
        .stdin(Stdio::null());
    command.env("PATH", format!("{}:{path}", program.display()));
    command
}

#[test]
fn the_guide_shows_the_exit_codes_and_options_that_there_are() {
    let help = Ran::of(ccpay().arg("--help")).ended(0).out;
    assert!(help.contains(block("text exit")), "{help}");
    for command in block("sh store").lines() {
        let command = command.split_once("ccpay ").unwrap().1;
        let words: Vec<_> = command.split(' ').collect();
        // They are read, and there is no such file here.
        let ran = Ran::of(ccpay().args(&words)).ended(2);
        assert!(ran.err.contains("there is no file shop.db"), "{}", ran.err);
    }
}
