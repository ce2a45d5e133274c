//! What no notification told of.

use std::time::Duration;

use bytes::Bytes;
use ccpayment_durable::client::core::v2::GetOrCreateUserDepositAddress;
use ccpayment_durable::client::core::{Credentials, Timestamp, UserId};
use ccpayment_durable::client::{Client, Exchange, Transport, transport_fn};
use ccpayment_durable::{Queue, Reconciler, State, Store, WalkError};
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::shop::{MemStore, START, Shop};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

impl Shop {
    fn reconciler(&self) -> Reconciler<MemStore> {
        Reconciler::new(
            self.store.clone(),
            self.client.clone(),
            Timestamp::new(START),
        )
    }
}

#[tokio::test]
async fn records_that_nobody_told_of_are_found_and_credited_once() {
    let shop = Shop::new();
    for day in 0..10 {
        for number in 0..3 {
            shop.paid(&format!("order-{day}-{number}"), "2").await;
        }
        shop.sandbox.advance(DAY);
    }
    let walked = shop.reconciler().walk().await.unwrap();
    assert_eq!((walked.new, walked.gaps, walked.unreadable), (30, 30, 0));
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 30);
    // Again, and with the overlap: nothing is new.
    let walked = shop.reconciler().walk().await.unwrap();
    assert_eq!(walked.new, 0);
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 30);
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_broken_off() {
    let shop = Shop::new();
    for day in 0..5 {
        shop.paid(&format!("order-{day}"), "2").await;
        shop.sandbox.advance(DAY);
    }
    let reconciler = shop.reconciler();
    shop.sandbox
        .fail_next("getAppDepositRecordList", 11000)
        .unwrap();
    let error = reconciler.walk().await.unwrap_err();
    assert!(matches!(error, WalkError::List { .. }), "{error}");
    reconciler.walk().await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 5);
}

#[tokio::test]
async fn the_lists_of_users_are_walked_that_are_named() {
    let shop = Shop::new();
    let mut addresses = Vec::new();
    for user in ["user-1", "user-2"] {
        let request = GetOrCreateUserDepositAddress::new(user, "POLYGON".into());
        let answer = shop.client.send(&request).await.unwrap();
        addresses.push(answer.address.to_string());
    }
    for address in &addresses {
        let incoming = ccpayment_sandbox::IncomingPayment::new(address, "3").coin(1280, "POLYGON");
        shop.sandbox.send_payment(incoming).unwrap();
    }
    shop.sandbox.advance(DAY);
    let found = shop
        .reconciler()
        .users([UserId::new("user-1")])
        .walk()
        .await
        .unwrap();
    assert_eq!(found.new, 1);
    // A notification names the other one.
    let told = shop.sandbox.due_notifications();
    let of_two = told.iter().find(|it| it.body.contains("user-2")).unwrap();
    shop.receive(of_two).await;
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 2);
    let positions = shop
        .store
        .positions(shop.client.app_id(), "user:")
        .await
        .unwrap();
    assert_eq!(positions.len(), 2);
}

#[tokio::test]
async fn a_row_that_can_not_be_read_is_parked_whole() {
    let shop = Shop::new();
    shop.paid("order-1", "2").await;
    shop.sandbox.advance(DAY);
    // An amount that is none: whatever it was, it was money.
    let transport = SandboxTransport::new(&shop.sandbox);
    let breaks = transport_fn(move |exchange| {
        let transport = transport.clone();
        async move {
            let answer = transport.send(exchange).await?;
            Ok(answer.map(|body| {
                let body = String::from_utf8(body.to_vec()).unwrap();
                Bytes::from(body.replace(r#""amount":"2""#, r#""amount":"two""#))
            }))
        }
    });
    let credentials = Credentials::new(shop.sandbox.app_id(), shop.sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, breaks).with_clock(SandboxClock::new(&shop.sandbox));
    let reconciler = Reconciler::new(shop.store.clone(), client, Timestamp::new(START));
    let walked = reconciler.walk().await.unwrap();
    assert_eq!((walked.unreadable, walked.new), (1, 0));
    let parked = shop.state_of(Queue::Inbox).await;
    let [(State::Parked, Some(reason))] = &parked[..] else {
        panic!("{parked:?}");
    };
    assert!(reason.contains("deposits"), "{reason}");
}

/// One user's list can't be read, today and tomorrow.
#[tokio::test]
async fn a_list_that_can_not_be_read_keeps_no_other_back() {
    let shop = Shop::new();
    let request = GetOrCreateUserDepositAddress::new("user-2", "POLYGON".into());
    let address = shop.client.send(&request).await.unwrap().address;
    let incoming = ccpayment_sandbox::IncomingPayment::new(address.as_str(), "3");
    let incoming = incoming.coin(1280, "POLYGON");
    shop.sandbox.send_payment(incoming).unwrap();
    shop.sandbox.advance(DAY);
    let transport = SandboxTransport::new(&shop.sandbox);
    let breaks = transport_fn(move |exchange: Exchange| {
        let transport = transport.clone();
        async move {
            let body = String::from_utf8_lossy(exchange.request.body()).into_owned();
            if exchange.operation == "getAppDepositRecordList" || body.contains("user-1") {
                let refusal = r#"{"code":11015,"msg":"no such user","data":{}}"#;
                return Ok(http::Response::new(Bytes::from_static(refusal.as_bytes())));
            }
            transport.send(exchange).await
        }
    });
    let credentials = Credentials::new(shop.sandbox.app_id(), shop.sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, breaks).with_clock(SandboxClock::new(&shop.sandbox));
    let reconciler = Reconciler::new(shop.store.clone(), client, Timestamp::new(START))
        .users(["user-1", "user-2"].map(UserId::new));
    let error = reconciler.walk().await.unwrap_err();
    assert!(error.to_string().contains("deposits"), "{error}");
    // Nothing was told of it.
    shop.worker.work_once().await.unwrap();
    assert_eq!(shop.books().await.credits.len(), 1);
}
