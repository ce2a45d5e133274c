//! `cargo xtask release`: versions, changelog, packages, their tests, commit, tag, registry.
//!
//! All but the last two happen in a clone below the target folder. A release that fails before them
//! leaves nothing behind, and a dry run ends there.

mod edit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::package::{self, Published, done, output, published};
use edit::{Release, Version};

pub(crate) fn run(cargo: &str, root: &Path, arguments: &[&str]) -> Result<()> {
    let (wanted, is_dry) = match arguments {
        [] => (None, false),
        ["--dry-run"] => (None, true),
        [version] => (Some(*version), false),
        [version, "--dry-run"] | ["--dry-run", version] => (Some(*version), true),
        _ => bail!("usage: cargo xtask release [VERSION] [--dry-run]"),
    };
    let crates = published(cargo, root)?;
    let current = &crates.first().context("no crate")?.version;
    let version = version(root, current, wanted)?;
    let tag = format!("v{version}");
    match owners_part(root, &crates) {
        Err(missing) if is_dry => println!("warning: {missing}"),
        other => other?,
    }
    if !is_dry && commit_of(root, &tag).is_some() {
        let is_here = commit_of(root, &tag) == commit_of(root, "HEAD");
        ensure!(
            is_here,
            "{tag} is another commit: check it out to go on with it"
        );
        return publish(cargo, root, &crates);
    }
    if !output(git(root).args(["status", "--porcelain"]))?.is_empty() {
        ensure!(is_dry, "commit or stash your changes first");
        println!("warning: what is not committed is not in this dry run");
    }

    let target = package::target_folder(root);
    let tree = clone(root, &target)?;
    let date = output(Command::new("date").args(["-u", "+%F"]))?;
    let release = Release::new(cargo, &tree, current.parse()?, version, date.trim())?;
    release.edit(&tree)?;
    for manifest in ["Cargo.toml", "tests/arbitrary-precision/Cargo.toml"] {
        let mut metadata = Command::new(cargo);
        metadata.args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--manifest-path",
        ]);
        output(metadata.arg(tree.join(manifest)))?;
    }
    package::pack(cargo, &tree, &target)?.test(cargo)?;
    commit(root, &tree, &format!("Release {version}"), is_dry)?;
    if is_dry {
        println!("release {version}: all but tag and registry passed");
        return Ok(());
    }
    done(git(root).args(["fetch", "--quiet"]).arg(&tree).arg("HEAD"))?;
    done(git(root).args(["merge", "--quiet", "--ff-only", "FETCH_HEAD"]))?;
    done(git(root).args(["tag", &tag, "-m", &format!("Release {version}")]))?;
    publish(cargo, root, &published(cargo, root)?)?;
    println!("release {version}: now push the branch and {tag}");
    Ok(())
}

/// The version that was asked for. Without one: the current one until it is released, and then the
/// next minor one.
fn version(root: &Path, current: &str, wanted: Option<&str>) -> Result<Version> {
    let now: Version = current.parse()?;
    let is_released = commit_of(root, &format!("v{now}")).is_some();
    let is_at_tag = commit_of(root, &format!("v{now}")) == commit_of(root, "HEAD");
    match wanted {
        Some(wanted) => {
            let wanted = wanted.parse()?;
            ensure!(wanted >= now, "{wanted} is below {now}");
            let is_free = wanted != now || !is_released || is_at_tag;
            ensure!(is_free, "{wanted} is released");
            Ok(wanted)
        }
        None if is_released => Ok(now.next_minor()),
        None => Ok(now),
    }
}

/// Checks what RELEASING.md asks of the owner.
fn owners_part(root: &Path, crates: &[Published]) -> Result<()> {
    for package in crates {
        let has_repository = package.repository.as_ref().is_some_and(|it| !it.is_empty());
        ensure!(
            has_repository,
            "{} has no repository: fill in `repository` in {}/Cargo.toml",
            package.name,
            root.display()
        );
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|it| it.join(".cargo")));
    let has_token = std::env::var_os("CARGO_REGISTRY_TOKEN").is_some()
        || home.is_some_and(|it| it.join("credentials.toml").exists());
    ensure!(
        has_token,
        "no token of the registry: set CARGO_REGISTRY_TOKEN, or run `cargo login`"
    );
    Ok(())
}

/// Publishes the crates that the registry does not have yet. Cargo finds the order, and waits for
/// each crate.
fn publish(cargo: &str, root: &Path, crates: &[Published]) -> Result<()> {
    let mut publish = Command::new(cargo);
    // The packages were built and tested already.
    publish.current_dir(root).args(["publish", "--no-verify"]);
    let mut count = 0;
    for Published { name, version, .. } in crates {
        let mut info = Command::new(cargo);
        // Inside the workspace, cargo would answer with the member itself.
        info.current_dir(std::env::temp_dir());
        info.args(["info", "--quiet", "--registry", "crates-io"]);
        if info
            .arg(format!("{name}@{version}"))
            .output()?
            .status
            .success()
        {
            println!("{name} {version} is published already");
        } else {
            publish.args(["-p", name]);
            count += 1;
        }
    }
    if count > 0 {
        done(&mut publish)
            .context("run the same command with the same version: it goes on here")?;
    }
    Ok(())
}

/// A copy of what is committed.
fn clone(root: &Path, target: &Path) -> Result<PathBuf> {
    let tree = target.join("packages/tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    done(git(root).args(["clone", "--quiet", "."]).arg(&tree))?;
    Ok(tree)
}

/// Commits in the clone, in the name of the git user of `root`.
fn commit(root: &Path, tree: &Path, message: &str, is_dry: bool) -> Result<()> {
    let mut commit = git(tree);
    for key in ["user.name", "user.email"] {
        let value = match output(git(root).args(["config", key])) {
            Err(_) if is_dry => "dry-run".to_owned(),
            value => value?.trim().to_owned(),
        };
        commit.args(["-c", &format!("{key}={value}")]);
    }
    done(commit.args(["commit", "--quiet", "--all", "-m", message]))
}

fn commit_of(root: &Path, name: &str) -> Option<String> {
    let commit = format!("{name}^{{commit}}");
    output(git(root).args(["rev-parse", "--quiet", "--verify", &commit])).ok()
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder);
    git
}
