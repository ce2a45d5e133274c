//! A shop, as somebody else would write it. See `tests/payloads.rs` for how it snapshots what it
//! sends, `tests/properties.rs` for how it tries any basket against any answer, and
//! `tests/simulation` for how its till is run through everything that goes wrong.

mod database;
mod till;

pub use database::{Database, Payment, Payout, PayoutState, Rows};
pub use till::Till;

use ccpayment::v2::{CreateAppOrderDepositAddress, CreateAppOrderDepositAddressResponse};
use ccpayment::{Amount, Chain, Client, CoinId, Error, FiatId, OrderId};

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
/// As [`Client::send`]; and with the field's name when the basket can't be sold this way.
pub async fn ask_for_money(
    client: &Client,
    basket: &Basket,
) -> Result<CreateAppOrderDepositAddressResponse, Error> {
    let price = format!("{}.{:02}", basket.cents / 100, basket.cents % 100);
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new(format!("sale-{}", basket.number)),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        // Digits and a point are always an amount; zero in its place would be refused below.
        price.parse().unwrap_or_else(|_| Amount::zero()),
    );
    client.send(&order.fiat_id(USD).product(&basket.what)).await
}
