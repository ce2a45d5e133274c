//! What is wrong with a request, in words that help to mend it.

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::Value;

/// A name that the schema does not have, and the nearest that it has.
pub(crate) fn unknown_field(name: &str, schema: &Value) -> String {
    // Bounded, because the distance takes quadratic time and the name comes from outside.
    let short: String = name.chars().take(64).collect();
    let folded = short.to_ascii_lowercase();
    let nearest = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(field, _)| (distance(&folded, &field.to_ascii_lowercase()), field))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, field)| *distance <= field.len() / 2);
    match nearest {
        Some((_, field)) => {
            format!("`{short}` is not a field of this route, did you mean `{field}`?")
        }
        None => format!("`{short}` is not a field of this route"),
    }
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
            format!("these may not be sent together: {}", schema["required"])
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
}
