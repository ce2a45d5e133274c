//! Everything that the gateway remembers, behind one lock.

use std::collections::HashMap;

use crate::catalogue::{Coin, Family, Network};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::ids::Ids;
use crate::ledger::Books;
use crate::money::Money;
use crate::outbox::Outbox;
use crate::views::RequestView;

/// Where a deposit or a withdrawal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Processing,
    Success,
    Failed,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "Processing",
            Self::Success => "Success",
            Self::Failed => "Failed",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) address: String,
    pub(crate) memo: String,
    /// As the merchant wrote it, in a coin or in money of a state.
    pub(crate) price: Money,
    pub(crate) amount: Money,
    /// Fiat id, symbol and rate.
    pub(crate) fiat: Option<(u64, &'static str, Money)>,
    pub(crate) created_at: u64,
    pub(crate) expired_at: u64,
    /// What its checkout page is found by.
    pub(crate) checkout: Option<String>,
    pub(crate) buyer_email: Option<String>,
    pub(crate) notify_url: Option<String>,
    /// The record ids of its deposits, oldest first.
    pub(crate) deposits: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Deposit {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) from: String,
    pub(crate) tx_id: String,
    pub(crate) amount: Money,
    pub(crate) service_fee: Money,
    pub(crate) status: Status,
    pub(crate) flagged: bool,
    pub(crate) arrived_at: u64,
}

#[derive(Debug)]
pub(crate) struct Payout {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) from: String,
    pub(crate) address: String,
    pub(crate) memo: String,
    /// As requested.
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    /// What the merchant pays and what the receiver gets; they differ by the fee.
    pub(crate) debit: Money,
    pub(crate) received: Money,
    pub(crate) tx_id: String,
    pub(crate) status: Status,
    pub(crate) notify_url: Option<String>,
}

/// A list in order of arrival that finds its items by key.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    items: Vec<T>,
    places: HashMap<Key, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T> Shelf<T> {
    pub(crate) fn push(&mut self, keys: impl IntoIterator<Item = Key>, item: T) {
        let place = self.items.len();
        self.places.extend(keys.into_iter().map(|key| (key, place)));
        self.items.push(item);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&T> {
        self.items.get(*self.places.get(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        self.items.get_mut(*self.places.get(key)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }
}

/// What an item is found by; the kinds never meet, whatever text a merchant chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Order(String),
    Record(String),
    /// Folded as its chain compares addresses.
    Address(String),
}

pub(crate) fn by_order(order_id: &str) -> Key {
    Key::Order(order_id.to_owned())
}

pub(crate) fn by_record(record_id: &str) -> Key {
    Key::Record(record_id.to_owned())
}

pub(crate) fn by_address(family: Family, address: &str) -> Key {
    Key::Address(family.fold(address))
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    /// Where the pages to pay on are, without a slash at the end.
    pub(crate) site: String,
    pub(crate) ids: Ids,
    pub(crate) books: Books,
    /// By order id and by address.
    pub(crate) orders: Shelf<Order>,
    /// By record id.
    pub(crate) deposits: Shelf<Deposit>,
    /// By order id and by record id.
    pub(crate) payouts: Shelf<Payout>,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<RequestView>,
    /// The address that each chain's withdrawals come from.
    pub(crate) wallets: HashMap<&'static str, String>,
}

impl State {
    pub(crate) fn new(clock: Clock, seed: u64, webhook_url: Option<String>) -> Self {
        Self {
            clock,
            // `.invalid` never resolves, so that nobody is sent to a real checkout page.
            site: "https://checkout.invalid".to_owned(),
            ids: Ids::new(seed),
            books: Books::default(),
            orders: Shelf::default(),
            deposits: Shelf::default(),
            payouts: Shelf::default(),
            outbox: Outbox::new(webhook_url),
            faults: Faults::default(),
            requests: Vec::new(),
            wallets: HashMap::new(),
        }
    }
}
