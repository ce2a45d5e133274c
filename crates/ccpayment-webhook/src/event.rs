//! `Event`, a notification: something happened to a record. It never says how much to credit.

use std::fmt;

use ccpayment_core::v2::{DepositStatus, WithdrawStatus};
use ccpayment_core::{CoinId, OrderId, RecordId, ReferenceId, UserId, wire};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::raw_event::{RiskyAddress, UnknownEvent, UnreadableEvent};

/// A notification, by its `type`.
///
/// Deliveries repeat and may come out of order: a `Processing` can arrive after its `Success`, so
/// never move a record back from a final status. See [`Event::delivery_key`].
///
/// No event has an amount. What may be credited stands in the record, which is to be read back:
/// see [`Confirm`](crate::Confirm) and [`DepositDecision`](crate::DepositDecision).
///
/// A program that does not handle a type stores it whole (`Event` is `Serialize`) and then
/// acknowledges it, or does not acknowledge it. An acknowledged notification never comes again.
///
/// ```
/// use ccpayment_webhook::Event;
///
/// /// A line for a log. Whether and what to credit is a question to the record.
/// fn line(event: &Event) -> String {
///     match event {
///         Event::ApiDeposit(deposit) => format!("order {}: {:?}", deposit.order_id, deposit.status),
///         Event::ApiWithdrawal(payout) => format!("payout {}: {:?}", payout.order_id, payout.status),
///         Event::Unreadable(event) => format!("{}: {}", event.event_type(), event.reason()),
///         other => format!("{:?}", other.event_type()),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A payment to a permanent address of a reference id.
    DirectDeposit(DirectDeposit),
    /// A payment to an order: an address order or an invoice.
    ApiDeposit(ApiDeposit),
    /// A payment to a permanent address of an end user.
    UserDeposit(UserDeposit),
    /// Progress of a merchant's withdrawal.
    ApiWithdrawal(ApiWithdrawal),
    /// Progress of an end user's withdrawal.
    UserWithdrawal(UserWithdrawal),
    /// A deposit address was flagged as risky and is disabled.
    RiskyAddress(RiskyAddress),
    /// The address of a webhook was saved on the dashboard, which waits for an acknowledgement.
    /// Nothing to do. No document names it; several public integrations receive it.
    ActivateWebhookUrl(UnknownEvent),
    /// A type that this version knows, in a form that it can't read, kept whole.
    ///
    /// Something happened to a record. Store it whole and tell a person before it is acknowledged,
    /// or don't acknowledge it.
    Unreadable(UnreadableEvent),
    /// A type that this version does not know, kept whole.
    Unknown(UnknownEvent),
}

impl Event {
    /// The `type`, when there is one.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        match self {
            Self::DirectDeposit(_) => Some("DirectDeposit"),
            Self::ApiDeposit(_) => Some("ApiDeposit"),
            Self::UserDeposit(_) => Some("UserDeposit"),
            Self::ApiWithdrawal(_) => Some("ApiWithdrawal"),
            Self::UserWithdrawal(_) => Some("UserWithdrawal"),
            Self::RiskyAddress(_) => None,
            Self::ActivateWebhookUrl(event) | Self::Unknown(event) => event.event_type(),
            Self::Unreadable(event) => Some(event.event_type()),
        }
    }

    /// The key by which repeats of a notification are known: record id *and* status.
    ///
    /// Use it to skip work that was done before. It is no key for money: the gateway sends a
    /// notification for each status of a record, and each may be handled after the record is final,
    /// so several delivery keys lead to one payment. A credit is unique by
    /// [`Creditable::record_id`](crate::Creditable::record_id).
    ///
    /// `None` for a notification that is about no record or can't be read.
    #[must_use]
    pub fn delivery_key(&self) -> Option<DeliveryKey<'_>> {
        let (record_id, status) = match self {
            Self::DirectDeposit(event) => (&event.record_id, event.status.as_str()),
            Self::ApiDeposit(event) => (&event.record_id, event.status.as_str()),
            Self::UserDeposit(event) => (&event.record_id, event.status.as_str()),
            Self::ApiWithdrawal(event) => (&event.record_id, event.status.as_str()),
            Self::UserWithdrawal(event) => (&event.record_id, event.status.as_str()),
            Self::RiskyAddress(_)
            | Self::ActivateWebhookUrl(_)
            | Self::Unreadable(_)
            | Self::Unknown(_) => return None,
        };
        Some(DeliveryKey::new(record_id, status))
    }
}

impl Serialize for Event {
    /// As it came: `{"type": ..., "msg": ...}`, or the whole of an unknown one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn envelope<S: Serializer>(
            serializer: S,
            event: &Event,
            msg: &impl Serialize,
        ) -> Result<S::Ok, S::Error> {
            let mut envelope = serializer.serialize_struct("Event", 2)?;
            envelope.serialize_field("type", &event.event_type())?;
            envelope.serialize_field("msg", msg)?;
            envelope.end()
        }
        match self {
            Self::DirectDeposit(msg) => envelope(serializer, self, msg),
            Self::ApiDeposit(msg) => envelope(serializer, self, msg),
            Self::UserDeposit(msg) => envelope(serializer, self, msg),
            Self::ApiWithdrawal(msg) => envelope(serializer, self, msg),
            Self::UserWithdrawal(msg) => envelope(serializer, self, msg),
            Self::RiskyAddress(event) => event.serialize(serializer),
            Self::ActivateWebhookUrl(event) | Self::Unknown(event) => event.serialize(serializer),
            Self::Unreadable(event) => event.serialize(serializer),
        }
    }
}

