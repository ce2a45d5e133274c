//! `cargo xtask package`: packs each crate as the registry gets it, unpacks all side by side, and
//! runs the unit tests of each there.
//!
//! Everything is below `packages` in the target folder. An unpacked crate can reach nothing of the
//! repository but the other crates, as packed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The entries that a package must hold, and those that it must not.
const NEEDED: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "src"];
const UNWANTED: [&str; 4] = ["benches", "docs", "examples", "tests"];

/// A crate that is published.
#[derive(Deserialize)]
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) repository: Option<String>,
    publish: Option<Vec<String>>,
}

/// The unpacked crates. Each is in a folder of its name, and together they are a workspace.
pub(crate) struct Packages {
    pub(crate) folder: PathBuf,
    pub(crate) crates: Vec<Published>,
    target: PathBuf,
}

pub(crate) fn run(cargo: &str, root: &Path) -> Result<()> {
    let packages = pack(cargo, root, &target_folder(root))?;
    packages.test(cargo)
}

/// Where cargo builds for a checkout.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root.join(given.unwrap_or_else(|| "target".into()))
}

/// The members that are published.
pub(crate) fn published(cargo: &str, tree: &Path) -> Result<Vec<Published>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Published>,
    }
    let mut command = Command::new(cargo);
    command.current_dir(tree);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Metadata = serde_json::from_str(&output(&mut command)?)?;
    let mut crates = metadata.packages;
    crates.retain(|it| it.publish.is_none());
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(!crates.is_empty(), "no member is published");
    Ok(crates)
}

/// Packs the crates of `tree` and unpacks them below `target`. A file that is the same as before is
/// left alone, so that nothing is built again without need.
pub(crate) fn pack(cargo: &str, tree: &Path, target: &Path) -> Result<Packages> {
    let crates = published(cargo, tree)?;
    let packages = target.join("packages");
    let (packed, folder) = (packages.join("packed"), packages.join("unpacked"));
    let mut command = Command::new(cargo);
    command
        .current_dir(tree)
        // Quiet, because it warns of the tests and examples that are left out on purpose.
        .args(["package", "--quiet", "--no-verify", "--allow-dirty"])
        .arg("--target-dir")
        .arg(&packed);
    for package in &crates {
        command.args(["-p", &package.name]);
    }
    done(&mut command)?;

    let fresh = packages.join("fresh");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    println!("{:<24} {:>6} {:>8}", "package", "files", "KB");
    for package in &crates {
        let named = format!("{}-{}", package.name, package.version);
        let archive = packed.join(format!("package/{named}.crate"));
        let mut unpack = Command::new("tar");
        done(unpack.arg("-xzf").arg(&archive).arg("-C").arg(&fresh))?;
        fs::rename(fresh.join(&named), fresh.join(&package.name))?;
        let held = files(&fresh.join(&package.name))?.len();
        let kilobytes = fs::metadata(&archive)?.len().div_ceil(1000);
        println!("{:<24} {held:>6} {kilobytes:>8}", package.name);
        look_through(tree, &fresh.join(&package.name))
            .with_context(|| format!("the package {}", package.name))?;
    }
    fs::write(fresh.join("Cargo.toml"), workspace(tree, &crates)?)?;
    fs::copy(tree.join("Cargo.lock"), fresh.join("Cargo.lock"))?;
    mirror(&fresh, &folder)?;
    Ok(Packages {
        folder,
        crates,
        target: target.to_owned(),
    })
}

impl Packages {
    /// Runs the unit tests of each crate. Tests of the public side need the repository.
    pub(crate) fn test(&self, cargo: &str) -> Result<()> {
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.folder)
            .args(["test", "--quiet", "--workspace", "--all-features"])
            .args(["--lib", "--bins", "--target-dir"])
            .arg(&self.target);
        done(&mut command)?;
        println!("packages {}, unit tests passed", self.crates.len());
        Ok(())
    }
}

/// A manifest that makes one workspace of the unpacked crates, so that each is built once.
fn workspace(tree: &Path, crates: &[Published]) -> Result<String> {
    let names = || crates.iter().map(|it| it.name.as_str());
    let members: Vec<String> = names().map(|name| format!("\"{name}\"")).collect();
    let patches: String = names()
        .map(|name| format!("{name} = {{ path = \"{name}\" }}\n"))
        .collect();
    // It has the profiles of the repository, so that dependencies are built once for both.
    let manifest = fs::read_to_string(tree.join("Cargo.toml"))?;
    let at = manifest.find("[profile.").context("no profiles")?;
    let (_, profiles) = manifest.split_at(at);
    Ok(format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{patches}\n{profiles}",
        members.join(", ")
    ))
}

/// Checks that a package holds what it must, and nothing else.
fn look_through(tree: &Path, package: &Path) -> Result<()> {
    for name in NEEDED {
        ensure!(package.join(name).exists(), "lacks {name}");
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let is_whole = fs::read(package.join(name))? == fs::read(tree.join(name))?;
        ensure!(is_whole, "has another {name} than the repository");
    }
    for name in UNWANTED {
        ensure!(!package.join(name).exists(), "holds {name}");
    }
    Ok(())
}

/// Makes `to` the same as `from`.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        let bytes = fs::read(&file)?;
        // Equal files are not written: cargo goes by the time of the last change.
        if fs::read(&copy).ok().as_ref() != Some(&bytes) {
            fs::create_dir_all(copy.parent().context("no folder")?)?;
            fs::write(&copy, bytes)?;
        }
    }
    for file in files(to)? {
        if !from.join(file.strip_prefix(to)?).exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// The files below a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Runs a program to its end, and fails if the program fails.
pub(crate) fn done(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{command:?} can't be started"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// The output of a program.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} can't be started"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}
