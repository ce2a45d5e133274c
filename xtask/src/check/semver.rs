//! From the first tag on, cargo-semver-checks against the last release.

use std::process::Command;

use anyhow::Result;

use super::tools;
use super::workspace::{Workspace, output};

pub(super) fn check(it: &Workspace) -> Result<String> {
    let Some(tag) = last_release(it)? else {
        return Ok("no release is tagged yet: the difference of the listings is the gate".into());
    };
    tools::need(it, &tools::SEMVER_CHECKS)?;
    let arguments = ["semver-checks", "--all-features", "--baseline-rev", &tag];
    output(&mut it.cargo_on_published(&arguments))?;
    Ok(format!("the versions say what changed since {tag}"))
}

pub(super) fn last_release(it: &Workspace) -> Result<Option<String>> {
    let mut git = Command::new("git");
    git.current_dir(&it.root)
        .args(["tag", "--list", "v[0-9]*", "--sort=-version:refname"]);
    Ok(output(&mut git)?.lines().next().map(str::to_owned))
}
