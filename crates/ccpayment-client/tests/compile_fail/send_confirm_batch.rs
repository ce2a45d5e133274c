//! Confirming a batch moves its money.

use ccpayment_client::Client;
use ccpayment_client::core::v2::{AppendBatchWithdraw, ConfirmBatchWithdraw};

async fn confirm(client: Client, rows: AppendBatchWithdraw, batch: ConfirmBatchWithdraw) {
    let _ = client.send(&rows).await;
    let _ = client.send(&batch).await;
}

fn main() {}
