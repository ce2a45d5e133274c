//! Opens an order of the older API, waits until it is paid, and pays out.

use std::time::Duration;

use ccpayment::v1::{CreateOrder, Currency, GetOrderInfo, ListCoins, OrderStatus, Withdraw};
use ccpayment::{Address, BoxError, Chain, Client, Credentials, HyperTransport};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let client = Client::new(Credentials::from_env()?, HyperTransport::new()?)
        .with_origin(std::env::var("GATEWAY")?.parse()?);
    // A token is a coin on one network, and its id may change: look it up.
    let coins = client.send(&ListCoins::new()).await?.list;
    let polygon = Chain::new("POLYGON");
    let usdt = coins
        .iter()
        .flat_map(|coin| &coin.tokens)
        .find(|token| token.crypto == "USDT" && token.chain == polygon)
        .map(|token| token.token_id.clone())
        .ok_or("the merchant has no USDT on Polygon")?;

    let price = "25".parse()?;
    let order = CreateOrder::new("order-1001", price, usdt.clone(), Currency::new("token"));
    let created = client.submit(&order).await?.created;
    let created = created.ok_or("the order was opened before")?;
    println!("pay 25 to {}", created.pay_address);
    loop {
        let orders = client
            .send(&GetOrderInfo::new(["order-1001"]))
            .await?
            .orders;
        let order = orders.first().ok_or("there is no order")?;
        if order.order_detail.status == OrderStatus::Paid {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let payout = Withdraw::new("payout-77", receiver, usdt, "12.5".parse()?);
    let payout = client.payout(&payout).await?;
    println!("{} is accepted", payout.order_id);
    Ok(())
}
