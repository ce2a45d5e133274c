//! Deposit addresses, what they were made for, and how they are emptied.

use crate::model::chains::Chain;
use crate::model::coins::Coin;
use crate::model::money::Money;

/// What an address was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Order(String),
    Invoice(String),
    Reference(String),
    User(String),
    /// A user of v1, whose money is the merchant's.
    V1User(String),
}

impl Owner {
    /// The key of an owner's permanent addresses. Owners of two kinds never have the same key.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Order(id) => format!("order:{id}"),
            Self::Invoice(id) => format!("invoice:{id}"),
            Self::Reference(id) => format!("reference:{id}"),
            Self::User(id) => format!("user:{id}"),
            Self::V1User(id) => format!("v1-user:{id}"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) text: String,
    pub(crate) memo: String,
    pub(crate) chain: &'static Chain,
    pub(crate) owner: Owner,
    pub(crate) used: bool,
    pub(crate) released: bool,
    /// When it was flagged; nothing that arrives is announced from then on.
    pub(crate) risky_since: Option<u64>,
    pub(crate) notify_url: Option<String>,
}

/// A deposit address that was emptied into the merchant's pool, and what the network took for it.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) coin: &'static Coin,
    pub(crate) fee: Money,
    pub(crate) chain: &'static str,
    pub(crate) address: String,
    pub(crate) at: u64,
}
