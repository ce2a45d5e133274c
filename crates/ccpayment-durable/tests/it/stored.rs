//! Payouts as version 0.1 stored them: the exact bytes are sent, whatever a later version would
//! write.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_durable::client::core::v2::ApplyAppWithdrawToNetwork;
use ccpayment_durable::client::core::{AppId, Credentials, Version};
use ccpayment_durable::client::{Client, Exchange, Transport, TransportError};
use ccpayment_durable::{EntryKey, NewEntry, PayoutEnd, Step, Store, Worker};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::shop::{Code, Shop};

/// Keeps the bodies that go to an operation.
#[derive(Clone)]
struct Overheard {
    inner: SandboxTransport,
    sent: Arc<Mutex<Vec<(&'static str, Bytes)>>>,
}

#[async_trait]
impl Transport for Overheard {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let sent = (exchange.operation, exchange.request.body().clone());
        self.sent.lock().unwrap().push(sent);
        self.inner.send(exchange).await
    }
}

/// An order of fields and spaces that no version writes.
fn bodies(token: &str) -> [(Version, &'static str, String); 9] {
    const TO: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
    let of_v2 = |operation, body: String| (Version::V2, operation, body);
    [
        of_v2(
            "applyAppWithdrawToNetwork",
            format!(
                r#"{{ "amount": "2.50", "merchantPayNetworkFee": true, "address":"{TO}",
                "chain": "POLYGON", "coinId": 1280, "orderId": "payout-1" }}"#
            ),
        ),
        of_v2(
            "applyAppWithdrawToCwallet",
            r#"{"amount": "1", "cwalletUser":"35255142",  "coinId": 1280, "orderId":"payout-2"}"#
                .into(),
        ),
        of_v2(
            "applyUserWithdrawToNetwork",
            format!(
                r#"{{"amount":"2","address":"{TO}","chain":"POLYGON", "coinId":1280,
                "orderId":"payout-3","userId":"user-1"}}"#
            ),
        ),
        of_v2(
            "applyUserWithdrawToCwallet",
            r#"{"amount":"1","cwalletUser":"35255142","coinId": 1280,"orderId":"payout-4",
            "userId":"user-1"}"#
                .into(),
        ),
        of_v2(
            "userTransfer",
            r#"{"toUserId":"user-2","amount":"1","coinId":1280 ,"orderId":"payout-5",
            "fromUserId":"user-1"}"#
                .into(),
        ),
        of_v2(
            "userBatchTransfer",
            r#"{"toUsers": [ {"amount": "1", "userId": "user-2"} ], "coinId": 1280,
            "userId": "user-1", "orderId": "payout-6"}"#
                .into(),
        ),
        of_v2(
            "swap",
            r#"{"amountIn": "10", "coinIdOut": 1329, "coinIdIn": 1280, "orderId": "payout-7"}"#
                .into(),
        ),
        of_v2(
            "userSwap",
            r#"{"amountIn": "10","coinIdOut":1329,"coinIdIn":1280,"userId":"user-1",
            "orderId": "payout-8"}"#
                .into(),
        ),
        (
            Version::V1,
            "withdraw",
            format!(
                r#"{{"value": "2", "token_id": "{token}", "address": "{TO}",
                "merchant_order_id": "payout-9"}}"#
            ),
        ),
    ]
}

#[tokio::test]
async fn the_stored_bytes_are_sent() {
    let sandbox = Sandbox::builder()
        .strict()
        .user_balance("user-1", 1280, "100")
        .user_balance("user-2", 1280, "1");
    let shop = Shop::with(sandbox);
    let transport = Overheard {
        inner: SandboxTransport::new(&shop.sandbox),
        sent: Arc::default(),
    };
    let credentials = Credentials::new(shop.sandbox.app_id(), shop.sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, transport.clone());
    let client = client.with_clock(SandboxClock::new(&shop.sandbox));
    let worker = Worker::new(shop.store.clone(), Code::default()).merchant(client);

    let app_id = AppId::new(shop.sandbox.app_id());
    let bodies = bodies(shop.sandbox.v1_token_id(1280, "POLYGON").unwrap());
    let mut tx = shop.store.begin().await.unwrap();
    for (number, (version, operation, body)) in (1..).zip(&bodies) {
        let key = EntryKey::outbox(&app_id, *version, operation, &format!("payout-{number}"));
        let entry = NewEntry::new(key, Step::Planned, body.clone().into());
        assert!(shop.store.put(&mut tx, &entry).await.unwrap());
    }
    shop.store.commit(tx).await.unwrap();
    for _ in 0..60 {
        worker.work_once().await.unwrap();
        shop.sandbox.advance(Duration::from_secs(60));
    }

    let sent = transport.sent.lock().unwrap().clone();
    for (_, operation, body) in &bodies {
        let of_it: Vec<_> = sent.iter().filter(|(of, _)| of == operation).collect();
        let [(_, sent)] = &of_it[..] else {
            panic!("{operation} was sent {} times", of_it.len());
        };
        assert_eq!(sent, body, "{operation}");
    }
    let ends = shop.books().await.payouts;
    assert_eq!(ends.len(), bodies.len());
    for end in ends {
        assert_eq!(end.end, PayoutEnd::Arrived, "{end:?}");
    }
}

/// Fails to compile where it can't run on any thread.
#[test]
fn a_worker_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let shop = Shop::new();
    is_send(shop.worker.run(std::future::pending()));
    is_send(shop.worker.work_once());
}

#[tokio::test]
async fn what_this_version_cannot_read_is_parked_and_not_sent() {
    let shop = Shop::new();
    let app_id = AppId::new(shop.sandbox.app_id());
    let mut tx = shop.store.begin().await.unwrap();
    let fields = r#""coinId":1280,"chain":"POLYGON","address":"0x1","amount":"1""#;
    let operation =
        <ApplyAppWithdrawToNetwork as ccpayment_durable::client::core::Request>::OPERATION;
    for (operation, id, body) in [
        ("fly", "payout-1", "{}".to_owned()),
        (operation, "payout-2", "{".to_owned()),
        (
            operation,
            "payout-3",
            format!(r#"{{"orderId":"payout-4",{fields}}}"#),
        ),
    ] {
        let key = EntryKey::outbox(&app_id, Version::V2, operation, id);
        let entry = NewEntry::new(key, Step::Planned, body.into());
        assert!(shop.store.put(&mut tx, &entry).await.unwrap());
    }
    shop.store.commit(tx).await.unwrap();
    shop.work(Duration::from_secs(600)).await;
    let report = ccpayment_durable::Report::read(&shop.store).await.unwrap();
    let reasons: Vec<_> = report
        .parked
        .iter()
        .filter_map(|it| it.reason.clone())
        .collect();
    assert_eq!(reasons.len(), 3, "{report:?}");
    for words in [
        "does not know the payout fly",
        "can't be read",
        "another order id",
    ] {
        assert!(reasons.iter().any(|it| it.contains(words)), "{reasons:?}");
    }
    assert!(shop.sandbox.payouts().is_empty());
}
