//! Links in Markdown files and in doc comments. Rustdoc itself checks those between items.
//!
//! Nothing is fetched. The rules:
//!
//! - A relative link leads to a file of the repository, and an anchor to a heading of its page.
//! - A README that a package shows has no relative link: a registry's page resolves such a link
//!   against the repository, and docs.rs against its own page. The same goes for doc comments.
//! - Another page in a package links to files of the same package only.
//! - A link to the documentation of a `ccpayment` crate names one that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use super::markdown::{Link, Page};
use super::workspace::Workspace;

/// Where other people's pages are.
const NOT_OURS: [&str; 2] = [":!tests/fixtures/*", ":!xtask/spec/facts/*"];

/// The targets that links may have.
struct Tree {
    files: BTreeSet<String>,
    pages: BTreeMap<String, Page>,
    libraries: BTreeSet<String>,
}

/// The targets that a page of a package may link to.
struct Packaged {
    /// From the root, with its slash.
    folder: String,
    readme: bool,
    files: BTreeSet<String>,
}

pub(super) fn check(it: &Workspace) -> Result<String> {
    let markdown = it.files(&["*.md", NOT_OURS[0], NOT_OURS[1]])?;
    let mut tree = Tree {
        files: it.files(&[])?.into_iter().collect(),
        pages: BTreeMap::new(),
        libraries: it.packages.iter().map(|it| it.name.clone()).collect(),
    };
    for name in markdown {
        let text = fs::read_to_string(it.root.join(&name))?;
        tree.pages.insert(name, Page::read(&text));
    }
    let (mut links, mut troubles) = (0, Vec::new());
    let mut packages = Vec::new();
    for package in &it.packages {
        let folder = package.folder()?.strip_prefix(&it.root)?;
        let folder = format!("{}/", folder.to_string_lossy());
        let files = it.packaged(package)?;
        packages.push((folder, files.into_iter().collect::<BTreeSet<_>>()));
    }
    for (name, page) in &tree.pages {
        let packaged = packages.iter().find_map(|(folder, files)| {
            let inside = name.strip_prefix(folder.as_str())?;
            files.contains(inside).then(|| Packaged {
                folder: folder.clone(),
                readme: inside == "README.md",
                files: files.clone(),
            })
        });
        for link in &page.links {
            links += 1;
            if let Some(trouble) = tree.trouble(name, link, packaged.as_ref()) {
                troubles.push(format!("  {name}:{}: {}: {trouble}", link.line, link.to));
            }
        }
    }
    for name in it.files(&["crates/*.rs"])? {
        let text = fs::read_to_string(it.root.join(&name))?;
        for link in Page::of_doc_comments(&text).links {
            links += 1;
            if let Some(trouble) = tree.trouble_in_docs(&link.to) {
                troubles.push(format!("  {name}:{}: {}: {trouble}", link.line, link.to));
            }
        }
    }
    if !troubles.is_empty() {
        bail!("{}", troubles.join("\n"));
    }
    Ok(format!("{links} links lead somewhere, in packages as well"))
}

impl Tree {
    /// Why a link of a page leads nowhere.
    fn trouble(&self, page: &str, link: &Link, packaged: Option<&Packaged>) -> Option<String> {
        if is_absolute(&link.to) {
            return self.wrong_library(&link.to);
        }
        // A link to an item, on a page that is part of a crate's docs: rustdoc checks it.
        if packaged.is_some() && link.to.contains("::") {
            return None;
        }
        let (path, anchor) = link.to.split_once('#').unwrap_or((link.to.as_str(), ""));
        let target = if path.is_empty() {
            page.to_owned()
        } else if packaged.is_some_and(|it| it.readme) {
            return Some("a README of a package has no relative link".to_owned());
        } else {
            normal(&Path::new(page).parent()?.join(path))
        };
        let Some(target) = self.found(&target) else {
            return Some("there is no such file".to_owned());
        };
        if let Some(it) = packaged {
            let inside = target.strip_prefix(&it.folder);
            if !inside.is_some_and(|inside| it.files.contains(inside)) {
                return Some("the package has no such file".to_owned());
            }
        }
        if anchor.is_empty() {
            return None;
        }
        let has = self
            .pages
            .get(&target)
            .is_some_and(|it| it.anchors.contains(anchor));
        (!has).then(|| format!("{target} has no heading for #{anchor}"))
    }

