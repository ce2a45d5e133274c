//! `cargo xtask spec-diff`: the OpenAPI documents against the facts, field by field.
//!
//! Every deviation must be in a list beside the document, with its reason, and every line of that
//! list must be a deviation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{ALL, Api};
use crate::spec::{self, Document, Schema};

#[derive(Deserialize)]
struct Allowed {
    /// Schemas that have another name than in the facts.
    renamed: BTreeMap<String, String>,
    /// Deviations, with their reasons.
    deviations: BTreeMap<String, String>,
}

/// A document's statements about one thing, by their place.
type Sayings = BTreeMap<String, String>;

pub(crate) fn run(root: &Path) -> Result<()> {
    // Both, so that one run shows everything that is wrong.
    let results = ALL.map(|api| compare(root, api));
    results.into_iter().collect()
}

fn compare(root: &Path, api: &Api) -> Result<()> {
    let read = |path: &'static str| fs::read_to_string(root.join(path)).context(path);
    let document = spec::read(&root.join(api.spec))?;
    let facts: Value = serde_json::from_str(&read(api.facts)?)?;
    let allowed: Allowed = serde_saphyr::from_str(&read(api.deviations)?)?;

    let said = of_facts(&facts, &allowed.renamed)?;
    let found = deviations(&said, &of_spec(api, &document)?);
    let known: BTreeSet<_> = allowed.deviations.keys().cloned().collect();
    let unexplained: Vec<_> = found.difference(&known).collect();
    let outdated: Vec<_> = known.difference(&found).collect();
    for line in &unexplained {
        eprintln!("{}: no reason is given for: {line}", api.name);
    }
    for line in &outdated {
        eprintln!("{}: not a deviation any more: {line}", api.name);
    }
    if !unexplained.is_empty() || !outdated.is_empty() {
        let Api {
            spec,
            deviations,
            facts,
            ..
        } = api;
        bail!("{spec} and {deviations} don't agree with {facts}");
    }
    println!(
        "{}: {} deviations from the facts, each with its reason",
        api.name,
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
            format!("{path} idempotency"),
            match text(route, "idempotency")? {
                "unsafe" => "non-idempotent".to_owned(),
                class => class.replace('_', "-"),
            },
        );
        for field in list(route, "request") {
            out.insert(
                format!("{path} sends {}", text(field, "name")?),
                fact(field, renamed)?,
            );
        }
        if route.get("response_model").is_none() {
            for field in list(route, "response") {
                out.insert(
                    format!("{path} answers {}", text(field, "name")?),
                    fact(field, renamed)?,
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
            out.insert(
                format!("{model} has {}", text(field, "name")?),
                fact(field, renamed)?,
            );
        }
    }
    for webhook in list(facts, "webhooks") {
        let name = text(webhook, "order_type")
            .or_else(|_| text(webhook, "type"))
            .or_else(|_| text(webhook, "title"))?;
        let name = renamed.get(name).map_or(name, String::as_str);
        let told = list(webhook, "fields").iter().chain(list(webhook, "msg"));
        for field in told {
            out.insert(
                format!("{name} tells {}", text(field, "name")?),
                fact(field, renamed)?,
            );
        }
    }
    for code in list(facts, "errors") {
        let number = code.get("code").and_then(Value::as_u64).context("a code")?;
        // A code has one class, so it is the more careful one.
        let retry = text(code, "retryable_for_writes")
            .or_else(|_| text(code, "retryable"))?
            .replace('_', "-")
            .replace("no", "never");
        let name =
            text(code, "name").map_or_else(|_| "unnamed".to_owned(), |it| format!("{it} {retry}"));
        out.insert(format!("code {number}"), name);
    }
    Ok(out)
}

fn fact(field: &Value, renamed: &BTreeMap<String, String>) -> Result<String> {
    let mut kind = text(field, "type")?.to_owned();
    // An entry that is a model: v1's facts give only its name.
    if let Some(entry) = kind
        .strip_prefix("array<")
        .filter(|it| it.starts_with(char::is_uppercase))
    {
        kind = format!("array<object:{entry}");
    }
    for (from, to) in renamed {
        kind = kind.replace(&format!("object:{from}>"), &format!("object:{to}>"));
    }
    let is_required = field
        .get("always")
        .or(field.get("required"))
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let mut rules = BTreeSet::new();
    for (rule, value) in field
        .get("constraints")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        // The type implies it: an amount is never empty, and no list has fewer than 0 entries.
        let implied = (kind == "decimal_string" && rule.ends_with("_len"))
            || (rule == "min_items" && value == 0)
            || matches!(rule.as_str(), "also_spelled" | "also_seen");
        if !implied {
            rules.extend(stated(rule, value));
        }
    }
    Ok(saying(&kind, is_required, &rules))
}

