//! Transfers inside the gateway.

use crate::model::coins::Coin;
use crate::model::indexed_list::IndexedList;
use crate::model::money::Money;

#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) coin: &'static Coin,
    /// The price of the coin when the transfer was asked for.
    pub(crate) usd_price: Money,
    pub(crate) amount: Money,
    pub(crate) remark: Option<String>,
    pub(crate) created_at: u64,
}

#[derive(Debug)]
pub(crate) struct BatchTransfer {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) user_id: String,
    pub(crate) coin: &'static Coin,
    /// The price of the coin when the transfer was asked for.
    pub(crate) usd_price: Money,
    /// One for each receiver.
    pub(crate) parts: IndexedList<Transfer>,
    pub(crate) remark: Option<String>,
    pub(crate) created_at: u64,
}
