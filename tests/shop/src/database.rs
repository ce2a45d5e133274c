//! What the shop stores. A map in memory stands for the tables of a real database; one lock stands
//! for one transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::{Amount, OrderId, RecordId, Timestamp};

/// Survives a crash of the shop. Clones are one database.
#[derive(Debug, Clone, Default)]
pub struct Database {
    rows: Arc<Mutex<Rows>>,
}

/// The tables.
#[derive(Debug, Default)]
pub struct Rows {
    /// Money that was booked for a payer.
    pub payments: Vec<Payment>,
    /// Payouts, by the key of whoever asked for them.
    pub payouts: BTreeMap<String, Payout>,
}

/// Money that was booked for a payer.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Unique: see [`Rows::book`].
    pub record_id: RecordId,
    /// What was paid for.
    pub order_id: OrderId,
    /// How much.
    pub amount: Amount,
}

/// A payout, stored whole before anything is sent.
#[derive(Debug, Clone)]
pub struct Payout {
    /// What is sent, order id included, however often.
    pub request: ApplyAppWithdrawToNetwork,
    /// What became of it.
    pub state: PayoutState,
}

/// What became of a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "nobody else uses it")]
pub enum PayoutState {
    /// Not known. Nothing was signed after this moment.
    Open(Timestamp),
    /// The gateway took the money; the chain has not confirmed it.
    Sent(RecordId),
    /// It arrived.
    Arrived,
    /// It was not made, or the money came back.
    Refused,
}

impl Database {
    /// One transaction.
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// Books a payment, unless it is booked already.
    pub fn book(&mut self, payment: Payment) {
        let is_booked = |it: &Payment| it.record_id == payment.record_id;
        if !self.payments.iter().any(is_booked) {
            self.payments.push(payment);
        }
    }

    /// Notes what became of a payout. An end is an end: what is known later may be older.
    pub fn note(&mut self, key: &str, state: PayoutState) {
        let Some(payout) = self.payouts.get_mut(key) else {
            return;
        };
        let ended = matches!(payout.state, PayoutState::Arrived | PayoutState::Refused);
        let forgets =
            matches!(state, PayoutState::Open(_)) && !matches!(payout.state, PayoutState::Open(_));
        if !ended && !forgets {
            payout.state = state;
        }
    }

    /// The key of the payout with this order id.
    #[must_use]
    pub fn key_of(&self, order_id: &OrderId) -> Option<String> {
        let mut payouts = self.payouts.iter();
        let found = payouts.find(|(_, it)| it.request.order_id == *order_id);
        found.map(|(key, _)| key.clone())
    }
}
