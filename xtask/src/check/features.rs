//! Each feature of each package alone, none of them, and all, without a warning.

use anyhow::{Result, bail};

use super::tools;
use super::workspace::{Workspace, run, text};

pub(super) fn check(it: &Workspace) -> Result<String> {
    tools::need(it, &tools::HACK)?;
    // `default` is a sum of the others, and what every other step builds.
    let arguments = [
        "hack",
        "check",
        "--locked",
        "--each-feature",
        "--exclude-features",
        "default",
    ];
    let done = run(&mut it.cargo_on_published(&arguments))?;
    let said = text(&done.stderr);
    // Not by a flag: it would have every dependency compiled once more.
    let warned = said.lines().any(|line| line.starts_with("warning"));
    if !done.status.success() || warned {
        let last = said.rfind("info: running").unwrap_or_default();
        let part = if warned {
            said.as_str()
        } else {
            said.split_at(last).1
        };
        bail!("a choice of features fails, or warns:\n{part}");
    }
    let builds = said.matches("info: running").count();
    Ok(format!(
        "{builds} choices of features compile without a warning"
    ))
}
