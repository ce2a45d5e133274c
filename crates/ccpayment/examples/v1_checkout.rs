//! Sells by a hosted page of the older API, and credits what is paid there.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use ccpayment::bytes::Bytes;
use ccpayment::http::{Request, Response};
use ccpayment::v1::{GetCheckoutUrl, GetOrderInfo};
use ccpayment::webhook::DepositDecision;
use ccpayment::webhook::v1::{Event, Verifier};
use ccpayment::{BoxError, Client, Credentials};
use ccpayment_sandbox::{IncomingPayment, Sandbox};
use ccpayment_testing::SandboxTransport;

/// The price is in US dollars, and the payer chooses the coin on the page. Store its URL: the
/// gateway does not tell it again.
async fn open_page(client: &Client, order_id: &str, price: &str) -> Result<String, BoxError> {
    let page = GetCheckoutUrl::new(order_id, price.parse()?, "Tea");
    let page = client.submit(&page).await?.created;
    Ok(page.ok_or("the page was opened before")?.payment_url)
}

/// Handles a delivery. An error is not acknowledged, so that the delivery comes again.
async fn receive(
    client: &Client,
    verifier: &Verifier,
    delivery: &Request<Bytes>,
) -> Result<Response<Bytes>, BoxError> {
    let event = verifier.verify(delivery.headers(), delivery.body(), client.now())?;
    match event.event() {
        Event::ApiDeposit(deposit) => match deposit.confirm(client).await? {
            // In one transaction of your database, with the record id as the unique key.
            DepositDecision::Credit(paid) => {
                let (id, amount, token) = (paid.record_id(), paid.amount(), paid.crypto());
                println!("credits {amount} {token} by record {id}");
            }
            DepositDecision::NotYet | DepositDecision::Never(_) => {}
            _ => return Err("the record is not final yet".into()),
        },
        // Store it before you acknowledge it.
        other => println!("for a person: {other:?}"),
    }
    Ok(event.acknowledge().into_response())
}

/// With the sandbox in the place of the gateway. A program for the gateway itself has the client
/// `Client::new(Credentials::from_env()?, ReqwestTransport::new()?)`.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder()
        .webhook_url("http://shop.example/ccpayment")
        .build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let verifier = Verifier::from(&credentials);
    let client = Client::new(credentials, SandboxTransport::new(&sandbox));

    let url = open_page(&client, "order-1001", "25").await?;
    println!("the payer goes to {url}");
    let picked = sandbox.pick_coin("order-1001", 1280, "TRX")?;
    let payment = IncomingPayment::new(picked.address, picked.amount).coin(1280, "TRX");
    let payment = sandbox.send_payment(payment)?;
    sandbox.confirm(&payment.record_id)?;
    for notification in sandbox.due_notifications() {
        let mut delivery = Request::post(&notification.url);
        for (name, value) in &notification.headers {
            delivery = delivery.header(*name, value);
        }
        let delivery = delivery.body(notification.body.clone().into())?;
        let answer = receive(&client, &verifier, &delivery).await?;
        sandbox.record_answer(notification, Some(&answer));
    }

    let info = client.send(&GetOrderInfo::new(["order-1001"])).await?;
    let order = info.orders.first().ok_or("there is no order")?;
    let status = order.order_detail.status.as_str();
    println!("the order stands at {status}");
    assert_eq!(status, "Paid");
    assert_eq!(sandbox.pending_notifications(), 0, "all are acknowledged");
    Ok(())
}
