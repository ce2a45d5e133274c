//! Deposits, refunds of them, and payments that were overlooked.

use crate::model::address::Owner;
use crate::model::coins::{Coin, Network};
use crate::model::ledger::Account;
use crate::model::money::Money;
use crate::model::record::Status;
use crate::model::views::IncomingPayment;

/// What the address was for when the money arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Owned(Owner),
    /// Released before: the merchant's money, and nobody's payment.
    Released,
}

#[derive(Debug)]
pub(crate) struct Deposit {
    pub(crate) record_id: String,
    pub(crate) source: Source,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) memo: String,
    pub(crate) tx_id: String,
    pub(crate) amount: Money,
    pub(crate) service_fee: Money,
    pub(crate) usd_price: Money,
    pub(crate) status: Status,
    /// When the record begins to show the status, and the status that it shows until then; `None`
    /// if there is no record until then.
    pub(crate) readable_from: u64,
    pub(crate) read_before: Option<Status>,
    pub(crate) flagged: bool,
    pub(crate) refunded: bool,
    /// After its order had expired.
    pub(crate) late: bool,
    /// Not announced, because its address is flagged or released.
    pub(crate) quiet: bool,
    pub(crate) arrived_at: u64,
    pub(crate) height: u64,
}

impl Deposit {
    /// The status in the record, once there is a record.
    pub(crate) fn read_at(&self, now: u64) -> Option<Status> {
        if now < self.readable_from {
            return self.read_before;
        }
        Some(self.status)
    }

    /// None on chains whose payments have many inputs.
    pub(crate) fn from(&self) -> Option<&str> {
        (!self.from.is_empty()).then_some(self.from.as_str())
    }

    pub(crate) fn order_id(&self) -> Option<&str> {
        match &self.source {
            Source::Owned(Owner::Order(id) | Owner::Invoice(id)) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        match &self.source {
            Source::Owned(Owner::User(id)) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn reference_id(&self) -> Option<&str> {
        match &self.source {
            Source::Owned(Owner::Reference(id)) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn account(&self) -> Account {
        match self.user_id() {
            Some(user_id) => Account::user(user_id),
            None => Account::Merchant,
        }
    }
}

/// A payment that is on its chain but not in the gateway.
#[derive(Debug)]
pub(crate) struct LostPayment {
    pub(crate) chain: &'static str,
    pub(crate) incoming: IncomingPayment,
    pub(crate) at: u64,
}

/// A risky deposit on its way back.
#[derive(Debug)]
pub(crate) struct Refund {
    pub(crate) record_id: String,
    pub(crate) deposit_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) to: String,
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    pub(crate) tx_id: String,
    pub(crate) created_at: u64,
}
