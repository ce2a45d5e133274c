//! The schemas of requests and answers, from the OpenAPI document in this crate.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};

use crate::doubled;
use crate::model::error::SandboxError;
use crate::model::refusal::{INVALID_ARGUMENT, Refusal};
use crate::model::settings::Reading;
use crate::model::warning::RequestWarning;
use crate::reading;
use crate::schema_errors::{describe, unknown_field};

const V2: &str = include_str!("../schema/v2.json");
const V1: &str = include_str!("../schema/v1.json");

/// The schemas for which the gateway says "at least one of". The document says "exactly one of"
/// there, because our client sends one.
const AT_LEAST_ONE: [&str; 4] = [
    "GetAppWithdrawRecord",
    "GetUserWithdrawRecord",
    "GetUserTransferRecord",
    "GetUserBatchTransferRecord",
];

/// The document, read once for the whole process: it never changes.
#[derive(Debug)]
pub(crate) struct Schemas {
    /// By route: the path without its leading slash.
    operations: BTreeMap<String, Operation>,
    codes: BTreeMap<u32, String>,
    components: Map<String, Value>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    request: Option<String>,
    #[cfg(test)]
    response: Value,
    /// Made at the first request, because most sandboxes see few of the routes.
    strict: OnceLock<Result<Shape, String>>,
    default: OnceLock<Result<Shape, String>>,
}

/// One kind of request body.
#[derive(Debug)]
struct Shape {
    validator: Validator,
    schema: Value,
}

static SCHEMAS: OnceLock<Result<Schemas, String>> = OnceLock::new();
static SCHEMAS_V1: OnceLock<Result<Schemas, String>> = OnceLock::new();

/// The operations of the document.
pub(crate) fn schemas() -> Result<&'static Schemas, SandboxError> {
    SCHEMAS
        .get_or_init(|| Schemas::read_document(V2))
        .as_ref()
        .map_err(|error| SandboxError::Setup(format!("schema/v2.json: {error}")))
}

/// The operations of the older API.
pub(crate) fn v1() -> Result<&'static Schemas, SandboxError> {
    SCHEMAS_V1
        .get_or_init(|| Schemas::read_document(V1))
        .as_ref()
        .map_err(|error| SandboxError::Setup(format!("schema/v1.json: {error}")))
}

/// The name of a code in the table, such as `OrderDuplicate`.
pub(crate) fn name_of(code: u32) -> Option<&'static str> {
    let schemas = schemas().ok()?;
    schemas.codes.get(&code).map(String::as_str)
}

impl Refusal {
    /// The envelope, with the table's name for the code.
    pub(crate) fn envelope(&self) -> Value {
        let name = name_of(self.code).unwrap_or("Unknown");
        json!({ "code": self.code, "msg": format!("{name}: {}", self.message), "data": {} })
    }
}

