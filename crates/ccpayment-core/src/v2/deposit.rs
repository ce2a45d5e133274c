//! Deposits: the record to read before anyone is credited.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::DepositStatus;
use crate::amount::Amount;
use crate::endpoint::{Endpoint, Safety};
use crate::ids::{Address, Chain, CoinId, Memo, OrderId, RecordId, ReferenceId, Timestamp, TxId};
use crate::validate::ValidationError;
use crate::wire;

/// Reads one deposit of the merchant: the authority before anyone is credited.
///
/// Source: "Get Deposit Record", `POST /ccpayment/v2/getAppDepositRecord`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppDepositRecord {
    /// The deposit, as a notification names it.
    pub record_id: RecordId,
}

impl GetAppDepositRecord {
    /// Asks for this deposit.
    #[must_use]
    pub fn new(record_id: RecordId) -> Self {
        Self { record_id }
    }
}

impl Endpoint for GetAppDepositRecord {
    type Response = GetAppDepositRecordResponse;

    const NAME: &'static str = "getAppDepositRecord";
    const PATH: &'static str = "/ccpayment/v2/getAppDepositRecord";
    const SAFETY: Safety = Safety::Read;

    fn validate(&self) -> Result<(), ValidationError> {
        self.record_id.validate("recordId")
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }
}

/// The answer to [`GetAppDepositRecord`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppDepositRecordResponse {
    /// The deposit.
    pub record: DepositRecord,
}

/// A deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DepositRecord {
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The permanent address's id, when it was paid to one.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference_id: Option<ReferenceId>,
    /// The order, when it was paid for one.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub order_id: Option<OrderId>,
    /// The coin that was paid.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_symbol: String,
    /// The chain it came over.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The coin's contract on that chain; not always an address.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The coin's price in US dollars when the payment came in.
    #[serde(
        rename = "coinUSDPrice",
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub coin_usd_price: Option<Amount>,
    /// Who paid; missing on UTXO chains.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub from_address: Option<Address>,
    /// Where it was paid to.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_address: Option<Address>,
    /// The memo it was paid with.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_memo: Option<Memo>,
    /// What was paid, in coins, before the service fee.
    #[serde(deserialize_with = "wire::required")]
    pub amount: Amount,
    /// What CCPayment keeps of it, in coins.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub service_fee: Option<Amount>,
    /// The transaction on the chain.
    #[serde(
        default,
        alias = "txid",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub tx_id: Option<TxId>,
    /// Which output of the transaction; in the official SDK documents only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub tx_index: Option<u64>,
    /// Where the deposit stands.
    #[serde(deserialize_with = "wire::required")]
    pub status: DepositStatus,
    /// When it arrived.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub arrived_at: Option<Timestamp>,
    /// True: the money was *not* credited to the merchant. `None`, when the gateway does not say,
    /// is not the same as false.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_flagged_as_risky: Option<bool>,
}
