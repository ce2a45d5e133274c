//! Orders.

use crate::model::coins::{Coin, Fiat, Network};
use crate::model::money::Money;

/// A currency, and how much of it a coin was worth.
pub(crate) type Rate = (&'static Fiat, Money);

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) address: String,
    pub(crate) memo: String,
    /// As the merchant named it, in the currency or in the coin.
    pub(crate) price: Money,
    pub(crate) amount: Money,
    /// The currency that it is priced in, and how much of it a coin was worth then.
    pub(crate) fiat: Option<Rate>,
    pub(crate) created_at: u64,
    pub(crate) expired_at: u64,
    /// The key of its checkout page.
    pub(crate) page: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) buyer_email: Option<String>,
    /// The record ids of its deposits, oldest first.
    pub(crate) deposits: Vec<String>,
}
