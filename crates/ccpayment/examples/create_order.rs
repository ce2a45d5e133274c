//! Opens an order and shows what to pay.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::{Address, BoxError, Chain, Client, Credentials};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

/// USDT. `GetCoinList` has the ids of all coins, and the names of their chains.
const USDT: u64 = 1280;

/// Store the order id first. Submitted again, as after a crash, the same order is found under it,
/// and no second one is made.
async fn open_order(client: &Client, order_id: &str, price: &str) -> Result<Address, BoxError> {
    let polygon = Chain::new("POLYGON");
    let order = CreateAppOrderDepositAddress::new(order_id, USDT, polygon, price.parse()?);
    let submitted = client.submit(&order).await?;

    let to_pay = submitted.created;
    println!("{}: {} USDT", submitted.order_id, to_pay.amount);
    println!("  to      {} on POLYGON", to_pay.address);
    if let Some(memo) = &to_pay.memo {
        println!("  memo    {memo}");
    }
    println!("  proof   {:?}", submitted.proof);
    Ok(to_pay.address)
}

/// With the sandbox in the place of the gateway. A program for the gateway itself has the client
/// `Client::new(Credentials::from_env()?, ReqwestTransport::new()?)`.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let client = Client::new(credentials, SandboxTransport::new(&sandbox))
        .with_clock(SandboxClock::new(&sandbox));

    let address = open_order(&client, "order-1001", "25.00").await?;
    println!("the same order again, as after a crash:");
    let again = open_order(&client, "order-1001", "25.00").await?;
    // A record spells the same address in another case.
    let same = address.as_str().eq_ignore_ascii_case(again.as_str());
    assert!(same, "one order has one address");
    Ok(())
}
