//! `ApiDeposit`, `DirectDeposit` and `Invoice`: the incoming payments of v1.

use std::fmt;

use ccpayment_core::v1::{Currency, GatewayOrderId, PayStatus};
use ccpayment_core::{Address, Amount, Chain, Memo, OrderId, RecordId, TxId, UserId, wire};
use serde::{Deserialize, Serialize};

/// The amount, if the gateway calls the payment done.
fn if_done<'a>(status: &PayStatus, amount: &'a Amount) -> Option<&'a Amount> {
    (*status == PayStatus::Success).then_some(amount)
}

/// A payment to an order. One order may be paid in parts, each with a record id of its own: compare
/// their sum with [`Self::order_amount`], or ask `get_order_info`, before anything is handed over.
///
/// [`confirm_request`](Self::confirm_request) and [`decide`](Self::decide) say what to do, or
/// `confirm` in one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiDeposit {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// CCPayment's id of the order.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub order_id: GatewayOrderId,
    /// The price, as it was set.
    #[serde(
        default,
        alias = "origin_price",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub product_price: Option<Amount>,
    /// What the price is in: a fiat such as `USD`, or `token`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub denominated_currency: Currency,
    /// What was due, in the token.
    #[serde(
        default,
        alias = "origin_amount",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub order_amount: Option<Amount>,
    /// US dollars for one unit of the fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_rate: Option<Amount>,
    /// What came, in the token. Credit nobody from here: see the decision.
    #[serde(deserialize_with = "wire::required")]
    pub paid_amount: Amount,
    /// US dollars for one token.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_rate: Option<Amount>,
    /// The chain.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The transaction on the chain, or the text `internal transfer`.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// The token's contract, or what the chain has in its place.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The symbol of the token.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub crypto: String,
    /// Holds the merchant's id of the order.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub extend: DepositExtend,
    /// What the merchant gave with the order. The documents promise it and don't say where it
    /// stands.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_value: Option<String>,
}

impl ApiDeposit {
    /// What the payer paid, once the gateway calls the payment a success; nothing before.
    #[must_use]
    pub fn paid(&self) -> Option<&Amount> {
        if_done(&self.pay_status, &self.paid_amount)
    }

    /// The merchant's id of the order.
    #[must_use]
    pub fn merchant_order_id(&self) -> Option<&OrderId> {
        self.extend.merchant_order_id.as_ref()
    }

    /// What the merchant gave with the order, wherever it stands.
    #[must_use]
    pub fn custom_value(&self) -> Option<&str> {
        let places = [&self.custom_value, &self.extend.custom_value];
        places.into_iter().flatten().next().map(String::as_str)
    }
}

/// Where a payment to an order says which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct DepositExtend {
    /// The merchant's id of the order.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub merchant_order_id: Option<OrderId>,
    /// What the merchant gave with the order. The documents promise it and don't say where it
    /// stands.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_value: Option<String>,
}

/// A payment to a user's permanent address. It names no order, and v1 has no route that reads it
/// back: [`decision`](Self::decision) goes by the signed notification alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectDeposit {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// What came, in the token. Credit nobody from here: see the decision.
    #[serde(deserialize_with = "wire::required")]
    pub paid_amount: Amount,
    /// What the merchant gets of it, after CCPayment's fee.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub credit_amount: Option<Amount>,
    /// The chain.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// Where it came from.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub from_address: Option<Address>,
    /// The permanent address.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_address: Option<Address>,
    /// The token's contract, or what the chain has in its place.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The symbol of the token.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub crypto: String,
    /// The transaction on the chain, or the text `internal transfer`.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// CCPayment's fee.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub service_fee: Option<Amount>,
    /// The memo or tag.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub memo: Option<Memo>,
    /// The merchant's id of the user.
    #[serde(deserialize_with = "wire::required")]
    pub user_id: UserId,
}

impl DirectDeposit {
    /// What the payer paid, once the gateway calls the payment a success; nothing before.
    #[must_use]
    pub fn paid(&self) -> Option<&Amount> {
        if_done(&self.pay_status, &self.paid_amount)
    }
}

/// A payment to an invoice that was made on the dashboard. v1 has no route that reads it back:
/// [`decision`](Self::decision) goes by the signed notification alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invoice {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// CCPayment's id of the order.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub order_id: GatewayOrderId,
    /// The price, as it was set.
    #[serde(
        default,
        alias = "origin_price",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub product_price: Option<Amount>,
    /// What was due, in the token.
    #[serde(
        default,
        alias = "origin_amount",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub order_amount: Option<Amount>,
    /// US dollars for one unit of the fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_rate: Option<Amount>,
    /// What the price is in: a fiat such as `USD`, or `token`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub denominated_currency: Currency,
    /// What came, in the token. Credit nobody from here: see the decision.
    #[serde(deserialize_with = "wire::required")]
    pub paid_amount: Amount,
    /// What the merchant gets of it. The documents' example has an empty text, which means none and
    /// not zero.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub credit_amount: Option<Amount>,
    /// US dollars for one token.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_rate: Option<Amount>,
    /// The chain.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// The token's contract, or what the chain has in its place.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub contract: String,
    /// The symbol of the token.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub crypto: String,
    /// The transaction on the chain, or the text `internal transfer`.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// The fee of the network.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_fee: Option<Amount>,
    /// CCPayment's fee.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub service_fee: Option<Amount>,
    /// The memo or tag.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub memo: Option<Memo>,
    /// Says which invoice.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub extend: InvoiceExtend,
}

impl Invoice {
    /// What the payer paid, once the gateway calls the payment a success; nothing before.
    #[must_use]
    pub fn paid(&self) -> Option<&Amount> {
        if_done(&self.pay_status, &self.paid_amount)
    }
}

/// Which invoice was paid. `Debug` does not show the payer's e-mail address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct InvoiceExtend {
    /// CCPayment's id of the invoice.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub invoice_id: String,
    /// The payer's e-mail address.
    #[serde(
        default,
        deserialize_with = "wire::if_readable",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_email: Option<String>,
    /// The merchant's id of the order, which only an older example has.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub merchant_order_id: Option<OrderId>,
}

impl fmt::Debug for InvoiceExtend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvoiceExtend")
            .field("invoice_id", &self.invoice_id)
            .field("merchant_order_id", &self.merchant_order_id)
            .finish_non_exhaustive()
    }
}
