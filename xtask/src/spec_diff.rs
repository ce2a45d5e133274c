//! `cargo xtask spec-diff`: the OpenAPI document against the facts, field by field.
//!
//! Every deviation has to stand, with its reason, in `xtask/spec/v2-deviations.yaml`, and every line of
//! that list has to be a deviation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::spec::{self, Document, Schema};

const SPEC: &str = "xtask/spec/ccpayment-v2.yaml";
const FACTS: &str = "xtask/spec/facts/v2.json";
const ALLOWED: &str = "xtask/spec/v2-deviations.yaml";

#[derive(Deserialize)]
struct Allowed {
    /// Schemas that have another name than in the facts.
    renamed: BTreeMap<String, String>,
    /// Deviations, with their reasons.
    deviations: BTreeMap<String, String>,
}

/// What a document says of one thing, by where it says it.
type Sayings = BTreeMap<String, String>;

pub(crate) fn run(root: &Path) -> Result<()> {
    let document = spec::read(&root.join(SPEC))?;
    let facts: Value = serde_json::from_str(&fs::read_to_string(root.join(FACTS)).context(FACTS)?)?;
    let allowed: Allowed =
        serde_saphyr::from_str(&fs::read_to_string(root.join(ALLOWED)).context(ALLOWED)?)?;

    let found = deviations(&of_facts(&facts, &allowed.renamed)?, &of_spec(&document)?);
    let known: BTreeSet<_> = allowed.deviations.keys().cloned().collect();
    let unexplained: Vec<_> = found.difference(&known).collect();
    let outdated: Vec<_> = known.difference(&found).collect();
    for line in &unexplained {
        eprintln!("no reason is given for: {line}");
    }
    for line in &outdated {
        eprintln!("not a deviation any more: {line}");
    }
    if !unexplained.is_empty() || !outdated.is_empty() {
        bail!("{SPEC} and {ALLOWED} don't agree with {FACTS}");
    }
    println!(
        "{} deviations from the facts, each with its reason",
        found.len()
    );
    Ok(())
}

fn deviations(facts: &Sayings, spec: &Sayings) -> BTreeSet<String> {
    let keys: BTreeSet<_> = facts.keys().chain(spec.keys()).collect();
    let said = |by: &Sayings, key: &str| by.get(key).cloned().unwrap_or_else(|| "nothing".into());
    keys.into_iter()
        .map(|key| (key, said(facts, key), said(spec, key)))
        .filter(|(_, facts, spec)| facts != spec)
        .map(|(key, facts, spec)| format!("{key}: {facts} -> {spec}"))
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .with_context(|| format!("no {key} in the facts"))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn of_facts(facts: &Value, renamed: &BTreeMap<String, String>) -> Result<Sayings> {
    let mut out = Sayings::new();
    for route in list(facts, "routes") {
        let path = text(route, "path")?;
        out.insert(
            format!("{path} safety"),
            text(route, "idempotency")?.replace('_', "-"),
        );
        for field in list(route, "request") {
            out.insert(
                format!("{path} sends {}", text(field, "name")?),
                fact(field, "required", renamed)?,
            );
        }
        if route.get("response_model").is_none() {
            for field in list(route, "response") {
                out.insert(
                    format!("{path} answers {}", text(field, "name")?),
                    fact(field, "always", renamed)?,
                );
            }
        }
    }
    for (model, fields) in facts
        .get("models")
        .and_then(Value::as_object)
        .context("no models")?
    {
        let model = renamed.get(model).unwrap_or(model);
        for field in fields.as_array().context("a model without fields")? {
            let presence = if field.get("always").is_some() {
                "always"
            } else {
                "required"
            };
            out.insert(
                format!("{model} has {}", text(field, "name")?),
                fact(field, presence, renamed)?,
            );
        }
    }
    for code in list(facts, "errors") {
        let number = code.get("code").and_then(Value::as_u64).context("a code")?;
        let retry = text(code, "retryable")?
            .replace('_', "-")
            .replace("no", "never");
        out.insert(
            format!("code {number}"),
            format!("{} {retry}", text(code, "name")?),
        );
    }
    Ok(out)
}

fn fact(field: &Value, presence: &str, renamed: &BTreeMap<String, String>) -> Result<String> {
    let mut kind = text(field, "type")?.to_owned();
    for (from, to) in renamed {
        kind = kind.replace(&format!("object:{from}>"), &format!("object:{to}>"));
    }
    let is_required = field
        .get(presence)
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let mut rules = BTreeSet::new();
    for (rule, value) in field
        .get("constraints")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        // Said by the type: an amount is never empty, and nothing has fewer than no entries.
        let implied = (kind == "decimal_string" && rule.ends_with("_len"))
            || (rule == "min_items" && value == 0)
            || rule == "also_spelled";
        if !implied {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            rules.insert(format!("{rule}={value}"));
        }
    }
    Ok(saying(&kind, is_required, &rules))
}

