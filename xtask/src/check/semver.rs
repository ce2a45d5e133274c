//! From the first tag on, cargo-semver-checks against the last release.

use anyhow::{Result, ensure};

use super::tools;
use super::workspace::{Workspace, output, run};

pub(super) fn check(it: &Workspace) -> Result<String> {
    let Some(tag) = last_release(it)? else {
        return Ok("no release is tagged yet: the difference of the listings is the gate".into());
    };
    tools::need(it, &tools::SEMVER_CHECKS)?;
    let arguments = ["semver-checks", "--all-features", "--baseline-rev", &tag];
    let mut checks = it.cargo(&arguments);
    let mut count = 0;
    // A library that is newer than that release has nothing to break.
    for package in it.packages.iter().filter(|it| it.library().is_some()) {
        let manifest = package.manifest_path.strip_prefix(&it.root)?;
        let mut was_there = it.git(&["cat-file", "-e"]);
        was_there.arg(format!("{tag}:{}", manifest.display()));
        if run(&mut was_there)?.status.success() {
            checks.args(["--package", &package.name]);
            count += 1;
        }
    }
    ensure!(count > 0, "{tag} has none of our libraries");
    output(&mut checks)?;
    Ok(format!(
        "the versions of {count} libraries say what changed since {tag}"
    ))
}

pub(super) fn last_release(it: &Workspace) -> Result<Option<String>> {
    let mut git = it.git(&["tag", "--list", "v[0-9]*", "--sort=-version:refname"]);
    Ok(output(&mut git)?.lines().next().map(str::to_owned))
}
