//! Checks what the README says about its program.

use std::fs;
use std::path::Path;

/// The program over hyper, which compiles.
#[allow(dead_code, clippy::print_stdout, reason = "it is a whole program")]
#[rustfmt::skip]
mod over_hyper;

#[test]
fn hyper_for_reqwest_changes_two_lines_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = |start: &str| {
        let (_, after) = readme.split_once(start).unwrap();
        after.split_once("```").unwrap().0.to_owned()
    };
    let mut program = block("```rust,no_run\n");
    let change = block("```diff\n");
    let change: Vec<&str> = change.lines().collect();
    assert_eq!(change.len(), 4);
    for lines in change.chunks(2) {
        let [before, after] = [(0, '-'), (1, '+')].map(|(at, sign)| lines[at].strip_prefix(sign));
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(program.matches(before).count(), 1, "{before}");
        program = program.replace(before, after);
    }
    assert_eq!(program, include_str!("readme/over_hyper.rs"));
}
