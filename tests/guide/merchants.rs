//! Several merchants on one store, and one merchant on two versions of the API.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use ccpayment::durable::{Reconciler, Settings, Worker};
use ccpayment::{AppId, Timestamp, sqlx};
use ccpayment_sandbox::{IncomingPayment, Sandbox, SandboxBuilder};
use tempfile::TempDir;

use crate::durable::{PAYMENTS, open, pair, rows, sql};
use crate::house::{House, amount, delivery, until};
use crate::pages::several_merchants::deposit::Credits;
use crate::pages::several_merchants::{serve_all, verify_for};
use crate::pages::v1::{book, open_page};

fn builder(app_id: &str) -> SandboxBuilder {
    Sandbox::builder().app(app_id, format!("secret-of-{app_id}"))
}

fn house(app_id: &str) -> House {
    House::of(builder(app_id))
}

/// Two merchants whose clocks stand at the same second, with which their record ids begin.
fn houses() -> [House; 2] {
    let one = house("merchant-one");
    one.sandbox.stop_clock();
    let two = House::of(builder("merchant-two").start_time(one.sandbox.now()));
    [one, two]
}

fn quick() -> Settings {
    Settings::default()
        .first_pause(Duration::from_millis(20))
        .longest_pause(Duration::from_millis(50))
}

#[tokio::test]
async fn one_merchant_never_vouches_for_another() {
    let houses = houses();
    let merchants: BTreeMap<AppId, verify_for::Merchant> = (houses.iter())
        .map(|house| {
            let merchant = verify_for::Merchant {
                client: house.client.clone(),
                verifier: house.verifier.clone(),
            };
            (house.credentials.app_id().clone(), merchant)
        })
        .collect();
    for house in &houses {
        house.paid("order-1", "25").await;
        let told = house.sandbox.due_notifications();
        let (mut headers, body) = delivery(&told[0]);
        let now = house.client.now();
        let (merchant, _) = verify_for::verify_for(&merchants, &headers, &body, now).unwrap();
        assert_eq!(merchant.client.app_id(), house.credentials.app_id());
        // The header of another merchant, or of nobody.
        for other in ["merchant-one", "merchant-two", "nobody"] {
            if other != house.credentials.app_id().as_str() {
                headers.insert("appid", other.parse().unwrap());
                assert!(verify_for::verify_for(&merchants, &headers, &body, now).is_none());
            }
        }
    }
}

#[tokio::test]
async fn one_store_serves_two_merchants() {
    let houses = houses();
    let (_folder, (store, ..)) = open(&houses[0].credentials).await;
    let stands_at = Duration::from_secs(houses[0].sandbox.now());
    let since = Timestamp::from_system(UNIX_EPOCH + stands_at);
    let merchants = houses.each_ref().map(|house| serve_all::Merchant {
        name: house.credentials.app_id().to_string(),
        credentials: house.credentials.clone(),
        client: house.client.clone(),
        since,
    });
    let page = include_str!("../../docs/several-merchants.md");
    sqlx::raw_sql(sql(page))
        .execute(store.pool())
        .await
        .unwrap();
    let (router, worker, reconcilers) = serve_all::serve_all(&store, &merchants, Credits);
    let worker = worker.settings(quick());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());

    // The sandboxes are alike, so both payments have the same record id, as can happen with two
    // merchants.
    for (house, coins) in houses.iter().zip(["25", "5"]) {
        let name = house.credentials.app_id();
        house
            .sandbox
            .set_webhook_url(format!("http://{at}/{name}/ccpayment"));
        house.paid("order-1", coins).await;
        house.sandbox.deliver_due().await;
        assert_eq!(house.sandbox.pending_notifications(), 0, "{name}");
    }
    let booked = async |wanted: &[(String, String)]| {
        until(async || {
            worker.work_once().await.unwrap();
            rows(&store, "SELECT app_id, amount FROM credits ORDER BY 1, 2").await == wanted
        })
        .await;
    };
    let [one, two] = [pair("merchant-one", "25"), pair("merchant-two", "5")];
    booked(&[one.clone(), two.clone()]).await;
    let ids = rows(&store, "SELECT DISTINCT record_id, 'once' FROM credits").await;
    assert_eq!(ids.len(), 1, "{ids:?}");

    // No notification tells of this one.
    houses[1].paid("order-2", "7").await;
    for reconciler in reconcilers {
        reconciler.walk().await.unwrap();
    }
    booked(&[one, two, pair("merchant-two", "7")]).await;
}

#[tokio::test]
async fn what_v1_told_of_is_not_booked_again_by_v2() {
    let house = house("merchant-one");
    let (_folder, (store, inbox, _)): (TempDir, _) = open(&house.credentials).await;
    let router = book::receive_both(&inbox);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    let since = Timestamp::from_system(house.client.now());

    // An old order of v1 is paid.
    house
        .sandbox
        .set_webhook_url(format!("http://{at}/ccpayment/v1"));
    open_page::open_page(&house.client, "old-1", amount("25"))
        .await
        .unwrap();
    assert!(!open_page::is_paid(&house.client, "old-1").await.unwrap());
    let picked = house.sandbox.pick_coin("old-1", 1280, "TRX").unwrap();
    let payment = IncomingPayment::new(picked.address, picked.amount.clone()).coin(1280, "TRX");
    let payment = house.sandbox.send_payment(payment).unwrap();
    house.sandbox.confirm(&payment.record_id).unwrap();
    house.sandbox.deliver_due().await;
    assert!(open_page::is_paid(&house.client, "old-1").await.unwrap());
    // A new one of v2 is paid as well.
    house
        .sandbox
        .set_webhook_url(format!("http://{at}/ccpayment"));
    house.paid("new-1", "5").await;
    house.sandbox.deliver_due().await;
    assert_eq!(house.sandbox.pending_notifications(), 0);

    let worker = Worker::new(store.clone(), book::Shop).merchant(house.client.clone());
    let worker = worker.settings(quick());
    let booked = [pair("new-1", "5"), pair("old-1", &picked.amount)];
    let work = async || {
        worker.work_once().await.unwrap();
        rows(&store, PAYMENTS).await == booked
    };
    until(work).await;
    // The lists of v2 show both.
    let reconciler = Reconciler::new(store.clone(), house.client.clone(), since);
    let walked = reconciler.walk().await.unwrap();
    assert!(walked.records >= 2, "{walked:?}");
    for _ in 0..5 {
        assert!(work().await);
    }
    let ids: Vec<(String,)> = sqlx::query_as("SELECT record_id FROM payments")
        .fetch_all(store.pool())
        .await
        .unwrap();
    assert_eq!(ids.len(), 2);
}
