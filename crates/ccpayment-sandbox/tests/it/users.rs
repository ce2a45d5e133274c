//! End users: their balances, transfers and withdrawals.

use ccpayment_sandbox::{IncomingPayment, Sandbox};
use serde_json::json;

use crate::support::{APP_ID, RECEIVER, city, data, refused, text};

fn balance(sandbox: &Sandbox, user: &str, coin: u64) -> String {
    sandbox
        .ledger()
        .balance(&format!("user:{user}:available"), coin)
}

#[tokio::test]
async fn a_user_is_whom_an_address_was_made_for() {
    let sandbox = city();
    let user = json!({ "userId": "carol" });
    refused(&sandbox, "getUserCoinAssetList", user.clone(), 11_015).await;
    let make = "getOrCreateUserDepositAddress";
    for user in ["sysadmin", APP_ID] {
        refused(
            &sandbox,
            make,
            json!({ "userId": user, "chain": "BSC" }),
            11_000,
        )
        .await;
    }
    let address = data(&sandbox, make, json!({ "userId": "carol", "chain": "BSC" })).await;
    let again = data(&sandbox, make, json!({ "userId": "carol", "chain": "ETH" })).await;
    assert_eq!(address, again);
    let list = data(&sandbox, "getUserCoinAssetList", user.clone()).await;
    assert_eq!(list, json!({ "userId": "carol", "assets": [] }));

    let payment = IncomingPayment::new(text(&address["address"]), "20").coin(1280, "ETH");
    let payment = sandbox.send_payment(payment).unwrap();
    sandbox.confirm(&payment.record_id).unwrap();
    assert_eq!(balance(&sandbox, "carol", 1280), "19.9");
    assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "1000");
    // Deposits of users are not on the merchant's list, nor the other way round.
    let record = json!({ "recordId": payment.record_id });
    refused(&sandbox, "getAppDepositRecord", record, 11_003).await;
    let list = data(&sandbox, "getUserDepositRecordList", user).await;
    assert_eq!(list["records"][0]["recordId"], payment.record_id);
}

#[tokio::test]
async fn transfers_move_between_users_and_the_merchant() {
    let sandbox = city();
    let transfer = |order: &str, from: &str, to: &str, amount: &str| json!({ "orderId": order, "fromUserId": from, "toUserId": to, "coinId": 1280, "amount": amount });
    let route = "userTransfer";
    data(&sandbox, route, transfer("one", "alice", "robert", "40")).await;
    data(&sandbox, route, transfer("two", "alice", APP_ID, "10")).await;
    data(&sandbox, route, transfer("three", APP_ID, "robert", "5")).await;
    assert_eq!(balance(&sandbox, "alice", 1280), "50");
    assert_eq!(balance(&sandbox, "robert", 1280), "45");
    assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "1005");
    for (body, code) in [
        (transfer("one", "alice", "robert", "1"), 11_011),
        (transfer("four", "alice", "alice", "1"), 14_008),
        (transfer("four", "alice", "nobody", "1"), 11_015),
        (transfer("four", "alice", "robert", "51"), 14_000),
        (transfer("four", "alice", "robert", "0.0009"), 14_005),
    ] {
        refused(&sandbox, route, body, code).await;
    }
    let list = data(
        &sandbox,
        "getUserTransferRecordList",
        json!({ "fromUserId": "alice" }),
    )
    .await;
    let orders: Vec<_> = list["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["orderId"].clone())
        .collect();
    assert_eq!(orders, ["two", "one"]);
    refused(&sandbox, "getUserTransferRecordList", json!({}), 11_000).await;
}

#[tokio::test]
async fn a_batch_transfer_is_all_or_nothing() {
    let sandbox = city();
    let many = |order: &str, amounts: [&str; 2]| {
        json!({
            "orderId": order, "userId": "alice", "coinId": 1280,
            "toUsers": [
                { "userId": "robert", "amount": amounts[0] }, { "userId": APP_ID, "amount": amounts[1] },
            ],
        })
    };
    refused(
        &sandbox,
        "userBatchTransfer",
        many("one", ["60", "41"]),
        14_000,
    )
    .await;
    assert_eq!(balance(&sandbox, "alice", 1280), "100");
    data(&sandbox, "userBatchTransfer", many("one", ["60", "40"])).await;
    assert_eq!(balance(&sandbox, "alice", 1280), "0");
    assert_eq!(balance(&sandbox, "robert", 1280), "60");
    refused(
        &sandbox,
        "userBatchTransfer",
        many("one", ["1", "1"]),
        11_011,
    )
    .await;
}

#[tokio::test]
async fn users_and_merchants_have_order_ids_of_their_own() {
    let sandbox = city();
    let out = json!({
        "orderId": "same", "coinId": 1280, "chain": "POLYGON", "address": RECEIVER, "amount": "5",
    });
    let mut of_user = out.clone();
    of_user["userId"] = json!("alice");
    data(&sandbox, "applyAppWithdrawToNetwork", out).await;
    data(&sandbox, "applyUserWithdrawToNetwork", of_user).await;
    assert_eq!(balance(&sandbox, "alice", 1280), "95");
    let views = sandbox.payouts();
    assert_eq!(views[0].user_id, None);
    assert_eq!(views[1].user_id.as_deref(), Some("alice"));
    let id = json!({ "orderId": "same" });
    let merchant = data(&sandbox, "getAppWithdrawRecord", id.clone()).await;
    let user = data(&sandbox, "getUserWithdrawRecord", id).await;
    assert_eq!(merchant["record"]["recordId"], views[0].record_id);
    assert_eq!(user["record"]["recordId"], views[1].record_id);
    let other = json!({ "recordId": views[1].record_id });
    refused(&sandbox, "getAppWithdrawRecord", other, 11_003).await;
    // Given back whole, to whom it belongs.
    sandbox.fail(&views[1].record_id).unwrap();
    assert_eq!(balance(&sandbox, "alice", 1280), "100");
}