/// Reads a name for people. A bad value must not make the ids around it unreadable.
fn symbol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// Two notifications with the same key are repeats: see [`Event::delivery_key`].
///
/// `Display` writes it as one text, `<recordId>/<status>`, for a column of a store. It shows no
/// record id by itself, because it is no key for a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey<'a> {
    record_id: &'a RecordId,
    status: &'a str,
}

impl<'a> DeliveryKey<'a> {
    pub(crate) fn new(record_id: &'a RecordId, status: &'a str) -> Self {
        Self { record_id, status }
    }
}

impl fmt::Display for DeliveryKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.record_id, self.status)
    }
}

/// A payment to a permanent address of a reference id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DirectDeposit {
    /// CCPayment's id of the transaction.
    #[serde(alias = "recordID", deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The merchant's id of the address.
    #[serde(alias = "referenceID", deserialize_with = "wire::required")]
    pub reference_id: ReferenceId,
    /// The coin that was paid.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol. Decides nothing: empty when it can't be read.
    #[serde(default, deserialize_with = "symbol")]
    pub coin_symbol: String,
    /// Where the deposit stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub status: DepositStatus,
    /// True: the money was *not* credited to the merchant. The record has the last word.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_flagged_as_risky: Option<bool>,
}

/// A payment to an order: an address order or an invoice, which look the same here.
///
/// One order may be paid in parts, each with a record id of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiDeposit {
    /// CCPayment's id of the transaction.
    #[serde(alias = "recordID", deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The merchant's id of the order.
    #[serde(alias = "orderID", deserialize_with = "wire::required")]
    pub order_id: OrderId,
    /// The coin that was paid.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol. Decides nothing: empty when it can't be read.
    #[serde(default, deserialize_with = "symbol")]
    pub coin_symbol: String,
    /// Where the deposit stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub status: DepositStatus,
    /// True: the money was *not* credited to the merchant. The record has the last word.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_flagged_as_risky: Option<bool>,
}

/// A payment to a permanent address of an end user. Its record is read by `getUserDepositRecord`.
///
/// The gateway's sample has an `amount` here, which its table does not list; it is not offered,
/// since nobody is ever credited from a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserDeposit {
    /// CCPayment's id of the transaction.
    #[serde(alias = "recordID", deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The merchant's id of the end user.
    #[serde(alias = "userID", deserialize_with = "wire::required")]
    pub user_id: UserId,
    /// The coin that was paid.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol. Decides nothing: empty when it can't be read.
    #[serde(default, deserialize_with = "symbol")]
    pub coin_symbol: String,
    /// Where the deposit stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub status: DepositStatus,
    /// True: the money was *not* credited to the merchant. The record has the last word.
    #[serde(
        default,
        deserialize_with = "wire::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_flagged_as_risky: Option<bool>,
}

/// Progress of a merchant's withdrawal to a chain.
///
/// A fast chain sends no `Processing` before its `Success`, and a withdrawal to a Cwallet account
/// sends nothing at all. When nothing has come after about two hours, read the record: see
/// [`Confirm`](crate::Confirm).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiWithdrawal {
    /// CCPayment's id of the transaction.
    #[serde(alias = "recordID", deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The merchant's id of the withdrawal.
    #[serde(alias = "orderID", deserialize_with = "wire::required")]
    pub order_id: OrderId,
    /// The coin that moves.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol. Decides nothing: empty when it can't be read.
    #[serde(default, deserialize_with = "symbol")]
    pub coin_symbol: String,
    /// Where the withdrawal stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub status: WithdrawStatus,
}

/// Progress of an end user's withdrawal. Its record is read by `getUserWithdrawRecord`.
///
/// A withdrawal to a Cwallet account sends nothing at all. When nothing has come after about two
/// hours, read the record: see [`Confirm`](crate::Confirm).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserWithdrawal {
    /// CCPayment's id of the transaction.
    #[serde(alias = "recordID", deserialize_with = "wire::required")]
    pub record_id: RecordId,
    /// The merchant's id of the withdrawal.
    #[serde(alias = "orderID", deserialize_with = "wire::required")]
    pub order_id: OrderId,
    /// The merchant's id of the end user.
    #[serde(alias = "userID", deserialize_with = "wire::required")]
    pub user_id: UserId,
    /// The coin that moves.
    #[serde(deserialize_with = "wire::required")]
    pub coin_id: CoinId,
    /// Its symbol. Decides nothing: empty when it can't be read.
    #[serde(default, deserialize_with = "symbol")]
    pub coin_symbol: String,
    /// Where the withdrawal stood when this was sent.
    #[serde(deserialize_with = "wire::required")]
    pub status: WithdrawStatus,
}
