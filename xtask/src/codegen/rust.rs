//! Names, types and comments of the generated code.

use anyhow::{Context, Result, bail, ensure};
use heck::ToSnakeCase;
use indexmap::IndexMap;

use crate::api::Api;
use crate::spec::{Operation, Schema};

/// How a field is held in Rust.
pub(crate) struct Type {
    /// The type without `Option`.
    pub(crate) inner: String,
    /// Types that have to be imported.
    pub(crate) names: Vec<String>,
}

/// The beginning of the line that says which method of the client takes a request.
pub(crate) const HOW_TO_SEND: &str = "To send it, call ";

/// The newtypes of core that check themselves.
const CHECKED: [&str; 16] = [
    "Address",
    "AppId",
    "Chain",
    "CoinId",
    "Currency",
    "Cursor",
    "FiatId",
    "GatewayOrderId",
    "Memo",
    "OrderId",
    "RecordId",
    "ReferenceId",
    "Timestamp",
    "TokenId",
    "TxId",
    "UserId",
];

pub(crate) fn is_newtype(name: &str) -> bool {
    CHECKED.contains(&name)
}

pub(crate) fn type_of(schema: &Schema) -> Result<Type> {
    if let Some(name) = schema.name() {
        return Ok(named(name));
    }
    if schema.kind() == "array" {
        let items = schema.items.as_deref().context("a list without items")?;
        let item = type_of(items)?;
        return Ok(Type {
            inner: format!("Vec<{}>", item.inner),
            names: item.names,
        });
    }
    if let (Some(key), Some(values)) = (&schema.key, &schema.additional_properties) {
        let mut value = type_of(&serde_json::from_value(values.clone())?)?;
        value.names.extend([key.clone(), "BTreeMap".to_owned()]);
        let inner = format!("BTreeMap<{key}, {}>", value.inner);
        return Ok(Type {
            inner,
            names: value.names,
        });
    }
    if let Some(name) = &schema.newtype {
        return Ok(named(name));
    }
    let inner = match schema.kind() {
        // A value of unknown shape.
        "" if schema.field.is_some() => "serde_json::Value",
        "string" => "String",
        "integer" => "u64",
        "boolean" => "bool",
        other => bail!("a field of type {other:?} has no Rust type"),
    };
    Ok(Type {
        inner: inner.to_owned(),
        names: Vec::new(),
    })
}

fn named(name: &str) -> Type {
    Type {
        inner: name.to_owned(),
        names: vec![name.to_owned()],
    }
}

/// A type's name: the gateway's own, with the first letter of each part raised.
pub(crate) fn type_name(name: &str) -> String {
    name.split('_').map(raised).collect()
}

/// The text with its first letter raised.
pub(crate) fn raised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

pub(crate) fn field_name(name: &str) -> String {
    name.to_snake_case()
}

/// Whether serde does not give the wire name back by itself, or by its `camelCase`.
pub(crate) fn needs_rename(wire: &str, rename_all: Option<&str>) -> bool {
    if rename_all.is_none() {
        return field_name(wire) != wire;
    }
    let mut camel = String::new();
    for (at, word) in field_name(wire).split('_').enumerate() {
        camel.push_str(&if at == 0 {
            word.to_owned()
        } else {
            raised(word)
        });
    }
    camel != wire
}

/// A doc comment, folded to the width of the code.
pub(crate) fn doc(indent: &str, text: &str) -> String {
    let width = 100 - indent.len() - 4;
    let mut out = String::new();
    for paragraph in text.split("\n") {
        if paragraph.is_empty() {
            out.push_str(&format!("{indent}///\n"));
            continue;
        }
        // A line break within a word would be shown as a space.
        let options = textwrap::Options::new(width)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let hanging = if paragraph.starts_with("- ") {
            "  "
        } else {
            ""
        };
        for line in textwrap::wrap(paragraph, options.subsequent_indent(hanging)) {
            out.push_str(&format!("{indent}/// {line}\n"));
        }
    }
    out
}

/// The source of a field, if it is not the merchant documents.
fn origin(schema: &Schema, api: &Api) -> Option<&'static str> {
    let seen = |source: &str| schema.seen_in.iter().any(|it| it == source);
    if schema.seen_in.is_empty() || api.documented_in.iter().any(|it| seen(it)) {
        None
    } else if seen("docs") {
        Some("Only the official SDK documents have it.")
    } else {
        Some("Only the official SDKs have it.")
    }
}

/// Limits that the type's name does not say.
fn limits(schema: &Schema) -> Option<String> {
    let plain = schema.newtype.is_none();
    let number = schema.kind() == "integer";
    Some(match (schema.min_length, schema.max_length) {
        (Some(min), Some(max)) if min > 1 => format!("{min} to {max} characters."),
        (_, Some(max)) => format!("At most {max} characters."),
        _ => match (schema.minimum, schema.maximum) {
            (Some(min), Some(max)) if number => format!("{min} to {max}."),
            (None, Some(max)) if number => format!("At most {max}."),
            (Some(min), None) if number && plain => format!("At least {min}."),
            _ => match (schema.min_items, schema.max_items) {
                (Some(min), Some(max)) => format!("{min} to {max} entries."),
                (None, Some(max)) => format!("At most {max} entries."),
                (Some(1), None) => "At least one entry.".to_owned(),
                _ => return None,
            },
        },
    })
}

