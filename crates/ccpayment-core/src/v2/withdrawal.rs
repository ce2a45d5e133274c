//! Withdrawals of the merchant's own money.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{WithdrawStatus, WithdrawType};
use crate::amount::Amount;
use crate::endpoint::{Endpoint, Safety};
use crate::ids::{
    Address, AppId, Chain, CoinId, Memo, OrderId, RecordId, RecordKey, TxId, check_length,
};
use crate::payout::{Comparison, Found, Payout, same_address, same_amount};
use crate::validate::{Rule, ValidationError};
use crate::wire;

/// Sends the merchant's money to an address on a chain.
///
/// Send it with `Client::payout`, which ends in exactly one payout whatever happens on the wire.
/// An `ApiWithdrawal` notification follows.
///
/// Source: "Create Network Withdrawal Order", `POST /ccpayment/v2/applyAppWithdrawToNetwork`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplyAppWithdrawToNetwork {
    /// The coin, at least 1.
    pub coin_id: CoinId,
    /// Where it goes.
    pub address: Address,
    /// The merchant's id of this payout, 3 to 64 characters, unique. Store it before the call.
    pub order_id: OrderId,
    /// The chain it goes over.
    pub chain: Chain,
    /// How much, in coins, above zero and within the precision of the coin on that chain (14013).
    pub amount: Amount,
    /// True: the receiver gets the whole amount and the network fee comes on top. False, the
    /// gateway's default: the fee is taken from the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_pay_network_fee: Option<bool>,
    /// The memo, which some chains need (14003) and others refuse (14009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<Memo>,
    /// A fee quote taken before; in the official SDK documents only, effect not described.
    #[serde(
        rename = "networkFeeInquiryID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee_inquiry_id: Option<String>,
    /// Notifications of this payout go here, at most 150 characters; in the official SDK documents
    /// only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
}

impl ApplyAppWithdrawToNetwork {
    /// A payout of `amount` to this address.
    #[must_use]
    pub fn new(
        order_id: OrderId,
        coin_id: CoinId,
        chain: Chain,
        address: Address,
        amount: Amount,
    ) -> Self {
        Self {
            coin_id,
            address,
            order_id,
            chain,
            amount,
            merchant_pay_network_fee: None,
            memo: None,
            network_fee_inquiry_id: None,
            notify_url: None,
        }
    }

    /// Says who pays the network fee.
    #[must_use]
    pub fn merchant_pay_network_fee(mut self, merchant_pays: bool) -> Self {
        self.merchant_pay_network_fee = Some(merchant_pays);
        self
    }

    /// Adds the memo that the chain needs.
    #[must_use]
    pub fn memo(mut self, memo: Memo) -> Self {
        self.memo = Some(memo);
        self
    }

    /// Refers to a fee quote.
    #[must_use]
    pub fn network_fee_inquiry_id(mut self, id: impl Into<String>) -> Self {
        self.network_fee_inquiry_id = Some(id.into());
        self
    }

    /// Sends the notifications of this payout here.
    #[must_use]
    pub fn notify_url(mut self, notify_url: impl Into<String>) -> Self {
        self.notify_url = Some(notify_url.into());
        self
    }
}

impl Endpoint for ApplyAppWithdrawToNetwork {
    type Response = ApplyAppWithdrawToNetworkResponse;

    const NAME: &'static str = "applyAppWithdrawToNetwork";
    const PATH: &'static str = "/ccpayment/v2/applyAppWithdrawToNetwork";
    const SAFETY: Safety = Safety::OrderId;
    const SETTLED_BY: Option<&'static str> = Some(GetAppWithdrawRecord::NAME);

    fn validate(&self) -> Result<(), ValidationError> {
        self.coin_id.validate("coinId")?;
        self.address.validate("address")?;
        self.order_id.validate("orderId")?;
        self.chain.validate("chain")?;
        if !self.amount.is_positive() {
            return Err(ValidationError::new("amount", Rule::NotPositive));
        }
        check_length(self.notify_url.as_deref(), "notifyUrl", 150)
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }

    fn order_id(&self) -> Option<&OrderId> {
        Some(&self.order_id)
    }
}

impl Payout for ApplyAppWithdrawToNetwork {
    type Lookup = GetAppWithdrawRecord;

    fn payout_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetAppWithdrawRecord {
        GetAppWithdrawRecord::new(self.order_id.clone())
    }

    fn record_id(accepted: &ApplyAppWithdrawToNetworkResponse) -> &RecordId {
        &accepted.record_id
    }

