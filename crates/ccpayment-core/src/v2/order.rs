//! Orders with a coin and a chain that the merchant picks.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::DepositStatus;
use crate::amount::Amount;
use crate::endpoint::{Endpoint, Safety};
use crate::ids::{
    Address, Chain, CoinId, FiatId, Memo, OrderId, RecordId, Timestamp, TxId, check_length,
};
use crate::validate::{Rule, ValidationError};
use crate::wire;

/// Opens an order for a coin and a chain, and gets the address and the amount to pay.
///
/// A repeated `order_id` is answered with 11011 `OrderDuplicate`: read [`GetAppOrderInfo`] then,
/// and make no new order id. Money that arrives up to 7 days after expiry is still credited and
/// announced. An `ApiDeposit` notification follows each payment.
///
/// Source: "Create Order Deposit Address", `POST /ccpayment/v2/createAppOrderDepositAddress`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateAppOrderDepositAddress {
    /// The coin to be paid in, at least 1.
    pub coin_id: CoinId,
    /// The price, above zero: in the fiat with at most 2 decimals when `fiat_id` is set, else in
    /// the coin with at most 18.
    pub price: Amount,
    /// The merchant's id of the order, 3 to 64 characters, unique.
    pub order_id: OrderId,
    /// The chain to be paid over.
    pub chain: Chain,
    /// Prices the order in this fiat; CCPayment computes the coin amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiat_id: Option<FiatId>,
    /// End of the rate lock, at most 10 days ahead (11012). The documents give two defaults, so
    /// set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_at: Option<Timestamp>,
    /// Where CCPayment sends the payer news of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_email: Option<String>,
    /// Asks for a hosted page too.
    #[serde(
        rename = "generateCheckoutURL",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub generate_checkout_url: Option<bool>,
    /// What is sold, at most 120 characters; shown on the hosted page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Where the hosted page leads back to, at most 150 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Notifications of this order go here, at most 150 characters; in the official SDK documents
    /// only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
    /// Where the hosted page leads when closed, at most 150 characters; in the official SDK
    /// documents only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_url: Option<String>,
}

impl CreateAppOrderDepositAddress {
    /// An order over `price`, to be paid in this coin over this chain.
    #[must_use]
    pub fn new(order_id: OrderId, coin_id: CoinId, chain: Chain, price: Amount) -> Self {
        Self {
            coin_id,
            price,
            order_id,
            chain,
            fiat_id: None,
            expired_at: None,
            buyer_email: None,
            generate_checkout_url: None,
            product: None,
            return_url: None,
            notify_url: None,
            close_url: None,
        }
    }

    /// Prices the order in a fiat.
    #[must_use]
    pub fn fiat_id(mut self, fiat_id: FiatId) -> Self {
        self.fiat_id = Some(fiat_id);
        self
    }

    /// Ends the rate lock at this moment.
    #[must_use]
    pub fn expired_at(mut self, expired_at: Timestamp) -> Self {
        self.expired_at = Some(expired_at);
        self
    }

    /// Lets CCPayment write to the payer.
    #[must_use]
    pub fn buyer_email(mut self, buyer_email: impl Into<String>) -> Self {
        self.buyer_email = Some(buyer_email.into());
        self
    }

    /// Asks for a hosted page too.
    #[must_use]
    pub fn generate_checkout_url(mut self, generate: bool) -> Self {
        self.generate_checkout_url = Some(generate);
        self
    }

    /// Names what is sold.
    #[must_use]
    pub fn product(mut self, product: impl Into<String>) -> Self {
        self.product = Some(product.into());
        self
    }

    /// Sets where the hosted page leads back to.
    #[must_use]
    pub fn return_url(mut self, return_url: impl Into<String>) -> Self {
        self.return_url = Some(return_url.into());
        self
    }

    /// Sends the notifications of this order here.
    #[must_use]
    pub fn notify_url(mut self, notify_url: impl Into<String>) -> Self {
        self.notify_url = Some(notify_url.into());
        self
    }

    /// Sets where the hosted page leads when closed.
    #[must_use]
    pub fn close_url(mut self, close_url: impl Into<String>) -> Self {
        self.close_url = Some(close_url.into());
        self
    }
}

impl Endpoint for CreateAppOrderDepositAddress {
    type Response = CreateAppOrderDepositAddressResponse;

    const NAME: &'static str = "createAppOrderDepositAddress";
    const PATH: &'static str = "/ccpayment/v2/createAppOrderDepositAddress";
    const SAFETY: Safety = Safety::OrderId;
    const SETTLED_BY: Option<&'static str> = Some(GetAppOrderInfo::NAME);

