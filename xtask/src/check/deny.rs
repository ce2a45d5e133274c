//! Licences, bans and sources of all dependencies, and advisories when their database is reached.

use anyhow::Result;

use super::tools;
use super::workspace::{Workspace, output, run};

pub(super) fn check(it: &Workspace) -> Result<String> {
    tools::need(it, &tools::DENY)?;
    output(&mut it.cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    if !run(&mut it.cargo(&["deny", "fetch", "db"]))?
        .status
        .success()
    {
        let line = "licences, bans and sources hold; ADVISORIES NOT CHECKED: their database can't \
                    be reached from here";
        return Ok(line.to_owned());
    }
    output(&mut it.cargo(&["deny", "check", "advisories"]))?;
    Ok("licences, bans, sources and advisories hold".to_owned())
}
