//! What is written once, kept, opened again and deleted.

use std::time::Duration;

use ccpayment_sqlx::durable::client::core::{AppId, RecordId, Timestamp, Version};
use ccpayment_sqlx::durable::{EntryKey, Queue, State, Step, Store};

use super::fixture;
use crate::fixture::{Fixture, app_id, claim, claim_of, deposit, ids, new, once, payout, put};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn an_entry_once<F: Fixture>() {
    let fixture = fixture!(F::migrated("put"));
    let store = fixture.store();
    let v1 = EntryKey::inbox(&app_id(), Version::V1, "deposit", "a");
    let keys = [deposit("a"), deposit("a"), payout("a"), v1.clone(), v1];
    assert_eq!(put(store, &keys).await, [true, false, true, true, false]);

    let mut other = new(deposit("a"));
    other.body = "another body".into();
    other.is_gap = true;
    assert!(!once!(store, put(&other)));
    let entries = claim(store, 9).await;
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.body == "a body"));

    let mut parked = new(deposit("parked"));
    parked.state = State::Parked;
    assert!(once!(store, put(&parked)));
    assert!(claim(store, 9).await.is_empty());
}

pub(crate) async fn nothing_of_a_transaction_rolled_back<F: Fixture>() {
    let fixture = fixture!(F::migrated("rolled_back"));
    let store = fixture.store();
    fixture
        .run("CREATE TABLE {shop} (id TEXT PRIMARY KEY)")
        .await;
    let written = "SELECT (SELECT count(*) FROM {entry}) + (SELECT count(*) FROM {delivery}) \
         + (SELECT count(*) FROM {kept_key}) + (SELECT count(*) FROM {position}) \
         + (SELECT count(*) FROM {shop})";
    for is_kept in [false, true] {
        let mut tx = store.begin().await.unwrap();
        assert!(store.put(&mut tx, &new(deposit("a"))).await.unwrap());
        assert!(
            store
                .keep_key(&mut tx, &deposit("a"), b"digest")
                .await
                .unwrap()
        );
        let (key, body) = (deposit("a"), "a body".into());
        assert!(
            store
                .note_delivery(&mut tx, &key, "Success", &body)
                .await
                .unwrap()
        );
        let moment = Timestamp::new(7);
        store
            .set_position(&mut tx, &app_id(), "deposits", moment)
            .await
            .unwrap();
        fixture
            .run_in(&mut tx, "INSERT INTO {shop} VALUES ('a')")
            .await;
        if is_kept {
            store.commit(tx).await.unwrap();
        } else {
            drop(tx);
        }
        assert_eq!(fixture.number(written).await, if is_kept { 5 } else { 0 });
    }
}

pub(crate) async fn a_delivery_once_a_status<F: Fixture>() {
    let fixture = fixture!(F::migrated("delivery"));
    let store = fixture.store();
    let key = deposit("a");
    for (status, is_first) in [("Processing", true), ("Success", true), ("Success", false)] {
        let body = status.into();
        assert_eq!(once!(store, note_delivery(&key, status, &body)), is_first);
    }
    assert!(once!(
        store,
        note_delivery(&deposit("b"), "Success", &"x".into())
    ));
}

pub(crate) async fn a_key_once_with_its_digest<F: Fixture>() {
    let fixture = fixture!(F::migrated("keep_key"));
    let store = fixture.store();
    assert!(once!(store, keep_key(&payout("p"), b"first")));
    assert!(!once!(store, keep_key(&payout("p"), b"second")));
    assert_eq!(
        once!(store, digest(&payout("p"))).as_deref(),
        Some(&b"first"[..])
    );
    assert_eq!(once!(store, digest(&deposit("p"))), None);
    assert!(once!(store, keep_key(&deposit("p"), b"")));
    assert_eq!(once!(store, digest(&deposit("p"))), Some(Vec::new()));
}

pub(crate) async fn released_only_when_parked<F: Fixture>() {
    let fixture = fixture!(F::migrated("release"));
    let store = fixture.store();
    put(store, &[deposit("a")]).await;
    assert!(!once!(store, release(&deposit("a"))));
    let before = claim(store, 9).await;
    let park = "UPDATE {entry} SET state = 'parked', failures = 9, due_at = due_at + 3600000";
    fixture.run(park).await;

    assert!(once!(store, release(&deposit("a"))));
    assert!(!once!(store, release(&deposit("a"))));
    assert!(!once!(store, release(&deposit("unknown"))));
    let entries = claim(store, 9).await;
    assert_eq!((ids(&entries), entries[0].failures), (vec!["a"], 0));
    assert!(
        entries[0].fence > before[0].fence + 1,
        "a worker of before has the old fence"
    );
}

