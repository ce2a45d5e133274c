//! The tools that guards call, in the versions that they were written for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::workspace::{Workspace, output, run, text};

/// A program of `cargo install`, called as `cargo NAME`.
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(super) const DENY: Tool = Tool {
    name: "deny",
    version: "0.20.2",
};
pub(super) const HACK: Tool = Tool {
    name: "hack",
    version: "0.6.46",
};
/// It takes minutes to compile, so it is only installed for a release.
pub(super) const SEMVER_CHECKS: Tool = Tool {
    name: "semver-checks",
    version: "0.51.0",
};

/// `typos`, which its package on PyPI holds compiled.
const TYPOS: &str = "1.52.0";

impl Tool {
    fn install(&self, cargo: &str) -> Command {
        let mut install = Command::new(cargo);
        install
            .args(["install", "--quiet", "--locked", "--version", self.version])
            .arg(format!("cargo-{}", self.name));
        install
    }
}

fn is_there(it: &Workspace, tool: &Tool) -> Result<bool> {
    let said = run(&mut it.cargo(&[tool.name, "--version"]))?;
    let version = text(&said.stdout);
    Ok(said.status.success() && version.split_whitespace().any(|word| word == tool.version))
}

/// An error that says what to do, if a tool is not there in its version.
pub(super) fn need(it: &Workspace, tool: &Tool) -> Result<()> {
    if !is_there(it, tool)? {
        let (name, version) = (tool.name, tool.version);
        bail!(
            "cargo-{name} {version} is not there: `cargo install --locked cargo-{name} --version \
             {version}`, or `cargo xtask check --install` for all tools"
        );
    }
    Ok(())
}

/// Where `typos` is, or an error that says how to get it.
pub(super) fn typos(it: &Workspace) -> Result<PathBuf> {
    let program = typos_folder(it).join("bin/typos");
    if !program.exists() {
        bail!(
            "typos {TYPOS} is not there: `cargo xtask check --install` (it needs python3 and its \
               module venv)"
        );
    }
    Ok(program)
}

fn typos_folder(it: &Workspace) -> PathBuf {
    it.target.join(format!("tools/typos-{TYPOS}"))
}

/// Installs what is missing.
pub(super) fn install(it: &Workspace, also: Option<&Tool>) -> Result<()> {
    for tool in [&DENY, &HACK].into_iter().chain(also) {
        if !is_there(it, tool)? {
            output(&mut tool.install(&it.cargo))?;
        }
    }
    if typos(it).is_err() {
        let folder = typos_folder(it);
        output(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg(format!("typos=={TYPOS}"));
        output(&mut pip)?;
    }
    Ok(())
}
