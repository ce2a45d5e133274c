//! Compares the committed listing of what each library shows with what it shows now.
//!
//! The listings are in `xtask/public-api`, outside of the crates, so that no package holds them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::foreign;
use super::workspace::{Workspace, output};

/// How much of a difference is printed.
const SHOWN: usize = 60;

/// Set for the run of this program that stands in for `rustdoc`.
const STANDS_IN: &str = "CCPAYMENT_XTASK_IS_RUSTDOC";

pub(super) fn run(it: &Workspace) -> Result<String> {
    let folder = it.root.join("xtask/public-api");
    let documented = document(it)?;
    let (mut lines, mut differences, mut expected) = (0, Vec::new(), BTreeSet::new());
    let mut shown = BTreeMap::new();
    for package in &it.packages {
        let Some(library) = package.library() else {
            continue;
        };
        let now = listing(&documented.join(format!("{library}.json")))?;
        lines += now.len();
        let path = folder.join(format!("{}.txt", package.name));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if it.bless {
            fs::write(&path, now.join("\n") + "\n")?;
        } else if let Some(difference) = difference(&committed, &now) {
            differences.push(format!("{}:\n{difference}", package.name));
        }
        expected.insert(path);
        shown.insert(package.name.as_str(), now);
    }
    for file in fs::read_dir(&folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|it| it == "txt") && !expected.contains(&path) {
            if it.bless {
                fs::remove_file(&path)?;
            } else {
                differences.push(format!("{}: no such library", path.display()));
            }
        }
    }
    if !differences.is_empty() {
        bail!(
            "{}\nA line that is gone breaks somebody's build: RELEASING.md says what it means for \
             the version. When all of it is meant: `cargo xtask check public-api --bless`",
            differences.join("\n")
        );
    }
    let types = foreign::check(&folder.join("foreign.yaml"), &shown)?;
    Ok(format!(
        "{} libraries show {lines} lines; {types}",
        shown.len()
    ))
}

/// Makes rustdoc describe all libraries as JSON. Returns the folder.
fn document(it: &Workspace) -> Result<PathBuf> {
    let mut doc = it.cargo_on_published(&["doc", "--quiet", "--locked", "--no-deps", "--lib"]);
    // Only rustdoc gets the unstable option. If the variable were set for the whole build, build
    // scripts could choose other code, and every dependency would be compiled once more.
    doc.arg("--all-features")
        .env("RUSTDOC", std::env::current_exe()?)
        .env(STANDS_IN, "1")
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json");
    output(&mut doc)?;
    Ok(it.target.join("doc"))
}

/// Runs rustdoc with unstable options allowed, if this program was started in its place.
pub(crate) fn stood_in(arguments: &[String]) -> Result<bool> {
    if std::env::var_os(STANDS_IN).is_none() {
        return Ok(false);
    }
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(arguments).env("RUSTC_BOOTSTRAP", "1");
    let status = rustdoc.status().context("rustdoc can't be started")?;
    if !status.success() {
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(true)
}

/// One line for each thing that a library shows. The trait lists its methods, so of its
/// implementations only the head and the associated types are listed. At the end are the types that
/// are not `Send` or not `Sync`: losing one of the two breaks somebody's build.
fn listing(json: &Path) -> Result<Vec<String>> {
    let api = read(json, true)?;
    let sources = sources(json)?;
    let texts: HashMap<_, String> = api.items().map(|it| (it.id(), it.to_string())).collect();
    let is_of_a_trait = |item: &public_api::PublicItem| {
        let parent = item.parent_id().and_then(|id| texts.get(&id));
        parent.is_some_and(|text| text.starts_with("impl") && text.contains(" for "))
    };
    let mut lines: Vec<String> = (api.items())
        .map(|item| (item, item.to_string()))
        .filter(|(item, text)| !is_of_a_trait(item) || text.starts_with("pub type "))
        .map(|(item, text)| match sources.get(&item.id().0.to_string()) {
            Some(source) => format!("{text} = {source}"),
            None => text,
        })
        .collect();
    lines.dedup();
    let lacks = |line: &String| {
        ["!core::marker::Send for ", "!core::marker::Sync for "]
            .iter()
            .any(|what| line.starts_with("impl") && line.contains(what))
    };
    let all = read(json, false)?;
    lines.extend(all.items().map(ToString::to_string).filter(lacks));
    Ok(lines)
}

fn read(json: &Path, omit_auto_traits: bool) -> Result<public_api::PublicApi> {
    public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(omit_auto_traits)
        .build()
        .with_context(|| {
            format!(
                "{} can't be read. Each version of rustc has a format of its own: take the \
                 `public-api` that reads yours into xtask/Cargo.toml",
                json.display()
            )
        })
}

/// The target of each re-export of another crate, by the id of the re-export. The listing itself
/// has only its name.
fn sources(json: &Path) -> Result<HashMap<String, String>> {
    #[derive(Deserialize)]
    struct Described {
        index: HashMap<String, Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        inner: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        #[serde(rename = "use")]
        reexport: Option<Reexport>,
    }
    #[derive(Deserialize)]
    struct Reexport {
        source: String,
        id: Option<u32>,
    }
    let described: Described = serde_json::from_slice(&fs::read(json)?)?;
    let is_near = |id: u32| described.index.contains_key(&id.to_string());
    let reexports = (described.index.iter())
        .filter_map(|(id, item)| Some((id, item.inner.reexport.as_ref()?)))
        .filter(|(_, it)| it.id.is_some_and(|id| !is_near(id)));
    Ok(reexports
        .map(|(id, it)| (id.clone(), it.source.clone()))
        .collect())
}

/// The lines that only the committed listing has (`-`), and those that only the library shows
/// (`+`).
fn difference(committed: &str, now: &[String]) -> Option<String> {
    let before: BTreeSet<&str> = committed.lines().collect();
    let after: BTreeSet<&str> = now.iter().map(String::as_str).collect();
    let gone = before.difference(&after).map(|line| format!("  - {line}"));
    let come = after.difference(&before).map(|line| format!("  + {line}"));
    let all: Vec<String> = gone.chain(come).collect();
    let more = all.len().saturating_sub(SHOWN);
    let mut text = all.into_iter().take(SHOWN).collect::<Vec<_>>().join("\n");
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_what_is_gone_and_what_is_new() {
        let now = ["pub fn a::b()".to_owned(), "pub fn a::d()".to_owned()];
        let text = difference("pub fn a::b()\npub fn a::c()\n", &now);
        assert_eq!(
            text.as_deref(),
            Some("  - pub fn a::c()\n  + pub fn a::d()")
        );
        assert_eq!(difference("pub fn a::d()\npub fn a::b()\n", &now), None);
    }
}
