//! Every route of the document answers, and answers as the document says.

use std::time::Duration;

use ccpayment_sandbox::{IncomingPayment, Sandbox, Setting};
use serde_json::{Value, json};

use crate::reader::Reader;
use crate::sent_fields::never_sent;
use crate::support::{RECEIVER, START, ask, city, payout, text};

/// A list that must not be empty, or its rows would be held against nothing.
fn full(data: &Value, name: &str) {
    assert!(
        data[name].as_array().is_some_and(|rows| !rows.is_empty()),
        "{name}: {data}"
    );
}

#[tokio::test]
async fn every_route_answers_as_the_document_says() {
    let sandbox = city();
    let mut reader = Reader::new();
    let hour = Duration::from_secs(3_600);
    let read = &mut reader;
    catalogue(read, &sandbox).await;
    let (deposit, risky) = deposits(read, &sandbox, hour).await;
    withdrawals(read, &sandbox, hour).await;
    users(read, &sandbox, hour).await;
    swaps(read, &sandbox).await;
    batches(read, &sandbox, hour).await;

    let height = json!({ "record_id": deposit });
    let heights = read.data(&sandbox, "getPaymentBlockHeight", height).await;
    assert!(heights["currBlockHeight"].as_u64() > heights["txBlockHeight"].as_u64());
    sandbox.refund_risky(&risky).unwrap();
    let refunds = read
        .data(&sandbox, "getRiskyRefundRecordList", json!({}))
        .await;
    full(&refunds, "records");
    rare(read, &sandbox).await;
    let span = json!({ "startTimestamp": START, "webhookResult": "AllResult" });
    let resent = read.data(&sandbox, "webhook/resend", span).await;
    assert!(resent["resendCount"].as_u64().unwrap() > 0);

    let never: Vec<_> = never_sent(&reader.document, &reader.sent)
        .into_iter()
        .collect();
    // A cursor within a row, of which no source says what it would be good for.
    assert_eq!(
        never,
        ["AutoWithdrawRecord.nextId", "RiskyRefundRecord.nextId"]
    );
    assert_eq!(reader.seen, reader.routes());
    assert_eq!(reader.seen.len(), 61);
    // The other name that some clients know a route by.
    let other = ask(
        &sandbox,
        "getTradeBlockHeight",
        json!({ "record_id": deposit }),
    )
    .await;
    assert_eq!(other["data"], heights);
}

/// What answers have in some cases only.
async fn rare(read: &mut Reader, sandbox: &Sandbox) {
    let order = json!({
        "orderId": "order-2", "coinId": 1486, "chain": "XRP", "price": "5",
    });
    let order = read
        .data(sandbox, "createAppOrderDepositAddress", order)
        .await;
    let paid = sandbox.pay(&text(&order["address"]), "5").unwrap();
    sandbox.flag_risky(&paid.record_id).unwrap();
    sandbox.confirm(&paid.record_id).unwrap();
    sandbox.refund_risky(&paid.record_id).unwrap();
    read.data(sandbox, "getRiskyRefundRecordList", json!({}))
        .await;
    let info = json!({ "orderId": "order-2" });
    read.data(sandbox, "getAppOrderInfo", info).await;

    let invoice = json!({
        "orderId": "invoice-2", "price": "5", "priceCoinId": 1280, "buyerEmail": "a@example.com",
    });
    read.data(sandbox, "createInvoiceUrl", invoice).await;
    let picked = sandbox.pick_coin("invoice-2", 1280, "POLYGON").unwrap();
    let money = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    sandbox.send_payment(money).unwrap();
    let info = json!({ "orderId": "invoice-2" });
    read.data(sandbox, "getInvoiceOrderInfo", info).await;

    let swap = json!({
        "orderId": "swap-9", "userId": "alice", "coinIdIn": 1280, "amountIn": "10",
        "coinIdOut": 1329, "amountOutMinimum": "1",
    });
    read.data(sandbox, "userSwap", swap).await;

    let amount = "1".to_owned();
    sandbox
        .set(Setting::ApprovalAbove {
            coin_id: 1280,
            amount,
        })
        .unwrap();
    let made = read
        .data(sandbox, "applyAppWithdrawToNetwork", payout("out-9", "5"))
        .await;
    sandbox.reject(&text(&made["recordId"]), "no").unwrap();
    let asked = json!({ "orderId": "out-9" });
    read.data(sandbox, "getAppWithdrawRecord", asked).await;

    let row = json!({ "seq": 1, "address": RECEIVER, "amount": "5", "remark": "rent" });
    for (id, rejected) in [("batch-8", true), ("batch-9", false)] {
        let batch = json!({
            "batchOrderId": id, "coinId": 1280, "chain": "POLYGON", "mode": "Single",
            "orders": [row],
        });
        read.data(sandbox, "applyBatchWithdraw", batch).await;
        let asked = json!({ "batchOrderId": id });
        read.data(sandbox, "confirmBatchWithdraw", asked.clone())
            .await;
        if rejected {
            sandbox.reject(id, "no").unwrap();
            read.data(sandbox, "getBatchWithdrawOrder", asked).await;
            continue;
        }
        sandbox.approve(id).unwrap();
        let rows = |read: &Value| text(&read["records"][0]["recordId"]);
        let list = read
            .data(sandbox, "getBatchWithdrawOrderRecordList", asked.clone())
            .await;
        sandbox.fail(&rows(&list)).unwrap();
        read.data(sandbox, "getBatchWithdrawOrderRecordList", asked)
            .await;
    }
}

