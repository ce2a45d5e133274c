//! The description for `ccpayment-testing`, which makes arbitrary requests and answers from it: no
//! prose, one schema a line.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde::Serialize;

use crate::api::{Api, V2};
use crate::spec::{Document, Schema};

/// The path of the file.
pub(crate) fn path(api: &Api) -> String {
    format!("crates/ccpayment-testing/src/strategies/{}.json", api.name)
}

/// Which way a schema travels; an answer is bound by no limits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Received,
}

/// The last moment that no request takes for milliseconds, as `Timestamp::LATEST`.
const LATEST: u64 = 99_999_999_999;

/// `ccpayment-testing` reads these back: see its `strategies/description.rs`.
#[derive(Serialize)]
struct Route<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    response: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Words { words: Vec<&'a str> },
    List { list: Value },
    Anything { anything: bool },
    Object(Object<'a>),
}

#[derive(Serialize)]
struct Object<'a> {
    fields: IndexMap<&'a str, Field<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exactly_one: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    at_least_one: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_together: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<Span<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<Decimals<'a>>,
}

#[derive(Serialize)]
struct Span<'a> {
    from: &'a str,
    to: &'a str,
    seconds: u64,
}

#[derive(Serialize)]
struct Decimals<'a> {
    field: &'a str,
    then: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    otherwise: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unless: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<&'a str>,
}

#[derive(Serialize)]
struct Field<'a> {
    #[serde(flatten)]
    value: Value,
    /// The values that may stand in place of this one.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    or: &'static [&'static str],
    /// Other spellings of the name.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    also: &'a [String],
}

