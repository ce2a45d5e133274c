//! What happens by time alone: confirmations, settlements, expiry, approval.

use std::time::Duration;

use ccpayment_sandbox::{IncomingPayment, Sandbox, SandboxError, Setting};
use serde_json::{Value, json};

use crate::support::{RECEIVER, START, builder, city, data, payout, refused, text};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn status(sandbox: &Sandbox, route: &str, record_id: &str) -> String {
    let record = data(sandbox, route, json!({ "recordId": record_id })).await;
    text(&record["record"]["status"])
}

async fn order(sandbox: &Sandbox, order_id: &str) -> String {
    let order = json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": "10" });
    let order = data(sandbox, "createAppOrderDepositAddress", order).await;
    text(&order["address"])
}

#[tokio::test]
async fn a_deposit_confirms_with_its_chain() {
    let sandbox = city();
    let address = order(&sandbox, "order-1").await;
    let record_id = sandbox.pay(&address, "10").unwrap().record_id;
    let heights = json!({ "record_id": record_id });
    let first = data(&sandbox, "getPaymentBlockHeight", heights.clone()).await;
    // Fifty blocks of two seconds.
    sandbox.advance(seconds(99));
    assert_eq!(
        status(&sandbox, "getAppDepositRecord", &record_id).await,
        "Processing"
    );
    assert_eq!(sandbox.pending_notifications(), 1);
    sandbox.advance(seconds(1));
    assert_eq!(
        status(&sandbox, "getAppDepositRecord", &record_id).await,
        "Success"
    );
    assert_eq!(sandbox.pending_notifications(), 2);
    let last = data(&sandbox, "getPaymentBlockHeight", heights).await;
    let number = |value: &Value| value.as_u64().unwrap();
    assert_eq!(
        number(&last["txBlockHeight"]),
        number(&first["currBlockHeight"])
    );
    assert_eq!(
        number(&last["currBlockHeight"]) - number(&last["txBlockHeight"]),
        number(&last["reqConfirmations"])
    );
}

#[tokio::test]
async fn a_withdrawal_is_sent_then_settled() {
    let sandbox = city();
    data(&sandbox, "applyAppWithdrawToNetwork", payout("out", "10")).await;
    let record_id = sandbox.payouts()[0].record_id.clone();
    let record = async || {
        let id = json!({ "recordId": record_id });
        data(&sandbox, "getAppWithdrawRecord", id).await["record"].take()
    };
    assert_eq!(record().await["txId"], "");
    sandbox.advance(seconds(30));
    let sent = record().await;
    assert_eq!(sent["status"], "Processing");
    assert_ne!(sent["txId"], "");
    sandbox.advance(seconds(100));
    let settled = record().await;
    assert_eq!(settled["status"], "Success");
    assert_eq!(settled["txId"], sent["txId"]);
    // One for Processing and one for Success.
    assert_eq!(sandbox.pending_notifications(), 2);
}

#[tokio::test]
async fn by_hand_nothing_happens_by_itself() {
    let sandbox = city();
    sandbox.set(Setting::ManualChain(true)).unwrap();
    let address = order(&sandbox, "order-1").await;
    let record_id = sandbox.pay(&address, "10").unwrap().record_id;
    data(&sandbox, "applyAppWithdrawToNetwork", payout("out", "10")).await;
    sandbox.advance(seconds(1_000_000));
    assert_eq!(sandbox.deposits()[0].status, "Processing");
    assert_eq!(sandbox.payouts()[0].status, "Processing");
    sandbox.confirm(&record_id).unwrap();
    assert_eq!(sandbox.settle_payouts(), 1);
    assert_eq!(sandbox.payouts()[0].status, "Success");
}

