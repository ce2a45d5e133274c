//! Fields that go by two names.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::optional;

/// Reads a field that goes by two names: the first of them that holds something. Both at once are
/// no error, as they would be with serde's `alias`.
pub(crate) fn first_named<'de, D, T>(
    deserializer: D,
    names: &'static [&'static str; 2],
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Either<T>(&'static [&'static str; 2], PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
            let Self([name, other], _) = self;
            let (mut first, mut second) = (None, None);
            while let Some(key) = map.next_key::<String>()? {
                if key == *name {
                    Maybe(first) = map.next_value()?;
                } else if key == *other {
                    Maybe(second) = map.next_value()?;
                } else {
                    map.next_value::<de::IgnoredAny>()?;
                }
            }
            Ok(first.or(second))
        }
    }

    deserializer.deserialize_struct("", names, Either(names, PhantomData))
}

struct Maybe<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        optional(deserializer).map(Self)
    }
}

/// Defines how a flattened field with two names is read and written, as serde's `with` wants it.
macro_rules! either_name {
    ($module:ident: $name:literal, $other:literal) => {
        mod $module {
            use serde::ser::SerializeMap;

            pub(super) fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
            where
                D: serde::Deserializer<'de>,
                T: serde::Deserialize<'de>,
            {
                crate::wire::first_named(deserializer, &[$name, $other])
            }

            pub(super) fn serialize<S, T>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: serde::Serializer,
                T: serde::Serialize,
            {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry($name, value)?;
                map.end()
            }
        }
    };
}
pub(crate) use either_name;

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use crate::Amount;

    either_name!(price: "product_price", "amount");

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        id: u64,
        #[serde(flatten, with = "price", skip_serializing_if = "Option::is_none")]
        price: Option<Amount>,
    }

    #[test]
    fn the_first_name_wins_and_both_are_no_error() {
        let read = |json: &str| serde_json::from_str::<Renamed>(json).unwrap().price;
        let amount = |text: &str| Some(text.parse::<Amount>().unwrap());
        assert_eq!(read(r#"{"id":1,"product_price":"0.5"}"#), amount("0.5"));
        assert_eq!(read(r#"{"id":1,"amount":"0.5"}"#), amount("0.5"));
        for both in [
            r#"{"id":1,"amount":"1","product_price":"0.5","more":[1.5]}"#,
            r#"{"id":1,"product_price":"0.5","amount":"1"}"#,
            r#"{"product_price":"0.5","amount":null,"id":1}"#,
            r#"{"product_price":"","amount":"0.5","id":1}"#,
        ] {
            assert_eq!(read(both), amount("0.5"), "{both}");
        }
        assert_eq!(read(r#"{"id":1,"amount":"","product_price":null}"#), None);
        assert!(serde_json::from_str::<Renamed>(r#"{"id":1,"amount":0.5}"#).is_err());
        let written = |price| serde_json::to_string(&Renamed { id: 1, price }).unwrap();
        assert_eq!(
            written(amount("0.50")),
            r#"{"id":1,"product_price":"0.50"}"#
        );
        assert_eq!(written(None), r#"{"id":1}"#);
    }
}
