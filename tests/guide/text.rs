//! The tables and links of the guide.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// The cells of a page's tables, row by row.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    page.lines().filter_map(|line| {
        let row = line.strip_prefix("| ").or(line.strip_prefix("|"))?;
        Some(row.split('|').map(|cell| cell.trim()).collect())
    })
}

/// Only the text between these marks.
fn marked<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<!-- {name} -->")).unwrap();
    rest.split_once(&format!("<!-- /{name} -->")).unwrap().0
}

fn without_code(page: &str) -> String {
    let mut is_code = false;
    let kept = page.lines().filter(|line| {
        is_code ^= line.trim_start().starts_with("```");
        !is_code
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// The anchors of a page, as code hosts make them of its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let page = without_code(page);
    let headings = page.lines().filter(|it| it.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text
            .chars()
            .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        kept.map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    for path in pages().into_iter().chain([root().join("README.md")]) {
        let text = fs::read_to_string(&path).unwrap();
        let prose = without_code(&text);
        for link in prose
            .split("](")
            .skip(1)
            .filter_map(|it| it.split(')').next())
        {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let leads = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor));
            if !leads {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(count > 60, "{count}");
}

#[test]
fn the_index_has_every_page() {
    let index = read("docs/README.md");
    for path in pages() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_there = name == "README.md" || index.contains(&format!("]({name})"));
        assert!(is_there, "{name} is not in the index");
    }
}

#[test]
fn each_answer_code_is_in_the_troubleshooting_and_no_other() {
    let table = read("crates/ccpayment-core/src/code/table.rs");
    let code = |line: &str| {
        let (name, rest) = line.trim().split_once(" = ")?;
        let number = rest.split(',').next()?;
        Some((number.to_owned(), format!("`{name}`")))
    };
    let codes: BTreeSet<_> = table.lines().filter_map(code).collect();
    let page = read("docs/troubleshooting.md");
    let shown = rows(marked(&page, "codes")).filter(|row| row[0].parse::<u64>().is_ok());
    let shown: BTreeSet<_> = shown
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect();
    assert_eq!(shown, codes);
    assert!(codes.len() > 80);
}

#[test]
fn each_contradiction_is_there_and_no_other() {
    let page = read("docs/contradictions.md");
    let is_number = |it: &&str| it.starts_with(|first: char| first.is_ascii_digit());
    for (version, least) in [("v2", 120), ("v1", 65)] {
        let list = read(format!("xtask/spec/facts/{version}-discrepancies.md"));
        let listed = list.lines().filter_map(|line| {
            let number = line.trim_start_matches("| ");
            let number = number.split(" |").next()?.split(". **").next()?;
            let digits = number.bytes().all(|it| it.is_ascii_digit() || it == b'.');
            (digits && !number.is_empty()).then_some(number)
        });
        let listed: Vec<&str> = listed.collect();
        let shown = rows(marked(&page, version))
            .map(|row| row[0].trim_matches('*'))
            .filter(is_number);
        let shown: Vec<&str> = shown.collect();
        assert_eq!(shown, listed, "{version}");
        assert!(listed.len() >= least, "{version}: {}", listed.len());
    }
}

#[test]
fn every_operation_of_v2_is_in_the_table_of_the_official_sdks() {
    let document = read("xtask/spec/ccpayment-v2.yaml");
    let operations = document
        .lines()
        .filter_map(|line| line.trim().strip_prefix("operationId: "));
    let request = |operation: &str| {
        let (first, rest) = operation.split_at(1);
        format!("`{}{rest}`", first.to_uppercase())
    };
    // Notifications have ids of their own, which are not operations.
    let operations: BTreeSet<String> = operations.map(request).collect();
    let page = read("docs/from-official-sdks.md");
    let shown: BTreeSet<String> = rows(&page)
        .filter(|row| row.len() == 5)
        .map(|row| row[2].to_owned())
        .filter(|cell| cell.starts_with('`'))
        .collect();
    let missing: Vec<_> = shown.difference(&operations).collect();
    assert!(missing.is_empty(), "no operations: {missing:?}");
    assert_eq!(shown.len(), 61);
}
