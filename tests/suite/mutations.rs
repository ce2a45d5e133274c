//! Answers with one thing wrong: identity and money break them, and nothing else does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use ccpayment_tests::typed::Typed;
use serde_json::{Value, json};

use super::arbitrary::one;
use super::schema::{Document, versions};

/// The values that replace a value. "Missing" comes in addition.
const INSTEAD: [&str; 12] = [
    "null",
    "\"\"",
    "\" \"",
    "\"x\"",
    "7",
    "\"7\"",
    "1.5",
    "0",
    "true",
    "[]",
    "[\"x\"]",
    "{\"x\":1}",
];

/// The JSON with something else at a place, or without it.
fn changed(whole: &Value, pointer: &str, instead: Option<&Value>) -> Value {
    let mut whole = whole.clone();
    let Some(value) = instead else {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = whole.pointer_mut(parent).unwrap();
        match parent {
            Value::Object(fields) => drop(fields.remove(name)),
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            _ => panic!("{pointer} is in nothing"),
        }
        return whole;
    };
    *whole.pointer_mut(pointer).unwrap() = value.clone();
    whole
}

/// Where the scalars are.
fn scalars(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                scalars(value, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                scalars(value, &format!("{at}/{number}"), out);
            }
        }
        _ => out.push(at.to_owned()),
    }
}

/// Which fields of an answer break it, with the mutations that do.
pub(crate) fn broken(answer: &Value, read: impl Fn(&Value) -> bool) -> BTreeMap<String, String> {
    let mut pointers = Vec::new();
    scalars(&answer["data"], "/data", &mut pointers);
    let mut out = BTreeMap::new();
    for pointer in pointers {
        let mut mutations = Vec::new();
        // A list without one of its scalars is a valid other list.
        let is_entry = pointer.rsplit('/').next().unwrap().parse::<u64>().is_ok();
        if !is_entry && !read(&changed(answer, &pointer, None)) {
            mutations.push("missing");
        }
        for text in INSTEAD {
            let value: Value = serde_json::from_str(text).unwrap();
            if !read(&changed(answer, &pointer, Some(&value))) {
                mutations.push(text);
            }
        }
        if !mutations.is_empty() {
            let field: Vec<_> = (pointer.split('/').skip(2))
                .map(|name| {
                    if name.parse::<u64>().is_ok() {
                        "*"
                    } else {
                        name
                    }
                })
                .collect();
            let before = out.insert(field.join("."), mutations.join(" "));
            assert!(
                before.is_none_or(|it| it == mutations.join(" ")),
                "{field:?}"
            );
        }
    }
    out
}

/// Every line is a decision: each field listed here makes an answer, or the row of a page,
/// unreadable when it is odd in one of these ways. These are identity, money, and what a route was
/// asked for: whether an address is valid, how high a chain is, where a page is.
#[test]
fn what_breaks_an_answer_is_identity_or_money() {
    let used = super::payloads::all();
    let mut table = String::new();
    for (mutations, fields) in &used.broken {
        let _ = writeln!(table, "{mutations}");
        for field in fields {
            let _ = writeln!(table, "    {field}");
        }
    }
    insta::assert_snapshot!("what_breaks_an_answer", table);
}

/// A field of an answer: its place, and its description in the document.
struct Field<'a> {
    pointer: String,
    schema: &'a Value,
}

impl Field<'_> {
    fn reading(&self) -> &str {
        self.schema["x-ccpayment-reading"]
            .as_str()
            .unwrap_or_default()
    }
}

/// Every field of a value with its schema, and every place that has an object.
fn fields<'a>(
    document: &'a Document,
    schema: &'a Value,
    at: &str,
    value: &Value,
    found: &mut Vec<Field<'a>>,
    objects: &mut Vec<String>,
) {
    let schema = document.resolved(schema);
    match value {
        Value::Array(items) => {
            if let Some(first) = items.first() {
                fields(
                    document,
                    &schema["items"],
                    &format!("{at}/0"),
                    first,
                    found,
                    objects,
                );
            }
        }
        Value::Object(entries) => {
            let properties = schema["properties"].as_object();
            if properties.is_some() {
                objects.push(at.to_owned());
            }
            for (name, value) in entries {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                let below = match properties {
                    Some(properties) => {
                        let schema = &properties[name];
                        let pointer = pointer.clone();
                        found.push(Field { pointer, schema });
                        schema
                    }
                    None => &schema["additionalProperties"],
                };
                fields(document, below, &pointer, value, found, objects);
            }
        }
        _ => {}
    }
}

