//! A payout that is sent by itself could be lost, or made twice.

use ccpayment_client::Client;
use ccpayment_client::core::v2::ApplyAppWithdrawToNetwork;

async fn pay(client: Client, payout: ApplyAppWithdrawToNetwork) {
    let _ = client.send(&payout).await;
}

fn main() {}
