//! Odd bodies on every route: an answer with a code that fits, never a fault of the gateway's own.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ask, builder};

/// A body that passes, for each route: the sample of the documents, or all that is required.
fn samples(document: &Value) -> Vec<(String, Value)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut samples = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let media = &item["post"]["requestBody"]["content"]["application/json"];
        let mut body = json!({});
        for (_, example) in media["examples"].as_object().into_iter().flatten() {
            let file = fixtures.join(example["externalValue"].as_str().unwrap());
            body = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        }
        let name = media["schema"]["$ref"].as_str().unwrap_or("/none");
        let schema = &document["components"]["schemas"][name.rsplit('/').next().unwrap()];
        for (field, kind) in schema["properties"].as_object().into_iter().flatten() {
            if body.get(field).is_none() {
                body[field] = match kind["type"].as_str() {
                    Some("integer") => json!(1280),
                    Some("boolean") => json!(true),
                    Some("array") => {
                        json!([{ "seq": 1, "address": "x", "amount": "1", "userId": "alice" }])
                    }
                    _ => json!("POLYGON"),
                };
            }
        }
        samples.push((path[1..].to_owned(), body));
    }
    samples
}

pub(crate) fn odd() -> Vec<Value> {
    vec![
        Value::Null,
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("9".repeat(80)),
        json!(format!("0.{}1", "0".repeat(77))),
        json!("-1"),
        json!("1e9999"),
        json!("é\u{0}💥".repeat(30)),
        json!([]),
        json!([[], {}, null, "x", 1]),
        json!([{ "seq": u64::MAX, "orderId": "é", "amount": "9".repeat(80), "address": "", "userId": "alice" }]),
        json!({ "a": { "b": [] } }),
        json!(true),
    ]
}

#[tokio::test]
async fn no_body_is_a_fault_of_the_gateway() {
    let document: Value = serde_json::from_str(include_str!("../../schema/v2.json")).unwrap();
    let sandbox = builder()
        .balance(1280, "1000")
        .user_balance("alice", 1280, "100")
        .build()
        .unwrap();
    let mut sent = 0;
    for (route, sample) in samples(&document) {
        let mut bodies = odd();
        let fields: Vec<String> = sample.as_object().unwrap().keys().cloned().collect();
        for field in &fields {
            for value in odd() {
                let mut body = sample.clone();
                body[field] = value.clone();
                bodies.push(body);
                // Alone as well, because one wrong field hides the others.
                let mut lonely = json!({ "userId": "alice", "orderId": "order-1" });
                lonely[field] = value;
                bodies.push(lonely);
            }
        }
        for body in bodies {
            let envelope = ask(&sandbox, &route, body.clone()).await;
            let code = envelope["code"].as_u64().unwrap();
            assert_ne!(code, 11_002, "{route} {body} {envelope}");
            assert!(envelope["msg"].as_str().unwrap().len() < 2_000, "{route}");
            sent += 1;
        }
    }
    assert!(sent > 5_000, "{sent}");
    assert!(sandbox.ledger().is_balanced());
}
