//! Opens an order and pays out in a program without an async runtime.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use ccpayment::blocking::{Client, UreqTransport};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, GetCoin};
use ccpayment::{Address, BoxError, Chain, Credentials};
use ccpayment_sandbox::Sandbox;

/// USDT. `GetCoinList` has the ids of all coins, and the names of their chains.
const USDT: u64 = 1280;

/// Every method of the async client is here, and blocks.
fn work(client: &Client) -> Result<(), BoxError> {
    let usdt = client.send(&GetCoin::new(USDT))?.coin;
    let polygon = Chain::new("POLYGON");

    let price = "25.00".parse()?;
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon.clone(), price);
    let to_pay = client.submit(&order)?.created;
    println!(
        "pay {} {} to {}",
        to_pay.amount, usdt.symbol, to_pay.address
    );

    // Store the request first: its order id makes a repeat harmless.
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let amount = "12.5".parse()?;
    let payout = ApplyAppWithdrawToNetwork::new("payout-77", USDT, polygon, receiver, amount);
    let payout = client.payout(&payout)?;
    println!(
        "{} is accepted as record {}",
        payout.order_id, payout.created
    );
    Ok(())
}

/// With the sandbox in the place of the gateway. It has a runtime, and the client has none. A
/// program for the gateway itself takes `Credentials::from_env()?`, and no other origin.
fn main() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Runtime::new()?;
    let sandbox = Sandbox::builder().balance(USDT, "100").build()?;
    let server = runtime.block_on(sandbox.serve(([127, 0, 0, 1], 0).into()))?;
    let origin = server.origin().parse()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let client =
        Client::new(credentials, UreqTransport::new()?).with(|client| client.with_origin(origin));

    work(&client)?;
    assert_eq!(sandbox.payouts().len(), 1, "the gateway has the payout");
    Ok(())
}
