//! A till. Its test compares what it sends to the gateway, byte for byte.

use ccpayment::v2::{CreateAppOrderDepositAddress, OrderToPay};
use ccpayment::{BoxError, Chain, Client, FiatId};

/// Asks for the money of a sale in US dollars, to be paid in USDT on Polygon.
pub async fn sell(client: &Client, number: u64, cents: u64) -> Result<OrderToPay, BoxError> {
    let price = format!("{}.{:02}", cents / 100, cents % 100).parse()?;
    let order_id = format!("sale-{number}");
    let order = CreateAppOrderDepositAddress::new(order_id, 1280, Chain::new("POLYGON"), price)
        .fiat_id(FiatId::new(1033))
        .product("tea, \"green\" — 100 g");
    Ok(client.submit(&order).await?.created)
}
