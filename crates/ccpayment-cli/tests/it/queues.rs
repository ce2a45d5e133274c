//! `inbox` and `outbox`, on a store that a merchant has written.

use std::path::Path;

use bytes::Bytes;
use ccpayment::durable::{Delivery, EntryKey, NewEntry, State, Step, Store};
use ccpayment::{AppId, SqliteStore, Version};

use crate::support::{Ran, ccpay};

/// A parked payout, one in doubt, and an open deposit with its notification.
async fn fill(path: &Path) {
    let store = SqliteStore::open(path).await.unwrap();
    store.migrate().await.unwrap();
    let app_id = AppId::new("app-1");
    let payout = |id: &str, step| {
        let key = EntryKey::outbox(&app_id, Version::V2, "applyAppWithdrawToNetwork", id);
        NewEntry::new(key, step, Bytes::from_static(b"{}"))
    };
    let mut parked = payout("payout-1", Step::Planned);
    parked.state = State::Parked;
    parked.reason = Some("the address is not one".to_owned());
    let deposit = EntryKey::inbox(&app_id, Version::V2, "deposit", "record-1");
    let body = Bytes::from_static(br#"{"type":"ApiDeposit"}"#);
    let mut tx = store.begin().await.unwrap();
    assert!(store.put(&mut tx, &parked).await.unwrap());
    assert!(
        store
            .put(&mut tx, &payout("payout-2", Step::Sending))
            .await
            .unwrap()
    );
    store.commit(tx).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let told = Delivery::new(deposit, "Success", body);
    store
        .note_delivery(&mut tx, &told.key, &told.status, &told.body)
        .await
        .unwrap();
    let entry = NewEntry::new(told.key.clone(), Step::Received, told.body.clone());
    assert!(store.put(&mut tx, &entry).await.unwrap());
    store.commit(tx).await.unwrap();
}

#[test]
fn a_person_sees_and_releases_what_waits_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(fill(&path));
    let db = format!("sqlite:{}", path.display());
    let run = |arguments: &[&str]| Ran::of(ccpay().args(arguments).args(["--db", &db]));

    let parked = run(&["outbox", "list"]).ended(0).out;
    assert!(
        parked.contains("payout-1") && parked.contains("the address is not one"),
        "{parked}"
    );
    assert!(!parked.contains("payout-2"), "{parked}");
    let doubt = run(&["--json", "outbox", "list", "--in-doubt"])
        .ended(0)
        .json();
    assert_eq!(doubt[0]["id"], "payout-2");
    assert_eq!(doubt.as_array().unwrap().len(), 1);
    let open = run(&["--json", "inbox", "list", "--state", "open"])
        .ended(0)
        .json();
    assert_eq!(open[0]["id"], "record-1");
    let shown = run(&["--json", "inbox", "show", "record-1"])
        .ended(0)
        .json();
    assert_eq!(shown["deliveries"][0], r#"{"type":"ApiDeposit"}"#);

    run(&["outbox", "release", "payout-1"]).ended(7);
    run(&["outbox", "release", "payout-1", "--yes"]).ended(0);
    assert_eq!(run(&["outbox", "list"]).ended(0).out, "nothing\n");
    // It is not parked any more, and nothing else is.
    run(&["outbox", "release", "payout-1", "--yes"]).ended(1);
    run(&["inbox", "hasten", "record-1"]).ended(0);
    run(&["inbox", "show", "payout-1"]).ended(1);
    run(&["inbox", "list", "--in-doubt"]).ended(2);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    let db = format!("sqlite:{}", path.display());
    Ran::of(ccpay().args(["inbox", "list", "--db", &db])).ended(2);
    assert!(!path.exists());
    Ran::of(ccpay().args(["inbox", "list"])).ended(2);
    let ran = Ran::of(ccpay().args(["inbox", "list", "--db", "postgres://u:p@h/d"])).ended(2);
    assert!(ran.err.contains("CCPAYMENT_DATABASE_URL"), "{}", ran.err);
    // An empty file is a database without our tables.
    std::fs::write(&path, "").unwrap();
    Ran::of(ccpay().args(["inbox", "list", "--db", &db])).ended(1);
}
