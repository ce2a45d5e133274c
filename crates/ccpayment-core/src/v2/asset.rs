//! The merchant's balances.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::endpoint::{Endpoint, Safety};
use crate::ids::CoinId;
use crate::validate::ValidationError;
use crate::wire;

/// Reads the merchant's balance of one coin.
///
/// Source: "Get Balance of a Coin", `POST /ccpayment/v2/getAppCoinAsset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppCoinAsset {
    /// The coin, at least 1.
    pub coin_id: CoinId,
}

impl GetAppCoinAsset {
    /// Asks for the balance of this coin.
    #[must_use]
    pub fn new(coin_id: CoinId) -> Self {
        Self { coin_id }
    }
}

impl Endpoint for GetAppCoinAsset {
    type Response = GetAppCoinAssetResponse;

    const NAME: &'static str = "getAppCoinAsset";
    const PATH: &'static str = "/ccpayment/v2/getAppCoinAsset";
    const SAFETY: Safety = Safety::Read;

    fn validate(&self) -> Result<(), ValidationError> {
        self.coin_id.validate("coinId")
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }
}

/// The answer to [`GetAppCoinAsset`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppCoinAssetResponse {
    /// The balance.
    pub asset: Asset,
}

/// The balance of one coin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Asset {
    /// The coin.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_symbol: String,
    /// What can be spent, in coins. `None` where the gateway sends an empty text: that is
    /// unknown, not zero.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub available: Option<Amount>,
}
