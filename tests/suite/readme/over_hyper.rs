use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress};
use ccpayment::{Address, Chain, Client, Credentials, HyperTransport};

/// USDT. `GetCoinList` has the ids of all coins.
const USDT: u64 = 1280;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = Client::new(Credentials::from_env()?, HyperTransport::new()?);
    if let Ok(sandbox) = std::env::var("CCPAYMENT_ORIGIN") {
        client = client.with_origin(sandbox.parse()?);
    }
    let polygon = Chain::new("POLYGON");

    // A real shop sets `expired_at` as well: see docs/orders.md.
    let price = "25.00".parse()?;
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon.clone(), price);
    let to_pay = client.submit(&order).await?.created;
    println!("pay {} to {}", to_pay.amount, to_pay.address);

    // Store the request first: its order id makes a repeat harmless.
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let amount = "12.5".parse()?;
    let payout = ApplyAppWithdrawToNetwork::new("payout-77", USDT, polygon, receiver, amount);
    let payout = client.payout(&payout).await?;
    println!("{} is record {}", payout.order_id, payout.created);
    Ok(())
}
