//! Every type against the OpenAPI document: what it sends is what the document describes, what the
//! document forbids is refused before it is sent, and no field of an answer is lost.

use bytes::Bytes;
use ccpayment::{Endpoint, decode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::payloads::{REQUESTS, RESPONSES};

/// JSON through a type: read, checked, written.
pub(crate) type Probe = fn(&Value) -> Result<Value, String>;

pub(crate) fn sent<E: Endpoint + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let request: E = serde_json::from_value(value.clone()).map_err(|it| format!("read: {it}"))?;
    request.validate().map_err(|it| format!("refused: {it}"))?;
    let body = request.body().map_err(|it| it.to_string())?;
    if body.is_empty() {
        Ok(json!({}))
    } else {
        Ok(serde_json::from_slice(&body).unwrap())
    }
}

/// A whole body through the type of its `data`.
pub(crate) type Answer = fn(Bytes) -> Result<Value, String>;

pub(crate) fn answered<E: Endpoint>(body: Bytes) -> Result<Value, String>
where
    E::Response: Serialize,
{
    let answer: E::Response =
        decode(&http::Response::new(body)).map_err(|it| format!("read: {it}"))?;
    Ok(serde_json::to_value(answer).unwrap())
}

/// The document of a version.
fn of<'a>(documents: &'a [(&str, Document)], version: &str) -> &'a Document {
    let found = documents.iter().find(|(name, _)| *name == version);
    &found.unwrap().1
}

fn envelope(data: &Value) -> String {
    json!({"code": 10000, "msg": "success", "data": data}).to_string()
}

const SEED: u64 = 0xc0de;

struct Document(Value);

impl Document {
    /// One for each version.
    fn all() -> [(&'static str, Self); 2] {
        [
            ("v1", include_str!("../../xtask/spec/ccpayment-v1.yaml")),
            ("v2", include_str!("../../xtask/spec/ccpayment-v2.yaml")),
        ]
        .map(|(version, text)| (version, Self(serde_saphyr::from_str(text).unwrap())))
    }

    fn schema(&self, name: &str) -> Option<&Value> {
        self.0["components"]["schemas"].get(name)
    }

    /// A validator for one schema, with the others at hand.
    fn validator(&self, name: &str) -> jsonschema::Validator {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#/components/schemas/{name}"),
            "components": self.0["components"],
        });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
        name.and_then(|name| self.schema(name)).unwrap_or(schema)
    }

    /// A value that the schema allows; `full` leaves nothing out.
    fn value(&self, schema: &Value, random: &mut fastrand::Rng, full: bool) -> Value {
        let holder = schema;
        let schema = self.resolve(schema);
        if let Some(words) = schema["x-ccpayment-values"].as_object() {
            return random
                .choice(words.keys().collect::<Vec<_>>())
                .unwrap()
                .clone()
                .into();
        }
        let bound = |name: &str| holder[name].as_u64();
        match (
            // Without a type, anything.
            schema["type"].as_str().unwrap_or("integer"),
            schema["x-ccpayment-key"].as_str(),
        ) {
            ("boolean", _) => random.bool().into(),
            ("number", _) => serde_json::from_str(&format!("{}.5", random.u8(..))).unwrap(),
            ("integer", _) => {
                let least = bound("minimum").or(bound("exclusiveMinimum").map(|it| it + 1));
                let most = bound("maximum").unwrap_or(u64::from(u32::MAX));
                random.u64(least.unwrap_or(0)..=most).into()
            }
            ("string", _) => self.text(holder, random).into(),
            ("array", _) => {
                let least = bound("minItems").unwrap_or(u64::from(full));
                let count = random.u64(least..=bound("maxItems").unwrap_or(3).min(least + 2));
                (0..count)
                    .map(|_| self.value(&schema["items"], random, full))
                    .collect()
            }
            ("object", Some(key)) => {
                let key = if key == "CoinId" { "1280" } else { "POLYGON" };
                json!({ key: self.value(&schema["additionalProperties"], random, full) })
            }
            _ => self.object(schema, random, full),
        }
    }

    fn object(&self, schema: &Value, random: &mut fastrand::Rng, full: bool) -> Value {
        let mut out = Map::new();
        let names = |key: &str| -> Vec<&str> {
            schema[key]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        let required = names("required");
        for (name, field) in schema["properties"].as_object().unwrap() {
            if full || required.contains(&name.as_str()) || random.bool() {
                out.insert(name.clone(), self.value(field, random, full));
            }
        }
        // The rules that hold between fields.
        let choice = &schema["x-ccpayment-choice"]["of"];
        if let Some(of) = choice.as_array() {
            of.iter()
                .for_each(|name| drop(out.remove(name.as_str().unwrap())));
            let name = random.choice(of).unwrap().as_str().unwrap();
            out.insert(
                name.to_owned(),
                self.value(&schema["properties"][name], random, full),
            );
        }
        if let [first, second] = names("x-ccpayment-at-least-one")[..]
            && !out.contains_key(second)
        {
            out.insert(
                first.to_owned(),
                self.value(&schema["properties"][first], random, full),
            );
        }
        if let [first, second] = names("x-ccpayment-not-together")[..]
            && out.contains_key(second)
        {
            out.remove(first);
        }
        let span = &schema["x-ccpayment-span"];
        if let (Some(from), Some(to)) = (span["from"].as_str(), span["to"].as_str())
            && out.contains_key(to)
        {
            let end = out[from].as_u64().unwrap() + random.u64(0..=3_600);
            out.insert(to.to_owned(), end.into());
        }
        Value::Object(out)
    }

    fn text(&self, schema: &Value, random: &mut fastrand::Rng) -> String {
        match schema["format"].as_str() {
            Some("decimal") => return format!("{}.{:02}", random.u32(1..), random.u32(0..100)),
            Some("email") => return format!("payer{}@example.com", random.u8(..)),
            Some("uuid") => {
                let (a, b) = (random.u64(..), random.u64(..) >> 16);
                return format!(
                    "{:08x}-{:04x}-{:04x}-1234-{b:012x}",
                    a >> 32,
                    a >> 16 & 0xffff,
                    a & 0xffff
                );
            }
            Some("uri") => return format!("https://example.com/{}", random.u8(..)),
            _ => {}
        }
        let least = schema["minLength"].as_u64().unwrap_or(1);
        let most = schema["maxLength"].as_u64().unwrap_or(40).min(least + 40);
        (0..random.u64(least..=most))
            .map(|_| random.char('a'..='z'))
            .map(|it| if it == 's' { 'é' } else { it })
            .collect()
    }
}

