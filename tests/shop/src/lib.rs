//! A shop, as somebody else would write it. `tests/payloads.rs` snapshots what it sends,
//! `tests/properties.rs` tries any basket against any answer, and `tests/simulation` runs its till
//! through everything that can go wrong.

mod database;
mod till;

pub use database::{Asked, Database, Payment, Payout, PayoutState, Rows};
pub use till::{Till, Trouble};

use ccpayment::v2::{CreateAppOrderDepositAddress, OrderToPay};
use ccpayment::{Amount, Chain, Client, CoinId, FiatId, OrderId, SubmitError};

/// US dollars.
const USD: FiatId = FiatId::new(1033);

/// A basket at the till.
#[derive(Debug)]
pub struct Basket {
    /// The shop's own number of the sale.
    pub number: u64,
    /// What is in it.
    pub what: String,
    /// What it costs, in cents.
    pub cents: u64,
}

/// Asks for the money of a basket in USDT over Polygon.
///
/// # Errors
///
/// As [`Client::submit`]. A basket that can't be sold this way is refused before it is sent, and
/// the reason names the field.
pub async fn ask_for_money(client: &Client, basket: &Basket) -> Result<OrderToPay, SubmitError> {
    let price = format!("{}.{:02}", basket.cents / 100, basket.cents % 100);
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new(format!("sale-{}", basket.number)),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        // Digits and a point are always an amount; a zero instead would be refused below.
        price.parse().unwrap_or_else(|_| Amount::zero()),
    );
    let order = order.fiat_id(USD).product(&basket.what);
    // Under its order id it is one order, however often it is asked for.
    Ok(client.submit(&order).await?.created)
}
