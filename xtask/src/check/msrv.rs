//! No dependency of a package asks for a newer Rust than the package says.
//!
//! This needs no older toolchain. `clippy::incompatible_msrv` checks our own code.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::workspace::{Package, Workspace, output};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Needing>,
}

#[derive(Deserialize)]
struct Needing {
    name: String,
    version: String,
    rust_version: Option<String>,
}

pub(super) fn check(it: &Workspace) -> Result<String> {
    let arguments = [
        "metadata",
        "--locked",
        "--all-features",
        "--format-version",
        "1",
    ];
    let all: Metadata = serde_json::from_str(&output(&mut it.cargo(&arguments))?)?;
    let needs: BTreeMap<String, Rust> = (all.packages.iter())
        .filter_map(|it| {
            let needed = Rust::read(it.rust_version.as_deref()?)?;
            Some((format!("{} v{}", it.name, it.version), needed))
        })
        .collect();
    let (mut troubles, mut said) = (Vec::new(), BTreeMap::<Rust, usize>::new());
    for package in &it.packages {
        let own = rust(package)?;
        *said.entry(own).or_default() += 1;
        for dependency in tree(it, package, own)? {
            let needed = needs.get(&dependency).copied().unwrap_or_default();
            if needed > own {
                troubles.push(format!(
                    "  {} says Rust {own}, and {dependency} needs {needed}",
                    package.name
                ));
            }
        }
    }
    if !troubles.is_empty() {
        bail!(
            "{}\nRaise `rust-version` (RELEASING.md says what that means), or keep the dependency \
             where it was",
            troubles.join("\n")
        );
    }
    let said = said
        .iter()
        .map(|(rust, packages)| format!("{packages} build with Rust {rust}"));
    Ok(said.collect::<Vec<_>>().join(", "))
}

/// The dependencies of a package with all features. An optional package of ours that needs a newer
/// Rust is left out: its feature's docs say so.
fn tree(it: &Workspace, package: &Package, own: Rust) -> Result<Vec<String>> {
    let arguments = [
        "tree",
        "--locked",
        "--all-features",
        "--target",
        "all",
        "--edges",
    ];
    let mut tree = it.cargo(&arguments);
    tree.args([
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
    ])
    .arg(&package.name);
    for newer in &it.packages {
        let is_optional = |of: &&super::workspace::Dependency| of.name == newer.name && of.optional;
        if rust(newer)? > own && package.dependencies.iter().any(|of| is_optional(&of)) {
            tree.args(["--prune", &newer.name]);
        }
    }
    let text = output(&mut tree)?;
    let names = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').take(2).collect();
        words.join(" ")
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn rust(package: &Package) -> Result<Rust> {
    let said = package.rust_version.as_deref();
    let rust = said.and_then(Rust::read);
    rust.with_context(|| format!("{} has no `rust-version`", package.name))
}

/// A version of Rust.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rust(u32, u32);

impl Rust {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::parse);
        Some(Self(parts.next()?.ok()?, parts.next()?.ok()?))
    }
}

impl std::fmt::Display for Rust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}
