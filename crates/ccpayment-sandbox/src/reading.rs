//! The default reading of a request: turns what the gateway's own clients send into what the
//! documents describe, and warns of each difference.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::settings::{Reading, WINDOW};
use crate::model::warning::RequestWarning;

/// More warnings than this help nobody.
const MOST_WARNINGS: usize = 16;

/// What the sources have for a field beside the schema.
enum Other {
    /// An official client sends it, and it means nothing.
    Ignored,
    /// Another name of a field.
    Name(&'static str),
    /// Another name of a list, with one item instead of the list.
    ItemOf(&'static str),
    /// A number that one table calls a text.
    NumberAsText,
    /// A text that one table calls a number.
    TextAsNumber,
}

/// By operation and field.
const OTHERS: [(&str, &str, Other); 9] = [
    // The table has a text, the sample beside it a number.
    ("applyUserWithdrawToNetwork", "coinId", Other::NumberAsText),
    ("applyUserWithdrawToCwallet", "coinId", Other::NumberAsText),
    // A comment in the sample; the table has `toAddress`.
    (
        "getUserWithdrawRecordList",
        "address",
        Other::Name("toAddress"),
    ),
    // The PHP client of v1 sends it beside `product_price`.
    ("create_order", "amount", Other::Ignored),
    // The Java client of v1 sends it beside `c_id`.
    ("check_user", "cid", Other::Ignored),
    // The older documents, and the Java and Python clients of v1.
    ("get_assets", "token_id", Other::Name("coin_id")),
    // The older documents.
    (
        "get_order_info",
        "merchant_order_id",
        Other::ItemOf("merchant_order_ids"),
    ),
    // The field's own description.
    (
        "resend_webhooks",
        "endTimestamp",
        Other::Name("end_timestamp"),
    ),
    // The table; the example beside it has a text.
    ("withdraw", "memo", Other::TextAsNumber),
];

/// Turns a body into one that the schema can check.
pub(crate) fn read(
    operation: &str,
    body: &mut Value,
    schema: &Value,
    (now, reading): (u64, Reading),
) -> Vec<RequestWarning> {
    let mut reader = Reader {
        operation,
        reading,
        warnings: BTreeSet::new(),
    };
    // A PHP client sends this for a request without fields.
    if body.as_array().is_some_and(Vec::is_empty) {
        *body = Value::Object(Map::new());
        reader.warnings.insert(RequestWarning::ListForBody);
    }
    if let Value::Object(fields) = body {
        reader.other_names(fields);
        reader.object(fields, schema, "");
        reader.span(fields, schema, now);
        if operation == TRANSFERS && !names_user(fields) && fields.contains_key("orderIds") {
            reader.warnings.insert(RequestWarning::NoUser);
        }
    }
    reader.warnings.into_iter().take(MOST_WARNINGS).collect()
}

/// The one list of v2 whose required fields are contested: one table requires both users, the
/// official clients require neither.
pub(crate) const TRANSFERS: &str = "getUserTransferRecordList";

fn names_user(fields: &Map<String, Value>) -> bool {
    ["fromUserId", "toUserId"]
        .iter()
        .any(|name| fields.contains_key(*name))
}

struct Reader<'a> {
    operation: &'a str,
    reading: Reading,
    warnings: BTreeSet<RequestWarning>,
}

impl Reader<'_> {
    /// Other names and other types. Only whole requests have them, not their rows.
    fn other_names(&mut self, fields: &mut Map<String, Value>) {
        let of_this = OTHERS.iter().filter(|(name, ..)| *name == self.operation);
        for (_, field, other) in of_this {
            let field = (*field).to_owned();
            match other {
                Other::Ignored => {
                    if fields.remove(&field).is_some() {
                        self.warnings.insert(RequestWarning::Ignored { field });
                    }
                }
                Other::Name(to) | Other::ItemOf(to) => {
                    // If both are there, the schema decides, and refuses the other name: neither
                    // may be dropped silently.
                    if fields.get(*to).is_some_and(|it| !it.is_null()) {
                        continue;
                    }
                    let Some(value) = fields.remove(&field) else {
                        continue;
                    };
                    let is_item = matches!(other, Other::ItemOf(_));
                    let value = if is_item {
                        Value::Array(vec![value])
                    } else {
                        value
                    };
                    let to = (*to).to_owned();
                    fields.insert(to.clone(), value);
                    self.warnings.insert(RequestWarning::Renamed { field, to });
                }
                // Nought is no memo: a client with types sends it where it has none.
                Other::TextAsNumber if fields.get(&field).and_then(Value::as_u64) == Some(0) => {
                    fields.remove(&field);
                    self.warnings.insert(RequestWarning::Empty { field });
                }
                Other::NumberAsText | Other::TextAsNumber => {
                    let Some(value) = fields.get_mut(&field) else {
                        continue;
                    };
                    let other = match (other, &*value) {
                        (Other::NumberAsText, Value::String(text)) => {
                            // No sign and no zeros before it: one number has one text.
                            let number =
                                text.parse().ok().filter(|it: &u64| it.to_string() == *text);
                            number.map(Value::from)
                        }
                        (Other::TextAsNumber, Value::Number(number)) => number
                            .as_u64()
                            .map(|number| Value::from(number.to_string())),
                        _ => None,
                    };
                    if let Some(other) = other {
                        *value = other;
                        self.warnings.insert(RequestWarning::OtherType { field });
                    }
                }
            }
        }
    }

