//! Batch payouts from the application to their end.

use std::time::Duration;

use ccpayment_sandbox::{Fault, Sandbox, Setting};
use serde_json::{Value, json};

use crate::support::{Merchant, RECEIVER, city, data, refused, text};

const MINUTE: Duration = Duration::from_secs(60);

fn row(seq: u64) -> Value {
    json!({ "seq": seq, "orderId": format!("row-{seq}"), "address": RECEIVER, "amount": "10" })
}

async fn apply(sandbox: &Sandbox, mode: &str, rows: u64) -> Value {
    let batch = json!({
        "batchOrderId": "batch", "coinId": 1280, "chain": "POLYGON", "mode": mode,
        "taskName": "wages", "orders": (1..=rows).map(row).collect::<Vec<_>>(),
    });
    data(sandbox, "applyBatchWithdraw", batch).await;
    json!({ "batchOrderId": "batch" })
}

async fn stage(sandbox: &Sandbox) -> (String, Value) {
    let order = json!({ "batchOrderId": "batch" });
    let order = data(sandbox, "getBatchWithdrawOrder", order).await;
    (text(&order["status"]), order["stats"].clone())
}

fn held(sandbox: &Sandbox) -> String {
    sandbox.ledger().balance("merchant:held", 1280)
}

#[tokio::test]
async fn a_held_confirmation_arrives_after_the_look_up_of_its_batch() {
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    let id = apply(sandbox, "Batch", 1).await;
    sandbox.plan_fault("confirmBatchWithdraw", Fault::DeliverAfterLookup);
    merchant.dropped("confirmBatchWithdraw", id).await;
    assert_eq!(stage(sandbox).await.0, "Init");
    assert_eq!(stage(sandbox).await.0, "Processing");
    let log = sandbox.requests();
    let held = log.iter().find(|it| it.route == "confirmBatchWithdraw");
    let held = held.map(|it| (it.order_id.as_deref(), it.code, it.outcome));
    assert_eq!(held, Some((Some("batch"), None, Some(10_000))));
}

#[tokio::test]
async fn one_row_after_the_other() {
    let sandbox = city();
    let id = apply(&sandbox, "Single", 3).await;
    assert_eq!(stage(&sandbox).await.0, "Init");
    assert_eq!(held(&sandbox), "0");
    let confirmed = data(&sandbox, "confirmBatchWithdraw", id.clone()).await;
    assert_eq!(confirmed["networkFee"], "0.15");
    assert_eq!(confirmed["stats"]["execSeq"], 1);
    assert_eq!(held(&sandbox), "30.15");
    // What is confirmed takes no more rows; a second confirmation changes nothing.
    let more = json!({ "batchOrderId": "batch", "orders": [row(4)] });
    refused(&sandbox, "appendBatchWithdraw", more, 11_000).await;
    data(&sandbox, "confirmBatchWithdraw", id.clone()).await;
    assert_eq!(held(&sandbox), "30.15");
    sandbox.advance(MINUTE);
    let (word, stats) = stage(&sandbox).await;
    assert_eq!(
        (word.as_str(), &stats["execOrderId"]),
        ("Processing", &json!("row-2"))
    );
    assert_eq!(held(&sandbox), "20.1");

    let rows = data(&sandbox, "getBatchWithdrawOrderRecordList", id.clone()).await;
    let second = text(&rows["records"][1]["recordId"]);
    sandbox.fail(&second).unwrap();
    assert_eq!(held(&sandbox), "10.05");
    sandbox.advance(MINUTE);
    let (word, stats) = stage(&sandbox).await;
    assert_eq!(word, "Completed");
    assert_eq!(
        stats,
        json!({
            "total": 3, "succeeded": 2, "failed": 1, "canceled": 0, "processing": 0,
            "execSeq": 0, "execOrderId": "",
        })
    );
    let ledger = sandbox.ledger();
    assert_eq!(held(&sandbox), "0");
    assert_eq!(ledger.balance("merchant:available", 1280), "979.9");
    assert_eq!(ledger.balance("network:fees", 1280), "0.1");
    refused(&sandbox, "abortBatchWithdraw", id, 14_028).await;
}

#[tokio::test]
async fn all_at_once_after_review_and_delay() {
    let sandbox = city();
    let threshold = Setting::ApprovalAbove {
        coin_id: 1280,
        amount: "20".to_owned(),
    };
    sandbox.set(threshold).unwrap();
    let mut id = apply(&sandbox, "Batch", 3).await;
    id["delaySeconds"] = json!(600);
    data(&sandbox, "confirmBatchWithdraw", id).await;
    assert_eq!(stage(&sandbox).await.0, "Reviewing");
    sandbox.advance(MINUTE * 60);
    sandbox.approve("batch").unwrap();
    assert_eq!(stage(&sandbox).await.0, "Pending");
    sandbox.advance(MINUTE * 10);
    assert_eq!(stage(&sandbox).await.0, "Processing");
    sandbox.advance(MINUTE);
    let (word, stats) = stage(&sandbox).await;
    assert_eq!(
        (word.as_str(), &stats["succeeded"]),
        ("Completed", &json!(3))
    );
}

