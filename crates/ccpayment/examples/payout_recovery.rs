//! Pays out once, although the process dies between a payout and its answer.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use std::collections::BTreeMap;
use std::future::{pending, ready};

use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::{
    Address, BoxError, Chain, Client, Credentials, Exchange, OrderId, SubmitError, Transport,
    transport_fn,
};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

/// A table of your database, with the payouts whose outcome is open. serde writes and reads them.
type Open = BTreeMap<OrderId, ApplyAppWithdrawToNetwork>;

/// Stored before it is sent.
async fn pay_out(
    client: &Client,
    open: &mut Open,
    payout: ApplyAppWithdrawToNetwork,
) -> Result<(), SubmitError> {
    open.insert(payout.order_id.clone(), payout.clone());
    client.payout(&payout).await?;
    open.remove(&payout.order_id);
    Ok(())
}

/// At each start: settles what an earlier process has left open. A row stays until that is done.
async fn recover(client: &Client, open: &mut Open) -> Result<(), SubmitError> {
    while let Some((_, payout)) = open.first_key_value() {
        let accepted = match client.settle_after_restart(payout).await {
            // Provably no money moved, and nothing is on its way.
            Err(error) if error.can_be_made_again() => client.payout(payout).await?,
            settled => settled?,
        };
        println!("{}: accepted as {}", accepted.order_id, accepted.created);
        open.remove(&accepted.order_id);
    }
    Ok(())
}

/// With the sandbox in the place of the gateway. A program for the gateway itself has the client
/// `Client::new(Credentials::from_env()?, ReqwestTransport::new()?)`.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().balance(1280, "100").build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let (network, clock) = (SandboxTransport::new(&sandbox), SandboxClock::new(&sandbox));
    let mut open = Open::new();
    for (order_id, arrives) in [("payout-77", true), ("payout-78", false)] {
        let network = network.clone();
        let answers_never = transport_fn(move |exchange: Exchange| {
            let network = network.clone();
            async move {
                if arrives {
                    let _lost = network.send(exchange).await;
                }
                pending().await
            }
        });
        let client = Client::new(credentials.clone(), answers_never).with_clock(clock.clone());
        let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
        let (polygon, amount) = (Chain::new("POLYGON"), "12.5".parse()?);
        let payout = ApplyAppWithdrawToNetwork::new(order_id, 1280, polygon, receiver, amount);
        tokio::select! {
            biased;
            ended = pay_out(&client, &mut open, payout) => ended?,
            () = ready(()) => println!("{order_id}: the process dies before an answer"),
        }
    }
    assert_eq!(sandbox.payouts().len(), 1, "one of two has arrived");

    // The next process.
    let client = Client::new(credentials, network).with_clock(clock);
    recover(&client, &mut open).await?;
    assert_eq!(sandbox.payouts().len(), 2, "each is there once");
    Ok(())
}
