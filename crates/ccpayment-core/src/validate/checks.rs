//! The rules that generated requests check, one function each.

use http::Uri;

use crate::amount::Amount;
use crate::ids::Timestamp;
use crate::validate::{Rule, ValidationError};

type Checked = Result<(), ValidationError>;

fn ensure(holds: bool, field: &'static str, rule: Rule) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(ValidationError::new(field, rule))
    }
}

pub(crate) fn shortest(text: &str, field: &'static str, min: usize) -> Checked {
    let rule = if text.is_empty() {
        Rule::Empty
    } else {
        Rule::TooShort { min }
    };
    ensure(text.chars().count() >= min, field, rule)
}

pub(crate) fn longest(text: &str, field: &'static str, max: usize) -> Checked {
    ensure(text.chars().count() <= max, field, Rule::TooLong { max })
}

pub(crate) fn at_least(number: u64, field: &'static str, min: u64) -> Checked {
    ensure(number >= min, field, Rule::TooSmall { min })
}

pub(crate) fn at_most(number: u64, field: &'static str, max: u64) -> Checked {
    ensure(number <= max, field, Rule::TooGreat { max })
}

pub(crate) fn count(count: usize, field: &'static str, min: usize, max: usize) -> Checked {
    ensure(
        (min..=max).contains(&count),
        field,
        Rule::Count { min, max },
    )
}

pub(crate) fn positive(amount: &Amount, field: &'static str) -> Checked {
    ensure(amount.is_positive(), field, Rule::NotPositive)
}

pub(crate) fn not_negative(amount: &Amount, field: &'static str) -> Checked {
    ensure(!amount.is_negative(), field, Rule::Negative)
}

pub(crate) fn decimals(amount: &Amount, field: &'static str, max: u32) -> Checked {
    ensure(
        amount.fits_precision(max),
        field,
        Rule::TooManyDecimals { max },
    )
}

/// Only what every address has: whether it exists is for the mail to find out.
pub(crate) fn email(text: &str, field: &'static str) -> Checked {
    let is_one = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace);
    ensure(is_one, field, Rule::NotAnEmail)
}

pub(crate) fn uri(text: &str, field: &'static str) -> Checked {
    let is_one = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    ensure(is_one, field, Rule::NotAUri)
}

/// A moment that may be 0, but not in milliseconds.
pub(crate) fn seconds(moment: Timestamp, field: &'static str) -> Checked {
    let is_one = !moment.looks_like_milliseconds();
    ensure(is_one, field, Rule::Milliseconds)
}

/// A span ends no earlier than it begins, as far as it has both ends.
pub(crate) fn forward(
    from: impl Into<Option<Timestamp>>,
    to: impl Into<Option<Timestamp>>,
    start: &'static str,
    field: &'static str,
) -> Checked {
    let is_reversed = matches!((from.into(), to.into()), (Some(from), Some(to)) if to < from);
    ensure(!is_reversed, field, Rule::BeforeStart { start })
}

pub(crate) fn span(
    from: Timestamp,
    to: Option<Timestamp>,
    field: &'static str,
    seconds: u64,
) -> Checked {
    let fits = to.is_none_or(|to| to.abs_diff(from) <= seconds);
    ensure(fits, field, Rule::Span { seconds })
}

pub(crate) fn at_least_one(a: bool, b: bool, field: &'static str, other: &'static str) -> Checked {
    ensure(a || b, field, Rule::MissingBoth { other })
}

pub(crate) fn not_together(a: bool, b: bool, field: &'static str, other: &'static str) -> Checked {
    ensure(!(a && b), field, Rule::NotTogether { other })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_anything_else() {
        for good in ["a@b", "payer@example.com"] {
            assert!(email(good, "buyerEmail").is_ok(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(email(bad, "buyerEmail").is_err(), "{bad}");
        }
        for good in ["https://shop.example/paid?x=1", "http://127.0.0.1:8080"] {
            assert!(uri(good, "returnUrl").is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop.example",
            "/paid",
            "ftp://shop.example",
            "https://",
            "javascript:1",
        ] {
            assert!(uri(bad, "returnUrl").is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_and_counts_have_two_ends() {
        let at = |seconds| Timestamp::new(seconds);
        assert!(span(at(10), None, "endTimestamp", 5).is_ok());
        assert!(span(at(10), Some(at(15)), "endTimestamp", 5).is_ok());
        assert!(span(at(10), Some(at(16)), "endTimestamp", 5).is_err());
        let reversed = |from, to| forward(from, to, "startTimestamp", "endTimestamp");
        assert!(reversed(Some(at(10)), Some(at(10))).is_ok());
        assert!(reversed(Some(at(10)), None).is_ok() && reversed(None, Some(at(1))).is_ok());
        let error = reversed(Some(at(10)), Some(at(9))).unwrap_err().to_string();
        assert_eq!(error, "`endTimestamp` can't lie before `startTimestamp`");
        let error = count(0, "orders", 1, 500).unwrap_err().to_string();
        assert_eq!(error, "`orders` must have 1 to 500 entries");
        assert!(count(500, "orders", 1, 500).is_ok() && count(501, "orders", 1, 500).is_err());
    }
}
