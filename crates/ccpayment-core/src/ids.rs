//! `OrderId`, `RecordId`, `CoinId` and the other ids: newtypes, so that two of them can't be
//! swapped by mistake.
//!
//! An answer may hold nearly any text as an id, because a client must survive what a gateway sends.
//! A request checks its ids before anything is signed.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::validate::{MADE_BY_GATEWAY, NOT_EMPTY, Rule, TextRule, ValidationError};

mod price_in;

pub use price_in::PriceIn;

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident: $rule:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(String);

        impl $name {
            const RULE: $crate::validate::TextRule = $rule;

            /// Takes any text; the rule is checked when a request that holds it is sent.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether there is no text at all.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Checks the documented rule; `field` is the name that an error shall carry.
            ///
            /// # Errors
            ///
            /// [`ValidationError`](crate::ValidationError) with that field and the rule that does
            /// not hold.
            pub fn validate(&self, field: &'static str) -> Result<(), $crate::ValidationError> {
                Self::RULE.check(&self.0, field)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// Any text; see [`Self::new`].
        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::new(text))
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = deserializer.deserialize_any($crate::ids::TextVisitor)?;
                if Self::RULE.allows(&text) {
                    return Ok(Self(text));
                }
                let words = "an id is blank or has a control character";
                Err(serde::de::Error::custom(words))
            }
        }
    )+};
}
pub(crate) use text_ids;

text_ids! {
    /// A merchant's APP ID, from the dashboard.
    AppId: NOT_EMPTY;
    /// The merchant's own id of an order, a withdrawal, a transfer or a swap: 3 to 64 characters,
    /// unique. It makes a repeated call harmless: create it and store it *before* the call, and
    /// never make a new one for a retry. v1 gives no length, so its requests refuse only an empty
    /// one.
    OrderId: TextRule { min: 3, max: 64, ..NOT_EMPTY };
    /// CCPayment's id of a transaction: 32 or 33 digits, which is too long for a number.
    RecordId: MADE_BY_GATEWAY;
    /// A merchant's id of an end user: 5 to 64 characters, not starting with `sys`. In v1 only the
    /// length counts: 3 to 64 characters. In v2 the APP ID is the user id of the merchant's own
    /// account: never give it to a user.
    UserId: TextRule { min: 5, max: 64, forbidden_prefix: Some("sys"), ..NOT_EMPTY };
    /// A merchant's id of a permanent deposit address: 3 to 64 characters.
    ReferenceId: TextRule { min: 3, max: 64, ..NOT_EMPTY };
    /// CCPayment's own symbol of a chain (`TRX`, `ETH`, `BSC`, `POLYGON`), as in the networks of a
    /// coin. Answers may hold others, such as `Cwallet OS`.
    Chain: NOT_EMPTY;
    /// An address on a chain.
    Address: NOT_EMPTY;
    /// The memo or tag that some chains need beside an address. An empty one counts as none.
    Memo: TextRule { min: 0, ..NOT_EMPTY };
    /// A transaction id on a chain.
    TxId: NOT_EMPTY;
    /// Where the next page begins (`nextId`). In a request, an empty one asks for the first page.
    /// In an answer, see [`Cursor::is_end`].
    Cursor: TextRule { min: 0, ..NOT_EMPTY };
}

impl Cursor {
    /// Whether no page follows an answer with this cursor: it is empty, blank or `0`. The documents
    /// name the empty one only. The others name no record, so asking with them begins again at the
    /// first page.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self.0.trim(), "" | "0")
    }
}

/// Text, or a number where one source of the documents writes text as a number.
pub(crate) struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    /// Reads a number in a build with `serde_json/arbitrary_precision`, where it comes as an
    /// object.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
        if number.is_u64() || number.is_i64() {
            return Ok(number.to_string());
        }
        Err(de::Error::invalid_type(
            de::Unexpected::Other("number"),
            &self,
        ))
    }
}

/// The rule that a number breaks if it is too great for its kind.
type GreatestRule = fn(u64) -> Option<Rule>;

const UNBOUNDED: GreatestRule = |_| None;
const SECONDS: GreatestRule = |value| (value > Timestamp::LATEST.0).then_some(Rule::Milliseconds);

