//! Arbitrary texts: ids, addresses, amounts.

use std::ops::RangeInclusive;

use ccpayment_client::core::Amount;
use proptest::char::{self, CharStrategy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::description::Sign;

/// A character of these, without the detours that proptest takes for a text of any kind.
fn among(ranges: &'static [RangeInclusive<char>]) -> CharStrategy<'static> {
    CharStrategy::new_borrowed(&[], &[], ranges)
}

/// Text of so many characters, of any script.
pub(crate) fn text(min: usize, max: Option<usize>) -> BoxedStrategy<String> {
    let most = max.unwrap_or(min.saturating_add(100)).max(min);
    let short = most.min(min.saturating_add(12));
    let letters = || among(&['a'..='z']);
    prop_oneof![
        8 => vec(letters(), min..=short),
        2 => vec(char::any(), min..=short),
        1 => vec(among(&['0'..='9']), min..=short),
        1 => vec(letters(), most),
        1 => vec(char::any(), min..=most),
    ]
    .prop_map(String::from_iter)
    .boxed()
}

/// The same without blanks and control characters, as the gateway's own ids are.
pub(crate) fn name(min: usize, max: Option<usize>) -> BoxedStrategy<String> {
    let plain = |char: char| {
        if char.is_control() || char.is_whitespace() {
            'x'
        } else {
            char
        }
    };
    text(min, max)
        .prop_map(move |text| text.chars().map(plain).collect())
        .boxed()
}

/// Text that does not begin this way.
pub(crate) fn without_prefix(text: BoxedStrategy<String>, prefix: String) -> BoxedStrategy<String> {
    text.prop_map(move |text| match text.strip_prefix(&prefix) {
        // Another beginning of the same length, so that the other limits still hold.
        Some(rest) => prefix.chars().map(|_| 'x').chain(rest.chars()).collect(),
        None => text,
    })
    .boxed()
}

fn word(characters: &str, min: usize, max: usize) -> BoxedStrategy<String> {
    let characters: Vec<_> = characters.chars().collect();
    vec(select(characters), min..=max.max(min))
        .prop_map(String::from_iter)
        .boxed()
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

pub(crate) fn email(max: Option<usize>) -> Result<BoxedStrategy<String>, String> {
    // The longest host below has 20 characters.
    let name = max.unwrap_or(64).min(64).checked_sub(21);
    let name = name.filter(|it| *it > 0).ok_or("no room for an address")?;
    let host = (
        word(LETTERS, 1, 12),
        select(vec![".com", ".example", ".co.uk"]),
    );
    let name = word("abcdefghijklmnopqrstuvwxyz0123456789+-_", 1, name);
    Ok((name, host)
        .prop_map(|(name, (host, end))| format!("{name}@{host}{end}"))
        .boxed())
}

pub(crate) fn uri(max: Option<usize>) -> Result<BoxedStrategy<String>, String> {
    const BEGINNING: usize = "https://".len() + 12 + ".example:8443".len() + "/?q=".len();
    let rest = max.unwrap_or(200).checked_sub(BEGINNING);
    let rest = rest.filter(|it| *it > 0).ok_or("no room for an address")?;
    let scheme = select(vec!["https://", "http://"]);
    let host = (
        word(LETTERS, 1, 12),
        select(vec![".example", ".com", ".example:8443"]),
    );
    let path = prop_oneof![
        2 => Just(None),
        4 => word(&format!("{LETTERS}/-._~"), 0, rest.div_ceil(2)).prop_map(Some),
    ];
    let query = prop_oneof![
        4 => Just(None),
        1 => word(&format!("{LETTERS}=&-._~"), 0, rest / 2).prop_map(Some),
    ];
    let whole = (scheme, host, path, query);
    Ok(whole
        .prop_map(|(scheme, (host, end), path, query)| {
            let path = path.map_or(String::new(), |it| format!("/{it}"));
            let query = query.map_or(String::new(), |it| format!("?q={it}"));
            format!("{scheme}{host}{end}{path}{query}")
        })
        .boxed())
}

/// The digits of a record id: 32 or 33, too long for a number.
pub(crate) fn record_id() -> BoxedStrategy<String> {
    prop_oneof![word("0123456789", 32, 32), word("0123456789", 33, 33)].boxed()
}

/// The most that each part of an amount has; together they are [`Amount::MAX_DIGITS`].
const FRACTION: usize = 24;
const PADDING: usize = 10;
const INTEGER: usize = Amount::MAX_DIGITS - FRACTION - PADDING;

/// The text of an amount, whose value has at most so many decimals.
pub(crate) fn amount(sign: Option<Sign>, decimals: Option<usize>) -> BoxedStrategy<String> {
    let digits = |min, max| vec(among(&['0'..='9']), min..=max);
    let integer = prop_oneof![1 => Just(vec!['0']), 8 => digits(1, 6), 3 => digits(1, 28), 1 => digits(29, INTEGER)];
    let most = decimals.unwrap_or(FRACTION).min(FRACTION);
    let fraction = prop_oneof![
        3 => digits(0, 0),
        3 => digits(0, most.min(2)),
        3 => digits(0, most),
    ];
    // Records pad amounts, which changes no value.
    let padding = prop_oneof![8 => Just(0), 1 => 0..=PADDING];
    let minus = match sign {
        Some(_) => Just(false).boxed(),
        None => prop_oneof![8 => Just(false), 1 => Just(true)].boxed(),
    };
    (integer, fraction, padding, minus)
        .prop_map(move |(mut integer, fraction, padding, minus)| {
            let is_zero = integer.iter().chain(&fraction).all(|digit| *digit == '0');
            if is_zero && sign == Some(Sign::Positive) {
                integer.pop();
                integer.push('1');
            }
            let mut text = String::from(if minus { "-" } else { "" });
            text.extend(integer);
            if !fraction.is_empty() || padding > 0 {
                text.push('.');
                text.extend(fraction);
                text.extend(std::iter::repeat_n('0', padding));
            }
            text
        })
        .boxed()
}