impl Schemas {
    fn read_document(document: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
        let part = |pointer: &str| {
            document
                .pointer(pointer)
                .cloned()
                .ok_or_else(|| format!("no {pointer}"))
        };
        let Value::Object(components) = part("/components/schemas")? else {
            return Err("the schemas are no object".to_owned());
        };
        let mut operations = BTreeMap::new();
        for (path, item) in part("/paths")?.as_object().into_iter().flatten() {
            let post = item.get("post").ok_or_else(|| format!("no POST {path}"))?;
            let id = post
                .get("operationId")
                .and_then(Value::as_str)
                .ok_or_else(|| format!("{path} has no operationId"))?;
            let others = post
                .get("x-ccpayment-alternate-paths")
                .and_then(Value::as_array);
            let paths = others.into_iter().flatten().filter_map(Value::as_str);
            for path in std::iter::once(path.as_str()).chain(paths) {
                let route = path.trim_start_matches('/').to_owned();
                operations.insert(route, Operation::new(id, post));
            }
        }
        let codes = part("/x-ccpayment-codes")?
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| {
                let code = u32::try_from(row.get("code")?.as_u64()?).ok()?;
                Some((code, row.get("name")?.as_str()?.to_owned()))
            })
            .collect();
        Ok(Self {
            operations,
            codes,
            components,
        })
    }

    /// The id of the operation behind a route.
    pub(crate) fn operation(&self, route: &str) -> Option<&str> {
        Some(self.operations.get(route)?.id.as_str())
    }

    #[cfg(test)]
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.operations
            .values()
            .map(|operation| operation.id.as_str())
    }

    /// The id of an operation that is named by its id or by its route.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.operation(name.trim_start_matches('/')).or_else(|| {
            self.operations
                .values()
                .map(|operation| operation.id.as_str())
                .find(|id| *id == name)
        })
    }

    /// The fields of a body that obeys its schema; no bytes count as `{}`. What the default reading
    /// lets pass goes into `warnings`.
    pub(crate) fn read(
        &self,
        route: &str,
        body: &[u8],
        (now, reading): (u64, Reading),
        warnings: &mut Vec<RequestWarning>,
    ) -> Result<Map<String, Value>, Refusal> {
        let invalid = |message: String| Refusal::new(INVALID_ARGUMENT, message);
        let operation = self
            .operations
            .get(route)
            .ok_or_else(|| invalid(format!("no schema for {route}")))?;
        let shape = if reading.strict {
            &operation.strict
        } else {
            &operation.default
        };
        let shape = shape
            .get_or_init(|| Shape::new(self.request_schema(operation, reading.strict)))
            .as_ref()
            .map_err(|error| invalid(error.clone()))?;
        let mut value = if body.is_empty() {
            Value::Object(Map::new())
        } else {
            let value = serde_json::from_slice(body)
                .map_err(|error| invalid(format!("the body is not JSON: {error}")))?;
            doubled::check(body).map_err(|error| invalid(error.to_string()))?;
            value
        };
        if !reading.strict {
            *warnings = reading::read(&operation.id, &mut value, &shape.schema, (now, reading));
        }
        // The gateway reads protobuf messages, where an empty text and an absent one are the same.
        drop_empty(&mut value, &shape.schema);
        // A body that is no object breaks more rules of a schema, which would be named as well.
        if value.is_object() {
            shape.validate(&value).map_err(invalid)?;
        }
        let Value::Object(fields) = value else {
            return Err(invalid("the body must be of type object".to_owned()));
        };
        Ok(fields)
    }

    fn request_schema(&self, operation: &Operation, strict: bool) -> Value {
        let Some(name) = &operation.request else {
            return json!({ "type": "object", "properties": {}, "additionalProperties": false });
        };
        let mut schema = self.whole(&json!({ "$ref": format!("#/components/schemas/{name}") }));
        if !strict
            && operation.id == reading::TRANSFERS
            && let Some(Value::Array(choice)) = schema.get_mut("anyOf")
        {
            choice.push(json!({ "required": ["orderIds"] }));
        }
        schema
    }

    /// A schema without references, so that each validator holds only what it needs.
    fn whole(&self, schema: &Value) -> Value {
        match schema {
            Value::Object(fields) => {
                let name = fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|path| path.rsplit('/').next());
                if let Some((name, target)) =
                    name.and_then(|name| Some((name, self.components.get(name)?)))
                {
                    return as_the_gateway_reads(name, self.whole(target));
                }
                let fields = fields
                    .iter()
                    .filter(|(name, _)| *name != "description")
                    .map(|(name, field)| (name.clone(), self.whole(field)));
                Value::Object(fields.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.whole(item)).collect(),
            other => other.clone(),
        }
    }
}

/// A schema as the gateway reads it. The document describes what our clients should send; the
/// gateway takes all that the API takes.
fn as_the_gateway_reads(name: &str, mut schema: Value) -> Value {
    let Value::Object(fields) = &mut schema else {
        return schema;
    };
    if AT_LEAST_ONE.contains(&name)
        && let Some(choice) = fields.remove("oneOf")
    {
        fields.insert("anyOf".to_owned(), choice);
    }
    if name == "CreateInvoiceUrl"
        && let Some(Value::Object(properties)) = fields.get_mut("properties")
    {
        // The only sample of these two has text, the other sources have numbers.
        for name in ["priceFiatId", "priceCoinId"] {
            let kind =
                json!({ "type": ["integer", "string"], "minimum": 1, "pattern": "^[0-9]+$" });
            properties.insert(name.to_owned(), kind);
        }
    }
    if name == "BatchWithdrawTask" {
        // One source keys the rows by number, the other by text: either will do.
        fields.insert("required".to_owned(), json!(["address", "amount"]));
        let either = json!([{ "required": ["seq"] }, { "required": ["orderId"] }]);
        fields.insert("anyOf".to_owned(), either);
    }
    if let Some(Value::Object(names)) = fields.remove("x-ccpayment-never-sent")
        && let Some(Value::Object(properties)) = fields.get_mut("properties")
    {
        for name in names.into_iter().map(|(name, _)| name) {
            // Of an empty list nobody knows whether it chooses no row or every one.
            let list = |kind: Value| json!({ "type": "array", "minItems": 1, "items": kind });
            let kind = match name.as_str() {
                "seqs" => list(json!({ "type": "integer", "minimum": 1 })),
                "orderIds" => list(json!({ "type": "string" })),
                // It means nothing.
                _ => Value::Bool(true),
            };
            properties.insert(name, kind);
        }
    }
    schema
}

fn drop_empty(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let required = schema.get("required").and_then(Value::as_array);
            let is_required =
                |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
            let is_text = |name: &str| {
                properties
                    .and_then(|properties| properties.get(name)?.get("type"))
                    .is_some_and(|kind| kind == "string")
            };
            fields.retain(|name, field| {
                field.as_str() != Some("") || is_required(name) || !is_text(name)
            });
            for (name, field) in fields {
                if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                    drop_empty(field, schema);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    drop_empty(item, schema);
                }
            }
        }
        _ => {}
    }
}

