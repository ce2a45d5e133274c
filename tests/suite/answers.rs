//! Every answer against the OpenAPI document: no field is lost, no name is misspelt, and nothing
//! odd makes an answer unreadable.

use std::collections::BTreeSet;

use bytes::Bytes;
use ccpayment_tests::typed::Typed;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::arbitrary::{each, one};
use super::schema::versions;

/// The seed for random changes of bytes. Values have a seed of their own.
const SEED: u64 = 0xc0de;

fn envelope(data: &Value) -> String {
    json!({"code": 10000, "msg": "success", "data": data}).to_string()
}

fn read(route: &Typed, data: &Value) -> Result<Value, String> {
    (route.receive)(Bytes::from(envelope(data)))
}

/// The value with one name misspelt, for every name in it, at any depth.
fn misspellings(value: &Value, names: &BTreeSet<&str>) -> Vec<(String, Value)> {
    match value {
        Value::Object(fields) => {
            let mut out = Vec::new();
            for (name, inner) in fields {
                // The keys of maps are no names: coin ids and chains.
                if names.contains(name.as_str()) {
                    let mut misspelt = fields.clone();
                    let moved = misspelt.remove(name).unwrap();
                    misspelt.insert(format!("{name}x"), moved);
                    out.push((name.clone(), misspelt.into()));
                }
                for (below, inner) in misspellings(inner, names) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), inner);
                    out.push((format!("{name}.{below}"), fields.into()));
                }
            }
            out
        }
        Value::Array(items) => (items
            .first()
            .into_iter()
            .flat_map(|it| misspellings(it, names)))
        .map(|(name, item)| (name, json!([item])))
        .collect(),
        _ => Vec::new(),
    }
}

/// A wire name that is wrong in the types would be unknown to the document.
#[test]
#[allow(
    clippy::print_stdout,
    reason = "the count is for whoever reads the log"
)]
fn one_misspelt_wire_name_is_always_caught() {
    let mut caught = 0;
    for (route, document) in versions() {
        let (name, names) = (route.route.name, document.names());
        if let Some((schema, _)) = document.request(route) {
            let validator = document.validator(schema);
            let whole = (route.send)(&one(&(route.whole_request)())).unwrap();
            for (wire, misspelt) in misspellings(&whole, &names) {
                assert!(validator.validate(&misspelt).is_err(), "{name}.{wire}");
                caught += 1;
            }
        }
        let whole = one(&(route.whole_response)());
        for (wire, misspelt) in misspellings(&whole, &names) {
            assert_ne!(read(route, &misspelt).ok(), Some(misspelt), "{name}.{wire}");
            caught += 1;
        }
    }
    println!("{caught} misspelt names were caught");
    assert!(caught > 700, "only {caught} names");
}

#[test]
fn no_field_of_an_answer_is_lost() {
    for (route, _) in versions() {
        each(route.route.name, 20, &(route.whole_response)(), |value| {
            let written = read(route, &value).map_err(TestCaseError::fail)?;
            prop_assert_eq!(written, value);
            Ok(())
        });
    }
}

/// An answer decodes with every oddity that the documents show, unless identity or money is gone.
#[test]
fn odd_answers_decode() {
    for (route, document) in versions() {
        let (name, (_, schema)) = (route.route.name, document.response(route));
        each(name, 100, &(route.response)(), |value| {
            read(route, &value).map_err(TestCaseError::fail)?;
            Ok(())
        });
        // A list, or a value of unknown shape, has no fields of its own.
        let Some(fields) = schema["properties"].as_object() else {
            continue;
        };
        let probe = |data: &Value| read(route, data);
        let whole = one(&(route.whole_response)());
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
            let is_page = field["x-ccpayment-reading"] == "list";
            assert_eq!(
                probe(&odd).is_err(),
                is_needed || is_page,
                "{name} without {wire}"
            );
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
fn a_thousand_mutated_bodies_a_type_never_panic() {
    let mut random = fastrand::Rng::with_seed(SEED);
    for (route, _) in versions() {
        let name = route.route.name;
        let whole = envelope(&one(&(route.whole_response)()));
        let mut read = 0;
        for _ in 0..1_000 {
            let mut bytes = whole.clone().into_bytes();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = random
                    .choice(*b"\"{}[]:,0129.-+eEnulltrue\\\x00\xff ")
                    .unwrap();
            }
            read += u32::from((route.receive)(Bytes::from(bytes)).is_ok());
        }
        // Both results must occur: otherwise the changes are too small or too great to show
        // anything.
        assert!(
            (1..1_000).contains(&read),
            "{name}, with the seed {SEED}: {read} were read"
        );
    }
}
