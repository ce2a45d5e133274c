//! Spelling, by `typos`. Words that are meant as they are stand in `_typos.toml`.

use std::process::Command;

use anyhow::{Result, bail};

use super::tools;
use super::workspace::{Workspace, run, text};

pub(super) fn check(it: &Workspace) -> Result<String> {
    let program = tools::typos(it)?;
    let mut typos = Command::new(program);
    typos
        .current_dir(&it.root)
        .args(["--hidden", "--format", "brief"]);
    let done = run(&mut typos)?;
    if !done.status.success() {
        bail!(
            "{}{}Mend it. What is meant as it is gets an entry in _typos.toml, with its reason",
            text(&done.stdout),
            text(&done.stderr)
        );
    }
    Ok("no word is misspelt".to_owned())
}
