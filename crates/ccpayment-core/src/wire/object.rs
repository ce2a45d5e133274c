//! `object` and its siblings, which read an object and refuse an array in its place.
//!
//! A derived type takes an array as well, field by field, so that `["x"]` would be a record with the
//! id `x`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Reads an object, and refuses an array even where the type would take one. A type that is no
/// object is read as usual.
///
/// # Errors
///
/// When the field is no such object.
pub fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// Reads identity or money that may be missing, where null is as good as the default.
///
/// # Errors
///
/// When the field holds something that is not a `T`.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let read = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(read.map(|Object(value)| value).unwrap_or_default())
}

/// Reads a list, where missing and null are an empty one. An entry that can't be read is an error,
/// because a sum or a confirmation needs it.
///
/// # Errors
///
/// When the field holds something that is not such a list.
pub fn entries<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: Vec<Object<T>> = or_default(deserializer)?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

/// Reads a map, where missing and null are an empty one.
///
/// # Errors
///
/// When the field holds something that is not such a map.
pub fn map<'de, D, K, T>(deserializer: D) -> Result<BTreeMap<K, T>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    T: Deserialize<'de>,
{
    let map: BTreeMap<K, Object<T>> = or_default(deserializer)?;
    Ok(map
        .into_iter()
        .map(|(key, Object(value))| (key, value))
        .collect())
}

/// A `T` that is never read from an array if it is an object.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        let is_object = matches!(T::deserialize(Probe), Err(Asked::ForObject));
        let read = if is_object {
            deserializer.deserialize_map(ObjectVisitor(PhantomData))
        } else {
            T::deserialize(deserializer)
        };
        read.map(Self)
    }
}

/// A deserializer without a value, which notes what a type asks for.
struct Probe;

#[derive(Debug)]
enum Asked {
    ForObject,
    ForAnother,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is here")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::ForAnother
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::ForAnother)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked::ForObject)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Inner {
        id: u8,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Outer {
        #[serde(deserialize_with = "object")]
        one: Inner,
        #[serde(default, deserialize_with = "crate::wire::optional")]
        perhaps: Option<Inner>,
        #[serde(default, deserialize_with = "entries")]
        list: Vec<Inner>,
        #[serde(default, deserialize_with = "map")]
        map: BTreeMap<String, Inner>,
    }

    fn read(json: &str) -> Result<Outer, String> {
        let read = serde_json::from_str::<Object<Outer>>(json);
        read.map(|Object(it)| it).map_err(|it| it.to_string())
    }

    #[test]
    fn an_array_is_no_object_wherever_it_is() {
        let whole = r#"{"one":{"id":1},"perhaps":{"id":1},"list":[{"id":1}],"map":{"a":{"id":1}}}"#;
        let outer = read(whole).unwrap();
        assert_eq!((outer.list.len(), outer.map.len()), (1, 1));
        for (at, _) in whole.match_indices(r#"{"id":1}"#) {
            let (before, after) = whole.split_at(at);
            let broken = format!("{before}[1]{}", after.strip_prefix(r#"{"id":1}"#).unwrap());
            assert!(read(&broken).is_err(), "{broken}");
        }
        assert!(read(r#"[{"id":1}]"#).is_err());
    }

    #[test]
    fn what_is_no_object_is_read_as_it_is() {
        let numbers: Object<Vec<u8>> = serde_json::from_str("[1]").unwrap();
        assert_eq!(numbers.0, [1]);
        let nothing: Object<Option<Inner>> = serde_json::from_str("null").unwrap();
        assert_eq!(nothing.0, None);
        let empty = read(r#"{"one":{"id":1},"list":null,"map":null}"#).unwrap();
        assert!(empty.list.is_empty() && empty.map.is_empty());
        let by_default = |json: &mut serde_json::Deserializer<_>| or_default::<_, Vec<u8>>(json);
        let read = |json| by_default(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(
            (read("null").unwrap(), read("[1]").unwrap()),
            (vec![], vec![1])
        );
        assert!(read("{}").is_err());
    }
}