    fn object(&mut self, fields: &mut Map<String, Value>, schema: &Value, at: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        fields.retain(|name, value| {
            // Bounded, because the name may be anything.
            let short: String = name.chars().take(64).collect();
            let field = format!("{at}{short}");
            let Some(kind) = properties.and_then(|properties| properties.get(name)) else {
                if self.reading.allow_unknown_fields {
                    self.warnings.insert(RequestWarning::Unknown { field });
                }
                return !self.reading.allow_unknown_fields;
            };
            if *kind == Value::Bool(true) {
                self.warnings.insert(RequestWarning::Ignored { field });
                return false;
            }
            let is_required =
                required.is_some_and(|names| names.iter().any(|required| required == name));
            if value.is_null() {
                self.warnings.insert(RequestWarning::Null { field });
                return false;
            }
            if !is_required && is_empty(value, kind) {
                self.warnings.insert(RequestWarning::Empty { field });
                return false;
            }
            self.inside(value, kind, &field);
            true
        });
    }

    fn inside(&mut self, value: &mut Value, kind: &Value, at: &str) {
        match value {
            Value::Object(fields) => self.object(fields, kind, &format!("{at}.")),
            Value::Array(items) => {
                if let Some(kind) = kind.get("items") {
                    for item in items {
                        self.inside(item, kind, &format!("{at}[]"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Not for the swap lists: these alone have a documented maximum, which their rule checks.
    fn span(&mut self, fields: &Map<String, Value>, schema: &Value, now: u64) {
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        let has_window = schema.get("x-ccpayment-window").is_some();
        if let Some(from) = number("startAt")
            && has_window
            && !self.operation.contains("Swap")
            && number("endAt").unwrap_or(now).saturating_sub(from) > WINDOW
        {
            self.warnings.insert(RequestWarning::WideSpan);
        }
    }
}

/// Whether a value says nothing in a field that may be left out. An empty text in a field for texts
/// is left alone, because the strict reading takes it, too.
fn is_empty(value: &Value, kind: &Value) -> bool {
    let has_type = |name: &str| match kind.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        Some(one) => one == name,
        None => false,
    };
    match value {
        // In a field that may be 0, a 0 means 0.
        Value::Number(number) => {
            let is_zero = number.as_u64() == Some(0) && has_type("integer");
            is_zero && kind.get("minimum").and_then(Value::as_u64) != Some(0)
        }
        Value::String(text) => text.is_empty() && kind.get("type") != Some(&Value::from("string")),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
