//! `PriceIn`, the fiat or the coin that an invoice is priced in.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::{CoinId, FiatId};
use crate::validate::ValidationError;
use crate::wire::U64Visitor;

/// What an invoice is priced in: a fiat or a coin, never both.
///
/// Its id goes out as a number, as in the gateway's own SDKs. The gateway's table and sample have it
/// as text; [`PriceIn::as_text`] sends it so, should the number ever be refused.
///
/// ```
/// use ccpayment_core::{CoinId, PriceIn};
///
/// let price_in = PriceIn::from(CoinId::new(1280));
/// assert_eq!(serde_json::to_string(&price_in)?, r#"{"priceCoinId":1280}"#);
/// assert_eq!(serde_json::to_string(&price_in.as_text())?, r#"{"priceCoinId":"1280"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(from = "WrittenPrice")]
#[allow(
    clippy::exhaustive_enums,
    reason = "the route takes these and nothing else"
)]
pub enum PriceIn {
    /// A fiat currency.
    Fiat(FiatId),
    /// A coin.
    Coin(CoinId),
    /// A fiat currency, whose id is sent as text.
    FiatText(FiatId),
    /// A coin, whose id is sent as text.
    CoinText(CoinId),
}

impl PriceIn {
    /// The same, with its id sent as text.
    #[must_use]
    pub const fn as_text(self) -> Self {
        match self {
            Self::Fiat(id) | Self::FiatText(id) => Self::FiatText(id),
            Self::Coin(id) | Self::CoinText(id) => Self::CoinText(id),
        }
    }

    /// Checks the id that is set.
    ///
    /// # Errors
    ///
    /// [`ValidationError`] with the field `priceFiatId` or `priceCoinId`.
    pub fn validate(&self) -> Result<(), ValidationError> {
        match self {
            Self::Fiat(id) | Self::FiatText(id) => id.validate(Self::FIAT),
            Self::Coin(id) | Self::CoinText(id) => id.validate(Self::COIN),
        }
    }

    const FIAT: &'static str = "priceFiatId";
    const COIN: &'static str = "priceCoinId";
}

impl Serialize for PriceIn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const NAME: &str = "PriceIn";
        match self {
            Self::Fiat(id) => serializer.serialize_newtype_variant(NAME, 0, Self::FIAT, id),
            Self::Coin(id) => serializer.serialize_newtype_variant(NAME, 1, Self::COIN, id),
            Self::FiatText(id) => {
                serializer.serialize_newtype_variant(NAME, 0, Self::FIAT, &id.to_string())
            }
            Self::CoinText(id) => {
                serializer.serialize_newtype_variant(NAME, 1, Self::COIN, &id.to_string())
            }
        }
    }
}

#[derive(serde::Deserialize)]
enum WrittenPrice {
    #[serde(rename = "priceFiatId")]
    Fiat(WrittenId),
    #[serde(rename = "priceCoinId")]
    Coin(WrittenId),
}

impl From<WrittenPrice> for PriceIn {
    fn from(written: WrittenPrice) -> Self {
        let (price_in, id) = match written {
            WrittenPrice::Fiat(id) => (Self::Fiat(FiatId::new(id.number)), id),
            WrittenPrice::Coin(id) => (Self::Coin(CoinId::new(id.number)), id),
        };
        if id.is_text {
            price_in.as_text()
        } else {
            price_in
        }
    }
}

/// An id and how it is written, so that a stored request is sent again as it was.
struct WrittenId {
    number: u64,
    is_text: bool,
}

impl<'de> serde::Deserialize<'de> for WrittenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl<'de> Visitor<'de> for IdVisitor {
            type Value = WrittenId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                U64Visitor.expecting(f)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<WrittenId, E> {
                let is_text = false;
                Ok(WrittenId { number, is_text })
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenId, E> {
                let (number, is_text) = (U64Visitor.visit_str(text)?, true);
                Ok(WrittenId { number, is_text })
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<WrittenId, A::Error> {
                let (number, is_text) = (U64Visitor.visit_map(map)?, false);
                Ok(WrittenId { number, is_text })
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

impl From<FiatId> for PriceIn {
    fn from(id: FiatId) -> Self {
        Self::Fiat(id)
    }
}

impl From<CoinId> for PriceIn {
    fn from(id: CoinId) -> Self {
        Self::Coin(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_stored_and_read_back_as_it_is_written() {
        for (price_in, text) in [
            (PriceIn::from(FiatId::new(1033)), r#"{"priceFiatId":1033}"#),
            (PriceIn::from(CoinId::new(1280)), r#"{"priceCoinId":1280}"#),
            (
                PriceIn::from(FiatId::new(1033)).as_text(),
                r#"{"priceFiatId":"1033"}"#,
            ),
            (
                PriceIn::from(CoinId::new(1280)).as_text(),
                r#"{"priceCoinId":"1280"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&price_in).unwrap(), text);
            assert_eq!(serde_json::from_str::<PriceIn>(text).unwrap(), price_in);
            assert_eq!(price_in.as_text(), price_in.as_text().as_text());
        }
        for bad in [
            r#"{"priceCoinId":"+1"}"#,
            r#"{"priceCoinId":1.5}"#,
            r#"{"priceFiatId":-1}"#,
        ] {
            assert!(serde_json::from_str::<PriceIn>(bad).is_err(), "{bad}");
        }
        let none = PriceIn::from(CoinId::new(0))
            .as_text()
            .validate()
            .unwrap_err();
        assert_eq!(none.field, "priceCoinId");
    }
}
