//! The README's tables of what is covered.

use std::fmt::Write as _;

use anyhow::Result;

use super::marked;
use crate::api::Api;
use crate::spec::Document;

pub(crate) const PATH: &str = "README.md";

/// The classes of idempotency, as their columns are called.
const CLASSES: [(&str, &str); 4] = [
    ("read", "reads"),
    ("get-or-create", "gets or creates"),
    ("order-id", "acts, under an order id"),
    ("non-idempotent", "acts"),
];

/// The README with the tables in their place.
pub(crate) fn placed(readme: &str, documents: &[(&Api, Document)]) -> Result<String> {
    marked::replaced(PATH, readme, "coverage", tables(documents)?.trim())
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
