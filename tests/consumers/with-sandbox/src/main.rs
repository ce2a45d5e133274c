//! Sells and credits against a sandbox in the same process, whose time is virtual.

use std::time::Duration;

use ccpayment::bytes::Bytes;
use ccpayment::http::{Request, Response};
use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::webhook::{DepositDecision, Event, Verifier};
use ccpayment::{Amount, BoxError, Chain, Client, Credentials};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

/// Handles a delivery. An error is not acknowledged, so that the delivery comes again.
async fn receive(
    client: &Client,
    verifier: &Verifier,
    delivery: &Request<Bytes>,
    credits: &mut Vec<Amount>,
) -> Result<Response<Bytes>, BoxError> {
    let event = verifier.verify(delivery.headers(), delivery.body(), client.now())?;
    let Event::ApiDeposit(deposit) = event.event() else {
        return Err("nobody handles it yet".into());
    };
    match deposit.confirm(client).await?.decision() {
        DepositDecision::Credit(paid) => credits.push(paid.amount().clone()),
        DepositDecision::NotYet => {}
        _ => return Err("not final yet, or for a person".into()),
    }
    Ok(event.acknowledge().into_response())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder()
        .start_time(1_767_225_600)
        .webhook_url("http://shop.example/ccpayment")
        .build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let verifier = Verifier::from(&credentials);
    let client = Client::new(credentials, SandboxTransport::new(&sandbox))
        .with_clock(SandboxClock::new(&sandbox));

    let (polygon, price) = (Chain::new("POLYGON"), "25".parse()?);
    let order = CreateAppOrderDepositAddress::new("order-1001", 1280, polygon, price);
    let to_pay = client.submit(&order).await?.created;
    sandbox.pay(to_pay.address.as_str(), "25")?;
    let mut credits = Vec::new();
    for _ in 0..3 {
        for notification in sandbox.due_notifications() {
            let mut delivery = Request::post(&notification.url);
            for (name, value) in &notification.headers {
                delivery = delivery.header(*name, value);
            }
            let delivery = delivery.body(notification.body.clone().into())?;
            let answer = receive(&client, &verifier, &delivery, &mut credits).await?;
            sandbox.record_answer(notification, Some(&answer));
        }
        // The chain grows, and confirms the payment.
        sandbox.advance(Duration::from_secs(100));
    }
    assert_eq!(credits, ["25".parse()?], "credited once");
    assert_eq!(sandbox.pending_notifications(), 0, "all are acknowledged");
    assert!(sandbox.ledger().is_balanced());
    Ok(())
}
