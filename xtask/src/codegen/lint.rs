//! Rules for generated comments. `cargo xtask codegen --check` refuses a comment that breaks one.
//!
//! A comment is joined from several texts of a document, so nobody has read the whole of it before
//! it is generated.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::comments::{self, Comment, ROW};
use super::rust::{HOW_TO_SEND, field_name, how_to_send, type_name};
use crate::api::Api;
use crate::spec::{Document, Operation};

/// The share of the shorter of two sentences, in percent of its words, that the other one must not
/// repeat. Below it, two sentences about one thing share its name and each says something of its
/// own. From it on, one of them can go.
const SHARED: usize = 60;

/// Words that any two sentences may share, since they name nothing.
const COMMON: [&str; 35] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is",
    "it", "its", "may", "no", "not", "of", "on", "only", "or", "other", "self", "so", "that",
    "the", "this", "to", "was", "were", "where", "which", "with",
];

/// Endings that make no difference between two words.
const ENDINGS: [&str; 4] = ["ing", "ed", "es", "s"];

/// The authors' words for the sources of the documents. A reader of a comment does not have these
/// sources, so a fact must stand by itself. "Such as" replaces "for example".
const SOURCES: [&str; 16] = [
    "seed",
    "sample",
    "samples",
    "table",
    "tables",
    "example",
    "examples",
    "discrepancy",
    "discrepancies",
    "facts",
    "official docs",
    "by this page",
    "info page",
    "list page",
    "page calls",
    "page says",
];

/// A number of a row in the lists of discrepancies: a chapter that is at least 1, a point and two
/// digits at most. Amounts in comments are below 1.
fn is_row_number(word: &str) -> bool {
    let word = word.trim_matches(|it: char| !it.is_ascii_digit());
    let Some((chapter, row)) = word.split_once('.') else {
        return false;
    };
    let is_number = |text: &str| {
        (1..=2).contains(&text.len())
            && !text.starts_with('0')
            && text.bytes().all(|it| it.is_ascii_digit())
    };
    is_number(chapter) && is_number(row)
}

/// Steps by hand that a reader does not need, because `payout`, `submit` or `batch_payout` does all
/// of them. A comment may say that it does.
const BY_HAND: [&str; 7] = [
    "look it up",
    "look the record up",
    "read it back",
    "read the record",
    "repeat it",
    "repeat only",
    "instead of repeating",
];

/// Names of a version that are no names in Rust, with the Rust names.
type Names = BTreeMap<String, String>;

/// Everything that is wrong with the comments of these files, a line each.
pub(crate) fn complaints(
    files: &BTreeMap<String, String>,
    documents: &[(&Api, Document)],
) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        let of_file: Vec<_> = (documents.iter())
            .filter(|(api, _)| path.contains(&format!("/{}/", api.name)))
            .collect();
        let names: Names = of_file.iter().flat_map(|(_, it)| names(it)).collect();
        let file = path.rsplit('/').next().unwrap_or(path);
        for comment in comments::read(file, text) {
            let never_sent: BTreeSet<&str> = (of_file.iter())
                .filter_map(|(_, it)| it.components.schemas.get(&comment.owner))
                .flat_map(|schema| schema.never_sent.keys().map(String::as_str))
                .collect();
            let complaints = of_comment(&comment, &names, &never_sent);
            found.extend(complaints.map(|it| format!("{path}: {} {it}", comment.place())));
        }
    }
    for (api, document) in documents {
        for operation in document.paths.values().map(|it| &it.post) {
            let request = type_name(&operation.operation_id);
            let group = format!("/{}/{}.rs", api.name, operation.tags.concat());
            let file = files.iter().find(|(path, _)| path.ends_with(&group));
            let comments = file.map(|(_, text)| comments::read(&group, text));
            let is_of_it = |it: &&Comment| it.owner == request && it.member.is_none();
            let comment = comments.iter().flatten().find(is_of_it);
            let none = || vec!["has no comment".to_owned()];
            let complaints = comment.map_or_else(none, |it| of_request(it, operation));
            let place = format!("{}::{request}", api.name);
            found.extend(complaints.iter().map(|it| format!("{place} {it}")));
        }
    }
    found
}

