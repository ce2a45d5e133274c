//! Holds answers of v2 against the document.

use std::collections::BTreeSet;

use ccpayment_sandbox::Sandbox;
use jsonschema::Validator;
use serde_json::Value;

use crate::sent_fields::sent;
use crate::support::ask;

const DOCUMENT: &str = include_str!("../../schema/v2.json");

/// Holds answers against the document.
pub(crate) struct Reader {
    pub(crate) document: Value,
    pub(crate) seen: BTreeSet<String>,
    /// Fields of answers, by their schema.
    pub(crate) sent: BTreeSet<String>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            document: serde_json::from_str(DOCUMENT).unwrap(),
            seen: BTreeSet::new(),
            sent: BTreeSet::new(),
        }
    }

    pub(crate) fn routes(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.keys().map(|path| path[1..].to_owned()).collect()
    }

    fn schema(&self, route: &str) -> Value {
        let path = route.replace('/', "~1");
        self.document
            .pointer(&format!(
                "/paths/~1{path}/post/responses/200/content/application~1json/schema"
            ))
            .unwrap_or_else(|| panic!("{route}"))
            .clone()
    }

    fn validator(&self, route: &str) -> Validator {
        let mut schema = self.schema(route);
        schema["components"] = self.document["components"].clone();
        jsonschema::validator_for(&schema).unwrap()
    }

    /// Fields that no part of the schema knows would be inventions.
    fn inventions(&self, schema: &Value, value: &Value, at: &str, into: &mut Vec<String>) {
        let schema = match schema["$ref"].as_str() {
            Some(path) => self.document.pointer(&path[1..]).unwrap(),
            None => schema,
        };
        match value {
            Value::Array(items) => {
                for item in items {
                    self.inventions(&schema["items"], item, at, into);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let known = [&schema["properties"][name], &schema["additionalProperties"]];
                    match known.into_iter().find(|part| !part.is_null()) {
                        Some(part) => self.inventions(part, field, &format!("{at}.{name}"), into),
                        None => into.push(format!("{at}.{name}")),
                    }
                }
            }
            _ => {}
        }
    }

    /// The data of a success.
    pub(crate) async fn data(&mut self, sandbox: &Sandbox, route: &str, body: Value) -> Value {
        let mut envelope = ask(sandbox, route, body.clone()).await;
        assert_eq!(envelope["code"], 10_000, "{route} {body} {envelope}");
        let errors: Vec<String> = self
            .validator(route)
            .iter_errors(&envelope)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{route}: {errors:#?}\n{envelope:#}");
        let data = self.schema(route)["allOf"][1]["properties"]["data"].clone();
        let mut inventions = Vec::new();
        self.inventions(&data, &envelope["data"], "data", &mut inventions);
        assert!(inventions.is_empty(), "{route}: {inventions:?}");
        assert!(sandbox.ledger().is_balanced(), "{route}");
        sent(&self.document, &data, &envelope["data"], &mut self.sent);
        self.seen.insert(route.to_owned());
        envelope["data"].take()
    }
}
