//! `TextRule`: what a text of a request may be, and which texts an answer may have.

use super::{Rule, ValidationError};

pub(crate) struct TextRule {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) forbidden_prefix: Option<&'static str>,
    pub(crate) is_uuid: bool,
    pub(crate) is_made_by_gateway: bool,
}

/// For texts whose only documented rule is not to be empty.
pub(crate) const NOT_EMPTY: TextRule = TextRule {
    min: 1,
    max: usize::MAX,
    forbidden_prefix: None,
    is_uuid: false,
    is_made_by_gateway: false,
};

/// For ids of records that the gateway makes. In an answer, an id of blanks or with a control
/// character is refused.
pub(crate) const MADE_BY_GATEWAY: TextRule = TextRule {
    is_made_by_gateway: true,
    ..NOT_EMPTY
};

/// For ids that are UUIDs.
pub(crate) const UUID: TextRule = TextRule {
    is_uuid: true,
    ..NOT_EMPTY
};

impl TextRule {
    /// Whether an answer may have this name.
    pub(crate) fn allows(&self, text: &str) -> bool {
        let is_break = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
        !self.is_made_by_gateway
            || text.is_empty()
            || !(text.trim().is_empty() || text.contains(is_break))
    }

    pub(crate) fn check(&self, text: &str, field: &'static str) -> Result<(), ValidationError> {
        let length = text.chars().count();
        let broken = if length == 0 && self.min > 0 {
            Some(Rule::Empty)
        } else if length < self.min {
            Some(Rule::TooShort { min: self.min })
        } else if length > self.max {
            Some(Rule::TooLong { max: self.max })
        } else if self.is_uuid && !is_uuid(text) {
            Some(Rule::NotAUuid)
        } else {
            (self
                .forbidden_prefix
                .filter(|prefix| text.starts_with(prefix)))
            .map(|prefix| Rule::ForbiddenPrefix { prefix })
        };
        broken.map_or(Ok(()), |rule| Err(ValidationError::new(field, rule)))
    }
}

/// Whether it is a UUID in the form with hyphens.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && (text.bytes().enumerate()).all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
