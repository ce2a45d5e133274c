//! `Described`, the description of an operation, beside its types.

mod arguments;
mod doubled;
mod table;
mod typed;

use serde::Deserialize;

pub(crate) use arguments::{body_of, command, read};
pub(crate) use typed::{Made, Typed, Way};

use crate::exit::CliError;

/// An operation of the gateway, as `cargo xtask codegen` writes it down.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) group: String,
    pub(crate) repeat: String,
    pub(crate) summary: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    exactly_one: Vec<String>,
    #[serde(default)]
    at_least_one: Vec<String>,
    #[serde(default)]
    not_together: Vec<String>,
}

/// A field of a request.
#[derive(Debug, Clone, Deserialize)]
struct Field {
    name: String,
    is: Kind,
    of: Option<Kind>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    each: Vec<String>,
    #[serde(default)]
    required: bool,
    min: Option<u64>,
    max: Option<u64>,
    #[serde(default)]
    about: String,
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Amount,
    Integer,
    Boolean,
    List,
    Object,
}

/// An operation with its description and its types.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) described: Described,
    pub(crate) typed: &'static Typed,
}

impl Operation {
    /// What happens if it is sent again, in words for people.
    pub(crate) fn repeat(&self) -> &'static str {
        match self.described.repeat.as_str() {
            "read" => "reads",
            "get-or-create" => "creates once",
            "order-id" => "acts once, under its order id",
            _ => "acts each time",
        }
    }

    /// The command that sends it.
    pub(crate) fn command(&self) -> &'static str {
        match self.typed.way {
            Way::Submit {
                is_payout: true, ..
            } => "payout",
            Way::Batch => "",
            _ => "call",
        }
    }
}

/// Every operation, v2 first.
pub(crate) fn all() -> Result<Vec<Operation>, CliError> {
    let described: Vec<Described> = serde_json::from_str(include_str!("table.json"))
        .map_err(|error| CliError::Failed(format!("the table of operations: {error}")))?;
    let pairs = described.into_iter().zip(&table::TYPED);
    Ok(pairs
        .map(|(described, typed)| Operation { described, typed })
        .collect())
}

/// The operation of this name.
pub(crate) fn find(name: &str) -> Result<Operation, CliError> {
    let mut all = all()?.into_iter();
    all.find(|it| it.described.name == name)
        .ok_or_else(|| CliError::Usage(format!("the gateway has no operation {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_and_types_are_of_the_same_operations() {
        let described: Vec<Described> = serde_json::from_str(include_str!("table.json")).unwrap();
        assert_eq!(described.len(), table::TYPED.len());
        for it in all().unwrap() {
            assert_eq!(it.described.name, it.typed.operation.name);
            assert!(it.typed.operation.path.contains(&it.described.version));
        }
    }
}
