//! `first`, the first key that an object of a JSON text has twice, at any depth.
//!
//! Of two amounts our types keep one, and their author may have meant the other.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

pub(super) fn first(text: &[u8]) -> Result<Option<String>, serde_json::Error> {
    serde_json::from_slice::<Doubled>(text).map(|it| it.0)
}

struct Doubled(Option<String>);

impl<'de> Deserialize<'de> for Doubled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk).map(Self)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(Doubled(inner)) = list.next_element()? {
            first = first.or(inner);
        }
        Ok(first)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        let mut seen = HashSet::new();
        while let Some(key) = object.next_key::<String>()? {
            let Doubled(inner) = object.next_value()?;
            first = first.or(inner);
            if let Some(key) = seen.replace(key) {
                first = first.or(Some(key));
            }
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_at_any_depth_however_it_is_written() {
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":null},"c":[{"a":1.5},{"a":-1}]}"#, None),
            (r#"{"a":1,"a":1}"#, Some("a")),
            (r#"{"amount":"1","\u0061mount":"2"}"#, Some("amount")),
            (r#"{"list":[{"x":true},{"y":{"z":[],"z":[]}}]}"#, Some("z")),
        ] {
            assert_eq!(
                first(text.as_bytes()).unwrap().as_deref(),
                expected,
                "{text}"
            );
        }
        assert!(first(b"{").is_err());
    }
}