/// The comment of a field. `route_documented` is false where the whole route is known from
/// elsewhere, so that its fields need not say it again.
pub(crate) fn field_doc(schema: &Schema, route_documented: bool, api: &Api) -> String {
    let sign = (schema.sign.as_deref() == Some("positive")).then(|| "Above zero.".to_owned());
    let either = (schema.reading.as_deref() == Some("either_name"))
        .then(|| format!("Some answers call it `{}`.", schema.also.join("`, `")));
    let origin = origin(schema, api)
        .filter(|_| route_documented)
        .map(str::to_owned);
    [
        Some(schema.description.clone()),
        schema.in_rust.clone(),
        sign,
        limits(schema),
        either,
        origin,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

/// The first sentence of a comment.
pub(crate) fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map(|at| at + 1);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The comment of a request.
pub(crate) fn route_doc(path: &str, operation: &Operation, request: &Schema, api: &Api) -> String {
    let mut text = operation.summary.clone();
    let rules: Vec<_> = operation.description.lines().collect();
    match rules.as_slice() {
        [] => {}
        [rule] => text.push_str(&format!("\n\n{rule}")),
        many => {
            text.push('\n');
            many.iter()
                .for_each(|rule| text.push_str(&format!("\n- {rule}")));
        }
    }
    if let Some(webhook) = &operation.webhook {
        text.push_str(&format!(
            "\n\nThe gateway sends `{webhook}` notifications about it."
        ));
    }
    let mut reasons = IndexMap::<&str, Vec<&str>>::new();
    for (wire, why) in &request.never_sent {
        reasons.entry(why).or_default().push(wire);
    }
    if !reasons.is_empty() {
        text.push_str("\n\nSome documents name fields that this request never sends:");
    }
    for (why, fields) in reasons {
        text.push_str(&format!("\n- `{}`: {why}.", fields.join("`, `")));
    }
    text.push_str(&format!("\n\nPath: `POST {}{path}`.", api.prefix()));
    if operation.source != "documented" {
        text.push_str(&format!(" Only {} have this operation.", api.elsewhere));
    }
    text.push_str(&format!("\n\n{}", how_to_send(operation)));
    text
}

/// The attribute with the operation's own name and its aliases, so that a search of the
/// documentation finds the request.
pub(crate) fn aliases(operation: &Operation) -> Result<String> {
    let (id, own) = (&operation.operation_id, &operation.aliases);
    ensure!(!own.is_empty(), "{id} has no x-ccpayment-aliases");
    let mut names = vec![id];
    for alias in own {
        let is_word = alias.bytes().all(|it| it.is_ascii_lowercase());
        ensure!(
            is_word,
            "{id}: an alias is a word in small letters, unlike {alias:?}"
        );
        ensure!(
            !names.contains(&alias),
            "{id} has the alias {alias:?} twice"
        );
        names.push(alias);
    }
    let names: Vec<_> = names.iter().map(|it| format!("{it:?}")).collect();
    Ok(format!("#[doc(alias({}))]", names.join(", ")))
}

/// The client's method that takes the request.
pub(crate) fn method(operation: &Operation) -> &str {
    let sends = if operation.paged { "items" } else { "send" };
    operation.sent_by.as_deref().unwrap_or(sends)
}

/// The line that names this method.
pub(crate) fn how_to_send(operation: &Operation) -> String {
    let pages = operation.paged.then_some("`Client::pages` or ");
    let (pages, method) = (pages.unwrap_or_default(), method(operation));
    format!("{HOW_TO_SEND}{pages}`Client::{method}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (wire, field, renamed) in [
            ("coinId", "coin_id", false),
            ("coinUSDPrice", "coin_usd_price", true),
            ("networkFeeInquiryID", "network_fee_inquiry_id", true),
            ("isEVM", "is_evm", true),
            ("txid", "txid", false),
            ("record_id", "record_id", true),
        ] {
            assert_eq!(
                (
                    field_name(wire).as_str(),
                    needs_rename(wire, Some("camelCase"))
                ),
                (field, renamed),
                "{wire}"
            );
        }
    }

    #[test]
    fn names_of_v1_stay_as_they_are() {
        assert!(!needs_rename("c_id", None) && needs_rename("coinId", None));
        assert_eq!(type_name("get_checkout_url"), "GetCheckoutUrl");
        assert_eq!(type_name("getCoinUSDTPrice"), "GetCoinUSDTPrice");
    }

    #[test]
    fn a_request_is_found_by_the_words_that_people_search_for() {
        let found_by = |words: &str| {
            let operation = format!(
                "operationId: getCoin\ntags: [coin]\nsummary: ''\nx-ccpayment-task: look up\n\
                 x-ccpayment-aliases: [{words}]\nx-ccpayment-idempotency: read\n\
                 x-ccpayment-source: documented\nresponses: {{}}\n"
            );
            aliases(&serde_saphyr::from_str(&operation).unwrap())
        };
        assert_eq!(
            found_by("coin, token").unwrap(),
            r#"#[doc(alias("getCoin", "coin", "token"))]"#
        );
        for words in ["", "coin, coin", "getCoin", "two words"] {
            assert!(found_by(words).is_err(), "{words}");
        }
    }

    #[test]
    fn comments_are_folded() {
        let text = doc("    ", &"word ".repeat(40));
        assert!(
            text.lines().count() == 3 && text.lines().all(|line| line.len() <= 100),
            "{text}"
        );
    }
}
