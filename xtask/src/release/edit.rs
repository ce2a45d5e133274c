//! `Release`: the changes of a release, as text.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};
use serde::Deserialize;

use crate::package::output;

/// A released version: no pre-releases.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u64, u64, u64);

impl Version {
    pub(super) fn next_minor(self) -> Self {
        Self(self.0, self.1 + 1, 0)
    }

    /// The version requirement in a user's manifest.
    fn requirement(self) -> String {
        match self.0 {
            0 => format!("\"0.{}\"", self.1),
            major => format!("\"{major}\""),
        }
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>()?;
        match numbers.as_slice() {
            [major, minor, patch] => Ok(Self(*major, *minor, *patch)),
            _ => anyhow::bail!("{text} is no version such as 1.2.3"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

pub(super) struct Release {
    from: Version,
    to: Version,
    date: String,
    /// The members, which all have the version of the workspace.
    members: Vec<String>,
}

impl Release {
    pub(super) fn new(
        cargo: &str,
        tree: &Path,
        from: Version,
        to: Version,
        date: &str,
    ) -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Member>,
        }
        #[derive(Deserialize)]
        struct Member {
            name: String,
            version: String,
        }
        let mut metadata = Command::new(cargo);
        metadata.current_dir(tree);
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: Metadata = serde_json::from_str(&output(&mut metadata)?)?;
        for Member { name, version } in &metadata.packages {
            ensure!(
                version.parse::<Version>()? == from,
                "{name} is {version}, and not {from}"
            );
        }
        Ok(Self {
            from,
            to,
            date: date.to_owned(),
            members: metadata.packages.into_iter().map(|it| it.name).collect(),
        })
    }

    /// Changes the tracked files of a checkout.
    pub(super) fn edit(&self, tree: &Path) -> Result<()> {
        let listed = output(
            Command::new("git")
                .arg("-C")
                .arg(tree)
                .args(["ls-files", "-z"]),
        )?;
        for name in listed.split_terminator('\0') {
            let path = tree.join(name);
            let edit = match name {
                "CHANGELOG.md" => Self::changelog,
                _ if name.ends_with(".toml") || name.ends_with(".md") => Self::manifest,
                _ if name.ends_with("Cargo.lock") => Self::lock,
                _ => continue,
            };
            let text = fs::read_to_string(&path).with_context(|| name.to_owned())?;
            fs::write(&path, edit(self, &text).with_context(|| name.to_owned())?)?;
        }
        Ok(())
    }

    /// Gives the unreleased section a version and a date.
    fn changelog(&self, text: &str) -> Result<String> {
        const HEAD: &str = "## Unreleased\n";
        let (before, after) = text.split_once(HEAD).context("no section Unreleased")?;
        let section = after.split("\n## ").next().unwrap_or_default();
        ensure!(!section.trim().is_empty(), "nothing is unreleased");
        let (version, date) = (self.to, &self.date);
        Ok(format!("{before}{HEAD}\n## {version} - {date}\n{after}"))
    }

    /// Changes the version of the workspace, and each line that asks for one of our crates, in
    /// manifests and in pages that show one.
    fn manifest(&self, text: &str) -> Result<String> {
        let (from, to) = (format!("\"{}\"", self.from), format!("\"{}\"", self.to));
        let is_own = |line: &str| line == format!("version = {from}");
        let mut is_workspace = false;
        Ok(by_line(text, |line| {
            if line.starts_with('[') {
                is_workspace = line == "[workspace.package]";
            }
            if is_workspace && is_own(line) {
                return line.replace(&from, &to);
            }
            if line.starts_with("ccpayment") && line.contains(" = ") {
                let line = line.replace(&from, &to);
                return line.replace(&self.from.requirement(), &self.to.requirement());
            }
            line.to_owned()
        }))
    }

    /// Changes the members in a lock file.
    fn lock(&self, text: &str) -> Result<String> {
        let own = format!("version = \"{}\"", self.from);
        let mut is_member = false;
        Ok(by_line(text, |line| {
            let is_version_of_member = is_member && line == own;
            let name = line
                .strip_prefix("name = \"")
                .and_then(|it| it.strip_suffix('"'));
            is_member = name.is_some_and(|name| self.members.iter().any(|it| it == name));
            if is_version_of_member {
                format!("version = \"{}\"", self.to)
            } else {
                line.to_owned()
            }
        }))
    }
}

fn by_line(text: &str, edit: impl FnMut(&str) -> String) -> String {
    text.split('\n').map(edit).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn release(to: &str) -> Release {
        let root = root();
        let from = workspace(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
        let version = from["package"]["version"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        Release::new(
            env!("CARGO"),
            &root,
            version,
            to.parse().unwrap(),
            "2030-01-02",
        )
        .unwrap()
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn workspace(text: &str) -> toml::Table {
        let manifest: toml::Table = toml::from_str(text).unwrap();
        manifest["workspace"].as_table().unwrap().clone()
    }

    #[test]
    fn the_workspace_and_its_own_requirements_get_the_version() {
        let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let edited = workspace(&release("98.7.6").manifest(&text).unwrap());
        assert_eq!(edited["package"]["version"].as_str(), Some("98.7.6"));
        let mut count = 0;
        for (name, requirement) in edited["dependencies"].as_table().unwrap() {
            if name.starts_with("ccpayment") {
                assert_eq!(requirement["version"].as_str(), Some("98.7.6"), "{name}");
                count += 1;
            }
        }
        assert!(count > 5, "{count}");
    }

    /// A package without a source is a member, or a patch by a member.
    #[test]
    fn lock_files_get_the_version_of_each_member_and_of_nothing_else() {
        let release = release("98.7.6");
        for file in ["Cargo.lock", "tests/consumers/snapshots/Cargo.lock"] {
            let text = fs::read_to_string(root().join(file)).unwrap();
            let before: toml::Table = toml::from_str(&text).unwrap();
            let after: toml::Table = toml::from_str(&release.lock(&text).unwrap()).unwrap();
            let rows = |table: &toml::Table| table["package"].as_array().unwrap().clone();
            let mut count = 0;
            for (before, after) in rows(&before).iter().zip(rows(&after)) {
                let name = before["name"].as_str().unwrap();
                if release.members.iter().any(|it| it == name) {
                    assert!(before.get("source").is_none(), "{name} is somebody else's");
                    assert_eq!(after["version"].as_str(), Some("98.7.6"), "{name}");
                    count += 1;
                } else {
                    assert_eq!(before["version"], after["version"], "{name}");
                }
            }
            assert!(count >= 5, "{file}: {count}");
        }
    }

    #[test]
    fn a_page_and_a_consumer_ask_for_the_new_line() {
        let release = release("98.7.6");
        let consumer = root().join("tests/consumers/snapshots/Cargo.toml");
        let consumer = fs::read_to_string(consumer).unwrap();
        let page = "```toml\nccpayment = { version = \"0.1\", features = [\"sqlite\"] }\n```\n";
        for (file, text) in [("a page", page), ("a consumer", &consumer)] {
            let edited = release.manifest(text).unwrap();
            let asks = edited.lines().filter(|it| it.starts_with("ccpayment"));
            let asks: Vec<_> = asks.filter(|it| it.contains('"')).collect();
            assert!(!asks.is_empty(), "{file}");
            assert!(
                asks.iter().all(|it| it.contains("\"98\"")),
                "{file}: {asks:?}"
            );
        }
    }

    #[test]
    fn the_changelog_gets_a_dated_section_and_an_empty_one_is_refused() {
        let release = release("98.7.6");
        let text =
            "# Changelog\n\n## Unreleased\n\n- Something.\n\n## 0.0.1 - 2020-01-01\n\n- Old.\n";
        let expected = "# Changelog\n\n## Unreleased\n\n## 98.7.6 - 2030-01-02\n\n- Something.\n\n\
                        ## 0.0.1 - 2020-01-01\n\n- Old.\n";
        assert_eq!(release.changelog(text).unwrap(), expected);
        release.changelog(expected).unwrap_err();
    }
}
