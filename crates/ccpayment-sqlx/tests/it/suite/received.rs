//! Deliveries that are taken in, and filed by the next claim.

use std::time::Duration;

use ccpayment_sqlx::durable::{Count, Delivery, EntryKey, Queue, State, Store};
use futures_util::future::join_all;

use super::fixture;
use crate::fixture::{Fixture, claim, claim_of, deposit, ids, new, once};

fn told(id: &str, status: &str) -> Delivery {
    Delivery::new(deposit(id), status, format!("{id} {status}").into())
}

fn open(counts: &[Count]) -> u64 {
    let open = counts.iter().filter(|it| it.state == State::Open);
    open.map(|it| it.entries).sum()
}

async fn bodies<S: Store>(store: &S, key: &EntryKey) -> Vec<String> {
    let bodies = store.deliveries(key).await.unwrap();
    let text = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
    bodies.iter().map(|body| text(body)).collect()
}

pub(crate) async fn filed_by_the_next_claim<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed"));
    let store = fixture.store();
    let deliveries = [
        told("a", "Processing"),
        told("b", "Success"),
        told("a", "Success"),
        told("b", "Success"),
    ];
    once!(store, take_in(&deliveries));
    // They count as open, each of them.
    assert_eq!(open(&store.counts().await.unwrap()), 4);
    // The outbox is not what they are of.
    assert!(claim_of(store, Queue::Outbox, 9).await.is_empty());

    let claimed = claim(store, 9).await;
    let mut found = ids(&claimed);
    found.sort_unstable();
    assert_eq!(found, ["a", "b"]);
    let a = claimed.iter().find(|it| it.key.id == "a").unwrap();
    assert_eq!(a.body, "a Processing", "the first that came");
    assert_eq!(open(&store.counts().await.unwrap()), 2);
    assert_eq!(fixture.number("SELECT count(*) FROM {received}").await, 0);
    let both = bodies(store, &deposit("a")).await;
    assert_eq!(both, ["a Processing", "a Success"]);
    assert_eq!(bodies(store, &deposit("b")).await, ["b Success"]);
}

/// What was not credited is looked at again, when something else is told of it.
pub(crate) async fn opened_again_where_it_was_not_credited<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed_again"));
    let store = fixture.store();
    once!(store, take_in(&[told("a", "Failed"), told("b", "Failed")]));
    let claimed = claim(store, 9).await;
    for entry in &claimed {
        let verdict = if entry.key.id == "a" {
            "not_credited"
        } else {
            "credited"
        };
        assert!(once!(
            store,
            change(&entry.key, entry.fence, &entry.done(verdict, None))
        ));
    }
    // A repeat is nothing new.
    once!(store, take_in(&[told("a", "Failed")]));
    assert!(claim(store, 9).await.is_empty());
    once!(
        store,
        take_in(&[told("a", "Success"), told("b", "Success")])
    );
    let again = claim(store, 9).await;
    assert_eq!(ids(&again), ["a"]);
    let first = claimed.iter().find(|it| it.key.id == "a").unwrap();
    assert!(
        again[0].fence > first.fence + 1,
        "a worker of before has the old fence"
    );
}

pub(crate) async fn more_than_a_statement_and_a_filing_take<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed_many"));
    let store = fixture.store();
    let deliveries: Vec<_> = (0..2_500)
        .map(|it| told(&it.to_string(), "Success"))
        .collect();
    once!(store, take_in(&deliveries));
    once!(store, take_in(&[]));
    let mut found = Vec::new();
    loop {
        let claimed = claim(store, 500).await;
        if claimed.is_empty() {
            break;
        }
        found.extend(claimed.into_iter().map(|it| it.key.id));
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 2_500);
}

/// A status that was not told before makes its entry due, and one that was does not.
pub(crate) async fn due_when_something_new_is_told<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed_news"));
    let store = fixture.store();
    once!(store, take_in(&[told("a", "Processing")]));
    let [entry] = &claim(store, 9).await[..] else {
        panic!("one");
    };
    let later = entry.later(Duration::from_secs(900));
    assert!(once!(store, change(&entry.key, entry.fence, &later)));
    once!(store, take_in(&[told("a", "Processing")]));
    assert!(claim(store, 9).await.is_empty(), "nothing new");
    once!(store, take_in(&[told("a", "Success")]));
    let [entry] = &claim(store, 9).await[..] else {
        panic!("due");
    };

    // While a worker has it, it is due when the worker gives it back.
    once!(store, take_in(&[told("a", "Late")]));
    assert!(claim(store, 9).await.is_empty());
    assert!(once!(store, change(&entry.key, entry.fence, &later)));
    assert_eq!(ids(&claim(store, 9).await), ["a"]);
}

/// What a list shows is no gap when a delivery of it waits to be filed.
pub(crate) async fn no_gap_when_it_was_told<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed_gap"));
    let store = fixture.store();
    once!(store, take_in(&[told("a", "Success")]));
    let mut listed = new(deposit("a"));
    listed.is_gap = true;
    assert!(!once!(store, put(&listed)));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.len(), counts[0].entries, counts[0].gaps), (1, 1, 0));
}

/// Those that come and those that file at the same time lose none, and file none twice.
pub(crate) async fn while_others_come_and_file<F: Fixture>() {
    let fixture = fixture!(F::migrated("filed_race"));
    let store = fixture.store();
    // It was begun first, and is committed last.
    let mut slow = None;
    if !F::ONE_WRITER {
        let mut tx = store.begin().await.unwrap();
        store
            .take_in(&mut tx, &[told("slow", "Success")])
            .await
            .unwrap();
        slow = Some(tx);
    }
    let callers = (0..4).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..25 {
                // Two callers tell of each.
                let id = format!("{} {number}", caller / 2);
                once!(store, take_in(&[told(&id, "Success"), told(&id, "Failed")]));
            }
        })
    });
    let filers = (0..3).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            for _ in 0..40 {
                let some = claim(&store, 9).await;
                claimed.extend(some.into_iter().map(|it| it.key.id));
            }
            claimed
        })
    });
    let (callers, filers) = (callers.collect::<Vec<_>>(), filers.collect::<Vec<_>>());
    for done in join_all(callers).await {
        done.unwrap();
    }
    let mut claimed: Vec<_> = (join_all(filers).await.into_iter())
        .flat_map(Result::unwrap)
        .collect();
    let mut expected = 50;
    if let Some(tx) = slow {
        store.commit(tx).await.unwrap();
        expected += 1;
    }
    claimed.extend(claim(store, 99).await.into_iter().map(|it| it.key.id));
    claimed.sort_unstable();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((all, claimed.len()), (expected, expected));
    let noted = fixture.number("SELECT count(*) FROM {delivery}").await;
    assert_eq!(noted, if expected == 50 { 100 } else { 101 });
}