#[derive(Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Value {
    Text {
        #[serde(skip_serializing_if = "is_zero")]
        min: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_prefix: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        like: Option<String>,
    },
    Email {
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    Uri {
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    Amount {
        #[serde(skip_serializing_if = "Option::is_none")]
        sign: Option<String>,
    },
    Integer {
        #[serde(skip_serializing_if = "is_zero")]
        min: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        like: Option<String>,
        /// Whether it is also read from text.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        or_text: bool,
    },
    Uuid,
    Number,
    Boolean,
    List {
        of: Box<Value>,
        #[serde(skip_serializing_if = "is_zero")]
        min: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    Map {
        key: String,
        of: Box<Value>,
    },
    Schema {
        name: String,
        /// The text of this field alone may stand for the whole object.
        #[serde(skip_serializing_if = "Option::is_none")]
        or_text_of: Option<&'static str>,
    },
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The description of every route and of every schema that one of them uses.
pub(crate) fn json(api: &Api, document: &Document) -> Result<String> {
    let routes = document
        .paths
        .values()
        .map(|item| {
            let route = &item.post;
            let (request, response) = (route.request(), route.response()?);
            Ok((route.operation_id.as_str(), Route { request, response }))
        })
        .collect::<Result<IndexMap<_, _>>>()?;
    let mut schemas = IndexMap::new();
    for (name, schema) in &document.components.schemas {
        let entry = match schema.role() {
            "open-enum" => Entry::Words {
                words: schema.values.keys().map(String::as_str).collect(),
            },
            "request" | "input" => object(api, schema, Way::Sent).with_context(|| name.clone())?,
            "response" | "model" | "entry" => {
                object(api, schema, Way::Received).with_context(|| name.clone())?
            }
            _ => continue,
        };
        schemas.insert(name.as_str(), entry);
    }
    Ok(format!(
        "{{\"routes\": {{\n{}\n}}, \"schemas\": {{\n{}\n}}}}\n",
        lines(&routes)?,
        lines(&schemas)?
    ))
}

/// One entry a line, so that a change shows as one.
fn lines<V: Serialize>(entries: &IndexMap<&str, V>) -> Result<String> {
    let mut out = String::new();
    for (name, entry) in entries {
        let comma = if out.is_empty() { "" } else { ",\n" };
        write!(out, "{comma}{name:?}: {}", serde_json::to_string(entry)?)?;
    }
    Ok(out)
}

fn object<'a>(api: &Api, schema: &'a Schema, way: Way) -> Result<Entry<'a>> {
    if schema.kind() == "array" {
        let list = value(api, schema, way, false)?;
        return Ok(Entry::List { list });
    }
    if schema.kind().is_empty() {
        return Ok(Entry::Anything { anything: true });
    }
    let fields = schema
        .properties
        .iter()
        .map(|(wire, field)| {
            let text_or_object = field.reading.as_deref() == Some("text_or_object");
            let is_needed = schema.required.contains(wire);
            let or: &[_] = match field.reading.as_deref() {
                Some("required" | "plain") => &[],
                Some("optional" | "if_readable" | "either_name" | "number") => {
                    &["absent", "null", "empty"]
                }
                Some("lenient" | "text_or_object") => &["absent", "null"],
                Some("list") => &["null"],
                Some(other) => bail!("an unknown reading: {other}"),
                None if is_needed => &[],
                None => &["absent"],
            };
            // A field of a choice is needed if it is the chosen field.
            let in_choice = schema
                .choice
                .as_ref()
                .is_some_and(|it| it.of.contains(wire));
            Ok((
                wire.as_str(),
                Field {
                    value: value(api, field, way, text_or_object).with_context(|| wire.clone())?,
                    or: if in_choice { &[] } else { or },
                    also: &field.also,
                },
            ))
        })
        .collect::<Result<_>>()?;
    Ok(Entry::Object(Object {
        fields,
        exactly_one: schema.choice.as_ref().map_or(&[], |it| &it.of),
        at_least_one: &schema.at_least_one,
        not_together: &schema.not_together,
        span: (schema.span.as_ref().or(schema.window.as_ref())).map(|it| Span {
            from: &it.from,
            to: &it.to,
            seconds: it.seconds,
        }),
        decimals: schema.decimals.as_ref().map(|it| Decimals {
            field: &it.field,
            then: it.then,
            when: it.when.as_deref(),
            otherwise: it.otherwise,
            unless: it.unless.as_deref(),
            is: it.is.as_deref(),
        }),
    }))
}

fn value(api: &Api, schema: &Schema, way: Way, text_or_object: bool) -> Result<Value> {
    if let Some(name) = schema.name() {
        let or_text_of = text_or_object.then_some("recordId");
        return Ok(Value::Schema {
            name: name.to_owned(),
            or_text_of,
        });
    }
    let newtype = schema.newtype.as_deref();
    let sent = way == Way::Sent;
    Ok(match (schema.kind(), schema.format.as_deref()) {
        ("string", Some("decimal")) => Value::Amount {
            sign: schema.sign.clone(),
        },
        ("string", Some("email")) if sent => Value::Email {
            max: schema.max_length,
        },
        ("string", Some("uri")) if sent => Value::Uri {
            max: schema.max_length,
        },
        ("string", Some("uuid")) if sent => Value::Uuid,
        ("string", _) => text(api, schema, newtype, sent),
        ("number", _) => Value::Number,
        ("integer", _) => {
            let min = (schema.minimum).or(schema.exclusive_minimum.map(|it| it + 1));
            let width = match newtype {
                Some("u32") => Some(u64::from(u32::MAX)),
                Some("Timestamp") if sent => Some(LATEST),
                _ => None,
            };
            Value::Integer {
                min: min.filter(|_| sent).unwrap_or(0),
                max: schema.maximum.filter(|_| sent).or(width),
                like: newtype
                    .filter(|it| matches!(*it, "CoinId" | "FiatId" | "Timestamp"))
                    .map(str::to_owned),
                or_text: !sent && matches!(newtype, Some("CoinId" | "FiatId" | "Timestamp")),
            }
        }
        ("boolean", _) => Value::Boolean,
        ("array", _) => {
            let items = schema.items.as_deref().context("a list without items")?;
            Value::List {
                of: Box::new(value(api, items, way, text_or_object)?),
                min: schema.min_items.filter(|_| sent).unwrap_or(0),
                max: schema.max_items.filter(|_| sent),
            }
        }
        ("object", _) => {
            let of = schema.additional_properties.clone();
            let of: Schema = serde_json::from_value(of.context("a map without values")?)?;
            Value::Map {
                key: schema.key.clone().context("a map without a key")?,
                of: Box::new(value(api, &of, way, false)?),
            }
        }
        (other, _) => bail!("no arbitrary value of type {other:?}"),
    })
}

/// Limits come from the document and from a newtype's own checks.
fn text(api: &Api, schema: &Schema, newtype: Option<&str>, sent: bool) -> Value {
    // The rules of the shared newtypes are those of v2; v1 has its own in the document.
    let is_v2 = api.name == V2.name;
    let (min, max) = match newtype {
        Some("OrderId" | "ReferenceId") if is_v2 => (3, Some(64)),
        Some("UserId") if is_v2 => (5, Some(64)),
        Some("Memo" | "Cursor") | None => (0, None),
        Some(_) => (1, None),
    };
    // In an answer only identity can't be empty, and an empty optional text counts as absent.
    let least_read = match schema.reading.as_deref() {
        Some("required" | "optional" | "if_readable" | "either_name") => 1,
        _ => 0,
    };
    Value::Text {
        min: if sent {
            min.max(schema.min_length.unwrap_or(0))
        } else {
            least_read
        },
        max: [max, schema.max_length]
            .into_iter()
            .flatten()
            .min()
            .filter(|_| sent),
        not_prefix: (is_v2 && sent && newtype == Some("UserId")).then_some("sys"),
        like: newtype
            .filter(|it| matches!(*it, "Chain" | "RecordId" | "GatewayOrderId"))
            .map(str::to_owned),
    }
}
