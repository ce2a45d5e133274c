//! What is told to people.

use std::time::Duration;

use ccpayment_sqlx::durable::{Queue, Report, State, Step, Store, StoreError};

use super::fixture;
use crate::fixture::{Fixture, LEASE, app_id, deposit, new, once, payout, put};

pub(crate) async fn counted<F: Fixture>() {
    let fixture = fixture!(F::migrated("counts"));
    let store = fixture.store();
    assert_eq!(store.counts().await.unwrap(), []);
    put(store, &[deposit("a"), payout("p"), deposit("done")]).await;
    let mut gap = new(deposit("gap"));
    gap.is_gap = true;
    assert!(once!(store, put(&gap)));
    let end = "UPDATE {entry} SET state = 'done', verdict = 'credited' WHERE id = 'done'";
    fixture.run(end).await;
    fixture
        .run("UPDATE {entry} SET created_at = created_at - 90000 WHERE id = 'a'")
        .await;

    let counts = store.counts().await.unwrap();
    let shown: Vec<_> = counts
        .iter()
        .map(|it| {
            (
                it.queue,
                it.state,
                it.verdict.as_deref(),
                it.entries,
                it.gaps,
            )
        })
        .collect();
    let expected = [
        (Queue::Inbox, State::Done, Some("credited"), 1, 0),
        (Queue::Inbox, State::Open, None, 2, 1),
        (Queue::Outbox, State::Open, None, 1, 0),
    ];
    assert_eq!(shown, expected);
    assert!(counts.iter().all(|it| it.app_id == app_id()));
    assert_eq!(
        (counts[1].kind.as_str(), counts[2].kind.as_str()),
        ("deposit", &*payout("").kind)
    );
    assert!(counts[1].oldest >= Duration::from_secs(90));
    assert!(counts[2].oldest < Duration::from_secs(60));

    let report = Report::read(store).await.unwrap();
    assert_eq!((report.waiting(), report.gaps()), (3, 1));
}

pub(crate) async fn listed_the_oldest_first<F: Fixture>() {
    let fixture = fixture!(F::migrated("list"));
    let store = fixture.store();
    put(
        store,
        &[deposit("a"), deposit("b"), deposit("c"), payout("p")],
    )
    .await;
    for (id, created_at) in [("a", 30), ("b", 10), ("c", 20)] {
        let sql = format!("UPDATE {{entry}} SET created_at = {created_at} WHERE id = '{id}'");
        fixture.run(&sql).await;
    }
    let park = "UPDATE {entry} SET state = 'parked', reason = 'why', failures = 3 WHERE id <> 'p'";
    fixture.run(park).await;

    let rows = store.list(Queue::Inbox, State::Parked, 2).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!([&rows[0].key, &rows[1].key], [&deposit("b"), &deposit("c")]);
    assert_eq!(
        (rows[0].state, rows[0].step),
        (State::Parked, Step::Received)
    );
    assert_eq!(
        (rows[0].reason.as_deref(), rows[0].failures),
        (Some("why"), 3)
    );
    assert!(rows[0].age > LEASE);
    assert_eq!(store.list(Queue::Inbox, State::Open, 9).await.unwrap(), []);
    assert_eq!(
        store
            .list(Queue::Outbox, State::Open, 9)
            .await
            .unwrap()
            .len(),
        1
    );

    fixture
        .run("UPDATE {entry} SET state = 'done', verdict = 'v'")
        .await;
    let rows = store.list(Queue::Inbox, State::Done, 9).await.unwrap();
    assert_eq!((rows.len(), rows[0].verdict.as_deref()), (3, Some("v")));
}

/// A later version wrote a word that this one does not know. It keeps no other entry out.
pub(crate) async fn unreadable_words<F: Fixture>() {
    let fixture = fixture!(F::migrated("unreadable"));
    let store = fixture.store();
    put(store, &[deposit("a"), deposit("b")]).await;
    fixture
        .run("UPDATE {entry} SET step = 'dancing' WHERE id = 'a'")
        .await;
    let claim = ccpayment_sqlx::durable::Claim::new(app_id(), Queue::Inbox, 9, LEASE);
    let claimed = store.claim(&claim).await.unwrap();
    assert_eq!(
        claimed.iter().map(|it| &*it.key.id).collect::<Vec<_>>(),
        ["b"]
    );
    let error = store.list(Queue::Inbox, State::Open, 9).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(_)), "{error}");
}
