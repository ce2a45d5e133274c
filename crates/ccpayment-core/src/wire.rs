//! How response fields are read: strict where money or identity hangs on them, tolerant elsewhere.
//!
//! The documents contradict themselves about missing, null and empty fields, and about numbers
//! written as text. Identity and money take one of two readings:
//!
//! - [`required`]: missing, null or empty is an error, never a default.
//! - [`optional`]: missing, null and empty text are all `None`. What can't be read is an error.
//!
//! Everything else takes one of two others, so that a counter or a logo loses no record:
//!
//! - [`if_readable`]: missing, null, empty text and what can't be read are all `None`.
//! - [`lenient`]: the same, as the type's default.
//!
//! Objects and lists are read by [`object`], [`or_default`], [`entries`] and [`map`], which take no
//! array for an object. A page's records are read by [`rows`], each by itself.
//!
//! One list of v2 has its entries as objects or as their ids alone ([`text_or_object`]). The v1 API
//! also has numbers that are read by [`number`], and fields with two names.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as DeserializeDerive, Serialize};

mod either_name;
mod names;
mod number;
mod object;
mod readable;
pub mod rows;
mod trouble;

pub(crate) use either_name::{Held, Strictly, either_name, first_named, same_named};
pub use number::{Number, number};
pub(crate) use object::Object;
pub use object::{entries, map, object, or_default};
pub(crate) use readable::IfReadable;
pub use readable::{if_readable, lenient};
pub use rows::UnreadableRow;
pub use trouble::describe;
pub(crate) use trouble::near;

/// Serialises a request once; these bytes are signed and these bytes are sent.
///
/// # Errors
///
/// Whatever the value's own `Serialize` refuses.
pub fn json_body<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(value).map(Bytes::from)
}

/// Reads a field whose absence must never pass for a value.
///
/// # Errors
///
/// When the field is null or empty text, or not a `T`.
pub fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    optional(deserializer)?.ok_or_else(|| de::Error::custom("a required field is null or empty"))
}

/// Reads a field where missing, null and empty text mean the same: there is none.
///
/// # Errors
///
/// When the field holds something that is not a `T`.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OptionalVisitor(PhantomData))
}

/// Reads a list whose entries are objects with a `recordId`, or that id alone as text: the sources
/// differ. Missing and null are an empty list.
///
/// # Errors
///
/// When an entry is neither.
pub fn text_or_object<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: Vec<TextOrObject<T>> = entries(deserializer)?;
    Ok(list.into_iter().map(|TextOrObject(value)| value).collect())
}

struct TextOrObject<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOrObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a record id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
                let entries = std::iter::once(("recordId", text));
                T::deserialize(MapDeserializer::new(entries))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(Either(PhantomData)).map(Self)
    }
}

struct OptionalVisitor<T>(PhantomData<T>);

/// Hands a value on to `T`, whatever kind of value it is.
macro_rules! hand_on {
    ($($method:ident($kind:ty);)+) => {$(
        fn $method<E: de::Error>(self, value: $kind) -> Result<Option<T>, E> {
            T::deserialize(value.into_deserializer()).map(Some)
        }
    )+};
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for OptionalVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, null or nothing")
    }

    fn visit_none<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        let read = T::deserialize(text.into_deserializer());
        // A whole number may come as text, also for a type that reads only numbers.
        let or_number = read.or_else(|error| {
            let number = U64Visitor.visit_str::<E>(text).ok();
            let read =
                number.map(|it| T::deserialize(IntoDeserializer::<E>::into_deserializer(it)));
            read.and_then(Result::ok).ok_or(error)
        });
        or_number.map(Some)
    }

    hand_on! {
        visit_bool(bool);
        visit_u64(u64);
        visit_i64(i64);
        visit_u128(u128);
        visit_i128(i128);
        visit_f64(f64);
    }

    /// No field of this reading is a list, and a derived type would take one for an object.
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Option<T>, A::Error> {
        object(SeqAccessDeserializer::new(seq)).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

/// A whole number, written as a number or as text.
pub(crate) struct U64Visitor;

impl<'de> Visitor<'de> for U64Visitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        // `parse` would take a sign and leading zeros as well.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let digits = is_plain.then_some(text);
        (digits.and_then(|digits| digits.parse().ok()))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    /// Reads a number in a build with `serde_json/arbitrary_precision`, where it comes as an
    /// object.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<u64, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
        number
            .as_u64()
            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Other("number"), &self))
    }
}

/// The answer of a route that answers nothing: `{}`, null or no data at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, DeserializeDerive)]
#[non_exhaustive]
pub struct Nothing {}

/// Defines a vocabulary of the gateway that may grow: unknown words keep their text.
macro_rules! open_enum {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word that this version does not know, as it came.
            Unknown(String),
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    _ => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl Default for $name {
            /// No word at all, which is never taken for a known one.
            fn default() -> Self {
                Self::Unknown(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Words;
                impl serde::de::Visitor<'_> for Words {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a word")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok($name::from(text))
                    }
                }
                deserializer.deserialize_str(Words)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Amount, CoinId, RecordId};

    #[derive(Debug, PartialEq, DeserializeDerive)]
    struct Answer {
        #[serde(deserialize_with = "required")]
        id: RecordId,
        #[serde(default, deserialize_with = "optional")]
        amount: Option<Amount>,
        #[serde(default, deserialize_with = "optional")]
        coin: Option<CoinId>,
        #[serde(default, deserialize_with = "optional")]
        risky: Option<bool>,
        #[serde(default, deserialize_with = "entries")]
        list: Vec<u8>,
    }

    fn read(json: &str) -> Result<Answer, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn missing_null_and_empty_are_one() {
        let bare = read(r#"{"id":"1"}"#).unwrap();
        assert_eq!(
            bare,
            read(r#"{"id":"1","amount":"","coin":"","list":null}"#).unwrap()
        );
        assert_eq!(
            bare,
            read(r#"{"id":"1","amount":null,"coin":null,"risky":null}"#).unwrap()
        );
        let full = read(r#"{"id":1,"amount":"1.0","coin":"7","risky":false,"list":[1]}"#).unwrap();
        assert_eq!(full.risky, Some(false));
        assert_eq!(full.coin, Some(CoinId::new(7)));
        assert_eq!(full.amount.unwrap().as_str(), "1.0");
    }

    #[test]
    fn identity_is_never_a_default() {
        assert!(read("{}").unwrap_err().contains("missing field `id`"));
        assert!(read(r#"{"id":""}"#).unwrap_err().contains("null or empty"));
        assert!(
            read(r#"{"id":null}"#)
                .unwrap_err()
                .contains("null or empty")
        );
        assert!(
            read(r#"{"id":"1","amount":1.5}"#)
                .unwrap_err()
                .contains("float")
        );
    }
}
