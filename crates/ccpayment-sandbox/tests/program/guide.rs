//! The guide, followed to the letter: its commands are run as they stand there.

use std::io::Write;
use std::process::Command;

use crate::support::{Program, folder};

const GUIDE: &str = include_str!("../../../../docs/sandbox.md");

/// The shell commands of the guide but for the one that starts the sandbox.
fn commands() -> String {
    GUIDE
        .split("\n```sh\n")
        .skip(1)
        .map(|block| block.split("\n```").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_newcomer_gets_to_a_paid_order() {
    for tool in ["bash", "curl", "openssl"] {
        if Command::new(tool).arg("--version").output().is_err() {
            let _ = writeln!(
                std::io::stderr(),
                "\n!!! NO {tool}: the guide was NOT tried.\n"
            );
            return;
        }
    }
    let start = GUIDE
        .split("```sh start\ncargo run -p ccpayment-sandbox -- ")
        .nth(1)
        .unwrap();
    let words: Vec<&str> = start.lines().next().unwrap().split(' ').collect();
    // The last of an option counts, so that the port is free and the rest as written.
    let [_, _, rest @ ..] = words.as_slice() else {
        panic!("{start}")
    };
    let program = Program::start(rest);
    let script = commands().replace("127.0.0.1:8480", &program.addr.to_string());
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &script])
        .current_dir(folder("guide"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}\n{errors}");
    for part in [
        "\"code\":10000",
        "\"checkoutUrl\":\"http://127.0.0.1",
        "\"status\":\"Success\"",
        "\"available\":\"19.9\"",
        "\"phase\": \"paid\"",
        "\"code\":11005",
        "can't connect",
        "no answer, as planned",
        "\"code\":13000",
    ] {
        assert!(
            said.contains(part),
            "{part} is missing in\n{said}\n{errors}"
        );
    }
    // Each admin call did what it was there for.
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