async fn catalogue(read: &mut Reader, sandbox: &Sandbox) {
    for (route, rows) in [
        ("getCoinList", "coins"),
        ("getFiatList", "fiats"),
        ("getSwapCoinList", "coins"),
        ("getChainList", "chains"),
        ("all/chain", "chains"),
        ("getAppCoinAssetList", "assets"),
    ] {
        full(&read.data(sandbox, route, Value::Null).await, rows);
    }
    let some = json!({ "chains": ["TRX", "ETH"] });
    let chains = read.data(sandbox, "getChainList", some).await;
    assert_eq!(chains["chains"].as_array().unwrap().len(), 2);
    read.data(sandbox, "getCoin", json!({ "coinId": 1280 }))
        .await;
    read.data(sandbox, "getAppCoinAsset", json!({ "coinId": 1280 }))
        .await;
    let prices = json!({ "coinIds": [1280, 1329] });
    let prices = read.data(sandbox, "getCoinUSDTPrice", prices).await;
    assert_eq!(prices["prices"]["1329"], "1.1692");
    let main = json!({ "appId": sandbox.app_id() });
    let main = read.data(sandbox, "getMainCoinList", main).await;
    full(&main, "coinChainList");
    let check = json!({ "chain": "POLYGON", "address": RECEIVER });
    let valid = read
        .data(sandbox, "checkWithdrawalAddressValidity", check)
        .await;
    assert_eq!(valid["addrIsValid"], true);
    let wallet = json!({ "cwalletUserId": "35255142" });
    read.data(sandbox, "getCwalletUserId", wallet).await;
}

