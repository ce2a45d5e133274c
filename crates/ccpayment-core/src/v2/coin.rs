//! Coins and their networks.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::CoinStatus;
use crate::amount::Amount;
use crate::endpoint::{Endpoint, Safety};
use crate::ids::{Chain, CoinId};
use crate::validate::ValidationError;
use crate::wire;

/// Lists the coins that this merchant has switched on, with the limits of each network.
///
/// Source: "Get Token List", `POST /ccpayment/v2/getCoinList`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetCoinList {}

impl GetCoinList {
    /// The request; it has no parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for GetCoinList {
    type Response = GetCoinListResponse;

    const NAME: &'static str = "getCoinList";
    const PATH: &'static str = "/ccpayment/v2/getCoinList";
    const SAFETY: Safety = Safety::Read;

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        Ok(Bytes::new())
    }
}

/// The answer to [`GetCoinList`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetCoinListResponse {
    /// The coins.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coins: Vec<CoinInfo>,
}

/// Reads one coin and its networks.
///
/// Source: "Get Token Information", `POST /ccpayment/v2/getCoin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetCoin {
    /// The coin, at least 1.
    pub coin_id: CoinId,
}

impl GetCoin {
    /// Asks for this coin.
    #[must_use]
    pub fn new(coin_id: CoinId) -> Self {
        Self { coin_id }
    }
}

impl Endpoint for GetCoin {
    type Response = GetCoinResponse;

    const NAME: &'static str = "getCoin";
    const PATH: &'static str = "/ccpayment/v2/getCoin";
    const SAFETY: Safety = Safety::Read;

    fn validate(&self) -> Result<(), ValidationError> {
        self.coin_id.validate("coinId")
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }
}

/// The answer to [`GetCoin`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetCoinResponse {
    /// The coin: one object, although the documents' table calls it an array.
    pub coin: CoinInfo,
}

/// A coin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CoinInfo {
    /// The coin's id; key on it, never on the symbol.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// The symbol, such as `USDT`.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub symbol: String,
    /// The name.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_full_name: String,
    /// Where its logo is.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub logo_url: String,
    /// What can be done with it.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub status: CoinStatus,
    /// Its networks, by chain symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub networks: BTreeMap<Chain, CoinNetwork>,
    /// A price; in the official SDK documents only, unit not stated.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub price: Option<Amount>,
}

/// A coin on one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CoinNetwork {
    /// The chain's symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The chain's name.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain_full_name: String,
    /// The contract; not always an address (`137`, `TRX`).
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// How many decimals an amount may have on this chain (14013 beyond).
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub precision: Option<u32>,
    /// Whether deposits are open.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub can_deposit: bool,
    /// Whether withdrawals are open.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub can_withdraw: bool,
    /// The least deposit, in coins.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub minimum_deposit_amount: Option<Amount>,
    /// The least withdrawal, in coins.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub minimum_withdraw_amount: Option<Amount>,
    /// The greatest withdrawal, in coins; zero means no ceiling.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub maximum_withdraw_amount: Option<Amount>,
    /// Whether an address needs a memo beside it.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub is_support_memo: bool,
    /// The token standard; in the official SDKs only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub protocol: Option<String>,
}
