//! Deposit addresses that were emptied.

use crate::model::catalogue::Coin;
use crate::model::money::Money;

/// A deposit address that was emptied into the merchant's pool, and what the network took for it.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) coin: &'static Coin,
    pub(crate) fee: Money,
    pub(crate) chain: &'static str,
    pub(crate) address: String,
    pub(crate) at: u64,
}
