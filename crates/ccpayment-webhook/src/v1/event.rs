//! What a notification of v1 says.

use ccpayment_core::OrderId;
use serde::{Serialize, Serializer};

use super::deposits::{ApiDeposit, DirectDeposit, Invoice};
use super::payouts::{ApiWithdrawal, Refund};
use crate::event::DedupeKey;
use crate::whole::UnknownEvent;

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
