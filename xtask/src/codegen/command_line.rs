//! The description for the command line: the fields of every operation as JSON for its help and its
//! checks, and every operation with its types.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::rust::type_name;
use crate::api::Api;
use crate::spec::{Document, Operation, Schema};

const CRATE: &str = "crates/ccpayment-cli/src/operations";

/// The path of the description.
pub(crate) fn json_path() -> String {
    format!("{CRATE}/table.json")
}

/// The path of the types.
pub(crate) fn rust_path() -> String {
    format!("{CRATE}/table.rs")
}

/// `ccpayment-cli` reads these back: see its `operations/mod.rs`.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    version: &'a str,
    group: &'a str,
    repeat: &'a str,
    summary: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exactly_one: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    at_least_one: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_together: &'a [String],
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    is: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'static str>,
    /// The words that the documents have; the gateway may take others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    words: Vec<&'a str>,
    /// The fields of each object of a list; those with a star are needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    each: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    /// The limits of a text's length, a number's value, or a list's number of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    about: &'a str,
}

/// One operation a line, so that a change shows as one.
pub(crate) fn json(documents: &[(&Api, Document)]) -> Result<String> {
    let mut lines = Vec::new();
    for (api, document) in documents {
        for item in document.paths.values() {
            let row = row(api, document, &item.post);
            lines.push(serde_json::to_string(
                &row.with_context(|| item.post.operation_id.clone())?,
            )?);
        }
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn row<'a>(api: &'a Api, document: &'a Document, operation: &'a Operation) -> Result<Row<'a>> {
    let schemas = &document.components.schemas;
    let request = operation.request().and_then(|name| schemas.get(name));
    let fields = request.into_iter().flat_map(|schema| {
        let of = schema.properties.iter();
        of.map(|(name, field)| {
            self::field(
                document,
                name,
                field,
                schema.required.iter().any(|it| it == name),
            )
            .with_context(|| name.clone())
        })
    });
    Ok(Row {
        name: &operation.operation_id,
        version: api.name,
        group: operation.tags.first().context("no tag")?,
        repeat: &operation.idempotency,
        summary: &operation.summary,
        about: for_a_shell(&operation.description),
        fields: fields.collect::<Result<_>>()?,
        exactly_one: request
            .and_then(|it| it.choice.as_ref())
            .map_or(&[], |it| &it.of),
        at_least_one: request.map_or(&[], |it| &it.at_least_one),
        not_together: request.map_or(&[], |it| &it.not_together),
    })
}

/// The sentences for everybody, without those about a method that only Rust has.
fn for_a_shell(description: &str) -> String {
    let lines = description.lines().filter(|line| !line.contains("`Self::"));
    lines.collect::<Vec<_>>().join("\n")
}

fn field<'a>(
    document: &'a Document,
    name: &'a str,
    schema: &'a Schema,
    required: bool,
) -> Result<Field<'a>> {
    let mut field = Field {
        name,
        is: kind(document, schema)?,
        of: None,
        words: words(document, schema),
        each: Vec::new(),
        required,
        min: None,
        max: None,
        about: &schema.description,
    };
    (field.min, field.max) = match field.is {
        "text" => (schema.min_length.filter(|min| *min > 1), schema.max_length),
        "integer" => {
            let least = schema.exclusive_minimum.map(|it| it + 1).or(schema.minimum);
            (least, schema.maximum)
        }
        "list" => (schema.min_items, schema.max_items),
        _ => (None, None),
    };
    if field.is == "list" {
        let items = schema.items.as_deref().context("a list without items")?;
        field.of = Some(kind(document, items)?);
        let each = items
            .name()
            .and_then(|it| document.components.schemas.get(it));
        field.each = each.map_or_else(Vec::new, |each| {
            let names = each.properties.keys();
            let star = |name: &String| {
                if each.required.contains(name) {
                    "*"
                } else {
                    ""
                }
            };
            names.map(|name| format!("{name}{}", star(name))).collect()
        });
    }
    Ok(field)
}

fn words<'a>(document: &'a Document, schema: &'a Schema) -> Vec<&'a str> {
    let named = schema
        .name()
        .and_then(|it| document.components.schemas.get(it));
    named.map_or_else(Vec::new, |it| {
        it.values.keys().map(String::as_str).collect()
    })
}

/// The kind of a value, in the words of the command line.
fn kind(document: &Document, schema: &Schema) -> Result<&'static str> {
    if let Some(name) = schema.name() {
        let named = document
            .components
            .schemas
            .get(name)
            .context("no such schema")?;
        return Ok(match named.role() {
            "open-enum" => "text",
            "input" => "object",
            other => bail!("{name} is a {other}"),
        });
    }
    Ok(match (schema.kind(), schema.format.as_deref()) {
        ("string", Some("decimal")) => "amount",
        ("string", _) => "text",
        ("integer", _) => "integer",
        ("boolean", _) => "boolean",
        ("array", _) => "list",
        (other, _) => bail!("the command line takes no {other:?}"),
    })
}

/// In the order of the description, so that the two are read side by side.
pub(crate) fn types(documents: &[(&Api, Document)]) -> Result<String> {
    let versions: Vec<_> = documents.iter().map(|(api, _)| api.name).collect();
    let count: usize = documents.iter().map(|(_, it)| it.paths.len()).sum();
    let mut out = format!(
        "//! Every operation with its types.\n//!\n//! Generated by `cargo xtask codegen`; do not edit.\n\n\
         use ccpayment::{{{}}};\n\nuse super::typed::Typed;\n\n\
         pub(crate) const TYPED: [Typed; {count}] = [\n",
        versions.join(", "),
    );
    for (api, document) in documents {
        for operation in document.paths.values().map(|item| &item.post) {
            let way = match operation.sent_by.as_deref() {
                None => "send",
                Some(way @ ("submit" | "payout")) => way,
                Some("batch_payout") => "batch",
                Some(other) => bail!("{} is sent by {other}", operation.operation_id),
            };
            let name = type_name(&operation.operation_id);
            writeln!(out, "Typed::{way}::<{}::{name}>(),", api.name)?;
        }
    }
    out.push_str("];\n");
    ensure!(count > 0, "no operations");
    Ok(out)
}
