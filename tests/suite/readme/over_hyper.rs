use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::{Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, OrderId, HyperTransport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app_id = AppId::new(std::env::var("CCPAYMENT_APP_ID")?);
    let secret = AppSecret::new(std::env::var("CCPAYMENT_APP_SECRET")?);
    let client = Client::new(Credentials::new(app_id, secret)?, HyperTransport::new()?);
    let (usdt, polygon) = (CoinId::new(1280), Chain::new("POLYGON"));

    let (order_id, price) = (OrderId::new("order-1001"), "25.00".parse()?);
    let order = CreateAppOrderDepositAddress::new(order_id, usdt, polygon.clone(), price);
    let to_pay = client.submit(&order).await?.made;
    println!("pay {} to {}", to_pay.amount, to_pay.address);

    // Store the order id first: it is what makes a repeat harmless.
    let (payout_id, amount) = (OrderId::new("payout-77"), "12.5".parse()?);
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let payout = ApplyAppWithdrawToNetwork::new(payout_id, usdt, polygon, receiver, amount);
    let paid = client.payout(&payout).await?;
    println!("{} is record {}", paid.order_id, paid.made);
    Ok(())
}