    fn validate(&self) -> Result<(), ValidationError> {
        self.coin_id.validate("coinId")?;
        if !self.price.is_positive() {
            return Err(ValidationError::new("price", Rule::NotPositive));
        }
        let max = if self.fiat_id.is_some() { 2 } else { 18 };
        if !self.price.fits_precision(max) {
            return Err(ValidationError::new("price", Rule::TooManyDecimals { max }));
        }
        self.order_id.validate("orderId")?;
        self.chain.validate("chain")?;
        if self.expired_at.is_some_and(|at| at.get() == 0) {
            return Err(ValidationError::new("expiredAt", Rule::TooSmall { min: 1 }));
        }
        check_length(self.product.as_deref(), "product", 120)?;
        check_length(self.return_url.as_deref(), "returnUrl", 150)?;
        check_length(self.notify_url.as_deref(), "notifyUrl", 150)?;
        check_length(self.close_url.as_deref(), "closeUrl", 150)
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }

    fn order_id(&self) -> Option<&OrderId> {
        Some(&self.order_id)
    }
}

/// The answer to [`CreateAppOrderDepositAddress`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateAppOrderDepositAddressResponse {
    /// Where to pay.
    #[serde(deserialize_with = "wire::required")]
    pub address: Address,
    /// What to pay, in coins.
    #[serde(deserialize_with = "wire::required")]
    pub amount: Amount,
    /// The memo to pay with, on chains that need one.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub memo: Option<Memo>,
    /// The hosted page, when it was asked for.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub checkout_url: Option<String>,
    /// How many confirmations the chain needs.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub confirms_needed: Option<u64>,
}

/// Reads an order with all payments made to it.
///
/// Source: "Get Order Information", `POST /ccpayment/v2/getAppOrderInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppOrderInfo {
    /// The merchant's id of the order.
    pub order_id: OrderId,
}

impl GetAppOrderInfo {
    /// Asks for this order.
    #[must_use]
    pub fn new(order_id: OrderId) -> Self {
        Self { order_id }
    }
}

impl Endpoint for GetAppOrderInfo {
    type Response = GetAppOrderInfoResponse;

    const NAME: &'static str = "getAppOrderInfo";
    const PATH: &'static str = "/ccpayment/v2/getAppOrderInfo";
    const SAFETY: Safety = Safety::Read;

    fn validate(&self) -> Result<(), ValidationError> {
        self.order_id.validate("orderId")
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        wire::json_body(self)
    }
}

/// The answer to [`GetAppOrderInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppOrderInfoResponse {
    /// What is to be paid in all, in coins.
    #[serde(deserialize_with = "wire::required")]
    pub amount_to_pay: Amount,
    /// The coin of the order. Payments in another coin are not listed here.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub coin_symbol: String,
    /// The chain of the order.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub chain: Chain,
    /// Where to pay. Lower-cased on EVM chains, other than in the answer that created it.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_address: Option<Address>,
    /// The memo to pay with.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_memo: Option<Memo>,
    /// When the order was created.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub create_at: Option<Timestamp>,
    /// Fiat per coin; only for orders priced in a fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate: Option<Amount>,
    /// The fiat; only for orders priced in one.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_id: Option<FiatId>,
    /// Its symbol.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_symbol: Option<String>,
    /// When the rate lock ends.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub expired_at: Option<Timestamp>,
    /// The hosted page, when it was asked for.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub checkout_url: Option<String>,
    /// Where CCPayment writes to the payer.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub buyer_email: Option<String>,
    /// The payments.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub paid_list: Vec<OrderPayment>,
}

/// A payment to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderPayment {
    /// CCPayment's id of the payment.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// Who paid; missing on UTXO chains.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub from_address: Option<Address>,
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
    /// The transaction on the chain; spelt `txid` here and `txId` elsewhere.
    #[serde(
        default,
        alias = "txId",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub txid: Option<TxId>,
    /// Where the payment stands.
    #[serde(deserialize_with = "wire::required")]
    pub status: DepositStatus,
    /// True: the money was not credited to the merchant. `None` is not the same as false: ask the
    /// deposit record before crediting.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_flagged_as_risky: Option<bool>,
    /// When it arrived.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub arrived_at: Option<Timestamp>,
    /// Fiat per coin at that time; only for orders priced in a fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate: Option<Amount>,
}
