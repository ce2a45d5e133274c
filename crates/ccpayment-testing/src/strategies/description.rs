//! `Description`, what the generator knows of the API: `v1.json` and `v2.json` beside this file,
//! which `cargo xtask codegen` writes from the OpenAPI documents.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ccpayment_client::core::Version;
use serde::Deserialize;

/// The routes of one version, and every schema that they use.
#[derive(Debug, Deserialize)]
pub(crate) struct Description {
    pub(crate) routes: BTreeMap<String, Route>,
    pub(crate) schemas: BTreeMap<String, Schema>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Route {
    /// None where the route has no parameters.
    pub(crate) request: Option<String>,
    pub(crate) response: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Schema {
    /// A vocabulary that may grow.
    Words {
        words: Vec<String>,
    },
    List {
        list: Shape,
    },
    Object(Object),
    /// Nobody knows its shape.
    Anything {
        #[allow(dead_code, reason = "its name says it")]
        anything: bool,
    },
}

/// Fields, and the rules that hold between them.
#[derive(Debug, Deserialize)]
pub(crate) struct Object {
    pub(crate) fields: BTreeMap<String, Field>,
    #[serde(default)]
    pub(crate) exactly_one: Vec<String>,
    #[serde(default)]
    pub(crate) at_least_one: Vec<String>,
    #[serde(default)]
    pub(crate) not_together: Vec<String>,
    pub(crate) span: Option<Span>,
    pub(crate) decimals: Option<Decimals>,
}

/// A moment that lies at most so long after another one.
#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) seconds: u64,
}

/// How many decimals an amount may have: `then`, or `otherwise` where the field `when` is not
/// there, or any number of them where the field `unless` is the word `is`.
#[derive(Debug, Deserialize)]
pub(crate) struct Decimals {
    pub(crate) field: String,
    pub(crate) then: usize,
    pub(crate) when: Option<String>,
    pub(crate) otherwise: Option<usize>,
    pub(crate) unless: Option<String>,
    pub(crate) is: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Field {
    #[serde(flatten)]
    pub(crate) value: Shape,
    /// What may stand in place of a value.
    #[serde(default)]
    pub(crate) or: Vec<Or>,
    /// Other spellings of the name that are met.
    #[serde(default)]
    pub(crate) also: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Or {
    Absent,
    Null,
    /// Empty text, whatever the field holds.
    Empty,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Shape {
    /// Lengths are in characters.
    Text {
        #[serde(default)]
        min: usize,
        max: Option<usize>,
        not_prefix: Option<String>,
        like: Option<String>,
    },
    Email {
        max: Option<usize>,
    },
    Uri {
        max: Option<usize>,
    },
    Amount {
        sign: Option<Sign>,
    },
    Integer {
        #[serde(default)]
        min: u64,
        max: Option<u64>,
        like: Option<String>,
        /// The type reads it from text as well.
        #[serde(default)]
        or_text: bool,
    },
    Uuid,
    /// Any JSON number, with fractions.
    Number,
    Boolean,
    List {
        of: Box<Shape>,
        #[serde(default)]
        min: usize,
        max: Option<usize>,
    },
    Map {
        key: String,
        of: Box<Shape>,
    },
    Schema {
        name: String,
        /// The text of this field alone may stand for the whole object.
        or_text_of: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    Positive,
    NotNegative,
}

type Read = Result<Description, String>;

static V1: LazyLock<Read> = LazyLock::new(|| read(include_str!("v1.json")));
static V2: LazyLock<Read> = LazyLock::new(|| read(include_str!("v2.json")));

fn read(text: &str) -> Read {
    // By way of a `Value`: tagged enums can't read numbers straight from text in a build where
    // somebody switched on serde_json's `arbitrary_precision`.
    serde_json::from_str(text)
        .and_then(serde_json::from_value::<Description>)
        .map_err(|error| format!("a description can't be read: {error}"))
}

impl Description {
    pub(crate) fn of(version: Version) -> Result<&'static Self, String> {
        let read = match version {
            Version::V2 => &V2,
            Version::V1 => &V1,
        };
        read.as_ref().map_err(Clone::clone)
    }
}