/// Visits every field of a complete answer of every route.
fn every_answer(
    mut check: impl FnMut(&str, &dyn Fn(&Value) -> bool, &Value, &[Field<'_>], &[String]),
) {
    for (route, document) in versions() {
        let whole = json!({"code": 10000, "data": one(&(route.whole_response)())});
        let (_, schema) = document.response(route);
        let (mut found, mut objects) = (Vec::new(), Vec::new());
        fields(
            document,
            schema,
            "/data",
            &whole["data"],
            &mut found,
            &mut objects,
        );
        let read = |whole: &Value| read(route, whole);
        assert!(read(&whole), "{}", route.route.name);
        check(route.route.name, &read, &whole, &found, &objects);
    }
}

fn read(route: &Typed, whole: &Value) -> bool {
    (route.receive)(Bytes::from(whole.to_string())).is_ok()
}

#[test]
fn a_required_field_that_is_missing_null_or_empty_breaks_its_answer() {
    let mut checked = 0;
    every_answer(|name, read, whole, fields, _| {
        for field in fields {
            let instead: &[Value] = match field.reading() {
                "required" => &[json!(null), json!("")],
                "plain" => &[json!(null), json!([])],
                "list" => &[json!({}), json!("")],
                _ => continue,
            };
            let at = &field.pointer;
            assert!(!read(&changed(whole, at, None)), "{name} without {at}");
            for value in instead {
                assert!(
                    !read(&changed(whole, at, Some(value))),
                    "{name}: {at} is {value}"
                );
            }
            checked += 1;
        }
    });
    assert!(checked > 180, "only {checked} fields");
}

/// For every route, with or without an example of its answer: a field that is no longer required
/// shows here.
#[test]
fn what_an_answer_can_not_be_without() {
    let mut table = String::new();
    every_answer(|name, read, whole, fields, _| {
        let needed = fields.iter().map(|field| &field.pointer);
        let needed: Vec<_> = needed
            .filter(|at| !read(&changed(whole, at, None)))
            .filter_map(|at| at.strip_prefix("/data/"))
            .collect();
        let _ = writeln!(table, "{name}: {}", needed.join(" "));
    });
    insta::assert_snapshot!("what_an_answer_can_not_be_without", table);
}

#[test]
fn a_field_without_identity_or_money_breaks_no_answer() {
    let mut checked = 0;
    every_answer(|name, read, whole, fields, _| {
        for field in fields {
            let at = &field.pointer;
            let is_list = matches!(field.schema["type"].as_str(), Some("array" | "object"));
            if !matches!(field.reading(), "if_readable" | "lenient" | "number") || is_list {
                continue;
            }
            assert!(read(&changed(whole, at, None)), "{name} without {at}");
            for text in INSTEAD {
                let value = serde_json::from_str(text).unwrap();
                assert!(
                    read(&changed(whole, at, Some(&value))),
                    "{name}: {at} is {text}"
                );
            }
            checked += 1;
        }
    });
    assert!(checked > 180, "only {checked} fields");
}

#[test]
fn an_array_passes_for_no_object_and_for_no_identity_or_money() {
    let (mut in_place_of_objects, mut in_place_of_values) = (0, 0);
    every_answer(|name, read, whole, fields, objects| {
        for at in objects {
            // A derived type would take the values without their names.
            let values = whole.pointer(at).unwrap().as_object().unwrap().values();
            let array: Value = values.cloned().collect();
            assert!(!read(&changed(whole, at, Some(&array))), "{name}: {at}");
            in_place_of_objects += 1;
        }
        for field in fields {
            let at = &field.pointer;
            let held = whole.pointer(at).unwrap();
            if matches!(field.reading(), "required" | "optional" | "either_name") {
                assert!(
                    !read(&changed(whole, at, Some(&json!([held])))),
                    "{name}: {at}"
                );
                in_place_of_values += 1;
            }
        }
    });
    assert!(in_place_of_objects > 100 && in_place_of_values > 300);
}