async fn deposits(read: &mut Reader, sandbox: &Sandbox, hour: Duration) -> (String, String) {
    let order = json!({
        "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "10.5", "fiatId": 1033,
        "generateCheckoutURL": true, "buyerEmail": "a@example.com",
    });
    let order = read
        .data(sandbox, "createAppOrderDepositAddress", order)
        .await;
    let paid = sandbox
        .pay(
            order["address"].as_str().unwrap(),
            order["amount"].as_str().unwrap(),
        )
        .unwrap();
    let invoice =
        json!({ "orderId": "invoice-1", "price": "5", "priceFiatId": 1033, "product": "Tea" });
    read.data(sandbox, "createInvoiceUrl", invoice).await;
    let picked = sandbox.pick_coin("invoice-1", 1, "BTC").unwrap();
    let part = IncomingPayment::new(&picked.address, &picked.amount).coin(1, "BTC");
    sandbox.send_payment(part).unwrap();
    let permanent = json!({ "referenceId": "ref-1", "chain": "TRX" });
    let permanent = read
        .data(sandbox, "getOrCreateAppDepositAddress", permanent)
        .await;
    let address = text(&permanent["address"]);
    let risky = IncomingPayment::new(&address, "50").coin(1280, "TRX");
    let risky = sandbox.send_payment(risky).unwrap().record_id;
    sandbox.flag_risky(&risky).unwrap();
    let lost = IncomingPayment::new(&address, "7")
        .coin(1482, "TRX")
        .overlooked();
    let lost = sandbox.send_payment(lost).unwrap();
    let rescan = json!({ "chain": "TRX", "toAddress": address, "txId": lost.tx_id });
    read.data(sandbox, "rescanLostTransaction", rescan).await;
    sandbox.sweep_address(&address, 1482, "0.5").unwrap();
    sandbox.advance(hour);

    for order_id in ["order-1"] {
        let info = json!({ "orderId": order_id });
        full(
            &read.data(sandbox, "getAppOrderInfo", info).await,
            "paidList",
        );
    }
    let info = json!({ "orderId": "invoice-1" });
    let info = read.data(sandbox, "getInvoiceOrderInfo", info).await;
    full(&info, "paidList");
    assert!(info["totalPaidValue"].as_str().unwrap().starts_with("5."));
    let record = json!({ "recordId": paid.record_id });
    let record = read.data(sandbox, "getAppDepositRecord", record).await;
    assert_eq!(record["record"]["status"], "Success");
    let list = read
        .data(sandbox, "getAppDepositRecordList", Value::Null)
        .await;
    assert_eq!(list["records"].as_array().unwrap().len(), 4);
    let span = json!({ "startAt": sandbox.now() - 7_200, "endAt": sandbox.now() });
    let fees = read.data(sandbox, "getAggregationFeeRecord", span).await;
    full(&fees, "list");
    let release = json!({ "chain": "TRX", "address": address });
    let released = read.data(sandbox, "addressUnbinding", release).await;
    full(&released, "unbound");
    (paid.record_id, risky)
}

async fn withdrawals(read: &mut Reader, sandbox: &Sandbox, hour: Duration) {
    let fee = json!({ "coinId": 1280, "chain": "POLYGON" });
    let fee = read.data(sandbox, "getWithdrawFee", fee).await;
    let mut out = payout("out-1", "10");
    out["networkFeeInquiryID"] = fee["networkFeeInquiryID"].clone();
    read.data(sandbox, "applyAppWithdrawToNetwork", out).await;
    let wallet =
        json!({ "orderId": "out-2", "coinId": 1280, "cwalletUser": "35255142", "amount": "3" });
    read.data(sandbox, "applyAppWithdrawToCwallet", wallet)
        .await;
    sandbox
        .auto_payout(1280, "POLYGON", RECEIVER, "20")
        .unwrap();
    sandbox.advance(hour);
    for order_id in ["out-1", "out-2"] {
        let one = json!({ "orderId": order_id });
        let one = read.data(sandbox, "getAppWithdrawRecord", one).await;
        assert_eq!(one["record"]["status"], "Success");
    }
    let list = read
        .data(sandbox, "getAppWithdrawRecordList", json!({}))
        .await;
    assert_eq!(list["records"].as_array().unwrap().len(), 2);
    let list = read
        .data(sandbox, "getAutoWithdrawRecordList", json!({}))
        .await;
    assert_eq!(list["records"][0]["status"], "Success");
}

