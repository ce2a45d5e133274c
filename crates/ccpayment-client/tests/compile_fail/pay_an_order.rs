//! An order moves no money: it is submitted.

use ccpayment_client::Client;
use ccpayment_client::core::v2::CreateAppOrderDepositAddress;

async fn order(client: Client, order: CreateAppOrderDepositAddress) {
    let _ = client.payout(&order).await;
}

fn main() {}
