//! Goes through all deposits, to find what no notification told.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use std::collections::BTreeMap;

use ccpayment::v2::{CreateAppOrderDepositAddress, GetAppDepositRecordList};
use ccpayment::webhook::{ConfirmedDeposit, DepositDecision};
use ccpayment::{Amount, BoxError, Chain, Client, Credentials, RecordId, Timestamp};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::SandboxTransport;

/// What may be credited, by record id. Credit what your books don't have yet.
async fn creditable(
    client: &Client,
    since: Timestamp,
) -> Result<BTreeMap<RecordId, Amount>, BoxError> {
    let mut found = BTreeMap::new();
    let mut deposits = client.items(GetAppDepositRecordList::new().start_at(since));
    while let Some(deposit) = deposits.next().await {
        let deposit = match deposit {
            Ok(deposit) => deposit,
            // The next record follows. Any other error ends the list.
            Err(error) if error.unreadable().is_some() => {
                println!("for a person: {error}");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let record = ConfirmedDeposit::listed(deposit);
        match record.decision() {
            DepositDecision::Credit(paid) => {
                // A record may come twice: its id keeps the two together.
                found.insert(paid.record_id().clone(), paid.amount().clone());
            }
            DepositDecision::Never(why) => {
                println!("{}: for a person: {why}", record.record().record_id);
            }
            // Not final yet: the next round will see it.
            _ => {}
        }
    }
    Ok(found)
}

/// With the sandbox in the place of the gateway. A program for the gateway itself has the client
/// `Client::new(Credentials::from_env()?, ReqwestTransport::new()?)`.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let client = Client::new(credentials, SandboxTransport::new(&sandbox));
    let since = Timestamp::from_system(client.now());

    // More payments than a page has records; one is flagged, and one is not confirmed.
    for number in 1..=50 {
        let (order_id, polygon) = (format!("order-{number}"), Chain::new("POLYGON"));
        let order = CreateAppOrderDepositAddress::new(order_id, 1280, polygon, "2".parse()?);
        let address = client.submit(&order).await?.created.address;
        let payment = sandbox.pay(address.as_str(), "2")?;
        match number {
            1 => {}
            2 => sandbox.flag_risky(&payment.record_id)?,
            _ => sandbox.confirm(&payment.record_id)?,
        }
    }

    let found = creditable(&client, since).await?;
    let sum = (found.values()).try_fold(Amount::zero(), |sum, it| sum.checked_add(it))?;
    println!("{} deposits may be credited: {sum} USDT", found.len());
    assert_eq!((found.len(), sum), (48, "96".parse()?));
    Ok(())
}
