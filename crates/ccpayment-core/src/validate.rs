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
    /// An amount that is zero or negative where money has to move.
    NotPositive,
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
            Self::NotPositive => f.write_str("must be above zero"),
            Self::TooManyDecimals { max } => write!(f, "can have at most {max} decimals"),
            Self::NotHeaderText => f.write_str("must be printable ASCII"),
            Self::Other(words) => f.write_str(words),
        }
    }
}