impl Operation {
    fn new(id: &str, post: &Value) -> Self {
        let request = post
            .pointer("/requestBody/content/application~1json/schema/$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.rsplit('/').next())
            .map(str::to_owned);
        Self {
            id: id.to_owned(),
            request,
            #[cfg(test)]
            response: post
                .pointer("/responses/200/content/application~1json/schema")
                .cloned()
                .unwrap_or_default(),
            strict: OnceLock::new(),
            default: OnceLock::new(),
        }
    }
}

impl Shape {
    fn new(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { validator, schema })
    }

    fn validate(&self, value: &Value) -> Result<(), String> {
        // More of either help nobody, and there may be one for each of a million bytes.
        const MOST: usize = 8;
        let mut unknown = Vec::new();
        let mut broken = Vec::new();
        for error in self.validator.iter_errors(value) {
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let path = error.instance_path().to_string();
                    let more = unexpected.iter().take(MOST.saturating_sub(unknown.len()));
                    unknown.extend(more.map(|name| unknown_field(name, self.at(&path))));
                }
                _ if broken.len() < MOST => broken.push(describe(&error)),
                _ => {}
            }
        }
        if unknown.is_empty() && broken.is_empty() {
            return Ok(());
        }
        // A misspelled name comes first: it explains the missing one.
        unknown.append(&mut broken);
        unknown.truncate(MOST);
        Err(unknown.join("; "))
    }

    /// The part of the schema for a place in the body.
    fn at(&self, path: &str) -> &Value {
        path.split('/')
            .filter(|part| !part.is_empty())
            .fold(&self.schema, |schema, part| match schema.get("items") {
                Some(items) => items,
                None => schema
                    .get("properties")
                    .and_then(|properties| properties.get(part))
                    .unwrap_or(schema),
            })
    }
}

pub(crate) fn known_code(code: u32) -> Result<u32, SandboxError> {
    match name_of(code) {
        Some(_) => Ok(code),
        None => Err(SandboxError::UnknownCode(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_and_answer_of_the_document_compiles() {
        let schemas = schemas().unwrap();
        assert_eq!(schemas.codes.len(), 81);
        for (route, operation) in &schemas.operations {
            for strict in [true, false] {
                let shape = Shape::new(schemas.request_schema(operation, strict));
                shape.unwrap_or_else(|error| panic!("{route} {error}"));
            }
            let answer = schemas.whole(&operation.response);
            assert!(answer.is_object(), "{route}");
            Shape::new(answer).unwrap_or_else(|error| panic!("{route}: {error}"));
        }
    }

    #[test]
    fn names_the_field_and_the_rule() {
        let schemas = schemas().unwrap();
        let strict = Reading {
            strict: true,
            allow_unknown_fields: false,
        };
        let read = |route: &str, body: &str| {
            let mut warnings = Vec::new();
            let read = schemas.read(route, body.as_bytes(), (0, strict), &mut warnings);
            assert!(warnings.is_empty());
            read
        };
        let message = |route: &str, body: &str| {
            let refusal = read(route, body).unwrap_err();
            assert_eq!(refusal.code, INVALID_ARGUMENT);
            let message = refusal.envelope()["msg"].as_str().unwrap().to_owned();
            message
                .strip_prefix("InvalidArgument: ")
                .unwrap()
                .to_owned()
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
        assert_eq!(
            message("getAppDepositRecordList", "[]"),
            "the body must be of type object"
        );
        assert_eq!(
            message("getUserTransferRecordList", "{\"orderIds\":[\"abc\"]}"),
            "one of these must hold: `fromUserId` is required, or `toUserId` is required"
        );
        assert!(message("getCoinList", "{").starts_with("the body is not JSON"));
        assert_eq!(
            message("getCoinList", "{\"x\":1}"),
            "`x` is not a field of this route"
        );
        assert_eq!(
            message(
                "getAppDepositRecordList",
                "{\"orderId\":\"abc\",\"referenceId\":\"abc\"}"
            ),
            "`orderId` and `referenceId` may not be sent together"
        );
        assert!(
            message(
                "getSwapRecord",
                "{\"orderId\":\"abc\",\"recordId\":\"abc\"}"
            )
            .starts_with("only one")
        );
        let rows =
            "{\"batchOrderId\":\"abc\",\"orders\":[{\"seq\":1,\"adress\":\"x\",\"amount\":\"1\"}]}";
        assert!(message("appendBatchWithdraw", rows).contains("did you mean `address`?"));
        let order = |email: &str| {
            format!(
                "{{\"orderId\":\"abc\",\"coinId\":1280,\"chain\":\"TRX\",\"price\":\"1\",\"buyerEmail\":\"{email}\"}}"
            )
        };
        assert_eq!(
            message("createAppOrderDepositAddress", &order("nobody")),
            "`buyerEmail` must be a valid email"
        );
        assert!(read("createAppOrderDepositAddress", &order("")).is_ok());
    }
}
