//! The OpenAPI documents as JSON, for the crate that reads them at run time.
//!
//! A packaged crate can't reach outside its own folder, so the sandbox gets copies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::api::ALL;

/// Every copy, by its path from the root.
pub(super) fn files(root: &Path) -> Result<BTreeMap<String, String>> {
    ALL.into_iter()
        .map(|api| {
            let from = api.spec;
            let to = format!("crates/ccpayment-sandbox/schema/{}.json", api.name);
            let text = fs::read_to_string(root.join(from))
                .with_context(|| format!("{from} can't be read"))?;
            let document: Value =
                serde_saphyr::from_str(&text).with_context(|| format!("{from} is not YAML"))?;
            let json = serde_json::to_string_pretty(&sorted(document))?;
            Ok((to, json + "\n"))
        })
        .collect()
}

/// By name, whatever order this build of the JSON library keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields
                .into_iter()
                .map(|(name, field)| (name, sorted(field)))
                .collect();
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
