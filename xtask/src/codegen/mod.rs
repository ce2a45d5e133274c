//! Generates Rust from the OpenAPI documents of `xtask/spec`, the tables of the README and the
//! guide, and documents that stand alone.
//!
//! The text is put together here and printed by rustfmt, so that it reads and is formatted like the
//! rest of the code.

mod checks;
mod codes;
mod command_line;
mod comments;
mod coverage;
mod documents;
mod enums;
mod fixtures;
mod guide;
mod links;
mod lint;
mod marked;
mod modules;
mod names;
mod pages;
mod published;
mod rust;
mod strategies;
mod structs;
mod tasks;
mod typed;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::api::{ALL, Api, V1, V2};
use crate::spec::{self, Document};

const CORE: &str = "crates/ccpayment-core/src";

/// Writes every generated file anew.
pub(crate) fn write(root: &Path) -> Result<()> {
    for (path, text) in files(root)? {
        let path = root.join(path);
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(())
}

/// Says which files differ from their source, and which comments break a rule.
pub(crate) fn check(root: &Path) -> Result<()> {
    let files = files(root)?;
    let complaints = lint::complaints(&files, &documents(root)?);
    ensure!(
        complaints.is_empty(),
        "comments to write anew in {}:\n{}",
        ALL.map(|api| api.spec).join(" and "),
        complaints.join("\n")
    );
    let mut differ = Vec::new();
    for (path, text) in files {
        if fs::read_to_string(root.join(&path)).unwrap_or_default() != text {
            differ.push(path);
        }
    }
    if !differ.is_empty() {
        bail!(
            "not what the documents say: {}; run `cargo xtask codegen`",
            differ.join(", ")
        );
    }
    Ok(())
}

/// The OpenAPI documents of both versions.
fn documents(root: &Path) -> Result<Vec<(&'static Api, Document)>> {
    ALL.map(|api| Ok((api, spec::read(&root.join(api.spec))?)))
        .into_iter()
        .collect()
}

/// Every generated file, by its path from the root.
fn files(root: &Path) -> Result<BTreeMap<String, String>> {
    let documents = documents(root)?;
    let mut files = BTreeMap::new();
    for (api, document) in &documents {
        files.extend(modules::of(api, document)?);
    }
    let codes = |name| {
        let document = documents.iter().find(|(api, _)| api.name == name);
        document.map_or(&[][..], |(_, document)| &document.codes)
    };
    let table = codes::table(codes(V2.name), codes(V1.name))?;
    files.insert("code/table.rs".to_owned(), table);
    files.insert("wire/names.rs".to_owned(), names::table(&documents)?);
    let mut files: BTreeMap<String, String> = files
        .into_iter()
        .map(|(name, text)| (format!("{CORE}/{name}"), text))
        .collect();
    files.insert(fixtures::PATH.to_owned(), fixtures::tests(&documents)?);
    files.insert(typed::PATH.to_owned(), typed::list(&documents)?);
    files.insert(command_line::rust_path(), command_line::types(&documents)?);
    let mut files = files
        .into_iter()
        .map(|(path, text)| Ok((path, format(root, &text)?)))
        .collect::<Result<BTreeMap<_, _>>>()?;
    for (api, document) in &documents {
        files.insert(strategies::path(api), strategies::json(api, document)?);
    }
    files.insert(command_line::json_path(), command_line::json(&documents)?);
    let readme = fs::read_to_string(root.join(coverage::PATH)).context(coverage::PATH)?;
    let readme = coverage::placed(&readme, &documents)?;
    files.insert(coverage::PATH.to_owned(), readme);
    files.extend(guide::pages(root, codes(V2.name), codes(V1.name))?);
    files.extend(documents::files(root)?);
    files.extend(published::files(root)?);
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
