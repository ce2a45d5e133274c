//! `ApplyBatchWithdraw::judge_rows`: compares the records of a batch with what was asked for.

use ccpayment::v2::{BatchRows, BatchWithdrawOrder, BatchWithdrawTaskRecord};
use ccpayment::{CoinId, Difference, Memo};
use serde_json::{Value, json};

use crate::batches::{EVM, USDT, batch};

fn record(change: Value) -> BatchWithdrawTaskRecord {
    let mut record = json!({
        "seq": 2, "orderId": "row-00002", "recordId": "r2", "address": EVM.to_lowercase(), "memo": "",
        "amount": "2.20",
    });
    for (name, value) in change.as_object().unwrap() {
        record[name] = value.clone();
    }
    serde_json::from_value(record).unwrap()
}

/// The record of the batch, with what a test adds to it.
fn shown(more: Value) -> BatchWithdrawOrder {
    let mut shown = json!({
        "batchOrderId": "batch-1", "status": "Init", "coin": { "coin_id": USDT.get() },
    });
    for (name, value) in more.as_object().unwrap() {
        shown[name] = value.clone();
    }
    serde_json::from_value(shown).unwrap()
}

#[test]
fn rows_are_held_against_the_wanted_ones() {
    let wanted = batch(3).batch;
    let judge = |changes: &[Value]| {
        wanted.judge_rows(&shown(json!({})), changes.iter().cloned().map(record))
    };
    for fits in [
        json!({}),
        json!({ "seq": null }),
        json!({ "orderId": null }),
        json!({ "recordId": null }),
        json!({ "status": "Successful", "remark": "by the gateway" }),
        // The gateway keys rows by one of the two names, and has a value of its own for the other.
        json!({ "seq": 0 }),
        json!({ "seq": 77 }),
        json!({ "orderId": "20260101-of-the-gateway" }),
    ] {
        let BatchRows::Fit(rows) = judge(std::slice::from_ref(&fits)) else {
            panic!("{fits}")
        };
        let there: Vec<_> = rows.iter().map(Option::is_some).collect();
        assert_eq!(there, [false, true, false], "{fits}");
    }
    // The same row on two pages, because the list has shifted.
    assert!(matches!(judge(&[json!({}), json!({})]), BatchRows::Fit(_)));
    for (changes, field) in [
        (vec![json!({ "amount": "2.21" })], "amount"),
        (vec![json!({ "seq": 4, "orderId": null })], "orders"),
        (vec![json!({ "seq": null, "orderId": "row-4" })], "orders"),
        // The two names of two different rows.
        (vec![json!({ "seq": 1 })], "orders"),
        // Two records of one row.
        (vec![json!({}), json!({ "recordId": "r3" })], "orders"),
    ] {
        let BatchRows::Differ(fields) = judge(&changes) else {
            panic!("{changes:?}")
        };
        assert_eq!(fields[0].field, field, "{changes:?}");
    }
    for (changes, field) in [
        (vec![json!({ "address": "0x0" })], "address"),
        (vec![json!({ "memo": "7" })], "memo"),
        (
            vec![json!({ "seq": null, "orderId": " Row-00002" })],
            "orderId",
        ),
        // The coin of the fee is not known.
        (
            vec![json!({ "amount": "2.1", "networkFee": "0.1" })],
            "amount",
        ),
    ] {
        let BatchRows::Incomparable(fields) = judge(&changes) else {
            panic!("{changes:?}")
        };
        assert_eq!(fields[0].field, field, "{changes:?}");
    }
    for (changes, missing) in [
        (vec![json!({ "seq": null, "orderId": null })], "orderId"),
        (vec![json!({ "seq": 0, "orderId": null })], "orderId"),
        (vec![json!({ "address": null })], "address"),
        (vec![json!({}), json!({ "recordId": null })], "recordId"),
    ] {
        let judged = judge(&changes);
        assert_eq!(
            judged,
            BatchRows::Incomplete { field: missing },
            "{changes:?}"
        );
    }
    let mut with_memo = wanted.clone();
    with_memo.orders[1].memo = Some(Memo::new("7"));
    let judged = with_memo.judge_rows(&shown(json!({})), [record(json!({ "memo": "7" }))]);
    assert!(matches!(judged, BatchRows::Fit(_)), "{judged:?}");
    let mut with_remark = wanted.clone();
    with_remark.orders[1].remark = Some("January".into());
    let judged = with_remark.judge_rows(&shown(json!({})), [record(json!({ "remark": "May" }))]);
    assert!(matches!(judged, BatchRows::Incomparable(_)), "{judged:?}");
}

#[test]
fn a_row_net_of_its_fee_fits_where_the_fee_is_in_the_same_coin() {
    let wanted = batch(3).batch;
    let judge = |fee_coin: CoinId, amount: &str| {
        let shown = shown(json!({ "networkFeeCoin": { "coin_id": fee_coin.get() } }));
        wanted.judge_rows(
            &shown,
            [record(json!({ "amount": amount, "networkFee": "0.1" }))],
        )
    };
    assert!(matches!(judge(USDT, "2.1"), BatchRows::Fit(_)));
    assert!(matches!(judge(USDT, "2.2"), BatchRows::Fit(_)));
    assert!(matches!(judge(USDT, "2.15"), BatchRows::Differ(_)));
    assert!(matches!(
        judge(CoinId::new(1329), "2.1"),
        BatchRows::Differ(_)
    ));
}

#[test]
fn rows_are_judged_by_the_record_of_their_batch_first() {
    let wanted = batch(3).batch;
    let judge = |more: Value| wanted.judge_rows(&shown(more), (1..=3).map(|_| record(json!({}))));
    let field = |fields: Vec<Difference>| fields[0].field;
    let BatchRows::Differ(fields) = judge(json!({ "coin": { "coin_id": 1329 } })) else {
        panic!("another coin")
    };
    assert_eq!(field(fields), "coinId");
    let BatchRows::Differ(fields) = judge(json!({ "mode": "Batch" })) else {
        panic!("another mode")
    };
    assert_eq!(field(fields), "mode");
    for (more, unclear) in [
        (json!({ "batchOrderId": "BATCH-1" }), "batchOrderId"),
        (json!({ "mode": "OneByOne" }), "mode"),
    ] {
        let BatchRows::Incomparable(fields) = judge(more) else {
            panic!("{unclear}")
        };
        assert_eq!(field(fields), unclear);
    }
    for (more, missing) in [
        (json!({ "batchOrderId": "batch-2" }), "batchOrderId"),
        (json!({ "coin": null }), "coinId"),
        (json!({ "stats": { "total": 3 } }), "stats"),
    ] {
        assert_eq!(judge(more), BatchRows::Incomplete { field: missing });
    }
}
