//! Opens an order, waits until it is paid, and pays out, on one thread.

use std::thread::sleep;
use std::time::Duration;

use ccpayment::blocking::{Client, UreqTransport};
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, DepositStatus, GetAppOrderInfo,
};
use ccpayment::{Address, BoxError, Chain, Credentials};

const USDT: u64 = 1280;

fn main() -> Result<(), BoxError> {
    let origin = std::env::var("GATEWAY")?.parse()?;
    let client = Client::new(Credentials::from_env()?, UreqTransport::new()?)
        .with(|client| client.with_origin(origin));
    let polygon = Chain::new("POLYGON");
    let price = "25".parse()?;
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon.clone(), price);
    let to_pay = client.submit(&order)?.created;
    println!("pay {} to {}", to_pay.amount, to_pay.address);
    let is_paid = || -> Result<bool, BoxError> {
        let order = client.send(&GetAppOrderInfo::new("order-1001"))?;
        Ok(order
            .paid_list
            .iter()
            .any(|paid| paid.status == DepositStatus::Success))
    };
    while !is_paid()? {
        sleep(Duration::from_millis(100));
    }

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
