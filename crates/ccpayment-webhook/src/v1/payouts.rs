//! `ApiWithdrawal` and `Refund`: the outgoing payments of v1.

use ccpayment_core::v1::{CoinId, GatewayOrderId, PayStatus};
use ccpayment_core::{Address, Amount, Chain, Memo, OrderId, RecordId, TxId, wire};
use serde::{Deserialize, Serialize};

/// The end of a withdrawal. If none came, ask `get_order_info` before paying again: see
/// [`decide_withdrawal`](super::decide_withdrawal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiWithdrawal {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the order.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub order_id: GatewayOrderId,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// What was taken from the merchant's balance.
    #[serde(deserialize_with = "wire::required")]
    pub withdraw_amount: Amount,
    /// What arrives.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub net_receivable: Option<Amount>,
    /// The fee of the network.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee: Option<Amount>,
    /// The symbol of the coin that the fee is in.
    #[serde(
        default,
        alias = "network_crypto",
        deserialize_with = "wire::if_readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee_crypto: Option<String>,
    /// The id of the coin that the fee is in.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_coin_id: Option<CoinId>,
    /// The fee in US dollars.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee_value: Option<Amount>,
    /// The chain.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The token's contract, or what the chain has in its place.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The symbol of the token.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub crypto: String,
    /// Where it goes: an address, a Cwallet id or an e-mail address.
    #[serde(deserialize_with = "wire::required")]
    pub to_address: Address,
    /// The memo or tag.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub memo: Option<Memo>,
    /// The transaction on the chain, or the text `internal transfer`.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// The merchant's id of the withdrawal.
    #[serde(deserialize_with = "wire::required")]
    pub merchant_order_id: OrderId,
    /// As in the request.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub merchant_pays_fee: Option<bool>,
}

/// The end of a refund that the merchant ordered on the dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refund {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// What is given back.
    #[serde(deserialize_with = "wire::required")]
    pub amount: Amount,
    /// What arrives.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub net_receivable: Option<Amount>,
    /// The fee of the network.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee: Option<Amount>,
    /// The symbol of the coin that the fee is in.
    #[serde(
        default,
        alias = "network_crypto",
        deserialize_with = "wire::if_readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee_crypto: Option<String>,
    /// The id of the coin that the fee is in.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_coin_id: Option<CoinId>,
    /// The chain.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The token's contract, or what the chain has in its place.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The symbol of the token.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub crypto: String,
    /// Where it goes: an address, a Cwallet id or an e-mail address.
    #[serde(deserialize_with = "wire::required")]
    pub to_address: Address,
    /// The memo or tag.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub memo: Option<Memo>,
    /// The transaction on the chain, or the text `internal transfer`.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// The merchant's id of the order that was paid back.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub merchant_order_id: Option<OrderId>,
}