macro_rules! number_ids {
    ($($(#[$doc:meta])* $name:ident: $greatest:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// Takes any number; the rule is checked when a request that holds it is sent.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Checks that the number is at least 1 and not too great for its kind; `field` is the
            /// name for the error.
            ///
            /// # Errors
            ///
            /// [`ValidationError`] with that field and the rule.
            pub fn validate(self, field: &'static str) -> Result<(), ValidationError> {
                const GREATEST: GreatestRule = $greatest;
                let broken = match self.0 {
                    0 => Some(Rule::TooSmall { min: 1 }),
                    value => GREATEST(value),
                };
                broken.map_or(Ok(()), |rule| Err(ValidationError::new(field, rule)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<u64> for $name {
            fn from(value: u64) -> Self {
                Self(value)
            }
        }

        impl From<u32> for $name {
            fn from(value: u32) -> Self {
                Self(value.into())
            }
        }

        /// For literals. A negative number becomes 0, which every request refuses.
        impl From<i32> for $name {
            fn from(value: i32) -> Self {
                Self(u64::try_from(value).unwrap_or(0))
            }
        }

        impl From<$name> for u64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(crate::wire::U64Visitor).map(Self)
            }
        }
    )+};
}

number_ids! {
    /// CCPayment's id of a coin. Key on it, never on the symbol: one coin shows under several.
    CoinId: UNBOUNDED;
    /// CCPayment's id of a fiat currency.
    FiatId: UNBOUNDED;
    /// A moment in whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// No request is sent with a moment after [`Timestamp::LATEST`]: it was most likely meant in
    /// milliseconds.
    Timestamp: SECONDS;
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self::from_system(time)
    }
}

impl Timestamp {
    /// The last moment of eleven digits, in the year 5138. A later one looks like milliseconds,
    /// which have thirteen digits today.
    pub const LATEST: Self = Self(99_999_999_999);

    /// Whether this is later than [`Timestamp::LATEST`], so most likely in milliseconds.
    #[must_use]
    pub const fn looks_like_milliseconds(self) -> bool {
        self.0 > Self::LATEST.0
    }

    /// The moment of a wall clock, in whole seconds; a clock before 1970 reads as zero.
    #[must_use]
    pub fn from_system(time: SystemTime) -> Self {
        Self(
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }

    /// This moment as a wall clock shows it; none where it is too late for one.
    #[must_use]
    pub fn to_system(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.0))
    }

    /// The `Timestamp` header: its text, which the signature covers, and the moment it stands for.
    /// `None` unless it is ten digits. The parts of a signed text follow each other without a gap,
    /// so a timestamp of another length could have taken in a piece of the next part.
    #[must_use]
    pub fn of_header(value: &http::HeaderValue) -> Option<(&str, Self)> {
        let bytes = value.as_bytes();
        if bytes.len() != 10 || !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        Some((text, Self(text.parse().ok()?)))
    }

    /// This moment and so much later, saturating; fractions of a second are cut.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// How many seconds lie between the two, whichever comes first.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }
}

/// A choice between CCPayment's id and the merchant's own, for routes that take either.
///
/// The documents ask for at least one, and do not say which one wins if both are set. So this is
/// always exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[allow(
    clippy::exhaustive_enums,
    reason = "the routes take these two and nothing else"
)]
pub enum RecordKey {
    /// CCPayment's id.
    #[serde(rename = "recordId")]
    RecordId(RecordId),
    /// The merchant's id.
    #[serde(rename = "orderId")]
    OrderId(OrderId),
}

impl RecordKey {
    /// Checks the id that is set.
    ///
    /// # Errors
    ///
    /// [`ValidationError`] with the field `recordId` or `orderId`.
    pub fn validate(&self) -> Result<(), ValidationError> {
        match self {
            Self::RecordId(id) => id.validate("recordId"),
            Self::OrderId(id) => id.validate("orderId"),
        }
    }
}

impl From<RecordId> for RecordKey {
    fn from(id: RecordId) -> Self {
        Self::RecordId(id)
    }
}

impl From<OrderId> for RecordKey {
    fn from(id: OrderId) -> Self {
        Self::OrderId(id)
    }
}

#[cfg(test)]
mod tests;
