//! The README's tables of what is covered.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::api::Api;
use crate::spec::Document;

pub(crate) const PATH: &str = "README.md";

const BEGINNING: &str = "<!-- coverage -->\n";
const END: &str = "<!-- /coverage -->";

/// The classes of idempotency, as their columns are called.
const CLASSES: [(&str, &str); 4] = [
    ("read", "reads"),
    ("get-or-create", "gets or creates"),
    ("order-id", "acts, under an order id"),
    ("non-idempotent", "acts"),
];

/// The README with the tables in their place.
pub(crate) fn placed(readme: &str, documents: &[(&Api, Document)]) -> Result<String> {
    let (before, rest) = readme
        .split_once(BEGINNING)
        .with_context(|| format!("{PATH} has no {BEGINNING}"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{PATH} has no {END}"))?;
    Ok(format!(
        "{before}{BEGINNING}{}{END}{after}",
        tables(documents)?
    ))
}

fn tables(documents: &[(&Api, Document)]) -> Result<String> {
    let mut out = String::new();
    for (api, document) in documents {
        let columns = CLASSES.map(|(_, column)| column).join(" | ");
        writeln!(
            out,
            "\n| {}: {} operations | {columns} |\n|---{}|",
            api.name,
            document.paths.len(),
            "|---".repeat(CLASSES.len()),
        )?;
        for tag in &document.tags {
            write!(out, "| {} |", tag.name.replace('_', " "))?;
            for (class, _) in CLASSES {
                let routes: Vec<_> = (document.paths.values())
                    .map(|item| &item.post)
                    .filter(|it| it.tags.contains(&tag.name) && it.idempotency == class)
                    .map(|it| marked(&it.operation_id, &it.source))
                    .collect();
                write!(out, " {} |", routes.join(", "))?;
            }
            out.push('\n');
        }
        let told: Vec<_> = (document.webhooks.iter())
            .map(|(name, it)| marked(name, &it.post.source))
            .collect();
        writeln!(out, "\nNotifications of {}: {}.", api.name, told.join(", "))?;
    }
    out.push_str("\n\\* Not in CCPayment's documents for merchants; known from its SDKs.\n\n");
    Ok(out)
}

fn marked(name: &str, source: &str) -> String {
    let mark = if source == "documented" { "" } else { "\\*" };
    format!("`{name}`{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let readme = format!("a\n{BEGINNING}old\n{END}\nb\n");
        let placed = placed(&readme, &[]).unwrap();
        assert!(
            placed.starts_with("a\n<!-- coverage -->\n")
                && placed.ends_with(&format!("{END}\nb\n"))
        );
        assert!(!placed.contains("old"));
        assert_eq!(super::placed(&placed, &[]).unwrap(), placed);
        assert!(super::placed("no marks", &[]).is_err());
    }
}
