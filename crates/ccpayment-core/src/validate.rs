//! `ValidationError` and `Rule`: why a request may not be sent.

use std::borrow::Cow;
use std::fmt;

#[cfg(any(feature = "v1", feature = "v2"))]
pub(crate) mod checks;
mod text_rule;

pub(crate) use text_rule::{MADE_BY_GATEWAY, NOT_EMPTY, TextRule, UUID};

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
    /// A moment of more than eleven digits, which is most likely meant in milliseconds.
    Milliseconds,
    /// A span of time that ends before it begins; the error's field is its end.
    BeforeStart {
        /// The field with its beginning.
        start: &'static str,
    },
    /// The user id of the merchant's own account, which is its APP ID, in place of an end user's.
    MerchantAccount,
    /// A span of time that is longer than `seconds`.
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
    /// Not a UUID.
    NotAUuid,
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
            Self::Milliseconds => {
                f.write_str("looks like milliseconds; a moment is in whole seconds")
            }
            Self::BeforeStart { start } => write!(f, "can't lie before `{start}`"),
            Self::MerchantAccount => {
                f.write_str("is the APP ID, which is the user id of the merchant's own account")
            }
            Self::Span { seconds } => {
                write!(
                    f,
                    "can't lie more than {seconds} seconds after the beginning"
                )
            }
            Self::MissingBoth { other } => write!(f, "or `{other}` must be there"),
            Self::NotTogether { other } => write!(f, "can't be sent together with `{other}`"),
            Self::TooManyDecimals { max } => write!(f, "can have at most {max} decimals"),
            Self::NotAUuid => f.write_str("must be a UUID"),
            Self::NotHeaderText => f.write_str("must be printable ASCII"),
            Self::Other(words) => f.write_str(words),
        }
    }
}
