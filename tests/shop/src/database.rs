//! The shop's database. A map in memory stands for the tables of a real database; one lock stands
//! for one transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::{Amount, CoinId, OrderId, PriceIn, RecordId, Timestamp};

/// Survives a crash of the shop. Clones are one database.
#[derive(Debug, Clone, Default)]
pub struct Database {
    rows: Arc<Mutex<Rows>>,
}

/// The tables.
#[derive(Debug, Default)]
pub struct Rows {
    /// What was asked for, by order id.
    pub asked: BTreeMap<OrderId, Asked>,
    /// Money that was booked for a payer.
    pub payments: Vec<Payment>,
    /// Payouts, by the key of the caller who asked for them.
    pub payouts: BTreeMap<String, Payout>,
    /// Whole notifications that the shop does not handle: a person looks at them.
    pub set_aside: Vec<String>,
}

/// What an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "nobody else uses it")]
pub enum Asked {
    /// This coin.
    Coin(CoinId),
    /// An invoice in this currency, which is paid in any coin.
    Invoice(PriceIn),
}

/// Money that was booked for a payer.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Unique: see [`Rows::book`].
    pub record_id: RecordId,
    /// The order that was paid.
    pub order_id: OrderId,
    /// How much.
    pub amount: Amount,
    /// What the amount is in. Only amounts of one currency are ever added up.
    pub paid_in: PriceIn,
    /// Whether it counts towards the order. Money in a coin that nobody asked for is kept for a
    /// person to give back, or to take.
    pub counts: bool,
}

/// A payout, stored whole before anything is sent.
#[derive(Debug, Clone)]
pub struct Payout {
    /// The request, order id included. It is sent the same each time.
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
    /// Provably not made, for a temporary reason, such as a line that is down. It is made again,
    /// under the same order id.
    ToMake,
    /// The gateway took it on; the chain has not confirmed it.
    Sent(RecordId),
    /// It arrived.
    Arrived,
    /// The gateway refused it for a permanent reason, such as too little money.
    Refused,
    /// It failed on its chain, or a person rejected it. The receiver has nothing. A person checks
    /// whether the money of a failed payout came back.
    Failed,
    /// The gateway has something under its order id that is not plainly this payout. It is never
    /// paid again: a person compares the two.
    ForAPerson,
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

    /// Notes what became of a payout. An end stays: a later note may be older news.
    pub fn note(&mut self, key: &str, state: PayoutState) {
        use PayoutState::{Arrived, Failed, Open, Refused, ToMake};

        let Some(payout) = self.payouts.get_mut(key) else {
            return;
        };
        let ended = matches!(payout.state, Arrived | Refused | Failed);
        let forgets = matches!(state, Open(_) | ToMake | Refused)
            && !matches!(payout.state, Open(_) | ToMake);
        if !ended && !forgets {
            payout.state = state;
        }
    }

    /// Notes the result of a call that began in this state. If another call has begun meanwhile,
    /// the result of the first says nothing about the other.
    pub fn note_not_made(&mut self, key: &str, began: &PayoutState, state: PayoutState) {
        if self.payouts.get(key).is_some_and(|it| it.state == *began) {
            self.note(key, state);
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
