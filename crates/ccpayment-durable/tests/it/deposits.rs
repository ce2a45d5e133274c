//! Deposits, from the notification to the merchant's books.

use std::time::Duration;

use bytes::Bytes;
use ccpayment_durable::client::core::v2::CreateAppOrderDepositAddress;
use ccpayment_durable::client::core::{Chain, CoinId, Credentials, OrderId, RecordId, Version};
use ccpayment_durable::client::{Client, Transport, transport_fn};
use ccpayment_durable::webhook::NoCredit;
use ccpayment_durable::{Queue, Report, State, Store, Worker, kind};
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::shop::{Mood, Shop};

const HOUR: Duration = Duration::from_secs(3_600);

impl Shop {
    /// An order that is paid, and the id of the payment's record.
    pub(crate) async fn paid(&self, order_id: &str, amount: &str) -> String {
        let order = CreateAppOrderDepositAddress::new(
            OrderId::new(order_id),
            CoinId::new(1280),
            Chain::new("POLYGON"),
            amount.parse().unwrap(),
        );
        let order = self.client.submit(&order).await.unwrap();
        let address = order.created.address.to_string();
        self.sandbox.pay(&address, amount).unwrap().record_id
    }

    pub(crate) async fn state_of(&self, queue: Queue) -> Vec<(State, Option<String>)> {
        let mut found = Vec::new();
        for state in [State::Open, State::Parked, State::Done] {
            let rows = self.store.list(queue, state, 100).await.unwrap();
            found.extend(
                rows.into_iter()
                    .map(|it| (it.state, it.verdict.or(it.reason))),
            );
        }
        found
    }
}

#[tokio::test]
async fn a_payment_is_credited_once_however_often_it_is_told() {
    let shop = Shop::new();
    let record_id = shop.paid("order-1", "20").await;
    let mut told = shop.sandbox.due_notifications();
    shop.sandbox.advance(Duration::from_secs(200));
    told.extend(shop.sandbox.due_notifications());
    assert!(told.len() >= 2, "processing and success");
    for notification in told.iter().chain(told.iter().rev()) {
        assert_eq!(shop.receive(notification).await.status(), 200);
        shop.worker.work_once().await.unwrap();
    }
    shop.work(HOUR).await;
    let books = shop.books().await;
    let credits: Vec<_> = books
        .credits
        .iter()
        .map(|(id, amount)| (id.as_str(), amount))
        .collect();
    assert_eq!(credits, [(record_id.as_str(), &"20".to_owned())]);
    assert_eq!(
        shop.state_of(Queue::Inbox).await,
        [(State::Done, Some("credited".into()))]
    );
}

#[tokio::test]
async fn a_record_that_is_not_final_is_read_again_without_another_notification() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    assert_eq!(shop.deliver().await, 1);
    // Everything that would be told from now on is lost.
    assert!(shop.books().await.credits.is_empty());
    for _minute in 0..60 {
        shop.worker.work_once().await.unwrap();
        shop.sandbox.advance(Duration::from_secs(60));
    }
    assert_eq!(shop.books().await.credits.len(), 1);
}

#[tokio::test]
async fn a_handler_that_does_not_do_its_work_leaves_nothing_and_is_tried_again() {
    for mood in [Mood::Fails, Mood::Panics, Mood::Hangs] {
        let shop = Shop::new();
        shop.paid("order-1", "20").await;
        shop.sandbox.advance(Duration::from_secs(200));
        shop.deliver().await;
        shop.mood(mood);
        shop.worker.work_once().await.unwrap();
        assert!(shop.books().await.credits.is_empty(), "{mood:?}");
        let [(State::Open, Some(reason))] = &shop.state_of(Queue::Inbox).await[..] else {
            panic!("{mood:?}: {:?}", shop.state_of(Queue::Inbox).await);
        };
        let word = match mood {
            Mood::Fails => "shelf is full",
            Mood::Panics => "panicked",
            _ => "longer than",
        };
        assert!(reason.contains(word), "{reason}");
        shop.mood(Mood::Works);
        shop.work(HOUR).await;
        assert_eq!(shop.books().await.credits.len(), 1, "{mood:?}");
    }
}

#[tokio::test]
async fn what_keeps_failing_is_parked_and_can_be_released() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    shop.sandbox.advance(Duration::from_secs(200));
    shop.deliver().await;
    shop.mood(Mood::Fails);
    shop.work(3 * HOUR).await;
    let report = Report::read(&shop.store).await.unwrap();
    assert_eq!(report.waiting(), 0);
    let [parked] = &report.parked[..] else {
        panic!("{report:?}");
    };
    assert_eq!(parked.reason.as_deref(), Some("the shelf is full"));
    assert!(shop.books().await.credits.is_empty());

    shop.mood(Mood::Works);
    let mut tx = shop.store.begin().await.unwrap();
    assert!(shop.store.release(&mut tx, &parked.key).await.unwrap());
    shop.store.commit(tx).await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 1);
}

