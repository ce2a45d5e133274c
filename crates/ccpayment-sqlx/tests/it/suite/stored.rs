//! Rows as version 0.1 wrote them, which every later version has to read.

use ccpayment_sqlx::durable::client::core::{RecordId, Timestamp, Version};
use ccpayment_sqlx::durable::{Queue, Step, Store};

use super::fixture;
use crate::fixture::{Fixture, claim, claim_of, ids, once};

const COLUMNS: &str = "INSERT INTO {entry} (app_id, version, queue, kind, id, state, step, body, \
    is_gap, fence, claimed, hastened, due_at, was_due_at, failures, looks, in_doubt_since, \
    signed_until, record_id, verdict, reason, created_at, updated_at) VALUES ";

pub(crate) async fn rows_of_version_0_1<F: Fixture>() {
    let fixture = fixture!(F::migrated("version_0_1"));
    let store = fixture.store();
    let body = |text: &str| format!("CAST('{text}' AS {})", F::BLOB);
    let payout =
        r#"{"orderId":"payout-1","coinId":1280,"chain":"POLYGON","address":"0x1","amount":"1"}"#;
    let told = r#"{"type":"ApiDeposit","msg":{"recordId":"r-1"}}"#;
    for row in [
        format!(
            "('app', 2, 'outbox', 'applyAppWithdrawToNetwork', 'payout-1', 'open', 'sending', {}, \
             0, 7, 1, 0, 5, 4, 2, 3, 1767225600, 1767225780, NULL, NULL, 'unknown', 1, 2)",
            body(payout)
        ),
        format!(
            "('app', 1, 'outbox', 'withdraw', 'payout-2', 'open', 'accepted', {}, \
             0, 1, 0, 0, 6, 6, 0, 0, NULL, NULL, 'r-2', NULL, NULL, 1, 2)",
            body("{}")
        ),
        format!(
            "('app', 2, 'inbox', 'deposit', 'r-1', 'open', 'received', {}, \
             1, 0, 0, 0, 5, 5, 0, 0, NULL, NULL, NULL, NULL, NULL, 1, 2)",
            body(told)
        ),
    ] {
        fixture.run(&format!("{COLUMNS}{row}")).await;
    }
    let keys = "INSERT INTO {kept_key} (app_id, version, queue, kind, id, digest, kept_at) \
                VALUES ('app', 2, 'inbox', 'deposit', 'r-0', CAST('' AS BLOB), 1)";
    fixture.run(&keys.replace("BLOB", F::BLOB)).await;

    let payouts = claim_of(store, Queue::Outbox, 9).await;
    assert_eq!(ids(&payouts), ["payout-1", "payout-2"]);
    let [sending, accepted] = &payouts[..] else {
        panic!("{payouts:?}");
    };
    assert_eq!(
        (sending.step, accepted.step),
        (Step::Sending, Step::Accepted)
    );
    assert_eq!(sending.body, payout);
    assert_eq!((sending.fence, sending.failures, sending.looks), (8, 2, 3));
    assert_eq!(sending.in_doubt_since, Some(Timestamp::new(1_767_225_600)));
    assert_eq!(sending.signed_until, Some(Timestamp::new(1_767_225_780)));
    assert_eq!(accepted.key.version, Version::V1);
    assert_eq!(accepted.record_id, Some(RecordId::new("r-2")));
    let deposits = claim(store, 9).await;
    assert_eq!(
        (ids(&deposits), &*deposits[0].body),
        (vec!["r-1"], told.as_bytes())
    );
    // What was credited then is not credited again.
    assert!(!once!(
        store,
        keep_key(&crate::fixture::deposit("r-0"), &[])
    ));
}