#[tokio::test]
async fn a_late_payment_is_credited_and_belongs_to_its_order() {
    let sandbox = city();
    let address = order(&sandbox, "order-1").await;
    sandbox.pay(&address, "4").unwrap();
    sandbox.advance(seconds(86_401));
    sandbox.pay(&address, "6").unwrap();
    sandbox.advance(seconds(3_600));
    let info = data(&sandbox, "getAppOrderInfo", json!({ "orderId": "order-1" })).await;
    let paid: Vec<_> = info["paidList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(&row["amount"]), text(&row["status"])))
        .collect();
    let success = |amount: &str| (amount.to_owned(), "Success".to_owned());
    assert_eq!(paid, [success("4"), success("6")]);
    let late: Vec<bool> = sandbox.deposits().iter().map(|one| one.late).collect();
    assert_eq!(late, [false, true]);
    assert_eq!(
        sandbox.ledger().balance("merchant:available", 1280),
        "1009.95"
    );
}

#[tokio::test]
async fn above_the_threshold_somebody_must_approve() {
    let sandbox = city();
    let threshold = Setting::ApprovalAbove {
        coin_id: 1280,
        amount: "100".to_owned(),
    };
    sandbox.set(threshold).unwrap();
    for (order_id, amount) in [("small", "100"), ("yes", "101"), ("never", "102")] {
        data(
            &sandbox,
            "applyAppWithdrawToNetwork",
            payout(order_id, amount),
        )
        .await;
    }
    let views = sandbox.payouts();
    let states: Vec<&str> = views.iter().map(|view| view.status.as_str()).collect();
    assert_eq!(states, ["Processing", "WaitingApproval", "WaitingApproval"]);
    assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "697");
    sandbox.advance(seconds(86_400));
    sandbox.approve(&views[1].record_id).unwrap();
    sandbox.reject(&views[2].record_id, "too much").unwrap();
    for id in [&views[0].record_id, &views[2].record_id] {
        assert!(matches!(
            sandbox.approve(id),
            Err(SandboxError::NotWaiting { .. })
        ));
    }
    sandbox.advance(seconds(3_600));
    let id = json!({ "orderId": "never" });
    let refused = data(&sandbox, "getAppWithdrawRecord", id).await;
    assert_eq!(refused["record"]["status"], "Rejected");
    assert_eq!(refused["record"]["reason"], "too much");
    assert_eq!(sandbox.payouts()[1].status, "Success");
    assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "799");
}

#[tokio::test]
async fn an_invoice_takes_any_coin_and_counts_what_each_is_worth() {
    let sandbox = city();
    let invoice = json!({ "orderId": "tea", "price": "10", "priceCoinId": 1280 });
    let made = data(&sandbox, "createInvoiceUrl", invoice).await;
    let same = sandbox.pick_coin("tea", 1280, "POLYGON").unwrap();
    assert_eq!(same.amount, "10");
    let other = sandbox.pick_coin("tea", 1329, "BSC").unwrap();
    // One address on all EVM chains, asked for as often as one likes.
    assert_eq!(same.address, other.address);
    let half = IncomingPayment::new(&same.address, "5").coin(1280, "POLYGON");
    sandbox.send_payment(half).unwrap();
    let more = IncomingPayment::new(&other.address, &other.amount).coin(1329, "BSC");
    let risky = IncomingPayment::new(&same.address, "99").coin(1280, "ETH");
    sandbox.send_payment(more).unwrap();
    let risky = sandbox.send_payment(risky).unwrap().record_id;
    sandbox.flag_risky(&risky).unwrap();
    assert!(matches!(
        sandbox.pay(&same.address, "1"),
        Err(SandboxError::CoinNeeded(_))
    ));
    let id = json!({ "orderId": "tea" });
    let before = data(&sandbox, "getInvoiceOrderInfo", id.clone()).await;
    assert_eq!(before["totalPaidValue"], "0");
    sandbox.advance(seconds(3_600));
    let info = data(&sandbox, "getInvoiceOrderInfo", id).await;
    assert_eq!(info["invoiceUrl"], made["invoiceUrl"]);
    assert_eq!(info["priceSymbol"], "USDT");
    let rows = info["paidList"].as_array().unwrap();
    assert_eq!(rows[0]["rate"], "1");
    assert_eq!(rows[0]["paidValue"], "5");
    // The inverse of its description, as in the only example: coins for one unit of the price.
    assert_eq!(rows[1]["rate"], "0.8554567225453301");
    assert_eq!(rows[1]["paidValue"], "10");
    assert_eq!(rows[2]["isFlaggedAsRisky"], true);
    assert_eq!(info["totalPaidValue"], "15");
    // An invoice is no address order, and its id is taken for one.
    let id = json!({ "orderId": "tea" });
    refused(&sandbox, "getAppOrderInfo", id, 11_003).await;
}

