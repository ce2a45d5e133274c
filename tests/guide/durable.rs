//! The shop of the page about inbox and outbox, and the process of the page about production.

use std::time::Duration;

use ccpayment::durable::{Report, Settings, Worker};
use ccpayment::{Credentials, SqliteStore, Timestamp, sqlx};
use ccpayment_sandbox::{IncomingPayment, Sandbox};
use tempfile::TempDir;

use crate::house::{House, delivery, payout, until};
use crate::pages::durable::deposit::Shop;
use crate::pages::{durable, orders, production};

/// The tables of a page, as it has them.
pub(crate) fn sql(page: &'static str) -> &'static str {
    let (_, sql) = page.split_once("```sql\n").unwrap();
    sql.split_once("```").unwrap().0
}

/// A file with the tables of the page.
pub(crate) async fn open(credentials: &Credentials) -> (TempDir, durable::open::Parts) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.db");
    let parts = durable::open::open(path.to_str().unwrap(), credentials)
        .await
        .unwrap();
    sqlx::raw_sql(sql(include_str!("../../docs/durable.md")))
        .execute(parts.0.pool())
        .await
        .unwrap();
    (folder, parts)
}

pub(crate) async fn rows(store: &SqliteStore, query: &'static str) -> Vec<(String, String)> {
    sqlx::query_as(query).fetch_all(store.pool()).await.unwrap()
}

pub(crate) const PAYMENTS: &str = "SELECT order_id, amount FROM payments ORDER BY 1";
const PAYOUTS: &str = "SELECT id, state FROM payouts ORDER BY 1";

pub(crate) fn pair(one: &str, two: &str) -> (String, String) {
    (one.to_owned(), two.to_owned())
}

#[tokio::test]
async fn a_payment_is_booked_once_and_a_payout_ends_once() {
    let house = House::of(Sandbox::builder());
    let (_folder, (store, inbox, outbox)) = open(&house.credentials).await;
    let quick = Settings::default()
        .first_pause(Duration::from_millis(20))
        .longest_pause(Duration::from_millis(50));
    let worker = Worker::new(store.clone(), Shop).merchant(house.client.clone());
    let worker = worker.settings(quick);
    let work = async || worker.work_once().await.unwrap();

    house.paid("order-1", "25").await;
    // Money for nothing that was asked for: a person decides.
    let address = orders::address_for::address_for(&house.client, "customer-7").await;
    let odd = IncomingPayment::new(address.unwrap().as_str(), "3").coin(1280, "POLYGON");
    house.sandbox.send_payment(odd).unwrap();
    house.sandbox.confirm_all();
    for notification in house.sandbox.due_notifications() {
        let (headers, body) = delivery(&notification);
        for _ in 0..2 {
            assert_eq!(inbox.receive(&headers, &body).await.status(), 200);
        }
    }
    until(async || {
        work().await;
        rows(&store, PAYMENTS).await == [pair("order-1", "25")]
    })
    .await;
    until(async || {
        work().await;
        Report::read(&store).await.unwrap().parked.len() == 1
    })
    .await;
    durable::release_all::release_all(&store).await.unwrap();
    assert!(Report::read(&store).await.unwrap().parked.is_empty());

    for _ in 0..2 {
        let request = payout("payout-1", "12.5");
        durable::pay_out::pay_out(&store, &outbox, &request)
            .await
            .unwrap();
    }
    until(async || {
        work().await;
        house.sandbox.settle_payouts();
        rows(&store, PAYOUTS).await == [pair("payout-1", "paid")]
    })
    .await;
    assert_eq!(house.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn a_process_receives_books_and_stops_when_it_is_told() {
    let house = House::of(Sandbox::builder());
    let (_folder, (store, inbox, _)) = open(&house.credentials).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ccpayment", listener.local_addr().unwrap());
    house.sandbox.set_webhook_url(url);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let since = Timestamp::from_system(house.client.now());
    let process = production::run_until::run_until(
        house.client.clone(),
        store.clone(),
        inbox,
        Shop,
        since,
        listener,
        stopped,
    );
    let process = tokio::spawn(process);
    house.paid("order-1", "25").await;
    house.sandbox.deliver_due().await;
    until(async || rows(&store, PAYMENTS).await == [pair("order-1", "25")]).await;
    stop.send(true).unwrap();
    process.await.unwrap().unwrap();
    assert_eq!(house.sandbox.pending_notifications(), 0);
}