async fn users(read: &mut Reader, sandbox: &Sandbox, hour: Duration) {
    let user = json!({ "userId": "alice" });
    let address = json!({ "userId": "alice", "chain": "BSC" });
    let address = read
        .data(sandbox, "getOrCreateUserDepositAddress", address)
        .await;
    let payment = IncomingPayment::new(text(&address["address"]), "10").coin(1280, "BSC");
    let payment = sandbox.send_payment(payment).unwrap();
    let out = json!({
        "userId": "alice", "orderId": "user-out-1", "coinId": 1280, "chain": "POLYGON",
        "address": RECEIVER, "amount": "5",
    });
    read.data(sandbox, "applyUserWithdrawToNetwork", out).await;
    let wallet = json!({
        "userId": "alice", "orderId": "user-out-2", "coinId": 1280, "amount": "1",
        "cwalletUser": "jane@proton.me",
    });
    read.data(sandbox, "applyUserWithdrawToCwallet", wallet)
        .await;
    sandbox.advance(hour);
    full(
        &read
            .data(sandbox, "getUserCoinAssetList", user.clone())
            .await,
        "assets",
    );
    let asset = json!({ "userId": "alice", "coinId": 1280 });
    let asset = read.data(sandbox, "getUserCoinAsset", asset).await;
    assert_eq!(asset["asset"]["available"], "103.95");
    let record = json!({ "recordId": payment.record_id });
    let record = read.data(sandbox, "getUserDepositRecord", record).await;
    assert_eq!(record["record"]["userId"], "alice");
    let records = read
        .data(sandbox, "getUserDepositRecordList", user.clone())
        .await;
    full(&records, "records");
    let record = json!({ "orderId": "user-out-1" });
    let record = read.data(sandbox, "getUserWithdrawRecord", record).await;
    assert_eq!(record["record"]["status"], "Success");
    let records = read.data(sandbox, "getUserWithdrawRecordList", user).await;
    assert_eq!(records["records"].as_array().unwrap().len(), 2);

    let transfer = json!({
        "orderId": "transfer-1", "fromUserId": "alice", "toUserId": "robert", "coinId": 1280,
        "amount": "2", "remark": "lunch",
    });
    read.data(sandbox, "userTransfer", transfer).await;
    let record = json!({ "orderId": "transfer-1" });
    read.data(sandbox, "getUserTransferRecord", record).await;
    let records = json!({ "fromUserId": "alice" });
    let records = read
        .data(sandbox, "getUserTransferRecordList", records)
        .await;
    full(&records, "records");
    let batch = json!({
        "orderId": "many-1", "userId": sandbox.app_id(), "coinId": 1280, "remark": "wages",
        "toUsers": [{ "userId": "alice", "amount": "1" }, { "userId": "robert", "amount": "2" }],
    });
    let batch = read.data(sandbox, "userBatchTransfer", batch).await;
    let record = json!({ "orderId": "many-1" });
    read.data(sandbox, "getUserBatchTransferRecord", record)
        .await;
    let records = read
        .data(sandbox, "getUserBatchTransferRecordList", json!({}))
        .await;
    full(&records, "records");
    let detail = json!({ "recordId": batch["recordId"] });
    let detail = read
        .data(sandbox, "getUserBatchTransferRecordDetail", detail)
        .await;
    assert_eq!(detail["records"].as_array().unwrap().len(), 2);
}

async fn swaps(read: &mut Reader, sandbox: &Sandbox) {
    let quote =
        json!({ "coinIdIn": 1280, "amountIn": "100", "coinIdOut": 1329, "extraFeeRate": "0.01" });
    read.data(sandbox, "estimate", quote).await;
    let swap = json!({
        "orderId": "swap-1", "coinIdIn": 1280, "amountIn": "100", "coinIdOut": 1329,
        "amountOutMinimum": "80",
    });
    read.data(sandbox, "swap", swap).await;
    let user_swap = json!({
        "orderId": "user-swap-1", "userId": "alice", "coinIdIn": 1280, "amountIn": "50",
        "coinIdOut": 1329, "extraFeeRate": "0.01",
    });
    read.data(sandbox, "userSwap", user_swap).await;
    for (record, list, order_id) in [
        ("getSwapRecord", "getSwapRecordList", "swap-1"),
        ("getUserSwapRecord", "getUserSwapRecordList", "user-swap-1"),
    ] {
        let one = json!({ "orderId": order_id });
        let one = read.data(sandbox, record, one).await;
        assert_eq!(one["record"]["status"], "Success");
        let list = read.data(sandbox, list, Value::Null).await;
        assert_eq!(list["records"], json!([one["record"]]));
    }
}

