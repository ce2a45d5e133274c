//! Generated sources: `xtask/spec/ccpayment-v2.yaml` as Rust.
//!
//! The text is put together here and printed by rustfmt, so that it reads and is formatted like the
//! rest of the code.

mod codes;
mod documents;
mod enums;
mod fixtures;
mod modules;
mod rust;
mod structs;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::spec;

const SPEC: &str = "xtask/spec/ccpayment-v2.yaml";
const CORE: &str = "crates/ccpayment-core/src";

/// Writes every generated file anew.
pub(crate) fn write(root: &Path) -> Result<()> {
    for (path, text) in files(root)? {
        let path = root.join(path);
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(())
}

/// Says which files are not what their source says.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut differ = Vec::new();
    for (path, text) in files(root)? {
        if fs::read_to_string(root.join(&path)).unwrap_or_default() != text {
            differ.push(path);
        }
    }
    if !differ.is_empty() {
        bail!(
            "not what {SPEC} says: {}; run `cargo xtask codegen`",
            differ.join(", ")
        );
    }
    Ok(())
}

/// Every generated file, by its path from the root.
fn files(root: &Path) -> Result<BTreeMap<String, String>> {
    let document = spec::read(&root.join(SPEC))?;
    let mut files = modules::v2(&document)?;
    files.insert("code/table.rs".to_owned(), codes::table(&document.codes)?);
    let mut files: BTreeMap<String, String> = files
        .into_iter()
        .map(|(name, text)| (format!("{CORE}/{name}"), text))
        .collect();
    files.insert(fixtures::PATH.to_owned(), fixtures::tests(&document)?);
    let mut files: BTreeMap<String, String> = files
        .into_iter()
        .map(|(path, text)| Ok((path, format(root, &text)?)))
        .collect::<Result<_>>()?;
    files.extend(documents::files(root)?);
    Ok(files)
}

fn format(root: &Path, text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt can't be started")?;
    let mut input = child.stdin.take().context("rustfmt takes no input")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "rustfmt refuses what was generated:\n{text}"
    );
    Ok(String::from_utf8(output.stdout)?)
}
