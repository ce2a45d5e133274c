//! The facade's pages as docs.rs shows them, in a real browser: the table of tasks, the features, and
//! a badge on each item that needs one.
//!
//! `CCPAYMENT_DOCS` names the folder of the built pages; `.ci/run doc_pages` builds them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The page's document after a browser has run its scripts. It also takes a picture.
fn page(docs: &Path, name: &str, picture: &str) -> String {
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let shot = pictures.join(picture);
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args(["--hide-scrollbars", "--window-size=1280,2400", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            pictures.join("docs-profile").display()
        ))
        .arg(format!("--screenshot={}", shot.display()))
        .arg(format!("file://{}", docs.join(name).display()))
        .output()
        .unwrap();
    let picture = std::fs::read(&shot).unwrap();
    assert!(
        picture.starts_with(b"\x89PNG") && picture.len() > 20_000,
        "{name}"
    );
    // Long names may break anywhere in a narrow column.
    String::from_utf8(output.stdout)
        .unwrap()
        .replace("<wbr>", "")
}

/// The folder of the pages. Without one, it prints that, and fails in CI.
fn docs() -> Option<PathBuf> {
    let docs = std::env::var_os("CCPAYMENT_DOCS").map(PathBuf::from);
    if docs.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "\n!!! NO PAGES: the docs were NOT looked at. Use `.ci/run doc_pages`.\n"
        );
        assert!(std::env::var_os("CCPAYMENT_NEEDS_CHROMIUM").is_none());
    }
    docs
}

/// The names that the facade exports only with a feature, and that feature.
fn gated() -> BTreeMap<String, String> {
    let source = std::fs::read_to_string(Path::new(ROOT).join("../crates/ccpayment/src/lib.rs"));
    let source = source.unwrap();
    let mut gated = BTreeMap::new();
    for (at, _) in source.match_indices("\n#[cfg(") {
        let rest = source.get(at + 1..).unwrap();
        let feature = rest.split('"').nth(1).unwrap().to_owned();
        let (attributes, item) = rest.split_once("pub use").unwrap_or_default();
        // A re-exported crate has no page here.
        if attributes.contains("no_inline") {
            continue;
        }
        let item = item.split(';').next().unwrap();
        if rest.starts_with("#[cfg(all(doctest") {
            continue;
        }
        let names = item.rsplit("::").next().unwrap();
        let names = names.rsplit(" as ").next().unwrap();
        for name in names.trim().trim_matches(['{', '}']).split(',') {
            let name = name.trim();
            if !name.is_empty() {
                gated.insert(name.to_owned(), feature.clone());
            }
        }
    }
    gated
}

#[test]
fn the_pages_of_the_facade_show_tasks_features_and_badges() {
    let Some(docs) = docs() else { return };
    let index = page(&docs, "ccpayment/index.html", "docs-index.png");
    assert!(index.contains("id=\"feature-flags\""), "no feature flags");
    let manifest = std::fs::read_to_string(Path::new(ROOT).join("../crates/ccpayment/Cargo.toml"));
    let manifest = manifest.unwrap();
    let (_, features) = manifest.split_once("[features]").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let mut count = 0;
    for line in features.lines().filter(|it| !it.starts_with('#')) {
        let Some((feature, _)) = line.split_once(" = ") else {
            continue;
        };
        if feature != "default" {
            count += 1;
            let cell = format!("<td><code>{feature}</code></td>");
            assert!(index.contains(&cell), "{feature} is in no row");
        }
    }
    assert!(count >= 12, "{count}");

    let gated = gated();
    assert!(gated.len() >= 15, "{gated:?}");
    for (name, feature) in &gated {
        // The item's row in the list: its link, and its badge right behind.
        let row = index
            .split("<dt>")
            .find(|row| row.contains(&format!(">{name}</a>")));
        let row = row.unwrap_or_else(|| panic!("{name} is not listed"));
        let row = row.split("</dt>").next().unwrap();
        let is_marked = row.contains("portability") && row.contains(feature.as_str());
        assert!(is_marked, "{name} has no badge for {feature}: {row}");
    }

    for version in ["v2", "v1"] {
        let name = format!("ccpayment/{version}/index.html");
        let tasks = page(&docs, &name, &format!("docs-{version}.png"));
        assert!(tasks.contains("<table>"), "{version} has no table of tasks");
        assert!(tasks.contains("<th>I want to</th>"), "{version}");
        assert!(
            tasks.contains("Client::payout") || tasks.contains("payout"),
            "{version}"
        );
    }
}