/// A rule of the facts in the words of the document, unless it is a remark.
fn stated(rule: &str, value: &Value) -> Option<String> {
    let words = |value: &Value| {
        let words: Option<BTreeSet<_>> = value.as_array()?.iter().map(Value::as_str).collect();
        Some(words?.into_iter().collect::<Vec<_>>().join("|"))
    };
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let (name, value) = match (rule, text.as_str()) {
        (
            "default" | "examples" | "max_for_satoshi" | "may_be_empty" | "meaning" | "unique"
            | "unit" | "value",
            _,
        ) => return None,
        // These words are numbers; their meaning is in the description.
        ("enum" | "open_enum", _) => ("words", words(value)?),
        ("format", "url") => ("format", "uri".to_owned()),
        ("max_length", _) => ("max_len", text),
        ("max_span_seconds", _) => ("span", text),
        ("min_exclusive", "0") => ("positive", "true".to_owned()),
        ("min_length", _) => ("min_len", text),
        _ => (rule, text),
    };
    Some(format!("{name}={value}"))
}

fn saying(kind: &str, is_required: bool, rules: &BTreeSet<String>) -> String {
    let presence = if is_required { "required" } else { "optional" };
    [kind, presence]
        .into_iter()
        .chain(rules.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

fn of_spec(api: &Api, document: &Document) -> Result<Sayings> {
    let mut out = Sayings::new();
    let schemas = &document.components.schemas;
    for (path, item) in &document.paths {
        let route = &item.post;
        out.insert(format!("{path} idempotency"), route.idempotency.clone());
        if let Some(name) = route.request() {
            let schema = named(document, name)?;
            fields(&mut out, &format!("{path} sends"), api, document, schema);
        }
        if route.response()?.ends_with("Response") {
            // The facts give the fields of a list's entries.
            let answer = named(document, route.response()?)?;
            let entry = answer.items.as_deref().and_then(Schema::name);
            let schema = entry.map_or(Ok(answer), |name| named(document, name))?;
            fields(&mut out, &format!("{path} answers"), api, document, schema);
        }
    }
    for (name, schema) in schemas {
        if matches!(schema.role(), "model" | "input") {
            fields(&mut out, &format!("{name} has"), api, document, schema);
        }
    }
    for (name, webhook) in &document.webhooks {
        let media = webhook.post.request_body.content.get("application/json");
        let schema = &media.with_context(|| name.clone())?.schema;
        // v2 has an envelope around its fields.
        let schema = schema.properties.get("msg").unwrap_or(schema);
        fields(&mut out, &format!("{name} tells"), api, document, schema);
    }
    for code in &document.codes {
        out.insert(
            format!("code {}", code.code),
            format!("{} {}", code.name, code.retry),
        );
    }
    for code in &document.unnamed_codes {
        out.insert(format!("code {}", code.code), "unnamed".to_owned());
    }
    Ok(out)
}

fn named<'a>(document: &'a Document, name: &str) -> Result<&'a Schema> {
    let schema = document.components.schemas.get(name);
    schema.with_context(|| name.to_owned())
}

fn fields(out: &mut Sayings, prefix: &str, api: &Api, document: &Document, schema: &Schema) {
    for (wire, field) in &schema.properties {
        let mut rules = BTreeSet::new();
        let items = field.items.as_deref();
        let mut rule = |name: &str, value: Option<String>| {
            let is_prose = OFTEN_PROSE.contains(&name) && !api.stated.contains(&name);
            rules.extend(
                value
                    .filter(|_| !is_prose)
                    .map(|value| format!("{name}={value}")),
            );
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
            .filter(|it| matches!(it.as_str(), "email" | "uri" | "uuid"));
        rule("format", format);
        let is_sent = matches!(schema.role(), "request" | "input");
        let is_user = field.newtype.as_deref() == Some("UserId") && is_sent;
        rule("forbidden_prefix", is_user.then(|| "sys".to_owned()));
        let is_positive = field.sign.as_deref() == Some("positive");
        rule("positive", is_positive.then(|| "true".to_owned()));
        let words: BTreeSet<_> = (field.name())
            .and_then(|name| document.components.schemas.get(name))
            .into_iter()
            .flat_map(|schema| schema.values.keys().map(String::as_str))
            .collect();
        let words: Vec<_> = words.into_iter().collect();
        rule("words", (!words.is_empty()).then(|| words.join("|")));
        let decimals = schema.decimals.as_ref().filter(|it| it.field == *wire);
        rule("max_decimals", decimals.map(|it| it.then.to_string()));
        let span = schema.span.as_ref().filter(|it| it.to == *wire);
        rule("span", span.map(|it| it.seconds.to_string()));

        let kind = kind(document, field);
        if api.stated.contains(&"also") {
            for also in &field.also {
                out.insert(format!("{prefix} {also}"), saying(&kind, false, &rules));
            }
        }
        out.insert(
            format!("{prefix} {wire}"),
            saying(&kind, schema.required.contains(wire), &rules),
        );
    }
}

/// Rules that one version's facts state, and the other's give in prose only.
const OFTEN_PROSE: [&str; 5] = [
    "forbidden_prefix",
    "max_decimals",
    "positive",
    "span",
    "words",
];

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
