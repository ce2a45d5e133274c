//! An order that is sent by itself is stuck once its answer is lost.

use ccpayment_client::Client;
use ccpayment_client::core::v2::CreateAppOrderDepositAddress;

async fn order(client: Client, order: CreateAppOrderDepositAddress) {
    let _ = client.send(&order).await;
}

fn main() {}
