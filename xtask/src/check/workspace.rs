//! The workspace as the guards see it: [`Workspace`] and its published [`Package`]s.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) struct Workspace {
    pub(super) cargo: String,
    pub(super) root: PathBuf,
    pub(super) target: PathBuf,
    /// Whether to write committed listings anew.
    pub(super) bless: bool,
    /// The published ones.
    pub(super) packages: Vec<Package>,
    /// Names of those that stay here.
    pub(super) unpublished: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) readme: Option<PathBuf>,
    pub(super) keywords: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) rust_version: Option<String>,
    pub(super) manifest_path: PathBuf,
    pub(super) publish: Option<Vec<String>>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) metadata: Value,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) req: String,
    pub(super) kind: Option<String>,
    pub(super) optional: bool,
    /// Of a package of ours.
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Package {
    pub(super) fn folder(&self) -> Result<&Path> {
        self.manifest_path.parent().context("a manifest at the top")
    }

    /// What `use` calls it, when it has a library.
    pub(super) fn library(&self) -> Option<&str> {
        let library = |it: &&Target| it.kind.iter().any(|kind| kind == "lib");
        (self.targets.iter().find(library)).map(|it| it.name.as_str())
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

impl Workspace {
    pub(super) fn read(cargo: &str, root: &Path, bless: bool) -> Result<Self> {
        let arguments = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
        let text = output(Command::new(cargo).current_dir(root).args(arguments))?;
        let found: Metadata = serde_json::from_str(&text)?;
        let (packages, others): (Vec<Package>, Vec<Package>) = (found.packages.into_iter())
            .partition(|it| {
                it.publish
                    .as_ref()
                    .is_none_or(|registries| !registries.is_empty())
            });
        Ok(Self {
            cargo: cargo.to_owned(),
            root: root.to_path_buf(),
            target: found.target_directory,
            bless,
            packages,
            unpublished: others.into_iter().map(|it| it.name).collect(),
        })
    }

    /// Cargo, at the root.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Cargo on all published packages.
    pub(super) fn cargo_on_published(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo(arguments);
        command.arg("--workspace");
        for name in &self.unpublished {
            command.args(["--exclude", name]);
        }
        command
    }

    /// Git, at the root.
    pub(super) fn git(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// The matching files that git tracks, or that are new and not ignored, from the root.
    pub(super) fn files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let mut git = self.git(&["ls-files", "-z", "--cached", "--others"]);
        git.args(["--exclude-standard", "--"]).args(patterns);
        let listed = output(&mut git)?;
        let files = listed.split('\0').filter(|name| !name.is_empty());
        // A file whose removal is not committed yet can't be read.
        Ok(files
            .filter(|name| self.root.join(name).exists())
            .map(str::to_owned)
            .collect())
    }

    /// The files that a package will hold, from its own folder.
    pub(super) fn packaged(&self, package: &Package) -> Result<Vec<String>> {
        let arguments = ["package", "--list", "--allow-dirty", "--package"];
        let listed = output(self.cargo(&arguments).arg(&package.name))?;
        Ok(listed.lines().map(str::to_owned).collect())
    }
}

/// A file of ours in YAML.
pub(super) fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} can't be read", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

/// What a program printed; an error holds all that it said.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let done = run(command)?;
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    ensure!(done.status.success(), "{}\n{out}{err}", line(command));
    Ok(out)
}

pub(super) fn run(command: &mut Command) -> Result<Output> {
    command
        .output()
        .with_context(|| format!("{} can't be started", line(command)))
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The command line to run it again.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
