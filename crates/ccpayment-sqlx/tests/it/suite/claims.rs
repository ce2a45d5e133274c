//! Claims: which entries a worker gets, and when.

use std::collections::BTreeSet;

use ccpayment_sqlx::durable::client::core::AppId;
use ccpayment_sqlx::durable::{Claim, Queue, Store};
use futures_util::future::join_all;

use super::fixture;
use crate::fixture::{
    Fixture, LEASE, app_id, claim, claim_of, deposit, ids, new, once, payout, put,
};

pub(crate) async fn in_order_up_to_the_limit<F: Fixture>() {
    let fixture = fixture!(F::migrated("claim_order"));
    let store = fixture.store();
    put(
        store,
        &[deposit("a"), deposit("b"), deposit("c"), deposit("d")],
    )
    .await;
    for (id, due_at) in [("a", 30), ("b", 10), ("c", 20)] {
        let sql = format!("UPDATE {{entry}} SET due_at = {due_at} WHERE id = '{id}'");
        fixture.run(&sql).await;
    }
    let sql = "UPDATE {entry} SET due_at = due_at + 3600000 WHERE id = 'd'";
    fixture.run(sql).await;

    assert_eq!(ids(&claim(store, 2).await), ["b", "c"]);
    assert_eq!(ids(&claim(store, 2).await), ["a"]);
    assert_eq!(ids(&claim(store, 2).await), [] as [&str; 0]);
}

pub(crate) async fn again_when_the_lease_has_ended<F: Fixture>() {
    let fixture = fixture!(F::migrated("claim_lease"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;

    let first = claim(store, 9).await;
    assert_eq!(first[0].fence, 1);
    assert!(claim(store, 9).await.is_empty());
    let left = "SELECT due_at - updated_at FROM {entry}";
    let left = fixture.number(left).await;
    assert!((59_000..=60_000).contains(&left), "a lease of {left} ms");

    fixture.run("UPDATE {entry} SET due_at = 1").await;
    let second = claim(store, 9).await;
    assert_eq!((ids(&second), second[0].fence), (vec!["a"], 2));
    assert!(claim(store, 9).await.is_empty());
}

pub(crate) async fn of_one_merchant_and_queue<F: Fixture>() {
    let fixture = fixture!(F::migrated("claim_whose"));
    let store = fixture.store();
    put(store, &[deposit("a"), payout("p")]).await;
    let mut other = deposit("b");
    other.app_id = AppId::new("other");
    put(store, &[other]).await;

    assert_eq!(ids(&claim_of(store, Queue::Outbox, 9).await), ["p"]);
    assert_eq!(ids(&claim(store, 9).await), ["a"]);
}

pub(crate) async fn by_many_each_once<F: Fixture>() {
    let fixture = fixture!(F::migrated("claim_many"));
    let store = fixture.store();
    let mut tx = store.begin().await.unwrap();
    for number in 0..200 {
        let entry = new(deposit(&number.to_string()));
        assert!(store.put(&mut tx, &entry).await.unwrap());
    }
    store.commit(tx).await.unwrap();

    let claimers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            // Where others are busy with the same rows, one may get none although some are left.
            let mut empty = 0;
            while empty < 3 {
                let entries = claim(&store, 7).await;
                empty = if entries.is_empty() { empty + 1 } else { 0 };
                taken.extend(entries.into_iter().map(|entry| (entry.key.id, entry.fence)));
            }
            taken
        })
    });
    let mut all = Vec::new();
    for taken in join_all(claimers).await {
        all.extend(taken.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert!(all.iter().all(|(_, fence)| *fence == 1));
    let different: BTreeSet<_> = all.into_iter().map(|(id, _)| id).collect();
    assert_eq!(different.len(), 200);
}

pub(crate) async fn hastened_when_nobody_has_it<F: Fixture>() {
    let fixture = fixture!(F::migrated("hasten"));
    let store = fixture.store();
    put(store, &[deposit("a"), deposit("b"), deposit("parked")]).await;
    let later = "UPDATE {entry} SET due_at = due_at + 3600000";
    fixture.run(later).await;
    let sql = "UPDATE {entry} SET state = 'parked' WHERE id = 'parked'";
    fixture.run(sql).await;

    once!(store, hasten(&deposit("a")));
    once!(store, hasten(&deposit("parked")));
    once!(store, hasten(&deposit("unknown")));
    assert_eq!(ids(&claim(store, 9).await), ["a"]);

    // What is due already stays where it is in the line, and so does what a worker has.
    fixture
        .run("UPDATE {entry} SET due_at = 5 WHERE id = 'b'")
        .await;
    once!(store, hasten(&deposit("b")));
    once!(store, hasten(&deposit("a")));
    assert_eq!(
        fixture
            .number("SELECT due_at FROM {entry} WHERE id = 'b'")
            .await,
        5
    );
    assert_eq!(ids(&claim(store, 9).await), ["b"]);
    let hastened = "SELECT hastened FROM {entry} WHERE id = 'a'";
    assert_eq!(fixture.number(hastened).await, 1);
}

pub(crate) async fn a_payout_hastened_by_its_order_id<F: Fixture>() {
    let fixture = fixture!(F::migrated("hasten_payout"));
    let store = fixture.store();
    let app_id = app_id();
    put(store, &[payout("p"), deposit("d")]).await;
    fixture
        .run("UPDATE {entry} SET due_at = due_at + 3600000")
        .await;

    assert!(once!(store, hasten_payout(&app_id, "p")));
    assert!(!once!(store, hasten_payout(&app_id, "d")));
    assert!(!once!(store, hasten_payout(&app_id, "unknown")));
    assert_eq!(ids(&claim_of(store, Queue::Outbox, 9).await), ["p"]);

    fixture.run("UPDATE {entry} SET state = 'done'").await;
    assert!(once!(store, hasten_payout(&app_id, "p")));
    // A payout that was pruned was there once.
    assert!(once!(store, keep_key(&payout("p"), b"digest")));
    fixture.run("DELETE FROM {entry}").await;
    assert!(once!(store, hasten_payout(&app_id, "p")));
}

pub(crate) async fn after_the_clock_was_set_back<F: Fixture>() {
    let fixture = fixture!(F::migrated("mend_clock"));
    let store = fixture.store();
    put(store, &[deposit("a"), deposit("b"), deposit("c")]).await;
    let claim = Claim::new(app_id(), Queue::Inbox, 9, LEASE);
    assert_eq!(store.claim(&claim).await.unwrap().len(), 3);
    // An hour was taken back since a and b were written, of which b is done, and a second since c.
    for (id, ahead) in [("a", 3_600_000), ("b", 3_600_000), ("c", 1000)] {
        let sql = format!(
            "UPDATE {{entry}} SET updated_at = updated_at + {ahead}, due_at = due_at + {ahead} \
             WHERE id = '{id}'"
        );
        fixture.run(&sql).await;
    }
    fixture
        .run("UPDATE {entry} SET state = 'done' WHERE id = 'b'")
        .await;

    assert_eq!(store.mend_clock().await.unwrap(), 1);
    assert_eq!(store.mend_clock().await.unwrap(), 0);
    assert_eq!(ids(&store.claim(&claim).await.unwrap()), ["a"]);
}