    fn judge(&self, found: &GetAppWithdrawRecordResponse) -> Found {
        let record = &found.record;
        // A record of another order is an answer to another question.
        if record.order_id.as_ref() != Some(&self.order_id) {
            return Found::Incomplete { field: "orderId" };
        }
        let merchant_pays = self.merchant_pay_network_fee == Some(true);
        let fee_taken_from_it = (record.fee.as_ref())
            .filter(|fee| !merchant_pays && fee.coin_id == Some(self.coin_id))
            .and_then(|fee| fee.amount.as_ref());

        let mut comparison = Comparison::default();
        comparison.field(
            "withdrawType",
            &WithdrawType::Network,
            record.withdraw_type.as_ref(),
            WithdrawType::eq,
        );
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        comparison.field("chain", &self.chain, record.chain.as_ref(), Chain::eq);
        comparison.field(
            "address",
            &self.address,
            record.to_address.as_ref(),
            same_address,
        );
        let memo = self.memo.as_ref().filter(|memo| !memo.is_empty());
        comparison.optional("memo", memo, record.to_memo.as_ref());
        comparison.field(
            "amount",
            &self.amount,
            Some(&record.amount),
            |asked, found| same_amount(asked, found, fee_taken_from_it),
        );

        comparison
            .verdict(&record.record_id)
            .unwrap_or_else(|| match &record.status {
                WithdrawStatus::Rejected | WithdrawStatus::Failed => Found::Ended {
                    record_id: record.record_id.clone(),
                    status: record.status.to_string(),
                    reason: record.reason.clone(),
                },
                _ => Found::Same {
                    record_id: record.record_id.clone(),
                },
            })
    }
}

/// The answer to [`ApplyAppWithdrawToNetwork`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplyAppWithdrawToNetworkResponse {
    /// CCPayment's id of the withdrawal. An answer without it is not a success.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
}

/// Reads one withdrawal of the merchant, by CCPayment's id or by the merchant's own.
///
/// 11003 `NotFound` soon after an unanswered call does not prove that the call was lost.
///
/// Source: "Get Withdrawal Record", `POST /ccpayment/v2/getAppWithdrawRecord`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct GetAppWithdrawRecord {
    /// Which withdrawal.
    pub key: RecordKey,
}

impl GetAppWithdrawRecord {
    /// Asks for the withdrawal under this [`RecordId`] or [`OrderId`].
    #[must_use]
    pub fn new(key: impl Into<RecordKey>) -> Self {
        Self { key: key.into() }
    }
}

impl Endpoint for GetAppWithdrawRecord {
    type Response = GetAppWithdrawRecordResponse;

    const NAME: &'static str = "getAppWithdrawRecord";
    const PATH: &'static str = "/ccpayment/v2/getAppWithdrawRecord";
    const SAFETY: Safety = Safety::Read;

    fn validate(&self) -> Result<(), ValidationError> {
        self.key.validate()
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }
}

/// The answer to [`GetAppWithdrawRecord`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppWithdrawRecordResponse {
    /// The withdrawal.
    pub record: WithdrawRecord,
}

/// A withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WithdrawRecord {
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// Where it goes.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub withdraw_type: Option<WithdrawType>,
    /// The merchant; in the official SDK documents only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub app_id: Option<AppId>,
    /// The coin.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_symbol: String,
    /// The chain; `Cwallet OS` for a transfer to a Cwallet account.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub chain: Option<Chain>,
    /// The receiver of a transfer to a Cwallet account.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub cwallet_user: Option<String>,
    /// Where it comes from; missing on UTXO chains and for Cwallet transfers.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub from_address: Option<Address>,
    /// Where it goes; on chains only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_address: Option<Address>,
    /// The memo it goes with.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_memo: Option<Memo>,
    /// The transaction on the chain; missing until it is broadcast, and for Cwallet transfers.
    #[serde(
        default,
        alias = "txid",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub tx_id: Option<TxId>,
    /// Where the withdrawal stands.
    #[serde(deserialize_with = "wire::required")]
    pub status: WithdrawStatus,
    /// The merchant's id.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub order_id: Option<OrderId>,
    /// How much, in coins.
    #[serde(deserialize_with = "wire::required")]
    pub amount: Amount,
    /// The network fee; on chains only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fee: Option<NetworkFee>,
    /// Why it was rejected or failed; in the official SDK documents only.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
    /// The coin's price in US dollars; in the official SDK documents only.
    #[serde(
        rename = "coinUSDPrice",
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub coin_usd_price: Option<Amount>,
}

/// A network fee, which may be charged in another coin than the one that moves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NetworkFee {
    /// The coin it is charged in; a number here and text in another table.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub coin_id: Option<CoinId>,
    /// Its symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_symbol: String,
    /// How much, in that coin.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount: Option<Amount>,
}