async fn batches(read: &mut Reader, sandbox: &Sandbox, hour: Duration) {
    let row = |seq: u64| json!({ "seq": seq, "orderId": format!("row-{seq}"), "address": RECEIVER, "amount": "1" });
    let check = json!({
        "chain": "POLYGON", "addressInfoList": [{ "seq": 1, "address": RECEIVER }],
    });
    let checked = read.data(sandbox, "checkWithdrawAddress", check).await;
    assert_eq!(checked["addressInfoResults"][0]["codes"], json!([]));
    let batch = json!({
        "batchOrderId": "batch-1", "coinId": 1280, "chain": "POLYGON", "mode": "Single",
        "taskName": "wages", "productName": "wages", "orders": [row(1)],
    });
    read.data(sandbox, "applyBatchWithdraw", batch).await;
    let more = json!({ "batchOrderId": "batch-1", "orders": [row(2), row(3)] });
    let appended = read.data(sandbox, "appendBatchWithdraw", more).await;
    assert_eq!(
        (&appended["appended"], &appended["total"]),
        (&json!(2), &json!(3))
    );
    let confirm = json!({ "batchOrderId": "batch-1" });
    let confirmed = read
        .data(sandbox, "confirmBatchWithdraw", confirm.clone())
        .await;
    assert_eq!(confirmed["status"], "Processing");
    sandbox.advance(Duration::from_secs(60));
    let aborted = read
        .data(sandbox, "abortBatchWithdraw", confirm.clone())
        .await;
    assert_eq!(aborted["canceledSeqs"], json!([2, 3]));
    assert_eq!(aborted["ignoredOrderIds"], json!(["row-1"]));
    sandbox.advance(hour);
    let order = read
        .data(sandbox, "getBatchWithdrawOrder", confirm.clone())
        .await;
    assert_eq!(order["status"], "Completed");
    let rows = read
        .data(sandbox, "getBatchWithdrawOrderRecordList", confirm)
        .await;
    let states: Vec<&str> = rows["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["Canceled", "Canceled", "Successful"]);
    assert_eq!(sandbox.ledger().balance("merchant:held", 1280), "0");
}

#[tokio::test]
async fn settings_show_in_the_catalogue() {
    let sandbox = city();
    sandbox
        .set(Setting::ChainWithdrawals {
            chain: "TRX".to_owned(),
            open: false,
        })
        .unwrap();
    sandbox
        .set(Setting::CoinStatus {
            coin_id: 1280,
            status: "Pre-delisting".to_owned(),
        })
        .unwrap();
    let chains = ask(&sandbox, "getChainList", json!({ "chains": ["TRX"] })).await;
    assert_eq!(chains["data"]["chains"][0]["status"], "Maintenance");
    let coin = ask(&sandbox, "getCoin", json!({ "coinId": 1280 })).await;
    let coin = &coin["data"]["coin"];
    assert_eq!(coin["status"], "Pre-delisting");
    assert_eq!(coin["networks"]["TRX"]["canDeposit"], false);
    assert_eq!(coin["networks"]["TRX"]["canWithdraw"], false);
    assert_eq!(coin["networks"]["ETH"]["canWithdraw"], true);
    let off = Setting::CoinOn {
        coin_id: 1280,
        on: false,
    };
    sandbox.set(off).unwrap();
    let list = ask(&sandbox, "getCoinList", Value::Null).await;
    let rows = list["data"]["coins"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["coinId"] != 1280));
    assert!(sandbox.set(Setting::AddressLimit(3)).is_ok());
    let unknown = Setting::ChainDeposits {
        chain: "NONE".to_owned(),
        open: false,
    };
    assert!(sandbox.set(unknown).is_err());
}
