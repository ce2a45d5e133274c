//! Which of the documented fields of answers were sent at all.

use std::collections::BTreeSet;

use serde_json::Value;

/// `Schema.field` for each field that an answer has, and `Schema` for each that it is read by.
pub(crate) fn sent(document: &Value, schema: &Value, value: &Value, into: &mut BTreeSet<String>) {
    let mut name = None;
    let schema = match schema["$ref"].as_str() {
        Some(path) => {
            let last = path.rsplit('/').next().unwrap();
            into.insert(last.to_owned());
            name = Some(last);
            document.pointer(&path[1..]).unwrap()
        }
        None => schema,
    };
    match value {
        Value::Array(items) => {
            for item in items {
                sent(document, &schema["items"], item, into);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                if let Some(name) = name {
                    into.insert(format!("{name}.{field}"));
                }
                let known = [
                    &schema["properties"][field],
                    &schema["additionalProperties"],
                ];
                for part in known.into_iter().filter(|part| part.is_object()) {
                    sent(document, part, value, into);
                }
            }
        }
        _ => {}
    }
}

/// The fields of the schemas that were read which no answer had.
pub(crate) fn never_sent(document: &Value, sent: &BTreeSet<String>) -> BTreeSet<String> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let read = schemas.iter().filter(|(name, _)| sent.contains(*name));
    let fields = read.flat_map(|(name, schema)| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties.map(move |(field, _)| format!("{name}.{field}"))
    });
    fields.filter(|field| !sent.contains(field)).collect()
}
