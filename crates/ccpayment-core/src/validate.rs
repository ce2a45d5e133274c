//! What a request may not be.

use std::borrow::Cow;
use std::fmt;

/// A request breaks a documented rule. Nothing was signed and nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {rule}")]
#[non_exhaustive]
pub struct ValidationError {
    /// The field, by its name on the wire.
    pub field: Cow<'static, str>,
    /// The rule.
    pub rule: Rule,
}

impl ValidationError {
    /// An error about this field and rule.
    pub fn new(field: impl Into<Cow<'static, str>>, rule: Rule) -> Self {
        Self {
            field: field.into(),
            rule,
        }
    }
}

/// The rule that a field breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The field can't be empty.
    Empty,
    /// Fewer characters than `min`.
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// More characters than `max`.
    TooLong {
        /// The most characters.
        max: usize,
    },
    /// The text starts with something reserved.
    ForbiddenPrefix {
        /// The reserved beginning.
        prefix: &'static str,
    },
    /// A number below `min`.
    TooSmall {
        /// The least number.
        min: u64,
    },
    /// A number above `max`.
    TooGreat {
        /// The greatest number.
        max: u64,
    },
    /// An amount that is zero or negative where money has to move.
    NotPositive,
    /// An amount below zero.
    Negative,
    /// A list with fewer or more entries than it may have.
    Count {
        /// The least number of entries.
        min: usize,
        /// The most entries.
        max: usize,
    },
    /// Not an e-mail address.
    NotAnEmail,
    /// Not an absolute http or https address.
    NotAUri,
    /// A span of time that ends before it begins, or is longer than `seconds`.
    Span {
        /// The longest span.
        seconds: u64,
    },
    /// This field or the other one has to be there.
    MissingBoth {
        /// The other field.
        other: &'static str,
    },
    /// This field and the other one can't be sent together.
    NotTogether {
        /// The other field.
        other: &'static str,
    },
    /// An amount with more decimals than the field takes.
    TooManyDecimals {
        /// The most decimals.
        max: u32,
    },
    /// Characters that can't stand in an HTTP header.
    NotHeaderText,
    /// Anything else, in words.
    Other(&'static str),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("can't be empty"),
            Self::TooShort { min } => write!(f, "must have at least {min} characters"),
            Self::TooLong { max } => write!(f, "can have at most {max} characters"),
            Self::ForbiddenPrefix { prefix } => write!(f, "can't start with `{prefix}`"),
            Self::TooSmall { min } => write!(f, "must be at least {min}"),
            Self::TooGreat { max } => write!(f, "can be at most {max}"),
            Self::NotPositive => f.write_str("must be above zero"),
            Self::Negative => f.write_str("can't be below zero"),
            Self::Count { min, max } if *max == usize::MAX => {
                write!(f, "must have at least {min} entries")
            }
            Self::Count { min, max } => write!(f, "must have {min} to {max} entries"),
            Self::NotAnEmail => f.write_str("must be an e-mail address"),
            Self::NotAUri => f.write_str("must be an absolute http or https address"),
            Self::Span { seconds } => {
                write!(
                    f,
                    "must not lie before the beginning, nor more than {seconds} seconds after it"
                )
            }
            Self::MissingBoth { other } => write!(f, "or `{other}` must be there"),
            Self::NotTogether { other } => write!(f, "can't be sent together with `{other}`"),
            Self::TooManyDecimals { max } => write!(f, "can have at most {max} decimals"),
            Self::NotHeaderText => f.write_str("must be printable ASCII"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// The rules that generated requests check, one function each.
pub(crate) mod check {
    use http::Uri;

    use super::{Rule, ValidationError};
    use crate::amount::Amount;
    use crate::ids::Timestamp;

    type Checked = Result<(), ValidationError>;

    fn holds(holds: bool, field: &'static str, rule: Rule) -> Checked {
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
        holds(text.chars().count() >= min, field, rule)
    }

    pub(crate) fn longest(text: &str, field: &'static str, max: usize) -> Checked {
        holds(text.chars().count() <= max, field, Rule::TooLong { max })
    }

    pub(crate) fn at_least(number: u64, field: &'static str, min: u64) -> Checked {
        holds(number >= min, field, Rule::TooSmall { min })
    }

    pub(crate) fn at_most(number: u64, field: &'static str, max: u64) -> Checked {
        holds(number <= max, field, Rule::TooGreat { max })
    }

    pub(crate) fn count(count: usize, field: &'static str, min: usize, max: usize) -> Checked {
        holds(
            (min..=max).contains(&count),
            field,
            Rule::Count { min, max },
        )
    }

    pub(crate) fn positive(amount: &Amount, field: &'static str) -> Checked {
        holds(amount.is_positive(), field, Rule::NotPositive)
    }

    pub(crate) fn not_negative(amount: &Amount, field: &'static str) -> Checked {
        holds(!amount.is_negative(), field, Rule::Negative)
    }

    pub(crate) fn decimals(amount: &Amount, field: &'static str, max: u32) -> Checked {
        holds(
            amount.fits_precision(max),
            field,
            Rule::TooManyDecimals { max },
        )
    }

    /// Only what every address has: whether it exists is for the mail to find out.
    pub(crate) fn email(text: &str, field: &'static str) -> Checked {
        let is_one = text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        }) && !text.contains(char::is_whitespace);
        holds(is_one, field, Rule::NotAnEmail)
    }

    pub(crate) fn uri(text: &str, field: &'static str) -> Checked {
        let is_one = text.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        holds(is_one, field, Rule::NotAUri)
    }

    pub(crate) fn span(
        from: Timestamp,
        to: Option<Timestamp>,
        field: &'static str,
        seconds: u64,
    ) -> Checked {
        let fits = to.is_none_or(|to| to >= from && to.abs_diff(from) <= seconds);
        holds(fits, field, Rule::Span { seconds })
    }

    pub(crate) fn at_least_one(
        a: bool,
        b: bool,
        field: &'static str,
        other: &'static str,
    ) -> Checked {
        holds(a || b, field, Rule::MissingBoth { other })
    }

    pub(crate) fn not_together(
        a: bool,
        b: bool,
        field: &'static str,
        other: &'static str,
    ) -> Checked {
        holds(!(a && b), field, Rule::NotTogether { other })
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
            assert!(span(at(10), Some(at(9)), "endTimestamp", 5).is_err());
            let error = count(0, "orders", 1, 500).unwrap_err().to_string();
            assert_eq!(error, "`orders` must have 1 to 500 entries");
            assert!(count(500, "orders", 1, 500).is_ok() && count(501, "orders", 1, 500).is_err());
        }
    }
}
