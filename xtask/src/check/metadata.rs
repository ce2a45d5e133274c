//! Checks the manifests from which a registry makes its pages, and the licence texts and the README
//! in each package.
//!
//! The release asks for what only the owner can fill in, such as the address of the repository.

use std::fs;

use anyhow::{Result, bail};

use super::workspace::{Package, Workspace};

/// The registry knows each of these.
const CATEGORIES: [&str; 12] = [
    "api-bindings",
    "asynchronous",
    "command-line-utilities",
    "cryptography",
    "cryptography::cryptocurrencies",
    "database",
    "development-tools",
    "development-tools::testing",
    "finance",
    "simulation",
    "web-programming::http-client",
    "web-programming::http-server",
];

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

pub(super) fn check(it: &Workspace) -> Result<String> {
    let mut troubles = Vec::new();
    for package in &it.packages {
        let mut found = of_the_manifest(package);
        let folder = package.folder()?;
        if folder.parent() != Some(&it.root.join("crates")) {
            found.push("is outside of `crates`, and says not `publish = false`".to_owned());
        }
        let files = it.packaged(package)?;
        let has = |name: &str| files.iter().any(|file| file == name);
        if package.version != it.packages.first().map_or("", |first| &first.version) {
            found.push("has a version of its own".to_owned());
        }
        if files.iter().any(|file| file.starts_with("tests/")) {
            found.push("its package holds its tests: it needs `include.workspace`".to_owned());
        }
        if !has("README.md") {
            found.push("its package has no README.md".to_owned());
        }
        for name in LICENCES {
            if !has(name) {
                found.push(format!(
                    "its package has no {name}: link to the one at the root"
                ));
            } else if fs::read(folder.join(name))? != fs::read(it.root.join(name))? {
                found.push(format!("its {name} is not the text at the root"));
            }
        }
        troubles.extend(
            found
                .iter()
                .map(|what| format!("  {}: {what}", package.name)),
        );
    }
    if !troubles.is_empty() {
        bail!("{}", troubles.join("\n"));
    }
    Ok(format!(
        "{} packages have what their pages show",
        it.packages.len()
    ))
}

fn of_the_manifest(package: &Package) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, otherwise: &str| {
        if !holds {
            found.push(otherwise.to_owned());
        }
    };
    let description = package.description.as_deref().unwrap_or_default();
    check(!description.is_empty(), "has no description");
    check(
        !description.ends_with('.'),
        "its description is no sentence: no full stop",
    );
    check(
        package.license.as_deref() == Some("MIT OR Apache-2.0"),
        "its licence is another",
    );
    check(package.readme.is_some(), "names no README");
    check(package.rust_version.is_some(), "has no `rust-version`");
    check(package.publish.is_none(), "`publish` names a registry");

    let (keywords, categories) = (&package.keywords, &package.categories);
    check(
        (1..=5).contains(&keywords.len()),
        "needs one to five keywords",
    );
    check(
        keywords.iter().all(|it| is_keyword(it)),
        "the registry refuses a keyword",
    );
    check(
        (1..=5).contains(&categories.len()),
        "needs one to five categories",
    );
    let unknown = categories
        .iter()
        .find(|it| !CATEGORIES.contains(&it.as_str()));
    if let Some(slug) = unknown {
        let text = format!("is {slug} a category of the registry? then CATEGORIES here needs it");
        check(false, &text);
    }

    if package.library().is_some() {
        let docs = package.metadata.pointer("/docs/rs");
        let docs_of = |key: &str| docs.and_then(|it| it.get(key));
        let all = docs_of("all-features").and_then(serde_json::Value::as_bool);
        check(all == Some(true), "docs.rs would leave features out");
        let marked = docs_of("rustdoc-args") == Some(&serde_json::json!(["--cfg", "docsrs"]));
        check(
            marked,
            "docs.rs would not say which item needs which feature",
        );
    }
    found
}

/// Whether the registry takes this as a keyword.
fn is_keyword(word: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    word.len() <= 20
        && word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> serde_json::Value {
        serde_json::json!({
            "name": "a", "version": "0.1.0", "manifest_path": "/a/Cargo.toml", "publish": null,
            "description": "Does a", "license": "MIT OR Apache-2.0", "readme": "README.md",
            "keywords": ["pay"], "categories": ["api-bindings"], "rust_version": "1.88",
            "dependencies": [], "targets": [{"name": "a", "kind": ["lib"]}],
            "metadata": {"docs": {"rs": {
                "all-features": true, "rustdoc-args": ["--cfg", "docsrs"]
            }}},
        })
    }

    #[test]
    fn whatever_is_missing_in_a_manifest_is_named() {
        let whole: Package = serde_json::from_value(package()).unwrap();
        assert_eq!(of_the_manifest(&whole), Vec::<String>::new());
        for (key, value) in [
            ("description", serde_json::Value::Null),
            ("description", "Does a.".into()),
            ("license", "MIT".into()),
            ("readme", serde_json::Value::Null),
            ("rust_version", serde_json::Value::Null),
            ("publish", serde_json::json!(["mine"])),
            ("keywords", serde_json::json!([])),
            ("keywords", serde_json::json!(["two words"])),
            ("categories", serde_json::json!(["crypto"])),
            (
                "metadata",
                serde_json::json!({"docs": {"rs": {"all-features": true}}}),
            ),
        ] {
            let mut changed = package();
            changed[key] = value;
            let changed: Package = serde_json::from_value(changed).unwrap();
            assert_eq!(of_the_manifest(&changed).len(), 1, "{key}");
        }
    }
}
