//! Pays out under an RSA key. AWS-LC signs, and is the crypto of TLS as well.

use std::error::Error;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetAppCoinAsset};
use ccpayment::{Address, Chain, Client, Credentials, HyperTransport, RsaPrivateKey};

const USDT: u64 = 1280;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
        .install_default()
        .map_err(|_| "TLS has a provider already")?;
    let pem = std::fs::read_to_string(std::env::var("CCPAYMENT_RSA_KEY")?)?;
    let app_id = std::env::var("CCPAYMENT_APP_ID")?;
    let credentials = Credentials::rsa(app_id, RsaPrivateKey::from_pem(&pem)?)?;
    let client = Client::new(credentials, HyperTransport::new()?)
        .with_origin(std::env::var("GATEWAY")?.parse()?);

    let before = client
        .send(&GetAppCoinAsset::new(USDT))
        .await?
        .asset
        .available;
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let (polygon, amount) = (Chain::new("POLYGON"), "12.5".parse()?);
    let payout = ApplyAppWithdrawToNetwork::new("payout-77", USDT, polygon, receiver, amount);
    let payout = client.payout(&payout).await?;
    println!(
        "{} is accepted as record {}",
        payout.order_id, payout.created
    );
    let after = client
        .send(&GetAppCoinAsset::new(USDT))
        .await?
        .asset
        .available;
    assert!(after < before, "the money has left the balance");
    Ok(())
}
