//! Builds all libraries and programs with each direct dependency in the lowest version that the
//! manifests allow.
//!
//! The versions are committed, so that later publications change no run. `cargo xtask check
//! minimal-versions --bless` chooses them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::workspace::{Workspace, output};

const LOCK: &str = "xtask/minimal-versions.lock";

pub(super) fn check(it: &Workspace) -> Result<String> {
    let copy = copied(it)?;
    if it.bless {
        let arguments = ["generate-lockfile", "-Zdirect-minimal-versions"];
        let mut choose = it.cargo(&arguments);
        output(choose.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1")).context(
            "a dependency asks for more of another than our manifest does: raise that minimum",
        )?;
        fs::copy(copy.join("Cargo.lock"), it.root.join(LOCK))?;
    }
    fs::copy(it.root.join(LOCK), copy.join("Cargo.lock"))?;
    let lowest = lowest_versions(it)?;
    let lock = fs::read_to_string(it.root.join(LOCK))?;
    let missing: Vec<String> = (lowest.iter())
        .filter(|(name, version)| {
            !lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n"))
        })
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    ensure!(
        missing.is_empty(),
        "{LOCK} has not the lowest of {}: `cargo xtask check minimal-versions --bless`. If there is \
         no such version, write the lowest that there is into Cargo.toml",
        missing.join(", ")
    );
    let arguments = [
        "check",
        "--quiet",
        "--locked",
        "--workspace",
        "--all-features",
    ];
    let mut build = it.cargo(&arguments);
    build.current_dir(&copy).arg("--target-dir").arg(&it.target);
    output(&mut build).context(
        "raise the minimum in Cargo.toml of what is missed here, then `cargo xtask check \
         minimal-versions --bless`",
    )?;
    Ok(format!(
        "{} direct dependencies at their lowest versions compile",
        lowest.len()
    ))
}

/// The published packages alone, as a workspace without the dependencies of their tests.
fn copied(it: &Workspace) -> Result<PathBuf> {
    let copy = it.target.join("minimal-versions");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    for file in it.files(&["Cargo.toml", "README.md", "LICENSE-*", "crates/*"])? {
        let to = copy.join(&file);
        fs::create_dir_all(to.parent().context("a file in a folder")?)?;
        let from = it.root.join(&file);
        if Path::new(&file).ends_with("Cargo.toml") {
            let is_root = file == "Cargo.toml";
            let text = fs::read_to_string(from)?;
            fs::write(
                to,
                if is_root {
                    of_crates(&text)?
                } else {
                    without_tests(&text)
                },
            )?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(copy)
}

/// The root manifest with the published members alone.
fn of_crates(manifest: &str) -> Result<String> {
    let mut found = false;
    let lines: Vec<&str> = (manifest.lines())
        .filter(|line| !line.starts_with("default-members") && !line.starts_with("exclude"))
        .map(|line| {
            let is_members = line.starts_with("members");
            found |= is_members;
            if is_members {
                r#"members = ["crates/*"]"#
            } else {
                line
            }
        })
        .collect();
    if !found {
        bail!("the root manifest names no members");
    }
    Ok(lines.join("\n"))
}

/// A manifest without its table of development dependencies.
fn without_tests(manifest: &str) -> String {
    let mut kept = Vec::new();
    let mut is_kept = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = line != "[dev-dependencies]";
        }
        if is_kept {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

/// The lowest version that each direct dependency's requirement allows.
fn lowest_versions(it: &Workspace) -> Result<BTreeSet<(String, String)>> {
    let mut lowest = BTreeSet::new();
    for dependency in it.packages.iter().flat_map(|it| &it.dependencies) {
        if dependency.path.is_none() && dependency.kind.as_deref() != Some("dev") {
            lowest.insert((dependency.name.clone(), lowest_version(&dependency.req)?));
        }
    }
    Ok(lowest)
}

/// `^1.2` allows 1.2.0 and what follows it.
fn lowest_version(requirement: &str) -> Result<String> {
    let version = requirement.trim_start_matches(['^', '~', '=']);
    let is_plain = |c: char| c.is_ascii_digit() || c == '.';
    ensure!(
        version.chars().all(is_plain),
        "a requirement like {requirement} has no lowest version"
    );
    let parts = version.split('.').chain(["0", "0"]);
    Ok(parts.take(3).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_version_is_the_one_that_the_requirement_names() {
        for (requirement, lowest) in [("^1", "1.0.0"), ("^0.3.32", "0.3.32"), ("=2.1", "2.1.0")] {
            assert_eq!(lowest_version(requirement).unwrap(), lowest);
        }
        assert!(lowest_version(">=1, <3").is_err());
    }

    #[test]
    fn the_copy_keeps_all_but_what_tests_need() {
        let manifest = "[dependencies]\na = \"1\"\n\n[dev-dependencies]\nb = \"1\"\n\n[features]\n";
        let kept = "[dependencies]\na = \"1\"\n\n[features]\n";
        assert_eq!(without_tests(manifest), kept);
        let root =
            of_crates("[workspace]\nmembers = [\"crates/*\", \"tests\"]\nexclude = []").unwrap();
        assert_eq!(root, "[workspace]\nmembers = [\"crates/*\"]");
    }
}
