//! Every request against the OpenAPI document: requests are as the document describes, and those
//! that it forbids are refused before they are sent.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ccpayment_tests::typed::{self, Typed};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::arbitrary::{each, one};

/// Every version: its routes, and its document.
pub(crate) fn versions() -> impl Iterator<Item = (&'static Typed, &'static Document)> {
    static V1: LazyLock<Document> =
        LazyLock::new(|| Document::read(include_str!("../../xtask/spec/ccpayment-v1.yaml")));
    static V2: LazyLock<Document> =
        LazyLock::new(|| Document::read(include_str!("../../xtask/spec/ccpayment-v2.yaml")));
    let of = |routes: &'static [Typed], document| routes.iter().map(move |it| (it, document));
    of(&typed::V2, &*V2).chain(of(&typed::V1, &*V1))
}

pub(crate) struct Document(Value);

impl Document {
    fn read(text: &str) -> Self {
        Self(serde_saphyr::from_str(text).unwrap())
    }

    fn operation(&self, route: &Typed) -> &Value {
        let operations = self.0["paths"].as_object().unwrap().values();
        (operations.map(|path| &path["post"]))
            .find(|it| it["operationId"] == route.route.name)
            .unwrap_or_else(|| panic!("{} is not described", route.route.name))
    }

    /// The name and the schema of the request, if anything is sent.
    pub(crate) fn request(&self, route: &Typed) -> Option<(&str, &Value)> {
        let content = &self.operation(route)["requestBody"]["content"];
        self.named(&content["application/json"]["schema"])
    }

    /// The name and the schema of the answer's data.
    pub(crate) fn response(&self, route: &Typed) -> (&str, &Value) {
        let content = &self.operation(route)["responses"]["200"]["content"];
        let parts = content["application/json"]["schema"]["allOf"].as_array();
        (parts.unwrap().iter())
            .find_map(|part| self.named(&part["properties"]["data"]))
            .unwrap()
    }

    fn named(&self, reference: &Value) -> Option<(&str, &Value)> {
        let (name, schema) = (self.0["components"]["schemas"].as_object().unwrap())
            .get_key_value(reference["$ref"].as_str()?.rsplit('/').next()?)?;
        Some((name, schema))
    }

    /// A schema by itself, or the one that it refers to.
    pub(crate) fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        self.named(schema).map_or(schema, |(_, named)| named)
    }

    /// Every name that a field has.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let schemas = self.0["components"]["schemas"]
            .as_object()
            .unwrap()
            .values();
        let fields = schemas.filter_map(|schema| schema["properties"].as_object());
        fields
            .flat_map(|it| it.keys().map(String::as_str))
            .collect()
    }

    /// A validator for one schema, with the others at hand.
    pub(crate) fn validator(&self, name: &str) -> jsonschema::Validator {
        Self::build(name, &self.0["components"])
    }

    /// A validator that takes no name which the document does not have, in any spelling.
    pub(crate) fn closed_validator(&self, name: &str) -> jsonschema::Validator {
        let mut components = self.0["components"].clone();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            let Some(fields) = schema["properties"].as_object() else {
                continue;
            };
            let also = fields
                .values()
                .filter_map(|it| it["x-ccpayment-also"].as_array());
            let also: Vec<_> = also.flatten().filter_map(Value::as_str).collect();
            let also: Vec<_> = also.into_iter().map(str::to_owned).collect();
            for name in also {
                schema["properties"][name] = json!(true);
            }
            schema["additionalProperties"] = json!(false);
        }
        Self::build(name, &components)
    }

    fn build(name: &str, components: &Value) -> jsonschema::Validator {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#/components/schemas/{name}"),
            "components": components,
        });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap()
    }
}

#[test]
fn what_is_sent_is_what_the_document_describes() {
    for (route, document) in versions() {
        let name = route.route.name;
        let Some((schema, _)) = document.request(route) else {
            assert_eq!((route.send)(&json!({})), Ok(json!({})), "{name}");
            continue;
        };
        let validator = document.validator(schema);
        let check = |value: Value| {
            let written = (route.send)(&value).map_err(TestCaseError::fail)?;
            prop_assert_eq!(without_empty(&written), without_empty(&value));
            let checked = validator.validate(&written);
            prop_assert!(checked.is_ok(), "{:?}", checked.err());
            Ok(())
        };
        each(name, 100, &(route.request)(), check);
        each(name, 20, &(route.whole_request)(), check);
    }
}

