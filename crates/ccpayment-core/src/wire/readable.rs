//! `if_readable` and `lenient`, for fields without identity or money: an unreadable value is none.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::Error as NoValue;
use serde::de::{
    self, Deserialize, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use super::U64Visitor;

/// Reads a field where missing, null, empty text and what can't be read mean the same: there is
/// none. A whole number may come as text and text as a whole number; a flag also as `0`, `1`,
/// `"true"` and the like. A fraction is never made text, since it may have been rounded before.
///
/// # Errors
///
/// When the text is no JSON at all.
pub fn if_readable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    IfReadable::deserialize(deserializer).map(|IfReadable(value)| value)
}

/// Reads a field as [`if_readable`] does, where none is the type's default.
///
/// # Errors
///
/// When the text is no JSON at all.
pub fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    if_readable(deserializer).map(Option::unwrap_or_default)
}

/// What [`if_readable`] reads, as a type.
pub(crate) struct IfReadable<T>(Option<T>);

impl<T> From<IfReadable<T>> for Option<T> {
    fn from(read: IfReadable<T>) -> Self {
        read.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for IfReadable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ScalarVisitor(PhantomData))
            .map(Self)
    }
}

struct ScalarVisitor<T>(PhantomData<T>);

/// A value, if the type takes one of this kind.
fn of<'de, T: Deserialize<'de>>(value: impl IntoDeserializer<'de, NoValue>) -> Option<T> {
    T::deserialize(value.into_deserializer()).ok()
}

fn of_text<'de, T: Deserialize<'de>>(text: &str) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let number = || U64Visitor.visit_str::<NoValue>(text).ok().and_then(of);
    of(text).or_else(number).or_else(|| match text {
        "true" | "1" => of(true),
        "false" | "0" => of(false),
        _ => None,
    })
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ScalarVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
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

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<T>, E> {
        Ok(of(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<T>, E> {
        Ok(of(value).or_else(|| of_text(&value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<T>, E> {
        Ok(of(value).or_else(|| of_text(&value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        Ok(of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// An object, which is none, or a number in a build with `serde_json/arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut number = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "$serde_json::private::Number" {
                IfReadable(number) = map.next_value::<IfReadable<String>>()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let whole = number.filter(|text| !text.contains(['.', 'e', 'E']));
        Ok(whole.and_then(|text| of_text(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, Timestamp};

    fn read<T: for<'de> Deserialize<'de>>(json: &str) -> Option<T> {
        serde_json::from_str::<IfReadable<T>>(json).unwrap().0
    }

    #[test]
    fn another_kind_of_value_is_read_where_it_means_the_same() {
        assert_eq!(read::<u64>(r#""50""#), Some(50));
        assert_eq!(read::<String>("50"), Some("50".to_owned()));
        assert_eq!(read::<String>("-5"), Some("-5".to_owned()));
        assert_eq!(read::<Chain>("50"), Some(Chain::new("50")));
        let moment = Timestamp::new(1_700_000_000);
        assert_eq!(read::<Timestamp>(r#""1700000000""#), Some(moment));
        for (json, flag) in [
            ("1", true),
            (r#""1""#, true),
            (r#""true""#, true),
            ("true", true),
        ] {
            assert_eq!(read::<bool>(json), Some(flag), "{json}");
        }
        for json in ["0", r#""0""#, r#""false""#, "false"] {
            assert_eq!(read::<bool>(json), Some(false), "{json}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_none_and_takes_nothing_else_with_it() {
        for json in [
            "null",
            r#""""#,
            "[]",
            r#"["x",{"y":[1.5]}]"#,
            "{}",
            r#"{"x":{"y":1}}"#,
            "1.5",
            "-1",
            r#""fast""#,
            "2",
            r#""+1""#,
            r#""1.0""#,
        ] {
            let list = format!("[{json},true]");
            let list: Vec<IfReadable<bool>> = serde_json::from_str(&list).unwrap();
            let list: Vec<_> = list.into_iter().map(|it| it.0).collect();
            assert_eq!(list, [None, Some(true)], "{json}");
        }
        for json in ["true", "-1", "1.5", "1e3", r#""050""#, r#""5x""#, "[5]"] {
            assert_eq!(read::<u64>(json), None, "{json}");
        }
        for json in ["true", "1.50", "[5]", r#"{"a":1}"#] {
            assert_eq!(read::<String>(json), None, "{json}");
        }
    }
}
