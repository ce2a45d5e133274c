//! Swaps and their quotes.

use crate::model::coins::Coin;
use crate::model::money::Money;
use crate::model::record::Holder;

/// The quote of a swap.
#[derive(Debug)]
pub(crate) struct SwapQuote {
    pub(crate) coin_in: &'static Coin,
    pub(crate) coin_out: &'static Coin,
    pub(crate) amount_in: Money,
    /// Before fees.
    pub(crate) amount_out: Money,
    /// Output for one unit of input.
    pub(crate) rate: Money,
    pub(crate) fee_rate: Money,
    pub(crate) fee: Money,
    pub(crate) extra_fee: Option<Money>,
    pub(crate) net: Money,
}

#[derive(Debug)]
pub(crate) struct Swap {
    pub(crate) record_id: String,
    pub(crate) order_id: String,
    pub(crate) holder: Holder,
    pub(crate) quoted: SwapQuote,
    pub(crate) extra_fee_rate: Option<Money>,
    pub(crate) minimum: Option<Money>,
    pub(crate) created_at: u64,
}