fn of_comment(
    comment: &Comment,
    names: &Names,
    never_sent: &BTreeSet<&str>,
) -> impl Iterator<Item = String> {
    let sentences = comment.sentences();
    let mut found = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        let earlier = sentences.iter().take(at);
        let said = earlier.filter(|it| repeats(it, sentence));
        found.extend(said.map(|it| format!("says twice: {it:?} and {sentence:?}")));
        found.extend(source(sentence).map(|it| format!("names a source, {it:?}: {sentence:?}")));
        let wire = wire_name(sentence, names).filter(|(wire, _)| !never_sent.contains(wire));
        found.extend(wire.map(|(wire, rust)| {
            format!("names `{wire}`, which is `{rust}` in Rust: {sentence:?}")
        }));
    }
    found.into_iter()
}

/// What else is wrong with the comment of a request.
fn of_request(comment: &Comment, operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    let (said, line) = (comment.text.replace('\n', " "), how_to_send(operation));
    if !said.ends_with(&line) || said.matches(HOW_TO_SEND).count() != 1 {
        found.push(format!("does not say once, at its end: {line:?}"));
    }
    if operation.sent_by.is_some() {
        for sentence in comment.sentences() {
            let by_hand = named(&sentence, &BY_HAND);
            found.extend(
                by_hand.map(|it| format!("asks for what the client does, {it:?}: {sentence:?}")),
            );
        }
    }
    found
}

/// Whether two sentences share too many words.
fn repeats(one: &str, other: &str) -> bool {
    if one.starts_with(ROW) || other.starts_with(ROW) {
        return false;
    }
    let (one, other) = (content(one), content(other));
    let shorter = one.len().min(other.len());
    shorter > 0 && one.intersection(&other).count() * 100 >= shorter * SHARED
}

/// The words that name something, without their endings.
fn content(sentence: &str) -> BTreeSet<String> {
    words(sentence)
        .filter(|word| !COMMON.contains(&word.as_str()))
        .map(|word| {
            let mut stems = ENDINGS.iter().filter_map(|it| word.strip_suffix(it));
            let stem = stems.find(|it| it.len() >= 3).map(str::to_owned);
            stem.unwrap_or(word)
        })
        .collect()
}

fn words(sentence: &str) -> impl Iterator<Item = String> {
    let words = sentence.split(|it: char| !it.is_alphanumeric());
    words.filter(|it| !it.is_empty()).map(str::to_lowercase)
}

/// The source that a sentence names.
fn source(sentence: &str) -> Option<&str> {
    let row = sentence.split_whitespace().find(|it| is_row_number(it));
    row.or(named(sentence, &SOURCES))
}

/// The first of these that a sentence has in it, whole words only.
fn named(sentence: &str, phrases: &[&'static str]) -> Option<&'static str> {
    let text = format!(" {} ", words(sentence).collect::<Vec<_>>().join(" "));
    let mut phrases = phrases.iter().copied();
    phrases.find(|it| text.contains(&format!(" {it} ")))
}

/// The first name in a sentence that has another name in Rust. A name after a slash is part of a
/// path.
fn wire_name<'a>(sentence: &str, names: &'a Names) -> Option<(&'a str, &'a str)> {
    let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '/');
    let mut words = sentence.split(|it| !is_part(it));
    words.find_map(|word| {
        let (wire, rust) = names.get_key_value(word)?;
        Some((wire.as_str(), rust.as_str()))
    })
}

