//! The receiver and the reconciliation of the page about notifications.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ccpayment::webhook::{Creditable, Event};
use ccpayment::{Amount, BoxError, RecordId, Timestamp};

use crate::house::{House, START, amount, delivery};
use crate::pages::notifications::receive::{Books, receive};
use crate::pages::notifications::reconcile::reconcile;
use crate::pages::notifications::why::why;

#[derive(Default)]
struct Tables {
    credits: Mutex<BTreeMap<RecordId, Amount>>,
    set_aside: Mutex<Vec<String>>,
}

impl Books for Tables {
    fn book(&self, paid: Creditable<'_>) -> Result<(), BoxError> {
        let (id, coins) = (paid.record_id().clone(), paid.amount().clone());
        self.credits.lock().unwrap().entry(id).or_insert(coins);
        Ok(())
    }

    fn set_aside(&self, event: &Event) -> Result<(), BoxError> {
        let whole = serde_json::to_string(event)?;
        self.set_aside.lock().unwrap().push(whole);
        Ok(())
    }
}

#[tokio::test]
async fn each_payment_is_credited_once_and_a_risky_one_never() {
    let house = House::new();
    let (address, risky) = (
        house.order("o-1", "25").await,
        house.order("o-2", "5").await,
    );
    let payment = house.sandbox.pay(address.as_str(), "25").unwrap();
    let flagged = house.sandbox.pay(risky.as_str(), "5").unwrap();
    house.sandbox.flag_risky(&flagged.record_id).unwrap();
    let mut told = house.sandbox.due_notifications();
    for record in [&payment.record_id, &flagged.record_id] {
        house.sandbox.confirm(record).unwrap();
    }
    told.extend(house.sandbox.due_notifications());

    let books = Tables::default();
    let now = house.client.now();
    // All come after the records are final, and each comes twice.
    for notification in told.iter().chain(told.iter().rev()) {
        let (headers, body) = delivery(notification);
        let (verifier, client) = (&house.verifier, &house.client);
        let answer = receive(verifier, client, &books, &headers, &body, now).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.body()[..]),
            (200, &b"Success"[..])
        );
        let forged = [&body[..], b" "].concat();
        let answer = receive(verifier, client, &books, &headers, &forged, now).await;
        assert_eq!(answer.status(), 401);
    }
    let credits = books.credits.into_inner().unwrap();
    assert_eq!(credits.into_values().collect::<Vec<_>>(), [amount("25")]);
    assert!(!books.set_aside.into_inner().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_is_explained() {
    let house = House::new();
    house.paid("o-1", "25").await;
    let (headers, body) = delivery(&house.sandbox.due_notifications()[0]);
    let now = house.client.now();
    let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let rewritten = serde_json::to_vec_pretty(&parsed).unwrap();
    let reason = why(&house.verifier, &headers, &rewritten, now);
    assert!(reason.contains("raw bytes"), "{reason}");
}

#[tokio::test]
async fn what_no_notification_told_is_found() {
    let house = House::new();
    house.paid("o-1", "25").await;
    house.paid("o-2", "3").await;
    let mut found = BTreeMap::new();
    let since = Timestamp::new(START - 60);
    let all = reconcile(&house.client, since, |paid| {
        found.insert(paid.record_id().clone(), paid.amount().clone());
    });
    all.await.unwrap();
    let sum = Amount::checked_sum(found.values()).unwrap();
    assert_eq!((found.len(), sum), (2, amount("28")));
}