#[tokio::test]
async fn a_rejected_batch_gives_everything_back() {
    let sandbox = city();
    let threshold = Setting::ApprovalAbove {
        coin_id: 1280,
        amount: "0".to_owned(),
    };
    sandbox.set(threshold).unwrap();
    let id = apply(&sandbox, "Batch", 2).await;
    data(&sandbox, "confirmBatchWithdraw", id.clone()).await;
    sandbox.reject("batch", "no wages today").unwrap();
    let order = data(&sandbox, "getBatchWithdrawOrder", id).await;
    assert_eq!(order["status"], "Rejected");
    assert_eq!(order["reason"], "no wages today");
    assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "1000");
}

#[tokio::test]
async fn some_rows_or_all_of_them_can_be_cancelled() {
    let sandbox = city();
    let id = apply(&sandbox, "Single", 4).await;
    data(&sandbox, "confirmBatchWithdraw", id.clone()).await;
    sandbox.advance(MINUTE);
    let mut some = id.clone();
    some["seqs"] = json!([1, 2]);
    let aborted = data(&sandbox, "abortBatchWithdraw", some).await;
    assert_eq!(aborted["canceledSeqs"], json!([2]));
    assert_eq!(aborted["ignoredSeqs"], json!([1]));
    assert_eq!(aborted["status"], "Processing");
    let mut by_name = id.clone();
    by_name["orderIds"] = json!(["row-3"]);
    let aborted = data(&sandbox, "abortBatchWithdraw", by_name).await;
    assert_eq!(aborted["canceledOrderIds"], json!(["row-3"]));
    let aborted = data(&sandbox, "abortBatchWithdraw", id).await;
    assert_eq!(aborted["canceledSeqs"], json!([4]));
    assert_eq!(aborted["status"], "Completed");
    assert_eq!(held(&sandbox), "0");
    assert_eq!(
        sandbox.ledger().balance("merchant:available", 1280),
        "989.95"
    );
}

#[tokio::test]
async fn rows_go_by_either_name_and_are_short_of_nothing() {
    let sandbox = city();
    let batch = json!({
        "batchOrderId": "batch", "coinId": 1280, "chain": "POLYGON", "mode": "Single", "orders": [
            { "seq": 1, "address": RECEIVER, "amount": "600" },
            { "orderId": "row-2", "address": RECEIVER, "amount": "600" },
        ],
    });
    data(&sandbox, "applyBatchWithdraw", batch).await;
    let id = json!({ "batchOrderId": "batch" });
    refused(&sandbox, "confirmBatchWithdraw", id.clone(), 14_000).await;
    assert_eq!(stage(&sandbox).await.0, "Init");
    let nameless =
        json!({ "batchOrderId": "batch", "orders": [{ "address": RECEIVER, "amount": "1" }] });
    refused(&sandbox, "appendBatchWithdraw", nameless, 11_000).await;
    data(&sandbox, "abortBatchWithdraw", id).await;
    assert_eq!(stage(&sandbox).await.0, "Completed");
}

/// Who names rows in a way that nobody reads must not lose all of them.
#[tokio::test]
async fn rows_that_nobody_can_read_cancel_nothing() {
    for strict in [true, false] {
        let sandbox = city();
        sandbox.set(Setting::Strict(strict)).unwrap();
        let mut other = row(4);
        other["orderId"] = json!("#12");
        let rows = [row(1), row(12), other];
        let batch = json!({
            "batchOrderId": "batch", "coinId": 1280, "chain": "POLYGON", "mode": "Single",
            "orders": rows,
        });
        data(&sandbox, "applyBatchWithdraw", batch).await;
        for seqs in [json!([1.0]), json!([1, 2e0]), json!(["1"]), json!([null])] {
            let some = json!({ "batchOrderId": "batch", "seqs": seqs });
            refused(&sandbox, "abortBatchWithdraw", some, 11_000).await;
        }
        let some = json!({ "batchOrderId": "batch", "orderIds": ["#12"] });
        let aborted = data(&sandbox, "abortBatchWithdraw", some).await;
        assert_eq!(aborted["canceledSeqs"], json!([4]));
        // Empty is absent for the gateway, and the strict reading asks what was meant.
        let none = json!({ "batchOrderId": "batch", "orderIds": [] });
        if strict {
            refused(&sandbox, "abortBatchWithdraw", none, 11_000).await;
        } else {
            let aborted = data(&sandbox, "abortBatchWithdraw", none).await;
            assert_eq!(aborted["canceledSeqs"], json!([1, 12]));
        }
    }
}