/// Names of fields and operations. A name that is also an English word is left out.
fn names(document: &Document) -> Names {
    let fields = document.components.schemas.values();
    let fields = fields.flat_map(|it| it.properties.keys());
    let operations = document.paths.values().map(|it| &it.post.operation_id);
    let fields = fields.map(|wire| (wire.clone(), field_name(wire)));
    (operations.map(|wire| (wire.clone(), type_name(wire))))
        .chain(fields)
        .filter(|(wire, rust)| wire != rust && wire.to_snake_case().contains('_'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a comment, with the names of an order.
    fn said(text: &str) -> Vec<String> {
        let comment = Comment {
            owner: "CreateOrder".to_owned(),
            member: Some("expired_at".to_owned()),
            text: text.to_owned(),
        };
        let names = [
            ("expiredAt", "expired_at"),
            ("getOrder", "GetOrder"),
            ("appId", "app_id"),
        ];
        let names = names.map(|(wire, rust)| (wire.to_owned(), rust.to_owned()));
        of_comment(&comment, &names.into(), &["appId"].into()).collect()
    }

    #[test]
    fn what_is_said_once_passes() {
        let text = "When the order expires. The default is 24 hours. At most 150 characters.\n\n\
                    - `appId`: reserved.\n\nPath: `POST /v2/getOrder`. 0.01 is one percent.";
        assert_eq!(said(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        for text in [
            "Asks for a hosted page too. Ask for a hosted page too; default false.",
            "Where the next page begins; none on the last page. Empty or absent on the last page.",
        ] {
            let said = said(text);
            assert!(
                matches!(&said[..], [one] if one.starts_with("says twice: ")),
                "{text}: {said:?}"
            );
        }
    }

    #[test]
    fn a_source_is_refused() {
        for (text, named) in [
            ("From 3 to 64 by the seed.", "seed"),
            ("The default is 10 days by this page.", "by this page"),
            ("The table says text.", "table"),
            ("The id, say the official\ndocs.", "official docs"),
            ("Slack is allowed (7.11).", "(7.11)."),
        ] {
            let expected = format!("names a source, {named:?}: ");
            let said = said(text);
            assert!(
                matches!(&said[..], [one] if one.starts_with(&expected)),
                "{text}: {said:?}"
            );
        }
    }

    /// What is said of the comment of a payout.
    fn said_of_payout(text: &str) -> Vec<String> {
        let operation = r#"
operationId: withdraw
tags: [withdrawal]
summary: ""
x-ccpayment-task: pay
x-ccpayment-aliases: []
x-ccpayment-idempotency: order-id
x-ccpayment-sent-by: payout
x-ccpayment-source: documented
responses: {}
"#;
        let comment = Comment {
            owner: "Withdraw".to_owned(),
            member: None,
            text: text.to_owned(),
        };
        of_request(&comment, &serde_saphyr::from_str(operation).unwrap())
    }

    #[test]
    fn a_request_says_once_how_it_is_sent() {
        let line = "To send it, call `Client::payout`.";
        assert_eq!(
            said_of_payout(&format!("Pays.\n\n{line}")),
            Vec::<String>::new()
        );
        for text in [
            "Pays.".to_owned(),
            format!("{line}\n\nPays."),
            format!("{line}\n\n{line}"),
            "To send it, call `Client::send`.".to_owned(),
        ] {
            let said = said_of_payout(&text);
            assert!(
                matches!(&said[..], [one] if one.starts_with("does not say once, ")),
                "{text}: {said:?}"
            );
        }
    }

    #[test]
    fn what_the_client_does_is_asked_of_nobody() {
        let line = "To send it, call `Client::payout`.";
        let does =
            format!("`Client::payout` looks the record up, and repeats only that.\n\n{line}");
        assert_eq!(said_of_payout(&does), Vec::<String>::new());
        let asks = format!("After a timeout, look the record up\nwith the same id.\n\n{line}");
        let said = said_of_payout(&asks);
        assert!(
            matches!(&said[..], [one] if one.starts_with("asks for what the client does, ")),
            "{said:?}"
        );
    }

    #[test]
    fn a_name_of_the_wire_is_refused() {
        for (text, complaint) in [
            (
                "At most `expiredAt`.",
                "names `expiredAt`, which is `expired_at` in Rust: \"At most `expiredAt`.\"",
            ),
            (
                "Read by getOrder.",
                "names `getOrder`, which is `GetOrder` in Rust: \"Read by getOrder.\"",
            ),
        ] {
            assert_eq!(said(text), [complaint]);
        }
    }
}
