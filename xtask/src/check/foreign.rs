//! Which types of other people's crates our signatures show, held against a list with reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Deserialize;

use super::workspace::yaml;

/// Ours, or the language's own.
const NEAR: [&str; 3] = ["core", "std", "alloc"];

/// The entry of `foreign.yaml` for one crate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    why: String,
    /// Its types, and which of our packages show them.
    types: BTreeMap<String, BTreeSet<String>>,
}

/// Each type with the packages that show it.
type Shown<'a> = BTreeMap<String, BTreeSet<&'a str>>;

/// Compares the listings with the list, and says what was found.
pub(super) fn check(list: &Path, listings: &BTreeMap<&str, Vec<String>>) -> Result<String> {
    let allowed: BTreeMap<String, Allowed> = yaml(list)?;
    let own: BTreeSet<String> = listings.keys().map(|name| name.replace('-', "_")).collect();
    let mut shown = Shown::new();
    for (package, lines) in listings {
        for line in lines {
            for name in foreign_types(line, &own) {
                shown.entry(name).or_default().insert(package);
            }
        }
    }
    let troubles = compare(&allowed, &shown);
    if !troubles.is_empty() {
        bail!(
            "{}\nA foreign type in a signature ties our versions to its crate's: keep it out, or \
             give it a reason in {}",
            troubles.join("\n"),
            list.display()
        );
    }
    Ok(format!(
        "{} foreign types of {} crates",
        shown.len(),
        allowed.len()
    ))
}

fn compare(allowed: &BTreeMap<String, Allowed>, shown: &Shown<'_>) -> Vec<String> {
    let mut troubles = Vec::new();
    let mut entries = BTreeMap::new();
    for (name, it) in allowed {
        if it.why.trim().is_empty() {
            troubles.push(format!("  {name} has no reason"));
        }
        entries.extend(&it.types);
    }
    let nobody = BTreeSet::new();
    for (name, packages) in shown {
        let known = entries.get(name).copied().unwrap_or(&nobody);
        for package in packages.iter().filter(|it| !known.contains(**it)) {
            troubles.push(format!(
                "  {package} shows {name}, which is not in the list"
            ));
        }
    }
    for (name, packages) in entries {
        for package in packages {
            if !shown
                .get(name)
                .is_some_and(|it| it.contains(package.as_str()))
            {
                troubles.push(format!(
                    "  {name} is listed, and {package} shows it no more"
                ));
            }
        }
    }
    troubles
}

/// The types, traits and re-exports in a line of a listing whose crate is not ours.
fn foreign_types(line: &str, own: &BTreeSet<String>) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    // A re-export of a whole crate has no path.
    let reexport = line
        .strip_prefix("pub use ")
        .and_then(|it| it.split_once(" = "));
    let whole = reexport.map(|(_, source)| source);
    let paths = line
        .split(|c| !is_part(c))
        .map(|path| path.trim_end_matches(':'));
    paths
        .filter(|path| path.contains("::") || Some(*path) == whole)
        .filter(|path| {
            let head = path.split("::").next().unwrap_or_default();
            // `Self::Error` and `::Error` belong to a path that was already seen.
            let is_crate = head.starts_with(|c: char| c.is_lowercase());
            is_crate && !NEAR.contains(&head) && !own.contains(head)
        })
        .map(up_to_the_type)
        .collect()
}

/// A path without what is below its type, such as a variant.
fn up_to_the_type(path: &str) -> String {
    let mut kept = Vec::new();
    for part in path.split("::") {
        kept.push(part);
        if part.starts_with(char::is_uppercase) {
            break;
        }
    }
    kept.join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_other_crates_are_found_wherever_they_stand() {
        let own = BTreeSet::from(["ours".to_owned()]);
        let line = "pub fn ours::Value::of(&self, http::request::Request<ours::Body>, \
                    alloc::sync::Arc<T>) -> core::result::Result<<S as tower_service::Service>::\
                    Response, Self::Error> where S: other::kind::Kind::Variant";
        let found: Vec<String> = foreign_types(line, &own).into_iter().collect();
        let expected = [
            "http::request::Request",
            "other::kind::Kind",
            "tower_service::Service",
        ];
        assert_eq!(found, expected);
        let whole = foreign_types("pub use ours::bytes = bytes", &own);
        assert_eq!(whole, BTreeSet::from(["bytes".to_owned()]));
    }

    #[test]
    fn an_entry_is_needed_for_each_package_and_none_may_be_left_over() {
        let entry = Allowed {
            why: "shared by all".to_owned(),
            types: BTreeMap::from([
                ("http::Old".to_owned(), BTreeSet::from(["a".to_owned()])),
                ("http::Uri".to_owned(), BTreeSet::from(["a".to_owned()])),
            ]),
        };
        let allowed = BTreeMap::from([("http".to_owned(), entry)]);
        let shown = Shown::from([("http::Uri".to_owned(), BTreeSet::from(["a", "b"]))]);
        let expected = [
            "  b shows http::Uri, which is not in the list",
            "  http::Old is listed, and a shows it no more",
        ];
        assert_eq!(compare(&allowed, &shown), expected);
    }
}