#[tokio::test]
async fn what_was_overlooked_is_found_by_a_rescan() {
    let sandbox = city();
    let make = json!({ "referenceId": "ref-1", "chain": "TRX" });
    let address = data(&sandbox, "getOrCreateAppDepositAddress", make).await;
    let address = text(&address["address"]);
    let lost = IncomingPayment::new(&address, "12")
        .coin(1482, "TRX")
        .overlooked();
    let lost = sandbox.send_payment(lost).unwrap();
    assert!(lost.record_id.is_empty() && sandbox.deposits().is_empty());
    let rescan = |tx_id: &str| json!({ "chain": "TRX", "toAddress": address, "txId": tx_id });
    refused(&sandbox, "rescanLostTransaction", rescan("nothing"), 11_003).await;
    for _ in 0..2 {
        data(&sandbox, "rescanLostTransaction", rescan(&lost.tx_id)).await;
    }
    assert_eq!(sandbox.deposits().len(), 1);
    sandbox.advance(seconds(3_600));
    let list = data(&sandbox, "getAppDepositRecordList", Value::Null).await;
    assert_eq!(list["records"][0]["txId"], lost.tx_id);
    assert_eq!(list["records"][0]["referenceId"], "ref-1");
    assert_eq!(list["records"][0]["status"], "Success");
}

#[tokio::test]
async fn a_released_address_still_pays_the_merchant() {
    let sandbox = city();
    let make = json!({ "userId": "alice", "chain": "ETH" });
    let route = "getOrCreateUserDepositAddress";
    let first = data(&sandbox, route, make.clone()).await;
    let address = text(&first["address"]);
    let pay = || IncomingPayment::new(&address, "10").coin(1280, "POLYGON");
    sandbox.send_payment(pay()).unwrap();
    let release = json!({ "chain": "BSC", "address": address.to_ascii_lowercase() });
    let released = data(&sandbox, "addressUnbinding", release).await;
    assert_eq!(released["userID"], "alice");
    assert_eq!(released["unboundAt"], START);
    assert_eq!(released["unbound"].as_array().unwrap().len(), 8);
    // The user gets a fresh one; the old one is the merchant's from now on.
    let second = data(&sandbox, route, make).await;
    assert_ne!(second["address"], first["address"]);
    sandbox.send_payment(pay()).unwrap();
    sandbox.advance(seconds(3_600));
    let ledger = sandbox.ledger();
    assert_eq!(ledger.balance("user:alice:available", 1280), "109.95");
    assert_eq!(ledger.balance("merchant:available", 1280), "1009.95");
}

#[tokio::test]
async fn payments_on_chains_with_many_inputs_have_no_sender() {
    let sandbox = builder().build().unwrap();
    let order = json!({ "orderId": "order-1", "coinId": 1, "chain": "BTC", "price": "0.01" });
    let order = data(&sandbox, "createAppOrderDepositAddress", order).await;
    let payment = sandbox.pay(&text(&order["address"]), "0.01").unwrap();
    let id = json!({ "recordId": payment.record_id });
    let record = data(&sandbox, "getAppDepositRecord", id).await;
    assert_eq!(record["record"].get("fromAddress"), None);
    assert_ne!(RECEIVER, text(&order["address"]));
}