#[test]
fn what_is_sent_is_what_the_document_describes() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    for (version, name, probe) in REQUESTS {
        let document = of(&documents, version);
        let Some(schema) = document.schema(name) else {
            assert_eq!(probe(&json!({})), Ok(json!({})), "{name}");
            continue;
        };
        let validator = document.validator(name);
        for round in 0..100 {
            let value = document.value(schema, &mut random, round == 0);
            let written = probe(&value).unwrap_or_else(|e| panic!("{name}, {value}: {e}"));
            assert_eq!(without_empty(&written), without_empty(&value), "{name}");
            let checked = validator.validate(&written);
            assert!(checked.is_ok(), "{name}, {written}: {:?}", checked.err());
        }
    }
}

/// A list without entries is left out.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => (fields.iter())
            .filter(|(_, value)| **value != json!([]))
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
fn what_the_document_forbids_is_refused_by_name() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut tried = 0;
    for (version, name, probe) in REQUESTS {
        let document = of(&documents, version);
        let Some(schema) = document.schema(name) else {
            continue;
        };
        for (wire, field) in schema["properties"].as_object().unwrap() {
            let mut bad = broken(field);
            if field["type"] == "array" {
                let entry = document.value(&field["items"], &mut random, true);
                bad.extend(field["minItems"].as_u64().map(|_| json!([])));
                let most = field["maxItems"]
                    .as_u64()
                    .map(|it| usize::try_from(it).unwrap());
                bad.extend(most.map(|most| Value::from(vec![entry; most + 1])));
                bad.extend(broken(&field["items"]).into_iter().map(|it| json!([it])));
            }
            for value in bad {
                let mut request = document.value(schema, &mut random, false);
                let of: Vec<_> = (schema["x-ccpayment-choice"]["of"]
                    .as_array()
                    .into_iter()
                    .flatten())
                .collect();
                if of.iter().any(|it| *it == wire) {
                    of.iter().for_each(|it| {
                        drop(
                            request
                                .as_object_mut()
                                .unwrap()
                                .remove(it.as_str().unwrap()),
                        )
                    });
                }
                request[wire] = value.clone();
                let error = probe(&request).expect_err(&format!("{name} sends {wire} {value:.40}"));
                assert!(
                    error.starts_with("refused: ") && error.contains(wire),
                    "{name} {wire}: {error}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried} broken requests");
}

/// The value with one name misspelt, for every name in it, at any depth.
fn misspellings(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(fields) => {
            let mut out = Vec::new();
            for (name, inner) in fields {
                // The keys of maps are no names: coin ids and chains.
                if name != "1280" && name != "POLYGON" {
                    let mut misspelt = fields.clone();
                    let moved = misspelt.remove(name).unwrap();
                    misspelt.insert(format!("{name}x"), moved);
                    out.push((name.clone(), misspelt.into()));
                }
                for (below, inner) in misspellings(inner) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), inner);
                    out.push((format!("{name}.{below}"), fields.into()));
                }
            }
            out
        }
        Value::Array(items) => (items.first().into_iter().flat_map(misspellings))
            .map(|(name, item)| (name, json!([item])))
            .collect(),
        _ => Vec::new(),
    }
}

