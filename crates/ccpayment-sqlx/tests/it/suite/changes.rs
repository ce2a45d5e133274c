//! Changes: what a worker writes to an entry that it has claimed.

use std::time::Duration;

use ccpayment_sqlx::durable::client::core::{RecordId, Timestamp};
use ccpayment_sqlx::durable::{Queue, State, Step, Store};

use super::fixture;
use crate::fixture::{Fixture, claim, claim_of, deposit, ids, once, payout, put};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) async fn with_its_fence_only<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_fence"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    let old = claim(store, 1).await.remove(0);
    fixture.run("UPDATE {entry} SET due_at = 1").await;
    let new = claim(store, 1).await.remove(0);

    let before = "SELECT due_at FROM {entry} WHERE state = 'open' AND claimed = 1";
    let due_at = fixture.number(before).await;
    assert!(!once!(
        store,
        change(&old.key, old.fence, &old.done("stale", None))
    ));
    assert_eq!(fixture.number(before).await, due_at);
    assert!(!once!(
        store,
        change(&deposit("b"), new.fence, &new.done("v", None))
    ));
    assert!(once!(
        store,
        change(&new.key, new.fence, &new.done("credited", None))
    ));
    // It is not open any more.
    assert!(!once!(store, change(&new.key, new.fence, &new.later(HOUR))));
    let done = "SELECT count(*) FROM {entry} WHERE state = 'done' AND verdict = 'credited'";
    assert_eq!(fixture.number(done).await, 1);
}

pub(crate) async fn all_of_it_or_nothing<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_all"));
    let store = fixture.store();
    put(store, &[payout("p")]).await;
    let entry = claim_of(store, Queue::Outbox, 1).await.remove(0);
    let mut change = entry.later(Duration::ZERO);
    change.step = Step::Sending;
    (change.failures, change.looks) = (2, 3);
    change.in_doubt_since = Some(Timestamp::new(1_700_000_000));
    change.signed_until = Some(Timestamp::new(1_700_000_060));
    change.record_id = Some(RecordId::new("r"));
    change.reason = Some("why".to_owned());

    let mut tx = store.begin().await.unwrap();
    assert!(
        store
            .change(&mut tx, &entry.key, entry.fence, &change)
            .await
            .unwrap()
    );
    drop(tx);
    assert!(claim_of(store, Queue::Outbox, 1).await.is_empty());
    assert!(once!(store, change(&entry.key, entry.fence, &change)));
    let rows = store.list(Queue::Outbox, State::Open, 1).await.unwrap();
    assert_eq!(rows[0].reason.as_deref(), Some("why"));

    let read = claim_of(store, Queue::Outbox, 1).await.remove(0);
    let expected = change;
    let mut now = read.later(Duration::ZERO);
    now.reason = Some("why".to_owned());
    assert_eq!(now, expected);
    assert_eq!((read.fence, read.body.as_ref()), (2, &b"a body"[..]));
}

pub(crate) async fn due_again_after_its_time<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_due"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    let entry = claim(store, 1).await.remove(0);
    assert!(once!(
        store,
        change(&entry.key, entry.fence, &entry.later(HOUR))
    ));
    let due_in = "SELECT due_at - updated_at FROM {entry} WHERE claimed = 0";
    let due_in = fixture.number(due_in).await;
    assert!(
        (3_599_000..=3_600_000).contains(&due_in),
        "due in {due_in} ms"
    );
    assert!(claim(store, 1).await.is_empty());
    // Nobody has it, so it can be hastened at once.
    once!(store, hasten(&entry.key));
    assert_eq!(ids(&claim(store, 1).await), ["a"]);
}

pub(crate) async fn due_at_once_when_hastened_meanwhile<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_hastened"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    let entry = claim(store, 1).await.remove(0);
    once!(store, hasten(&entry.key));
    assert!(claim(store, 1).await.is_empty(), "a worker has it");

    // The worker goes on with it, and gives it back later.
    let mut keeps = entry.later(HOUR);
    keeps.keeps_claim = true;
    assert!(once!(store, change(&entry.key, entry.fence, &keeps)));
    assert!(claim(store, 1).await.is_empty(), "the lease is longer now");
    assert!(once!(
        store,
        change(&entry.key, entry.fence, &entry.later(HOUR))
    ));
    let entry = claim(store, 1).await.remove(0);
    assert_eq!(entry.fence, 2);

    // That was once.
    assert!(once!(
        store,
        change(&entry.key, entry.fence, &entry.later(HOUR))
    ));
    assert!(claim(store, 1).await.is_empty());
}

pub(crate) async fn parked_and_released<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_parked"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    let entry = claim(store, 1).await.remove(0);
    assert!(once!(
        store,
        change(&entry.key, entry.fence, &entry.parked("why".to_owned()))
    ));
    assert!(claim(store, 1).await.is_empty());
    let rows = store.list(Queue::Inbox, State::Parked, 9).await.unwrap();
    assert_eq!(rows[0].reason.as_deref(), Some("why"));
    assert!(once!(store, release(&entry.key)));
    // The worker of before can't write to it, although nobody has claimed it since.
    assert!(!once!(
        store,
        change(&entry.key, entry.fence, &entry.done("v", None))
    ));
    assert_eq!(ids(&claim(store, 1).await), ["a"]);
}

/// A lease longer than any clock is a moment all the same.
pub(crate) async fn after_all_time<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_for_ever"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    let entry = claim(store, 1).await.remove(0);
    assert!(once!(
        store,
        change(&entry.key, entry.fence, &entry.later(Duration::MAX))
    ));
    assert!(fixture.number("SELECT due_at FROM {entry}").await > i64::MAX / 2);
    assert!(claim(store, 1).await.is_empty());
}

/// PostgreSQL's texts have no NUL.
pub(crate) async fn whatever_its_reason_has<F: Fixture>() {
    let fixture = fixture!(F::migrated("change_reason"));
    let store = fixture.store();
    put(store, &[payout("p")]).await;
    let entry = claim_of(store, Queue::Outbox, 1).await.remove(0);
    let refused = entry.done("refused", Some("the gateway said \0".to_owned()));
    assert!(once!(store, change(&entry.key, entry.fence, &refused)));
    let rows = store.list(Queue::Outbox, State::Done, 1).await.unwrap();
    let reason = rows[0].reason.as_deref();
    assert_eq!(reason, Some("the gateway said \u{fffd}"));
}