/// The value without empty lists, and in v1 without empty texts, which stand for absent ones.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => (fields.iter())
            .filter(|(_, value)| **value != json!([]) && **value != json!(""))
            .map(|(name, value)| (name.clone(), without_empty(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Values that break one rule of a field each.
fn broken(field: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    let bound = |name: &str| field[name].as_u64();
    match (field["type"].as_str(), field["format"].as_str()) {
        (Some("string"), Some("decimal")) => match field["x-ccpayment-sign"].as_str() {
            Some("positive") => out.extend([json!("0"), json!("-1"), json!("0.000")]),
            Some("not-negative") => out.push(json!("-0.1")),
            _ => {}
        },
        (Some("string"), format) => {
            if let Some(least) = bound("minLength") {
                out.push(json!("x".repeat(usize::try_from(least).unwrap() - 1)));
            }
            if let Some(most) = bound("maxLength") {
                let prefix = if format == Some("uri") {
                    "https://a.example/"
                } else {
                    ""
                };
                out.push(json!(format!(
                    "{prefix}{}",
                    "é".repeat(usize::try_from(most).unwrap() + 1)
                )));
            }
            if format.is_some() {
                out.push(json!("neither mail nor web"));
            }
            // A rule of v2, where the least length is another.
            if field["x-ccpayment-type"] == "UserId" && bound("minLength") == Some(5) {
                out.push(json!("system-user"));
            }
        }
        (Some("integer"), _) => {
            out.extend(
                bound("minimum")
                    .filter(|it| *it > 0)
                    .map(|it| json!(it - 1)),
            );
            out.extend(bound("exclusiveMinimum").map(|it| json!(it)));
            out.extend(bound("maximum").map(|it| json!(it + 1)));
        }
        _ => {}
    }
    out
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "the count is for whoever reads the log"
)]
fn what_the_document_forbids_is_refused_by_name() {
    let mut tried = 0;
    for (route, document) in versions() {
        let name = route.route.name;
        let Some((_, schema)) = document.request(route) else {
            continue;
        };
        let whole = one(&(route.whole_request)());
        let of: Vec<_> = (schema["x-ccpayment-choice"]["of"].as_array())
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (wire, field) in schema["properties"].as_object().unwrap() {
            let mut bad = broken(field);
            let mut bad_inside = Vec::new();
            if field["type"] == "array" {
                let entry = whole[wire][0].clone();
                let inside = document.resolved(&field["items"])["properties"].as_object();
                for (inner, field) in inside.into_iter().flatten() {
                    bad_inside.extend(broken(field).into_iter().map(|value| {
                        let mut entry = entry.clone();
                        entry[inner] = value;
                        (inner, json!([entry]))
                    }));
                }
                bad.extend(field["minItems"].as_u64().map(|_| json!([])));
                let most = field["maxItems"]
                    .as_u64()
                    .map(|it| usize::try_from(it).unwrap());
                bad.extend(most.map(|most| Value::from(vec![entry; most + 1])));
                bad.extend(broken(&field["items"]).into_iter().map(|it| json!([it])));
            }
            let bad = bad.into_iter().map(|value| (wire, value));
            for (named, value) in bad.chain(bad_inside) {
                each(name, 5, &(route.request)(), |mut request| {
                    let fields = request.as_object_mut().unwrap();
                    if of.contains(&wire.as_str()) {
                        fields.retain(|name, _| !of.contains(&name.as_str()));
                    }
                    fields.insert(wire.clone(), value.clone());
                    let error = (route.send)(&request).err();
                    let error = error.ok_or_else(|| {
                        TestCaseError::fail(format!("{wire} is sent as {value:.40}"))
                    })?;
                    prop_assert!(
                        error.starts_with("refused: ") && error.contains(named.as_str()),
                        "{}: {}",
                        named,
                        error
                    );
                    Ok(())
                });
                tried += 1;
            }
        }
    }
    println!("{tried} broken requests were refused");
    assert!(tried > 200, "only {tried} broken requests");
}
