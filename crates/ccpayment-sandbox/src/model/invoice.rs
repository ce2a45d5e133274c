//! Invoices, and what their payers pick.

use crate::model::coins::{Coin, Fiat, Network};
use crate::model::money::Money;
use crate::model::settings::Settings;

/// The unit of a price.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Currency {
    Fiat(&'static Fiat),
    Coin(&'static Coin),
}

impl Currency {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Fiat(fiat) => fiat.symbol,
            Self::Coin(coin) => coin.symbol,
        }
    }

    /// How many dollars one unit is worth, as a fraction.
    pub(crate) fn dollars(self, settings: &Settings) -> (Money, Money) {
        match self {
            Self::Fiat(fiat) => (Money::from(1), fiat.usd_rate()),
            Self::Coin(coin) => (settings.price(coin), Money::from(1)),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) order_id: String,
    pub(crate) product: Option<String>,
    pub(crate) price: Money,
    pub(crate) currency: Currency,
    /// The key of its page.
    pub(crate) page: String,
    pub(crate) return_url: Option<String>,
    /// What the payer picked last.
    pub(crate) picked: Option<Picked>,
    pub(crate) buyer_email: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) expired_at: u64,
    /// The record ids of its deposits with the worth of each when it came, oldest first.
    pub(crate) deposits: Vec<(String, Worth)>,
}

/// The worth of a payment in the currency of its invoice.
#[derive(Debug)]
pub(crate) struct Worth {
    /// Coins for one unit of the currency: the documents say the inverse, their example does not.
    pub(crate) rate: Money,
    pub(crate) value: Money,
}

/// What the payer of an invoice is shown.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) amount: Money,
    pub(crate) address: String,
    pub(crate) memo: String,
}