    /// The path of a file, or of a folder with files, if there is one.
    fn found(&self, path: &str) -> Option<String> {
        let folder = format!("{path}/");
        let is_folder = || self.files.iter().any(|file| file.starts_with(&folder));
        (self.files.contains(path) || is_folder()).then(|| path.to_owned())
    }

    /// Links to items are rustdoc's to check: none of them has a slash.
    fn trouble_in_docs(&self, to: &str) -> Option<String> {
        if is_absolute(to) {
            return self.wrong_library(to);
        }
        let path = to.split('#').next().unwrap_or_default();
        let is_file = [".md", ".html", ".rs"]
            .iter()
            .any(|end| path.ends_with(end));
        (to.contains('/') || is_file).then(|| "docs.rs has no such file".to_owned())
    }

    fn wrong_library(&self, to: &str) -> Option<String> {
        let name = to
            .trim_start_matches("https:")
            .trim_start_matches("http:")
            .strip_prefix("//docs.rs/")?
            .split(['/', '#'])
            .next()?;
        let is_wrong = name.starts_with("ccpayment") && !self.libraries.contains(name);
        is_wrong.then(|| format!("{name} is no package of ours"))
    }
}

fn is_absolute(to: &str) -> bool {
    ["https:", "http:", "mailto:"]
        .iter()
        .any(|scheme| to.starts_with(scheme))
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let files = [
            "README.md",
            "docs/a.md",
            "crates/a/README.md",
            "crates/a/docs/b.md",
        ];
        let text = "# One\n## The other one\n";
        Tree {
            files: files.map(str::to_owned).into(),
            pages: files.map(|name| (name.to_owned(), Page::read(text))).into(),
            libraries: ["ccpayment-a".to_owned()].into(),
        }
    }

    fn link(to: &str) -> Link {
        let (to, line) = (to.to_owned(), 1);
        Link { to, line }
    }

    #[test]
    fn a_link_of_the_repository_leads_to_a_file_and_a_heading() {
        let tree = tree();
        for (to, holds) in [
            ("../README.md", true),
            ("a.md#the-other-one", true),
            ("#one", true),
            ("../crates/a", true),
            ("https://example.org/x", true),
            ("https://docs.rs/ccpayment-a", true),
            ("https://docs.rs/ccpayment-b/latest", false),
            ("http://docs.rs/ccpayment-b", false),
            ("#two", false),
            ("b.md", false),
            ("../README.md#two", false),
        ] {
            let trouble = tree.trouble("docs/a.md", &link(to), None);
            assert_eq!(trouble.is_none(), holds, "{to}: {trouble:?}");
        }
    }

    #[test]
    fn a_link_of_a_package_stays_inside_and_its_readme_has_none() {
        let tree = tree();
        let packaged = |readme| Packaged {
            folder: "crates/a/".to_owned(),
            readme,
            files: ["README.md", "docs/b.md"].map(str::to_owned).into(),
        };
        for (page, to, readme, holds) in [
            ("crates/a/docs/b.md", "../README.md", false, true),
            ("crates/a/docs/b.md", "../../../README.md", false, false),
            ("crates/a/README.md", "docs/b.md", true, false),
            ("crates/a/README.md", "#one", true, true),
            ("crates/a/README.md", "axum::Router", true, true),
        ] {
            let trouble = tree.trouble(page, &link(to), Some(&packaged(readme)));
            assert_eq!(trouble.is_none(), holds, "{page} {to}: {trouble:?}");
        }
        assert!(tree.trouble_in_docs("crate::Client::send").is_none());
        assert!(tree.trouble_in_docs("../README.md").is_some());
        assert!(tree.trouble_in_docs("SECURITY.md#keys").is_some());
    }
}
