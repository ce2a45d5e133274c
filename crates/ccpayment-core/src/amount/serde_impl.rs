//! Amounts on the wire: text out; text or an exact integer in.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use super::{Amount, AmountError};

/// How `serde_json` hands over a number when any crate of the build switches on its
/// `arbitrary_precision`: as a map with this one key and the number's own text.
const ARBITRARY_PRECISION_KEY: &str = "$serde_json::private::Number";

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal amount as text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Amount, E> {
        Amount::try_from(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
        Ok(Amount::from(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
        self.visit_string(value.to_string())
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Amount, E> {
        self.visit_string(value.to_string())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Amount, E> {
        self.visit_string(value.to_string())
    }

    fn visit_f64<E: de::Error>(self, _value: f64) -> Result<Amount, E> {
        Err(E::custom(AmountError::JsonFloat))
    }

    /// The number's own text: an integer is exact at any length; anything else is refused as it
    /// is without `arbitrary_precision`, so that another crate's feature changes no verdict on it.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amount, A::Error> {
        let Some((key, text)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        };
        if key != ARBITRARY_PRECISION_KEY {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        }
        if text.contains(['.', 'e', 'E']) {
            return Err(de::Error::custom(AmountError::JsonFloat));
        }
        self.visit_string(text)
    }
}
