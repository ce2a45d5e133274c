//! Receives notifications and credits each payment once.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::{Router, http::StatusCode, routing::post};
use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::webhook::{Acknowledgement, DepositDecision, Event, Verified, Verifier, Webhook};
use ccpayment::{Amount, BoxError, Chain, Client, Credentials, RecordId};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::SandboxTransport;
use tokio::sync::Mutex;

#[derive(Clone)]
struct Shop {
    webhook: Webhook,
    client: Client,
    /// A table of your database. The record id is its unique key, so a repeat changes nothing.
    credits: Arc<Mutex<BTreeMap<RecordId, Amount>>>,
}

impl FromRef<Shop> for Webhook {
    fn from_ref(shop: &Shop) -> Self {
        shop.webhook.clone()
    }
}

/// The extractor has verified the delivery already: a forgery never gets here.
async fn notify(
    State(shop): State<Shop>,
    event: Verified<Event>,
) -> Result<Acknowledgement, StatusCode> {
    // The other kinds are to be stored before they are acknowledged.
    if let Event::ApiDeposit(deposit) = event.event() {
        // The notification says where to look. Only the record says what to credit.
        let record = deposit.confirm(&shop.client).await;
        match record.map_err(|_| StatusCode::BAD_GATEWAY)?.decision() {
            DepositDecision::Credit(paid) => {
                let (id, amount) = (paid.record_id().clone(), paid.amount().clone());
                if shop.credits.lock().await.insert(id, amount).is_none() {
                    println!("{}: credits {}", deposit.order_id, paid.amount());
                }
            }
            DepositDecision::NotYet => println!("{}: is not confirmed yet", deposit.order_id),
            DepositDecision::Never(why) => println!("{}: for a person: {why}", deposit.order_id),
            // Not acknowledged, so it comes again.
            _ => return Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    Ok(event.acknowledge())
}

/// With the sandbox in the place of the gateway. A program for the gateway itself has the client
/// `Client::new(Credentials::from_env()?, ReqwestTransport::new()?)`.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().build()?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let shop = Shop {
        webhook: Webhook::new(Verifier::from(&credentials)),
        client: Client::new(credentials, SandboxTransport::new(&sandbox)),
        credits: Arc::default(),
    };
    let app = Router::new().route("/ccpayment", post(notify));
    let app = app.with_state(shop.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    sandbox.set_webhook_url(format!("http://{}/ccpayment", listener.local_addr()?));
    tokio::spawn(axum::serve(listener, app).into_future());

    let (polygon, price) = (Chain::new("POLYGON"), "25".parse()?);
    let order = CreateAppOrderDepositAddress::new("order-1001", 1280, polygon, price);
    let to_pay = shop.client.submit(&order).await?.created;
    let payment = sandbox.pay(to_pay.address.as_str(), "25")?;
    sandbox.deliver_due().await;
    sandbox.confirm(&payment.record_id)?;
    sandbox.deliver_due().await;
    println!("the gateway sends the last notification again");
    sandbox.resend_notification(&payment.record_id)?;
    sandbox.deliver_due().await;

    assert_eq!(sandbox.pending_notifications(), 0, "all are acknowledged");
    let credits = shop.credits.lock().await;
    assert_eq!(
        credits.values().collect::<Vec<_>>(),
        [&"25".parse()?],
        "credited once"
    );
    Ok(())
}
