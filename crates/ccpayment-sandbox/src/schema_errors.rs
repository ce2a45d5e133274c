//! What is wrong with a request, in words that help to mend it.

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::Value;

/// Names that clients have for a field, in small letters, and the field's own name.
const SYNONYMS: [(&str, &str); 5] = [
    ("fromcoinid", "coinIdIn"),
    ("tocoinid", "coinIdOut"),
    ("fromamount", "amountIn"),
    ("address", "toAddress"),
    ("toaddress", "address"),
];

/// A name that the schema does not have, and the one that was meant, where that is plain.
pub(crate) fn unknown_field(name: &str, schema: &Value) -> String {
    // Bounded, because the distance takes quadratic time and the name comes from outside.
    let short: String = name.chars().take(64).collect();
    match meant(&short.to_ascii_lowercase(), schema) {
        Some(field) => {
            format!("`{short}` is not a field of this route, did you mean `{field}`?")
        }
        None => format!("`{short}` is not a field of this route"),
    }
}

/// A known synonym, or the one field that is a typing error away: a wrong hint is worse than none.
fn meant<'a>(folded: &str, schema: &'a Value) -> Option<&'a String> {
    let fields = || schema.get("properties").and_then(Value::as_object);
    let synonym = SYNONYMS.iter().find(|(name, _)| *name == folded);
    let synonym = synonym.and_then(|(_, field)| fields()?.get_key_value(*field));
    if let Some((field, _)) = synonym {
        return Some(field);
    }
    let near: Vec<_> = fields()?
        .keys()
        .filter_map(|field| {
            let other = field.to_ascii_lowercase();
            let most = (other.len().min(folded.len()) / 4).max(1);
            let distance = distance(folded, &other);
            (distance <= most).then_some((distance, field))
        })
        .collect();
    let least = near.iter().map(|(distance, _)| *distance).min()?;
    let mut nearest = near.iter().filter(|(distance, _)| *distance == least);
    let (_, field) = nearest.next()?;
    nearest.next().is_none().then_some(*field)
}

/// A broken rule in words.
pub(crate) fn describe(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    let name = if path.is_empty() {
        "the body".to_owned()
    } else {
        format!("`{path}`")
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            let dot = if path.is_empty() { "" } else { "." };
            format!("`{path}{dot}{field}` is required")
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
        ValidationErrorKind::MinItems { limit } => format!("{name} needs at least {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("{name} takes at most {limit} items"),
        ValidationErrorKind::Minimum { limit } => format!("{name} must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("{name} must be at most {limit}"),
        ValidationErrorKind::Format { format } => format!("{name} must be a valid {format}"),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let names: Vec<String> = context.iter().flatten().map(describe).collect();
            format!("one of these must hold: {}", names.join(", or "))
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "only one of the fields that exclude each other may be sent".to_owned()
        }
        ValidationErrorKind::Not { schema } => {
            let names = schema.get("required").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            format!("{} may not be sent together", names.join(" and "))
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
    use serde_json::json;

    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("orderid", "orderid"), 0);
        assert_eq!(distance("ordrid", "orderid"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn a_hint_is_right_or_none() {
        let schema = |fields: &[&str]| {
            let fields = fields.iter().map(|field| ((*field).to_owned(), json!({})));
            json!({ "properties": fields.collect::<serde_json::Map<_, _>>() })
        };
        let swap = schema(&[
            "amountIn",
            "amountOutMinimum",
            "coinIdIn",
            "coinIdOut",
            "orderId",
        ]);
        let transfer = schema(&["orderId", "recordId"]);
        let list = schema(&["chain", "fromUserId", "startAt", "toAddress", "toUserId"]);
        for (name, schema, field) in [
            ("toCoinId", &swap, Some("coinIdOut")),
            ("fromCoinId", &swap, Some("coinIdIn")),
            ("fromAmount", &swap, Some("amountIn")),
            ("toAmount", &swap, None),
            ("coinId", &swap, None),
            ("order_id", &swap, Some("orderId")),
            ("amount", &transfer, None),
            ("coinId", &transfer, None),
            ("toUserId", &transfer, None),
            ("recordID", &transfer, Some("recordId")),
            ("address", &list, Some("toAddress")),
            ("userId", &list, None),
            ("endAt", &list, None),
            ("chains", &list, Some("chain")),
        ] {
            let meant = meant(&name.to_ascii_lowercase(), schema);
            assert_eq!(meant.map(String::as_str), field, "{name}");
        }
    }
}