fn saying(kind: &str, is_required: bool, rules: &BTreeSet<String>) -> String {
    let presence = if is_required { "required" } else { "optional" };
    [kind, presence]
        .into_iter()
        .chain(rules.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

fn of_spec(document: &Document) -> Result<Sayings> {
    let mut out = Sayings::new();
    let schemas = &document.components.schemas;
    for (path, item) in &document.paths {
        let route = &item.post;
        out.insert(format!("{path} safety"), route.safety.clone());
        if let Some(name) = route.request() {
            fields(&mut out, &format!("{path} sends"), document, name)?;
        }
        if route.response()?.ends_with("Response") {
            fields(
                &mut out,
                &format!("{path} answers"),
                document,
                route.response()?,
            )?;
        }
    }
    for (name, schema) in schemas {
        if matches!(schema.role(), "model" | "input") {
            fields(&mut out, &format!("{name} has"), document, name)?;
        }
    }
    for code in &document.codes {
        out.insert(
            format!("code {}", code.code),
            format!("{} {}", code.name, code.retry),
        );
    }
    Ok(out)
}

fn fields(out: &mut Sayings, prefix: &str, document: &Document, name: &str) -> Result<()> {
    let schema = document
        .components
        .schemas
        .get(name)
        .with_context(|| name.to_owned())?;
    for (wire, field) in &schema.properties {
        let mut rules = BTreeSet::new();
        let items = field.items.as_deref();
        let mut rule = |name: &str, value: Option<String>| {
            rules.extend(value.map(|value| format!("{name}={value}")));
        };
        let number = |value: Option<u64>| value.map(|it| it.to_string());
        rule("min_len", number(field.min_length));
        rule("max_len", number(field.max_length));
        rule("min", number(field.minimum));
        rule("max", number(field.maximum));
        rule("exclusive_min", number(field.exclusive_minimum));
        rule("min_items", number(field.min_items));
        rule("max_items", number(field.max_items));
        rule("item_min_len", items.and_then(|it| number(it.min_length)));
        rule("item_max_len", items.and_then(|it| number(it.max_length)));
        let format = field
            .format
            .clone()
            .filter(|it| it == "email" || it == "uri");
        rule("format", format);
        let is_sent = matches!(schema.role(), "request" | "input");
        let is_user = field.newtype.as_deref() == Some("UserId") && is_sent;
        rule("forbidden_prefix", is_user.then(|| "sys".to_owned()));
        let kind = kind(document, field);
        out.insert(
            format!("{prefix} {wire}"),
            saying(&kind, schema.required.contains(wire), &rules),
        );
    }
    Ok(())
}

/// A type in the words of the facts.
fn kind(document: &Document, schema: &Schema) -> String {
    if let Some(name) = schema.name() {
        let is_word = document
            .components
            .schemas
            .get(name)
            .is_some_and(|it| it.role() == "open-enum");
        return if is_word {
            "string".to_owned()
        } else {
            format!("object:{name}")
        };
    }
    let values = schema
        .additional_properties
        .clone()
        .and_then(|it| serde_json::from_value(it).ok());
    match (schema.newtype.as_deref(), schema.items.as_deref(), values) {
        (_, Some(items), _) => format!("array<{}>", kind(document, items)),
        (_, _, Some(values)) => format!("map<string,{}>", kind(document, &values)),
        (Some("Amount"), ..) => "decimal_string".to_owned(),
        (Some("Timestamp"), ..) => "timestamp_seconds".to_owned(),
        _ => schema.kind().to_owned(),
    }
}
