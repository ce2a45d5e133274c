//! `describe` and `near`, which say what is wrong with a JSON text and show nothing of its values.

use super::names::NAMES;

/// What is wrong with a JSON text, in words that hold no value of it.
///
/// serde's own words quote values ("invalid type: string \"...\"", "integer `5`"), which do not
/// belong in a log, so they are cut out; other backticks hold field names.
#[must_use]
pub fn describe(error: &serde_json::Error) -> String {
    const VALUES: [&str; 4] = ["boolean `", "integer `", "floating point `", "character `"];
    let text = error.to_string();
    let mut words = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(quote) = chars.next() {
        words.push(quote);
        if quote != '"' && !VALUES.iter().any(|value| words.ends_with(value)) {
            continue;
        }
        let mut escaped = false;
        for char in chars.by_ref() {
            if char == quote && !escaped {
                words.push(quote);
                break;
            }
            escaped = char == '\\' && !escaped;
        }
    }
    words
}

/// The last field before the trouble, if its name is one that the documents have. Other names, and
/// what only looks like one inside a value, may be a person's data.
pub(crate) fn near(json: &str, error: &serde_json::Error) -> &'static str {
    let lines = json.split_inclusive('\n');
    let start: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let end = json.len().min(start.saturating_add(error.column()));
    let mut left = json.as_bytes().get(..end).unwrap_or_default();
    let mut last = None;
    while let Some(quote) = left.iter().position(|byte| *byte == b'"') {
        let (_, text) = left.split_at(quote + 1);
        let mut escaped = false;
        let length = text.iter().position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let Some(length) = length else { break };
        let (text, rest) = text.split_at(length);
        left = rest.get(1..).unwrap_or_default();
        if left.trim_ascii_start().starts_with(b":") {
            let known = NAMES.binary_search_by(|name| name.as_bytes().cmp(text));
            last = known.ok().and_then(|at| NAMES.get(at)).or(last);
        }
    }
    last.copied().unwrap_or("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_can_be_searched() {
        assert!(NAMES.is_sorted());
        assert!(NAMES.contains(&"recordId") && NAMES.contains(&"txid"));
    }

    #[test]
    fn near_is_a_key_that_the_documents_have_and_never_a_value() {
        let near = |json: &str| {
            let error = serde_json::from_str::<serde::de::IgnoredAny>(json).unwrap_err();
            near(json, &error)
        };
        for (json, name) in [
            (r#"{"recordId":!"#, "recordId"),
            ("{\n \"coinId\" :\n 1,\n \"recordId\" : !", "recordId"),
            (r#"{"amount":1,"jane@example.org":!"#, "amount"),
            (r#"{"jane@example.org":{"x":!"#, "data"),
            (r#"{"amount":"\"recordId\":",!"#, "amount"),
            (r#"{"amount":"a \\","chain":"recordId",!"#, "chain"),
            (r#"{"amount":["recordId",!"#, "amount"),
            (r#"{!"#, "data"),
        ] {
            assert_eq!(near(json), name, "{json}");
        }
    }
}
