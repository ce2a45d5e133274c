//! Each feature of each package alone, none of them, and all, without a warning of clippy.

use anyhow::{Result, bail};

use super::tools;
use super::workspace::{Workspace, run, text};

/// The line before each build.
const BUILD: &str = "info: running ";

pub(super) fn check(it: &Workspace) -> Result<String> {
    tools::need(it, &tools::HACK)?;
    // `default` is a sum of the others, and every other step builds it. A command of its own builds
    // all features: the first one leaves them out because it excludes a feature.
    let each = ["--each-feature", "--exclude-features", "default"];
    let mut builds = 0;
    for choice in [&each[..], &["--all-features"]] {
        let mut hack = it.cargo_on_published(&["hack", "clippy", "--locked"]);
        let done = run(hack.args(choice))?;
        let said = text(&done.stderr);
        let bad = with_warnings(&said);
        if !done.status.success() || !bad.is_empty() {
            let found = if bad.is_empty() {
                said
            } else {
                bad.join(BUILD)
            };
            bail!("a choice of features fails, or warns:\n{found}");
        }
        builds += said.matches(BUILD).count();
    }
    Ok(format!(
        "{builds} choices of features compile without a warning"
    ))
}

/// The builds that print more than what they compile. A flag that forbids warnings would compile
/// every dependency once more.
fn with_warnings(said: &str) -> Vec<&str> {
    let speaks = |line: &str| line.starts_with("warning") || line.starts_with("error");
    let builds = said.split(BUILD);
    builds.filter(|build| build.lines().any(speaks)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_build_that_warns_is_shown() {
        let quiet = "`cargo clippy` on a (1/2)\n    Finished\n\n";
        let warns = "`cargo clippy` on b (2/2)\nwarning: unused\n    Finished\n";
        assert_eq!(with_warnings(&[quiet, warns].join(BUILD)), [warns]);
        assert!(with_warnings(&[quiet, quiet].join(BUILD)).is_empty());
    }
}