/// A wire name that is written wrongly in the types would be one that the document does not know.
#[test]
fn one_misspelt_wire_name_is_always_caught() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut caught = 0;
    for (version, name, probe) in REQUESTS {
        let document = of(&documents, version);
        let Some(schema) = document.schema(name) else {
            continue;
        };
        let validator = document.validator(name);
        let whole = probe(&document.value(schema, &mut random, true)).unwrap();
        for (wire, misspelt) in misspellings(&whole) {
            assert!(validator.validate(&misspelt).is_err(), "{name}.{wire}");
            caught += 1;
        }
    }
    for (version, name, answer) in RESPONSES {
        let document = of(&documents, version);
        let probe = |data: &Value| answer(Bytes::from(envelope(data)));
        let whole = document.value(document.schema(name).unwrap(), &mut random, true);
        for (wire, misspelt) in misspellings(&whole) {
            assert_ne!(probe(&misspelt).ok(), Some(misspelt), "{name}.{wire}");
            caught += 1;
        }
    }
    assert!(caught > 700, "only {caught} names");
}

#[test]
fn no_field_of_an_answer_is_lost() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    for (version, name, answer) in RESPONSES {
        let document = of(&documents, version);
        let probe = |data: &Value| answer(Bytes::from(envelope(data)));
        let schema = document.schema(name).unwrap();
        for _ in 0..20 {
            let value = document.value(schema, &mut random, true);
            let written = probe(&value).unwrap_or_else(|e| panic!("{name}, {value}: {e}"));
            assert_eq!(written, value, "{name}");
        }
    }
}

/// Everything that the documents do to an answer: it decodes, unless identity or money is gone.
#[test]
fn odd_answers_decode() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    for (version, name, answer) in RESPONSES {
        let document = of(&documents, version);
        let probe = |data: &Value| answer(Bytes::from(envelope(data)));
        let schema = document.schema(name).unwrap();
        let whole = document.value(schema, &mut random, true);
        // A list, or something of which nothing is known.
        let Some(fields) = schema["properties"].as_object() else {
            continue;
        };
        let mut with_more = whole.clone();
        with_more["brandNew"] = json!({"x": [1, null]});
        assert_eq!(probe(&with_more), Ok(whole.clone()), "{name}");
        for (wire, field) in fields {
            let is_needed = matches!(
                field["x-ccpayment-reading"].as_str(),
                Some("required" | "plain")
            );
            let mut odd = whole.clone();
            odd.as_object_mut().unwrap().remove(wire);
            assert_eq!(probe(&odd).is_err(), is_needed, "{name} without {wire}");
            odd[wire] = Value::Null;
            assert_eq!(probe(&odd).is_err(), is_needed, "{name} with {wire} null");
            if field["type"] == "string" {
                odd[wire] = json!("");
                assert_eq!(probe(&odd).is_err(), is_needed, "{name} with {wire} empty");
            }
            if field.get("$ref").is_some() && whole[wire].is_string() {
                odd[wire] = json!("SomethingNew");
                assert_eq!(probe(&odd).as_ref(), Ok(&odd), "{name} with {wire} unknown");
            }
            let newtype = field["x-ccpayment-type"].as_str().unwrap_or_default();
            if field["type"] == "integer" && matches!(newtype, "CoinId" | "FiatId" | "Timestamp") {
                odd[wire] = json!(whole[wire].to_string());
                assert_eq!(probe(&odd), Ok(whole.clone()), "{name} with {wire} as text");
            }
        }
    }
}

/// Bytes of a body changed at random: an error or a value, never a panic.
#[test]
fn ten_thousand_mutated_bodies_a_type_never_panic() {
    let documents = Document::all();
    let mut random = fastrand::Rng::with_seed(SEED);
    for (version, name, answer) in RESPONSES {
        let document = of(&documents, version);
        let data = document.value(document.schema(name).unwrap(), &mut random, true);
        let whole = envelope(&data);
        let mut read = 0;
        for _ in 0..10_000 {
            let mut bytes = whole.clone().into_bytes();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = random
                    .choice(*b"\"{}[]:,0129.-+eEnulltrue\\\x00\xff ")
                    .unwrap();
            }
            read += u32::from(answer(Bytes::from(bytes)).is_ok());
        }
        // Both ways out were taken, or the changes were too small or too great to say anything.
        assert!((1..10_000).contains(&read), "{name}: {read} were read");
    }
}
