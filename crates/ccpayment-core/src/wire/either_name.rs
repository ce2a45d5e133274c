//! `same_named` and `first_named`, for a field with two names.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::optional;

/// Reads a field that goes by two names, which may both be there with the same value. serde's
/// `alias` would take such a record, and its page with it, for unreadable. Two values that differ
/// are an error, because one of them is another record's, or another amount.
pub(crate) fn same_named<'de, D, T, R>(
    deserializer: D,
    names: &'static [&'static str; 2],
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: PartialEq,
    R: Deserialize<'de> + Into<Option<T>>,
{
    struct Same<T, R>(&'static [&'static str; 2], PhantomData<(T, R)>);

    impl<'de, T: PartialEq, R: Deserialize<'de> + Into<Option<T>>> Visitor<'de> for Same<T, R> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
            let mut found: Option<T> = None;
            while let Some(key) = map.next_key::<String>()? {
                if !self.0.contains(&key.as_str()) {
                    map.next_value::<de::IgnoredAny>()?;
                    continue;
                }
                let value = map.next_value::<R>()?.into();
                if found.is_some() && value.is_some() && found != value {
                    let [name, other] = self.0;
                    let words = format!("`{name}` or `{other}` comes twice and differs");
                    return Err(de::Error::custom(words));
                }
                found = found.or(value);
            }
            Ok(found)
        }
    }

    deserializer.deserialize_struct("", names, Same::<T, R>(names, PhantomData))
}

/// Reads a field that goes by two names: the first of them that holds something. Both at once are
/// no error, as they would be with serde's `alias`.
pub(crate) fn first_named<'de, D, T, R>(
    deserializer: D,
    names: &'static [&'static str; 2],
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    R: Deserialize<'de> + Into<Option<T>>,
{
    struct Either<T, R>(&'static [&'static str; 2], PhantomData<(T, R)>);

    impl<'de, T, R: Deserialize<'de> + Into<Option<T>>> Visitor<'de> for Either<T, R> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
            let Self([name, other], _) = self;
            let (mut first, mut second) = (None, None);
            while let Some(key) = map.next_key::<String>()? {
                if key == *name {
                    first = map.next_value::<R>()?.into();
                } else if key == *other {
                    second = map.next_value::<R>()?.into();
                } else {
                    map.next_value::<de::IgnoredAny>()?;
                }
            }
            Ok(first.or(second))
        }
    }

    deserializer.deserialize_struct("", names, Either::<T, R>(names, PhantomData))
}

/// What [`optional`] reads, as a type.
pub(crate) struct Strictly<T>(Option<T>);

impl<T> From<Strictly<T>> for Option<T> {
    fn from(read: Strictly<T>) -> Self {
        read.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strictly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        optional(deserializer).map(Self)
    }
}

/// How a field holds the value of one of its names, or no value.
pub(crate) trait Held {
    type Value;

    fn held(found: Option<Self::Value>) -> Self;
}

impl<T> Held for Option<T> {
    type Value = T;

    fn held(found: Self) -> Self {
        found
    }
}

impl Held for String {
    type Value = Self;

    fn held(found: Option<Self>) -> Self {
        found.unwrap_or_default()
    }
}

/// Defines a module for serde's `with`: how a flattened field with two names is written, and read
/// by [`first_named`] or by [`same_named`]. Each name is read as [`Strictly`] or, without identity
/// or money, as [`IfReadable`](super::IfReadable).
macro_rules! either_name {
    ($module:ident by $reading:ident as $read:ident: $name:literal, $other:literal) => {
        mod $module {
            use serde::ser::SerializeMap;

            pub(super) fn deserialize<'de, D, H>(deserializer: D) -> Result<H, D::Error>
            where
                D: serde::Deserializer<'de>,
                H: crate::wire::Held<Value: serde::Deserialize<'de> + PartialEq>,
            {
                type Read<T> = crate::wire::$read<T>;
                let names = &[$name, $other];
                crate::wire::$reading::<_, _, Read<H::Value>>(deserializer, names).map(H::held)
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

    either_name!(price by first_named as Strictly: "product_price", "amount");
    either_name!(tx_id by same_named as Strictly: "txId", "txid");
    either_name!(symbol by same_named as IfReadable: "coin_symbol", "coinSymbol");

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        id: u64,
        #[serde(flatten, with = "price", skip_serializing_if = "Option::is_none")]
        price: Option<Amount>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        id: u64,
        #[serde(flatten, with = "tx_id", skip_serializing_if = "Option::is_none")]
        tx_id: Option<Amount>,
        #[serde(flatten, with = "symbol")]
        symbol: String,
    }

    #[test]
    fn two_spellings_of_one_value_are_read_and_two_values_are_refused() {
        let read = |json: &str| serde_json::from_str::<Record>(json).map_err(|e| e.to_string());
        for one in [
            r#"{"id":1,"txId":"7"}"#,
            r#"{"id":1,"txid":"7"}"#,
            r#"{"txid":"7","id":1,"txId":"7"}"#,
            r#"{"txId":"7","txid":null,"id":1}"#,
            r#"{"txId":"","id":1,"txid":7,"more":[1.5]}"#,
        ] {
            let record = read(one).unwrap();
            assert_eq!(record.tx_id.unwrap(), Amount::from(7), "{one}");
            assert_eq!(record.symbol, "");
        }
        for two in [
            r#"{"id":1,"txId":"7","txid":"8"}"#,
            r#"{"id":1,"txid":"7","txid":"8"}"#,
        ] {
            let error = read(two).unwrap_err();
            assert!(error.contains("`txId` or `txid` comes twice"), "{error}");
        }
        assert_eq!(read(r#"{"id":1}"#).unwrap().tx_id, None);
        // An unreadable value is none in a field without identity, and an error in one with it.
        let unreadable = r#"{"id":1,"coinSymbol":["USDT"],"coin_symbol":"USDT"}"#;
        assert_eq!(read(unreadable).unwrap().symbol, "USDT");
        assert!(read(r#"{"id":1,"txId":["7"],"txid":"7"}"#).is_err());
        let record = read(r#"{"id":1,"coinSymbol":"USDT"}"#).unwrap();
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(written, r#"{"id":1,"coin_symbol":"USDT"}"#);
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
