//! What is acknowledged is stored, whatever fails meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_durable::client::core::Credentials;
use ccpayment_durable::{Inbox, Queue};
use ccpayment_testing::SandboxClock;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderName};

use crate::failing::Failing;
use crate::shop::Shop;
use ccpayment_durable::webhook::Verifier;

fn inbox(shop: &Shop, secret: &str) -> (Failing, Inbox<Failing>) {
    let store = Failing::new(shop.store.clone());
    let credentials = Credentials::new(shop.sandbox.app_id(), secret).unwrap();
    let now = SandboxClock::new(&shop.sandbox).now_fn();
    (store.clone(), Inbox::with_clock(store, &credentials, now))
}

async fn told(shop: &Shop, payments: usize) -> Vec<(String, HeaderMap, Bytes)> {
    for number in 0..payments {
        shop.paid(&format!("order-{number}"), "20").await;
    }
    let due = shop.sandbox.due_notifications().into_iter();
    due.map(|it| {
        let mut headers = HeaderMap::new();
        for (name, value) in it.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        (it.record_id, headers, Bytes::from(it.body))
    })
    .collect()
}

/// The first one's commit takes until all others wait for it.
async fn all_at_once(
    store: &Failing,
    inbox: &Inbox<Failing>,
    told: &[(String, HeaderMap, Bytes)],
) -> Vec<http::Response<Bytes>> {
    store.is_slow.store(true, Ordering::SeqCst);
    let receiving = (told.iter()).map(|(_, headers, body)| inbox.receive(headers, body));
    let release = async {
        tokio::task::yield_now().await;
        store.is_slow.store(false, Ordering::SeqCst);
    };
    futures_util::future::join(join_all(receiving), release)
        .await
        .0
}

async fn stored(shop: &Shop) -> usize {
    shop.state_of(Queue::Inbox).await.len()
}

#[tokio::test]
async fn of_32_deliveries_one_that_cannot_be_stored_keeps_no_other_out() {
    let shop = Shop::new();
    let told = told(&shop, 32).await;
    assert_eq!(told.len(), 32);
    let (store, inbox) = inbox(&shop, shop.sandbox.app_secret());
    *store.refuses.lock().unwrap() = Some(told[17].0.clone());
    let answers = all_at_once(&store, &inbox, &told).await;
    for (number, answer) in answers.iter().enumerate() {
        let expected = if number == 17 { 503 } else { 200 };
        assert_eq!(answer.status(), expected, "{number}");
    }
    assert_eq!(stored(&shop).await, 31);
    // It comes again, and finds room.
    *store.refuses.lock().unwrap() = None;
    let (_, headers, body) = &told[17];
    assert_eq!(inbox.receive(headers, body).await.status(), 200);
    assert_eq!(stored(&shop).await, 32);
}

#[tokio::test]
async fn deliveries_that_wait_are_one_commit() {
    let shop = Shop::new();
    let told = told(&shop, 32).await;
    let (store, inbox) = inbox(&shop, shop.sandbox.app_secret());
    let answers = all_at_once(&store, &inbox, &told).await;
    assert!(answers.iter().all(|it| it.status() == 200));
    assert_eq!(stored(&shop).await, 32);
    // That of the first, and one for all that waited for it.
    assert_eq!(store.commits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_and_nothing_is_stored() {
    let shop = Shop::new();
    let told = told(&shop, 1).await;
    let (store, inbox) = inbox(&shop, shop.sandbox.app_secret());
    store.is_down.store(true, Ordering::SeqCst);
    let (_, headers, body) = &told[0];
    let answer = inbox.receive(headers, body).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.body().is_empty());
    assert_eq!(stored(&shop).await, 0);
}

#[tokio::test]
async fn another_secret_is_believed_nothing() {
    let shop = Shop::new();
    let told = told(&shop, 1).await;
    let (_, inbox) = inbox(&shop, "another-secret");
    let (_, headers, body) = &told[0];
    assert_eq!(inbox.receive(headers, body).await.status(), 401);
    assert_eq!(stored(&shop).await, 0);
}

/// The caller that writes for all goes away. Whoever is acknowledged is stored, and the others are
/// told to come again.
#[tokio::test]
async fn a_caller_that_goes_away_loses_nothing_that_was_acknowledged() {
    let shop = Shop::new();
    let told = told(&shop, 6).await;
    let (store, inbox) = inbox(&shop, shop.sandbox.app_secret());
    store.is_slow.store(true, Ordering::SeqCst);
    let mut receiving: Vec<_> = told
        .iter()
        .map(|(_, headers, body)| Box::pin(inbox.receive(headers, body)))
        .collect();
    for _ in 0..3 {
        for it in &mut receiving {
            assert!(futures_util::poll!(it).is_pending());
        }
    }
    drop(receiving.remove(0));
    // The next one has the pen, and with it what the others left there.
    for it in &mut receiving {
        assert!(futures_util::poll!(it).is_pending());
    }
    drop(receiving.remove(0));
    store.is_slow.store(false, Ordering::SeqCst);
    let answers = join_all(receiving).await;
    let there = stored(&shop).await;
    let acknowledged = answers.iter().filter(|it| it.status() == 200).count();
    assert!(
        answers
            .iter()
            .all(|it| [200, 503].contains(&it.status().as_u16()))
    );
    assert!(acknowledged <= there, "{acknowledged} of {there}");
    // All of it comes again.
    for (_, headers, body) in &told {
        assert_eq!(inbox.receive(headers, body).await.status(), 200);
    }
    assert_eq!(stored(&shop).await, 6);
    shop.work(Duration::from_secs(600)).await;
    assert_eq!(shop.books().await.credits.len(), 6);
}

#[tokio::test]
async fn an_activation_is_answered_and_not_stored() {
    let shop = Shop::new();
    shop.sandbox.activate_webhook();
    assert_eq!(shop.deliver().await, 1);
    assert_eq!(stored(&shop).await, 0);
    assert_eq!(shop.sandbox.pending_notifications(), 0);
}

/// A clone with another verifier takes what this one takes, and the first stays as it was.
#[tokio::test]
async fn an_inbox_takes_another_verifier_though_it_was_cloned() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    let told = shop.sandbox.due_notifications().remove(0);
    let other = Verifier::new(shop.sandbox.app_id(), "another-secret-000000000000000001").unwrap();
    let strict = shop.inbox.clone().verifier(other);
    let mut headers = HeaderMap::new();
    for (name, value) in &told.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let body = Bytes::from(told.body.clone());
    assert_eq!(strict.receive(&headers, &body).await.status(), 401);
    assert_eq!(shop.inbox.receive(&headers, &body).await.status(), 200);
}

/// A record id that no database takes for a key. It is kept whole, and keeps nobody else out.
#[tokio::test]
async fn what_can_not_be_a_key_is_kept_as_what_is_about_no_record() {
    let shop = Shop::new();
    for id in ["9".repeat(5_000), "9\\u0000".to_owned()] {
        let body = format!(
            r#"{{"type":"ApiDeposit","msg":{{"recordId":"{id}","orderId":"order-1","coinId":1280,"status":"Success"}}}}"#
        );
        let body = Bytes::from(body);
        let mut headers = HeaderMap::new();
        for (name, value) in shop.sandbox.sign_v2(&body) {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        assert_eq!(shop.inbox.receive(&headers, &body).await.status(), 200);
        shop.worker.work_once().await.unwrap();
        assert_eq!(shop.books().await.notices.last(), Some(&body));
    }
}
