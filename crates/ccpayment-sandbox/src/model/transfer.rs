//! Transfers inside the gateway.

use crate::model::catalogue::Coin;
use crate::model::money::Money;
use crate::model::shelf::Shelf;

#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) coin: &'static Coin,
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
    /// One for each receiver.
    pub(crate) parts: Shelf<Transfer>,
    pub(crate) remark: Option<String>,
    pub(crate) created_at: u64,
}
