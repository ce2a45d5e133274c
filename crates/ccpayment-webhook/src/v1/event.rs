//! What a notification of v1 says.

use std::fmt;

use ccpayment_core::v1::{CoinId, Currency, GatewayOrderId, GetOrderInfo};
use ccpayment_core::{
    Address, Amount, Chain, Memo, OrderId, RecordId, TxId, UserId, open_enum, wire,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::event::DedupeKey;
use crate::whole::UnknownEvent;

open_enum! {
    /// Where a payment stood when the notification was sent.
    PayStatus {
        /// Seen, not final.
        Pending = "pending",
        /// On its way, not final.
        Processing = "processing",
        /// Done: the only one that confirms money.
        Success = "success",
        /// Failed for good.
        Failed = "failed",
    }
}

/// A notification, by its `order_type`.
///
/// Deliveries repeat and may come out of order, so never move a record back from a final status.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A payment to an order of `create_order` or `get_checkout_url`.
    ApiDeposit(Box<ApiDeposit>),
    /// A payment to a user's permanent address.
    DirectDeposit(Box<DirectDeposit>),
    /// A payment to an invoice of the dashboard.
    Invoice(Box<Invoice>),
    /// The end of a withdrawal.
    ApiWithdrawal(Box<ApiWithdrawal>),
    /// The end of a refund of the dashboard.
    Refund(Box<Refund>),
    /// Anything else, kept whole.
    Unknown(UnknownEvent),
}

impl Event {
    /// What a store must hold as unique, so that a notification that comes again is handled once:
    /// the record id and the status. `None` for [`Event::Unknown`].
    #[must_use]
    pub fn dedupe_key(&self) -> Option<DedupeKey<'_>> {
        let (record_id, status) = match self {
            Self::ApiDeposit(event) => (&event.record_id, &event.pay_status),
            Self::DirectDeposit(event) => (&event.record_id, &event.pay_status),
            Self::Invoice(event) => (&event.record_id, &event.pay_status),
            Self::ApiWithdrawal(event) => (&event.record_id, &event.pay_status),
            Self::Refund(event) => (&event.record_id, &event.pay_status),
            Self::Unknown(_) => return None,
        };
        Some(DedupeKey {
            record_id,
            status: status.as_str(),
        })
    }

    /// The merchant's id of the order, wherever this kind has it.
    #[must_use]
    pub fn merchant_order_id(&self) -> Option<&OrderId> {
        match self {
            Self::ApiDeposit(event) => event.merchant_order_id(),
            Self::Invoice(event) => event.extend.merchant_order_id.as_ref(),
            Self::ApiWithdrawal(event) => Some(&event.merchant_order_id),
            Self::Refund(event) => event.merchant_order_id.as_ref(),
            Self::DirectDeposit(_) | Self::Unknown(_) => None,
        }
    }
}

impl Serialize for Event {
    /// As it came, but for what was empty or misspelt.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Typed<'a, T> {
            order_type: &'static str,
            #[serde(flatten)]
            event: &'a T,
        }
        fn typed<S: Serializer, T: Serialize>(
            serializer: S,
            order_type: &'static str,
            event: &T,
        ) -> Result<S::Ok, S::Error> {
            Typed { order_type, event }.serialize(serializer)
        }
        match self {
            Self::ApiDeposit(event) => typed(serializer, "API Deposit", event),
            Self::DirectDeposit(event) => typed(serializer, "Direct Deposit", event),
            Self::Invoice(event) => typed(serializer, "Invoice", event),
            Self::ApiWithdrawal(event) => typed(serializer, "API Withdrawal", event),
            Self::Refund(event) => typed(serializer, "Refund", event),
            Self::Unknown(event) => event.serialize(serializer),
        }
    }
}

/// The amount, if the gateway calls the payment done.
fn if_done<'a>(status: &PayStatus, amount: &'a Amount) -> Option<&'a Amount> {
    (*status == PayStatus::Success).then_some(amount)
}

/// A payment to an order. One order may be paid in parts, each with a record id of its own: compare their
/// sum with [`Self::order_amount`], or ask `get_order_info`, before anything is handed over.
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
    #[serde(default, deserialize_with = "wire::lenient")]
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
    #[serde(default, deserialize_with = "wire::lenient")]
    pub denominated_currency: Currency,
    /// What was due, in the token.
    #[serde(
        default,
        alias = "origin_amount",
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub order_amount: Option<Amount>,
    /// US dollars for one of the fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_rate: Option<Amount>,
    /// What came, in the token. Credit nobody from here: see `paid`.
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
    #[serde(default, deserialize_with = "wire::lenient")]
    pub extend: DepositExtend,
    /// What the merchant gave with the order. The documents promise it and don't say where it stands.
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

    /// The call that reads the order back, with the sum of what came for it; none where the
    /// notification names no order.
    #[must_use]
    pub fn confirm_request(&self) -> Option<GetOrderInfo> {
        let order_id = self.merchant_order_id()?.clone();
        Some(GetOrderInfo::new([order_id]))
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
    /// What the merchant gave with the order. The documents promise it and don't say where it stands.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_value: Option<String>,
}

/// A payment to a user's permanent address. It names no order: credit by user and record id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectDeposit {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the transaction.
    #[serde(deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// What came, in the token. Credit nobody from here: see `paid`.
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

/// A payment to an invoice that was made on the dashboard.
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
    #[serde(default, deserialize_with = "wire::lenient")]
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
    /// US dollars for one of the fiat.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub fiat_rate: Option<Amount>,
    /// What the price is in: a fiat such as `USD`, or `token`.
    #[serde(default, deserialize_with = "wire::lenient")]
    pub denominated_currency: Currency,
    /// What came, in the token. Credit nobody from here: see `paid`.
    #[serde(deserialize_with = "wire::required")]
    pub paid_amount: Amount,
    /// What the merchant gets of it. An empty text in the documents' example, which is none and not zero.
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
    #[serde(default, deserialize_with = "wire::lenient")]
    pub extend: InvoiceExtend,
}

impl Invoice {
    /// What the payer paid, once the gateway calls the payment a success; nothing before.
    #[must_use]
    pub fn paid(&self) -> Option<&Amount> {
        if_done(&self.pay_status, &self.paid_amount)
    }
}

/// The end of a withdrawal. If none came, ask `get_order_info` before paying again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiWithdrawal {
    /// Where the payment stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub pay_status: PayStatus,
    /// CCPayment's id of the order.
    #[serde(default, deserialize_with = "wire::lenient")]
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
        deserialize_with = "wire::optional",
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
        deserialize_with = "wire::optional",
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
        deserialize_with = "wire::optional",
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