pub(crate) async fn reopened_only_when_refused<F: Fixture>() {
    let fixture = fixture!(F::migrated("reopen"));
    let store = fixture.store();
    put(store, &[payout("p"), deposit("d")]).await;
    assert!(!once!(store, reopen(&payout("p"), "refused")));
    let end = "UPDATE {entry} SET state = 'done', step = 'accepted', verdict = 'refused', \
         reason = 'r', failures = 1, looks = 2, in_doubt_since = 3, signed_until = 4, \
         record_id = '5', due_at = due_at + 3600000";
    fixture.run(end).await;

    assert!(!once!(store, reopen(&payout("p"), "paid")));
    assert!(!once!(store, reopen(&deposit("d"), "refused")));
    assert!(once!(store, reopen(&payout("p"), "refused")));
    assert!(!once!(store, reopen(&payout("p"), "refused")));
    let entries = claim_of(store, Queue::Outbox, 9).await;
    let entry = &entries[0];
    assert_eq!(entry.step, Step::Planned);
    assert_eq!(
        (entry.failures, entry.looks, &entry.record_id),
        (0, 0, &None)
    );
    assert_eq!((entry.in_doubt_since, entry.signed_until), (None, None));
    assert_eq!(entry.body, "a body");
}

pub(crate) async fn a_position_moves_forward_only<F: Fixture>() {
    let fixture = fixture!(F::migrated("position"));
    let store = fixture.store();
    let app_id = app_id();
    let at = |list: &str, seconds: u64| vec![(list.to_owned(), Timestamp::new(seconds))];
    assert_eq!(store.positions(&app_id, "user:").await.unwrap(), []);
    for (seconds, expected) in [(20, 20), (10, 20), (30, 30)] {
        once!(
            store,
            set_position(&app_id, "user:2", Timestamp::new(seconds))
        );
        let found = store.positions(&app_id, "user:").await.unwrap();
        assert_eq!(found, at("user:2", expected));
    }
    // The longest ago first; other names and other merchants are apart, and `_` is no wildcard.
    once!(store, set_position(&app_id, "user:1", Timestamp::new(5)));
    once!(store, set_position(&app_id, "user_", Timestamp::new(1)));
    once!(
        store,
        set_position(&AppId::new("other"), "user:3", Timestamp::new(1))
    );
    let found = store.positions(&app_id, "user:").await.unwrap();
    assert_eq!(found, [at("user:1", 5), at("user:2", 30)].concat());
    assert_eq!(
        store.positions(&app_id, "user_").await.unwrap(),
        at("user_", 1)
    );
}

pub(crate) async fn pruned_but_for_keys<F: Fixture>() {
    let fixture = fixture!(F::migrated("prune"));
    let store = fixture.store();
    let ids = ["old1", "old2", "old3", "young", "open"];
    for id in ids {
        put(store, &[deposit(id)]).await;
        assert!(once!(store, keep_key(&deposit(id), b"digest")));
        assert!(once!(
            store,
            note_delivery(&deposit(id), "Success", &"x".into())
        ));
    }
    assert!(once!(
        store,
        note_delivery(&deposit("lone"), "Success", &"x".into())
    ));
    assert!(once!(
        store,
        note_delivery(&deposit("lone young"), "Success", &"x".into())
    ));
    fixture
        .run("UPDATE {entry} SET state = 'done' WHERE id <> 'open'")
        .await;
    let age = "UPDATE {entry} SET updated_at = updated_at - 90000000 WHERE id <> 'young'";
    fixture.run(age).await;
    let age = "UPDATE {delivery} SET received_at = received_at - 90000000 \
         WHERE id NOT IN ('young', 'lone young')";
    fixture.run(age).await;

    assert_eq!(store.prune(DAY, 2).await.unwrap(), 2);
    assert_eq!(fixture.number("SELECT count(*) FROM {entry}").await, 3);
    assert_eq!(fixture.number("SELECT count(*) FROM {delivery}").await, 5);
    assert_eq!(store.prune(DAY, 2).await.unwrap(), 1);
    assert_eq!(store.prune(DAY, 2).await.unwrap(), 0);
    let left = "SELECT count(*) FROM {entry} WHERE id IN ('young', 'open')";
    assert_eq!(fixture.number(left).await, 2);
    let left = "SELECT count(*) FROM {delivery} WHERE id IN ('young', 'open', 'lone young')";
    assert_eq!(fixture.number(left).await, 3);
    assert_eq!(fixture.number("SELECT count(*) FROM {delivery}").await, 3);
    assert_eq!(fixture.number("SELECT count(*) FROM {kept_key}").await, 5);

    assert_eq!(put(store, &[deposit("old1")]).await, [true]);
    assert!(!once!(store, keep_key(&deposit("old1"), b"another")));
}

pub(crate) async fn everything_is_read_as_written<F: Fixture>() {
    let fixture = fixture!(F::migrated("columns"));
    let store = fixture.store();
    let mut entry = new(payout("ü 'quoted' \"id\""));
    entry.body = vec![0, 1, 0xff, b'\''].into();
    assert!(once!(store, put(&entry)));
    let set = "UPDATE {entry} SET failures = 4294967295, looks = 2, in_doubt_since = 1700000000, \
         signed_until = 99999999999, record_id = 'r', step = 'sending'";
    fixture.run(set).await;

    let read = &claim_of(store, Queue::Outbox, 1).await[0];
    assert_eq!((&read.key, &read.body), (&entry.key, &entry.body));
    assert_eq!(
        (read.step, read.failures, read.looks),
        (Step::Sending, u32::MAX, 2)
    );
    assert_eq!(read.in_doubt_since, Some(Timestamp::new(1_700_000_000)));
    assert_eq!(read.signed_until, Some(Timestamp::LATEST));
    assert_eq!(read.record_id, Some(RecordId::new("r")));
}
