//! What a request body may look like, by the JSON Schema document beside this crate.

use std::collections::BTreeMap;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::{Map, Value};

use crate::error::SandboxError;
use crate::refusal::{INVALID_ARGUMENT, Refusal};

const DOCUMENT: &str = include_str!("../schema/v2.json");

#[derive(Debug)]
pub(crate) struct Schemas(BTreeMap<String, RouteSchema>);

#[derive(Debug)]
struct RouteSchema {
    validator: Validator,
    fields: Vec<String>,
    /// Texts that may be left out, and are when they are empty.
    optional_texts: Vec<String>,
}

impl Schemas {
    pub(crate) fn load() -> Result<Self, SandboxError> {
        let setup = |error: String| SandboxError::Setup(format!("schema/v2.json: {error}"));
        let document: Value =
            serde_json::from_str(DOCUMENT).map_err(|error| setup(error.to_string()))?;
        let Some(Value::Object(routes)) = document.get("routes") else {
            return Err(setup("no routes".to_owned()));
        };
        let mut loaded = BTreeMap::new();
        for (route, schema) in routes {
            let route_schema =
                RouteSchema::new(schema).map_err(|error| setup(format!("{route}: {error}")))?;
            loaded.insert(route.clone(), route_schema);
        }
        Ok(Self(loaded))
    }

    pub(crate) fn knows(&self, route: &str) -> bool {
        self.0.contains_key(route)
    }

    /// The fields of a body that obeys its schema; no bytes count as `{}`.
    pub(crate) fn read(&self, route: &str, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
        let invalid = |message: String| Refusal::new(INVALID_ARGUMENT, message);
        let schema = self
            .0
            .get(route)
            .ok_or_else(|| invalid(format!("no schema for {route}")))?;
        let mut value = if body.is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(body)
                .map_err(|error| invalid(format!("the body is not JSON: {error}")))?
        };
        if let Value::Object(fields) = &mut value {
            // The gateway reads protobuf messages, where an empty text and an absent one are the same.
            fields.retain(|name, field| {
                field.as_str() != Some("") || !schema.optional_texts.contains(name)
            });
        }
        schema.validate(&value).map_err(invalid)?;
        match value {
            Value::Object(fields) => Ok(fields),
            _ => Err(invalid("the body is not an object".to_owned())),
        }
    }
}

impl RouteSchema {
    fn new(schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| error.to_string())?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let optional_texts = properties
            .into_iter()
            .flatten()
            .filter(|(name, property)| {
                property.get("type").and_then(Value::as_str) == Some("string")
                    && !required.contains(&name.as_str())
            })
            .map(|(name, _)| name.clone())
            .collect();
        let fields = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        Ok(Self {
            validator,
            fields,
            optional_texts,
        })
    }

    fn validate(&self, value: &Value) -> Result<(), String> {
        let mut unknown = Vec::new();
        let mut broken = Vec::new();
        for error in self.validator.iter_errors(value) {
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    unknown.extend(unexpected.iter().map(|name| self.unknown_field(name)));
                }
                _ => broken.push(describe(&error)),
            }
        }
        if unknown.is_empty() && broken.is_empty() {
            return Ok(());
        }
        // A misspelled name comes first: it explains the missing one.
        unknown.append(&mut broken);
        unknown.truncate(8);
        Err(unknown.join("; "))
    }

    fn unknown_field(&self, name: &str) -> String {
        // Bounded, because the distance takes quadratic time and the name comes from outside.
        let short: String = name.chars().take(64).collect();
        let folded = short.to_ascii_lowercase();
        let nearest = self
            .fields
            .iter()
            .map(|field| (distance(&folded, &field.to_ascii_lowercase()), field))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, field)| *distance <= field.len() / 2);
        match nearest {
            Some((_, field)) => {
                format!("`{short}` is not a field of this route, did you mean `{field}`?")
            }
            None => format!("`{short}` is not a field of this route"),
        }
    }
}

fn describe(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    let name = if path.is_empty() {
        "the body".to_owned()
    } else {
        format!("`{path}`")
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!("`{}` is required", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Single(expected),
        } => format!("{name} must be of type {expected}"),
        ValidationErrorKind::MinLength { limit } => {
            format!("{name} needs at least {limit} characters")
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("{name} takes at most {limit} characters")
        }
        ValidationErrorKind::Minimum { limit } => format!("{name} must be at least {limit}"),
        ValidationErrorKind::Format { format } => format!("{name} must be a valid {format}"),
        ValidationErrorKind::AnyOf { context } => {
            let names: Vec<String> = context.iter().flatten().map(describe).collect();
            format!("one of these must hold: {}", names.join(", or "))
        }
        other => format!("{name} breaks the rule {}", other.keyword()),
    }
}

/// The Levenshtein distance, row by row.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut before = line + 1;
        for (other, pair) in right.iter().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            before = (above + 1)
                .min(before + 1)
                .min(diagonal + usize::from(*other != letter));
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("orderid", "orderid"), 0);
        assert_eq!(distance("ordrid", "orderid"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn names_the_field_and_the_rule() {
        let schemas = Schemas::load().unwrap();
        let message = |route: &str, body: &str| {
            let refusal = schemas.read(route, body.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, INVALID_ARGUMENT);
            refusal.envelope()["msg"].as_str().unwrap().to_owned()
        };
        assert_eq!(message("getCoin", ""), "`coinId` is required");
        assert_eq!(
            message("getCoin", "{\"coinId\":\"1280\"}"),
            "`coinId` must be of type integer"
        );
        assert_eq!(
            message("getCoin", "{\"coinId\":0}"),
            "`coinId` must be at least 1"
        );
        assert_eq!(
            message("getAppOrderInfo", "{\"orderId\":\"ab\"}"),
            "`orderId` needs at least 3 characters"
        );
        assert_eq!(
            message("getAppOrderInfo", "{\"order_id\":\"abc\"}"),
            "`order_id` is not a field of this route, did you mean `orderId`?; `orderId` is required"
        );
        assert_eq!(
            message("getAppWithdrawRecord", "{\"orderId\":\"\"}"),
            "one of these must hold: `recordId` is required, or `orderId` is required"
        );
        assert_eq!(
            message("getCoinList", "[]"),
            "the body must be of type object"
        );
        assert!(message("getCoinList", "{").starts_with("the body is not JSON"));
        assert_eq!(
            message("getCoinList", "{\"x\":1}"),
            "`x` is not a field of this route"
        );
        let order = |email: &str| {
            format!(
                "{{\"orderId\":\"abc\",\"coinId\":1280,\"chain\":\"TRX\",\"price\":\"1\",\"buyerEmail\":\"{email}\"}}"
            )
        };
        assert_eq!(
            message("createAppOrderDepositAddress", &order("nobody")),
            "`buyerEmail` must be a valid email"
        );
        assert!(
            schemas
                .read("createAppOrderDepositAddress", order("").as_bytes())
                .is_ok()
        );
    }
}
