//! Sells something.

use ccpayment::{BoxError, Client, Credentials, ReqwestTransport};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut client = Client::new(Credentials::from_env()?, ReqwestTransport::new()?);
    if let Ok(origin) = std::env::var("GATEWAY") {
        client = client.with_origin(origin.parse()?);
    }
    let to_pay = snapshots::sell(&client, 1001, 1_250).await?;
    println!("the sale costs {} at {}", to_pay.amount, to_pay.address);
    Ok(())
}
