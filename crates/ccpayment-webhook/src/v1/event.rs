//! `Event`, a notification of v1.

use ccpayment_core::OrderId;
use serde::{Serialize, Serializer};

use super::deposits::{ApiDeposit, DirectDeposit, Invoice};
use super::payouts::{ApiWithdrawal, Refund};
use crate::event::DeliveryKey;
use crate::raw_event::{UnknownEvent, UnreadableEvent};

/// A notification, by its `order_type`.
///
/// Deliveries repeat and may come out of order, so never move a record back from a final status. A
/// program that does not handle a type stores it whole (`Event` is `Serialize`) and then
/// acknowledges it, or does not acknowledge it.
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
    /// A type that this version knows, in a form that it can't read, kept whole. Store it whole and
    /// tell a person before it is acknowledged, or don't acknowledge it.
    Unreadable(UnreadableEvent),
    /// A type that this version does not know, kept whole.
    Unknown(UnknownEvent),
}

impl Event {
    /// The key by which repeats of a notification are known: record id *and* status. It is no key
    /// for money: a credit is unique by [`Creditable::record_id`](super::Creditable::record_id).
    /// `None` for what can't be read.
    #[must_use]
    pub fn delivery_key(&self) -> Option<DeliveryKey<'_>> {
        let (record_id, status) = match self {
            Self::ApiDeposit(event) => (&event.record_id, &event.pay_status),
            Self::DirectDeposit(event) => (&event.record_id, &event.pay_status),
            Self::Invoice(event) => (&event.record_id, &event.pay_status),
            Self::ApiWithdrawal(event) => (&event.record_id, &event.pay_status),
            Self::Refund(event) => (&event.record_id, &event.pay_status),
            Self::Unreadable(_) | Self::Unknown(_) => return None,
        };
        Some(DeliveryKey::new(record_id, status.as_str()))
    }

    /// The merchant's id of the order, wherever this kind has it.
    #[must_use]
    pub fn merchant_order_id(&self) -> Option<&OrderId> {
        match self {
            Self::ApiDeposit(event) => event.merchant_order_id(),
            Self::Invoice(event) => event.extend.merchant_order_id.as_ref(),
            Self::ApiWithdrawal(event) => Some(&event.merchant_order_id),
            Self::Refund(event) => event.merchant_order_id.as_ref(),
            Self::DirectDeposit(_) | Self::Unreadable(_) | Self::Unknown(_) => None,
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
            Self::Unreadable(event) => event.serialize(serializer),
            Self::Unknown(event) => event.serialize(serializer),
        }
    }
}
