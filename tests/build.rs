//! Takes the Rust code out of the guide's pages, so that `tests/guide` compiles and runs it.
//!
//! Each block becomes a module with the name of its first function, on the same lines as in the
//! page, so that an error names the line to mend. Blocks of tests run by themselves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a build fails by panicking, and talks to cargo by its output"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const GUIDE: &str = "../docs";

fn main() {
    println!("cargo::rerun-if-changed={GUIDE}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").unwrap();
    let out = Path::new(&out);
    let mut pages = String::new();
    let entries = fs::read_dir(GUIDE).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.extension().is_none_or(|it| it != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let page = path.file_stem().unwrap().to_str().unwrap();
        let code = code_of(page, &text);
        if code.trim().is_empty() {
            continue;
        }
        let module = page.replace('-', "_").to_lowercase();
        let file = out.join(format!("{module}.rs"));
        fs::write(&file, code).unwrap();
        writeln!(pages, "pub mod {module} {{ include!({file:?}); }}").unwrap();
    }
    fs::write(out.join("pages.rs"), pages).unwrap();
}

/// The page with nothing but its Rust, line by line.
fn code_of(page: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut code = String::new();
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let Some(language) = line.strip_prefix("```") else {
            code.push('\n');
            at += 1;
            continue;
        };
        let rest = lines.get(at + 1..).unwrap_or_default();
        let length = rest.iter().position(|it| *it == "```");
        let length = length.unwrap_or_else(|| panic!("{page}: a block has no end"));
        let block = rest.get(..length).unwrap_or_default();
        let (before, is_rust) = match language {
            "rust" => ("", true),
            // An RSA key needs a feature that a plain build of the tests does not have.
            "rust,rsa" => (
                r#"#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))] "#,
                true,
            ),
            other if other.starts_with("rust") => panic!("{page}: what is `{other}`?"),
            _ => ("", false),
        };
        if is_rust {
            let name = name_of(block).unwrap_or_else(|| panic!("{page}: a block without a name"));
            assert!(!names.contains(&name), "{page}: `{name}` is there twice");
            writeln!(code, "{before}pub mod {name} {{").unwrap();
            block.iter().for_each(|it| writeln!(code, "{it}").unwrap());
            code.push_str("}\n");
            names.push(name);
        } else {
            code.push_str(&"\n".repeat(length + 2));
        }
        at += length + 2;
    }
    code
}

/// The name of a block: that of its first function that is no `main`, at its margin if there is one.
fn name_of(block: &[&str]) -> Option<String> {
    let margin = block.iter().copied().find_map(function);
    margin.or_else(|| block.iter().find_map(|line| function(line.trim_start())))
}

fn function(line: &str) -> Option<String> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?.split(['(', '<']).next()?;
    (name != "main").then(|| name.to_owned())
}
