//! Every route of the document answers, and answers as the document says.

use std::collections::BTreeSet;
use std::time::Duration;

use ccpayment_sandbox::{IncomingPayment, Sandbox, Setting};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{RECEIVER, START, ask, city, payout, text};

const DOCUMENT: &str = include_str!("../../schema/v2.json");

/// Holds answers against the document.
struct Reader {
    document: Value,
    seen: BTreeSet<String>,
}

impl Reader {
    fn new() -> Self {
        Self {
            document: serde_json::from_str(DOCUMENT).unwrap(),
            seen: BTreeSet::new(),
        }
    }

    fn routes(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.keys().map(|path| path[1..].to_owned()).collect()
    }

    fn schema(&self, route: &str) -> Value {
        let path = route.replace('/', "~1");
        self.document
            .pointer(&format!(
                "/paths/~1{path}/post/responses/200/content/application~1json/schema"
            ))
            .unwrap_or_else(|| panic!("{route}"))
            .clone()
    }

    fn validator(&self, route: &str) -> Validator {
        let mut schema = self.schema(route);
        schema["components"] = self.document["components"].clone();
        jsonschema::validator_for(&schema).unwrap()
    }

    /// Fields that no part of the schema knows would be inventions.
    fn inventions(&self, schema: &Value, value: &Value, at: &str, into: &mut Vec<String>) {
        let schema = match schema["$ref"].as_str() {
            Some(path) => self.document.pointer(&path[1..]).unwrap(),
            None => schema,
        };
        match value {
            Value::Array(items) => {
                for item in items {
                    self.inventions(&schema["items"], item, at, into);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let known = [&schema["properties"][name], &schema["additionalProperties"]];
                    match known.into_iter().find(|part| !part.is_null()) {
                        Some(part) => self.inventions(part, field, &format!("{at}.{name}"), into),
                        None => into.push(format!("{at}.{name}")),
                    }
                }
            }
            _ => {}
        }
    }

    /// The data of a success.
    async fn data(&mut self, sandbox: &Sandbox, route: &str, body: Value) -> Value {
        let mut envelope = ask(sandbox, route, body.clone()).await;
        assert_eq!(envelope["code"], 10_000, "{route} {body} {envelope}");
        let errors: Vec<String> = self
            .validator(route)
            .iter_errors(&envelope)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{route}: {errors:#?}\n{envelope:#}");
        let data = self.schema(route)["allOf"][1]["properties"]["data"].clone();
        let mut inventions = Vec::new();
        self.inventions(&data, &envelope["data"], "data", &mut inventions);
        assert!(inventions.is_empty(), "{route}: {inventions:?}");
        assert!(sandbox.ledger().is_balanced(), "{route}");
        self.seen.insert(route.to_owned());
        envelope["data"].take()
    }
}

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
    let span = json!({ "startTimestamp": START, "webhookResult": "AllResult" });
    let resent = read.data(&sandbox, "webhook/resend", span).await;
    assert!(resent["resendCount"].as_u64().unwrap() > 0);

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
