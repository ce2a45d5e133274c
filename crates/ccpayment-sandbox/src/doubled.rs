//! A name that an object of a body has twice: a reader keeps one of two amounts, and who wrote them
//! may have meant the other.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The first such name and its place, at whatever depth it is.
pub(crate) fn check(body: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<Single>(body).map(drop)
}

/// JSON whose objects have each name once.
struct Single;

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Single;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_str<E>(self, _: &str) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_unit<E>(self) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Single, A::Error> {
        while list.next_element::<Single>()?.is_some() {}
        Ok(Single)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Single, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                let short: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("`{short}` is there twice")));
            }
            names.insert(name);
            object.next_value::<Single>()?;
        }
        Ok(Single)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_at_any_depth_however_it_is_written() {
        for (body, name) in [
            (r#"{"a":1,"b":{"a":null},"c":[{"a":1.5},{"a":-1}]}"#, None),
            (r#"{"a":1,"a":1}"#, Some("`a` is there twice")),
            (r#"{"a":1,"\u0061":2}"#, Some("`a` is there twice")),
            (r#"[{"x":true},{"y":{"z":[],"z":[]}}]"#, Some("`z` is")),
        ] {
            let found = check(body.as_bytes()).err().map(|it| it.to_string());
            assert_eq!(found.is_some(), name.is_some(), "{body}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(name.unwrap_or("")));
        }
    }
}