#[tokio::test]
async fn what_only_a_person_can_judge_is_parked_at_once() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    shop.sandbox.advance(Duration::from_secs(200));
    shop.deliver().await;
    shop.mood(Mood::Parks);
    shop.worker.work_once().await.unwrap();
    assert_eq!(
        shop.state_of(Queue::Inbox).await,
        [(State::Parked, Some("no such order <b>".into()))]
    );
    assert!(shop.books().await.credits.is_empty());
}

#[tokio::test]
async fn a_risky_deposit_is_never_credited_and_says_why() {
    let shop = Shop::new();
    let record_id = shop.paid("order-1", "20").await;
    shop.sandbox.flag_risky(&record_id).unwrap();
    shop.work(HOUR).await;
    let books = shop.books().await;
    assert!(books.credits.is_empty());
    let why: Vec<_> = books.not_credited.values().copied().collect();
    assert_eq!(why, [NoCredit::Risky]);
}

#[tokio::test]
async fn a_forgery_is_not_stored() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    let mut notification = shop.sandbox.due_notifications().remove(0);
    notification.body = notification.body.replace("order-1", "order-2");
    assert_eq!(shop.receive(&notification).await.status(), 401);
    assert!(shop.state_of(Queue::Inbox).await.is_empty());
}

#[tokio::test]
async fn deliveries_at_the_same_time_are_all_stored() {
    let shop = Shop::new();
    for number in 0..20 {
        shop.paid(&format!("order-{number}"), "20").await;
    }
    let told = shop.sandbox.due_notifications();
    let answers = futures_util::future::join_all(told.iter().map(|it| shop.receive(it))).await;
    assert!(answers.iter().all(|it| it.status() == 200));
    assert_eq!(shop.state_of(Queue::Inbox).await.len(), 20);
}

/// A person has released the money on the dashboard.
#[tokio::test]
async fn a_deposit_that_was_risky_is_credited_once_when_it_is_looked_at_again() {
    let shop = Shop::new();
    let record_id = shop.paid("order-1", "20").await;
    shop.sandbox.flag_risky(&record_id).unwrap();
    shop.work(HOUR).await;
    assert!(shop.books().await.credits.is_empty());

    let transport = SandboxTransport::new(&shop.sandbox);
    let released = transport_fn(move |exchange| {
        let transport = transport.clone();
        async move {
            let answer = transport.send(exchange).await?;
            Ok(answer.map(|body| {
                let body = String::from_utf8(body.to_vec()).unwrap();
                let (risky, safe) = (r#""isFlaggedAsRisky":true"#, r#""isFlaggedAsRisky":false"#);
                assert!(body.contains(risky), "{body}");
                Bytes::from(body.replace(risky, safe))
            }))
        }
    });
    let credentials = Credentials::new(shop.sandbox.app_id(), shop.sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, released).with_clock(SandboxClock::new(&shop.sandbox));
    let worker = Worker::new(shop.store.clone(), shop.code.clone()).merchant(client);
    let id = RecordId::new(record_id);
    for is_first in [true, false] {
        let mut tx = shop.store.begin().await.unwrap();
        let looks = shop
            .inbox
            .look_again(&mut tx, Version::V2, kind::DEPOSIT, &id);
        assert_eq!(looks.await.unwrap(), is_first);
        shop.store.commit(tx).await.unwrap();
        worker.work_once().await.unwrap();
        assert_eq!(shop.books().await.credits.len(), 1);
    }
}

/// A better status opens the entry of a failed deposit again.
#[tokio::test]
async fn a_deposit_that_is_told_better_later_is_credited() {
    let shop = Shop::new();
    shop.paid("order-1", "20").await;
    shop.deliver().await;
    let transport = SandboxTransport::new(&shop.sandbox);
    let fails = transport_fn(move |exchange| {
        let transport = transport.clone();
        async move {
            let answer = transport.send(exchange).await?;
            Ok(answer.map(|body| {
                let body = String::from_utf8(body.to_vec()).unwrap();
                Bytes::from(body.replace(r#""Processing""#, r#""Failed""#))
            }))
        }
    });
    let credentials = Credentials::new(shop.sandbox.app_id(), shop.sandbox.app_secret()).unwrap();
    let client = Client::new(credentials, fails).with_clock(SandboxClock::new(&shop.sandbox));
    let worker = Worker::new(shop.store.clone(), shop.code.clone()).merchant(client);
    worker.work_once().await.unwrap();
    let states = shop.state_of(Queue::Inbox).await;
    assert_eq!(states, [(State::Done, Some("not_credited".into()))]);
    shop.sandbox.confirm_all();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 1);
}
