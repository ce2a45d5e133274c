//! The stories of v2, one for each group.

use ccpayment_sandbox::IncomingPayment;
use serde_json::json;

use super::Story;
use super::merchant::{APP_ID, Merchant, START, text};

pub(super) const STORIES: &[(&str, Story)] = &[
    ("coin", |merchant| Box::pin(coin(merchant))),
    ("swap", |merchant| Box::pin(swap(merchant))),
    ("asset", |merchant| Box::pin(asset(merchant))),
    ("deposit", |merchant| Box::pin(deposit(merchant))),
    ("order", |merchant| Box::pin(order(merchant))),
    ("utility", |merchant| Box::pin(utility(merchant))),
    ("withdrawal", |merchant| Box::pin(withdrawal(merchant))),
    ("batch_withdrawal", |merchant| {
        Box::pin(batch_withdrawal(merchant))
    }),
    ("user_balance", |merchant| Box::pin(user_balance(merchant))),
    ("user_deposit", |merchant| Box::pin(user_deposit(merchant))),
    ("user_withdrawal", |merchant| {
        Box::pin(user_withdrawal(merchant))
    }),
    ("user_transfer", |merchant| {
        Box::pin(user_transfer(merchant))
    }),
    ("user_swap", |merchant| Box::pin(user_swap(merchant))),
];

const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const OTHER: &str = "0x9e5FB3bC6d0b6f5b1BdB6C3b4B0cA4bA7b1f2c3D";
const CWALLET: &str = "35255142";
const JANE: &str = "user-jane";
const LI: &str = "user-li";

async fn coin(merchant: &mut Merchant) {
    let coins = merchant.call("getCoinList", json!({})).await;
    assert!(coins["coins"].as_array().unwrap().len() > 5);
    let coin = merchant.call("getCoin", json!({ "coinId": 1280 })).await;
    assert_eq!(coin["coin"]["symbol"], "USDT");
    let both = json!({ "coinIds": [1280, 1329] });
    let prices = merchant.call("getCoinUSDTPrice", both).await;
    assert_eq!(prices["prices"].as_object().unwrap().len(), 2);
    merchant.call("getFiatList", json!({})).await;
    let some = json!({ "chains": ["ETH", "POLYGON"] });
    let chains = merchant.call("getChainList", some.clone()).await;
    assert_eq!(chains["chains"].as_array().unwrap().len(), 2);
    merchant.call("getAllChainList", some).await;
    let own = json!({ "appId": APP_ID });
    merchant.call("getMainCoinList", own).await;
}

async fn swap(merchant: &mut Merchant) {
    let coins = merchant.call("getSwapCoinList", json!({})).await;
    assert!(coins["coins"].as_array().unwrap().len() > 2);
    let quote = json!({
        "coinIdIn": 1280, "amountIn": "10", "coinIdOut": 1329, "extraFeeRate": "0.01",
    });
    let quoted = merchant.call("estimate", quote).await;
    let order = json!({
        "orderId": "swap-1", "coinIdIn": 1280, "amountIn": "10", "coinIdOut": 1329,
        "amountOutMinimum": quoted["netAmountOut"],
    });
    let swapped = merchant.call("swap", order).await;
    let record_id = text(&swapped, "/recordId");
    let by_record = json!({ "recordId": record_id });
    let record = merchant.call("getSwapRecord", by_record).await;
    assert_eq!(record["record"]["orderId"], "swap-1");
    let from_usdt = json!({ "coinIdIn": 1280, "startAt": START, "endAt": START + 10 });
    let listed = merchant.call("getSwapRecordList", from_usdt).await;
    assert_eq!(listed["records"][0]["recordId"], record_id);
}

async fn asset(merchant: &mut Merchant) {
    let assets = merchant.call("getAppCoinAssetList", json!({})).await;
    assert_eq!(assets["assets"].as_array().unwrap().len(), 2);
    let usdt = json!({ "coinId": 1280 });
    let before = merchant.call("getAppCoinAsset", usdt.clone()).await;
    assert_eq!(before["asset"]["available"], "1000");
    let shop = json!({ "referenceId": "shop-1", "chain": "POLYGON" });
    let address = merchant.call("getOrCreateAppDepositAddress", shop).await;
    let address = text(&address, "/address");
    merchant
        .sandbox
        .sweep_address(&address, 1280, "0.25")
        .unwrap();
    let span = json!({ "startAt": START - 10, "endAt": START + 10, "address": address });
    let fees = merchant.call("getAggregationFeeRecord", span).await;
    assert_eq!(fees["list"][0]["collects"][0]["aggregationFee"], "0.25");
    let after = merchant.call("getAppCoinAsset", usdt).await;
    assert_eq!(after["asset"]["available"], "999.75");
}

async fn deposit(merchant: &mut Merchant) {
    let shop = json!({
        "referenceId": "shop-1", "chain": "POLYGON", "notifyUrl": "https://shop.example/notify",
    });
    let address = merchant
        .call("getOrCreateAppDepositAddress", shop.clone())
        .await;
    let again = merchant.call("getOrCreateAppDepositAddress", shop).await;
    assert_eq!(address, again);
    let address = text(&address, "/address");
    let money = IncomingPayment::new(&*address, "5").coin(1280, "POLYGON");
    let paid = merchant.sandbox.send_payment(money).unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let by_record = json!({ "recordId": paid.record_id });
    let record = merchant.call("getAppDepositRecord", by_record).await;
    assert_eq!(record["record"]["status"], "Success");
    let of_shop = json!({ "referenceId": "shop-1", "limit": 5 });
    let listed = merchant.call("getAppDepositRecordList", of_shop).await;
    assert_eq!(listed["records"][0]["recordId"], paid.record_id);
    let release = json!({ "chain": "POLYGON", "address": address });
    let released = merchant.call("addressUnbinding", release).await;
    assert_eq!(released["referenceID"], "shop-1");
}

async fn order(merchant: &mut Merchant) {
    let order = json!({
        "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "20.01",
        "fiatId": 1033, "product": "two pens", "buyerEmail": "jane@shop.example",
        "expiredAt": START + 3_600, "generateCheckoutURL": true,
        "notifyUrl": "https://shop.example/notify", "returnUrl": "https://shop.example/thanks",
        "closeUrl": "https://shop.example/closed",
    });
    let opened = merchant.call("createAppOrderDepositAddress", order).await;
    let (address, amount) = (text(&opened, "/address"), text(&opened, "/amount"));
    let paid = merchant.sandbox.pay(&address, &amount).unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let by_order = json!({ "orderId": "order-1" });
    let info = merchant.call("getAppOrderInfo", by_order).await;
    assert_eq!(info["paidList"][0]["status"], "Success");

    let invoice = json!({
        "orderId": "invoice-1", "price": "12.5", "priceFiatId": 1033, "product": "a pen",
        "buyerEmail": "jane@shop.example",
    });
    merchant.call("createInvoiceUrl", invoice).await;
    let picked = merchant
        .sandbox
        .pick_coin("invoice-1", 1280, "POLYGON")
        .unwrap();
    let money = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    let paid = merchant.sandbox.send_payment(money).unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let by_order = json!({ "orderId": "invoice-1" });
    let info = merchant.call("getInvoiceOrderInfo", by_order).await;
    assert_eq!(info["paidList"].as_array().unwrap().len(), 1);
    assert_eq!(info["price"], "12.5");
}

async fn utility(merchant: &mut Merchant) {
    let asked = json!({ "chain": "POLYGON", "address": RECEIVER });
    let valid = merchant.call("checkWithdrawalAddressValidity", asked).await;
    assert_eq!(valid["addrIsValid"], true);
    let jane = json!({ "cwalletUserId": CWALLET });
    merchant.call("getCwalletUserId", jane).await;

    let shop = json!({ "referenceId": "shop-1", "chain": "POLYGON" });
    let address = merchant.call("getOrCreateAppDepositAddress", shop).await;
    let address = text(&address, "/address");
    let money = IncomingPayment::new(&*address, "5").coin(1280, "POLYGON");
    let lost = merchant.sandbox.send_payment(money.overlooked()).unwrap();
    assert!(merchant.sandbox.deposits().is_empty());
    let rescan = json!({ "chain": "POLYGON", "toAddress": address, "txId": lost.tx_id });
    merchant.call("rescanLostTransaction", rescan).await;
    let found = merchant.sandbox.deposits();
    assert_eq!(found.len(), 1);
    merchant.sandbox.confirm(&found[0].record_id).unwrap();

    let height = json!({ "record_id": found[0].record_id });
    let height = merchant.call("getPaymentBlockHeight", height).await;
    assert_eq!(height["chain"], "POLYGON");
    let missed = json!({
        "recordIds": [found[0].record_id], "startTimestamp": START - 60,
        "endTimestamp": START + 60, "webhookResult": "Failed", "transactionType": "AllType",
    });
    let resent = merchant.call("webhookResend", missed).await;
    assert_eq!(resent["resendCount"], 1);
}

async fn withdrawal(merchant: &mut Merchant) {
    let way = json!({ "coinId": 1280, "chain": "POLYGON" });
    let quote = merchant.call("getWithdrawFee", way).await;
    let to_network = json!({
        "orderId": "out-1", "coinId": 1280, "chain": "POLYGON", "address": RECEIVER,
        "amount": "10", "merchantPayNetworkFee": true,
        "networkFeeInquiryID": quote["networkFeeInquiryID"],
        "notifyUrl": "https://shop.example/notify",
    });
    let applied = merchant.call("applyAppWithdrawToNetwork", to_network).await;
    let to_cwallet = json!({
        "orderId": "out-2", "coinId": 1280, "cwalletUser": CWALLET, "amount": "3",
    });
    merchant.call("applyAppWithdrawToCwallet", to_cwallet).await;
    merchant.sandbox.settle_payouts();
    let by_order = json!({ "orderId": "out-1" });
    let record = merchant.call("getAppWithdrawRecord", by_order).await;
    assert_eq!(record["record"]["recordId"], applied["recordId"]);
    assert_eq!(record["record"]["status"], "Success");
    let all = json!({ "coinId": 1280, "orderIds": ["out-1", "out-2"] });
    let listed = merchant.call("getAppWithdrawRecordList", all).await;
    assert_eq!(listed["records"].as_array().unwrap().len(), 2);

    let sandbox = merchant.sandbox.clone();
    let own = sandbox.auto_payout(1280, "POLYGON", RECEIVER, "2").unwrap();
    let by_rule = json!({ "recordIds": [own] });
    let listed = merchant.call("getAutoWithdrawRecordList", by_rule).await;
    assert_eq!(listed["records"][0]["recordId"], own);

    let order = json!({ "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "7" });
    let opened = merchant.call("createAppOrderDepositAddress", order).await;
    let risky = sandbox.pay(&text(&opened, "/address"), "7").unwrap();
    sandbox.flag_risky(&risky.record_id).unwrap();
    sandbox.confirm(&risky.record_id).unwrap();
    let refund = sandbox.refund_risky(&risky.record_id).unwrap();
    let of_polygon = json!({ "chain": "POLYGON" });
    let listed = merchant.call("getRiskyRefundRecordList", of_polygon).await;
    assert_eq!(listed["records"][0]["recordId"], refund);
}

async fn batch_withdrawal(merchant: &mut Merchant) {
    let check = json!({ "chain": "POLYGON", "addressInfoList": [
        { "seq": 1, "address": RECEIVER },
        { "seq": 2, "address": "nowhere" },
    ]});
    let checked = merchant.call("checkWithdrawAddress", check).await;
    assert_eq!(checked["addressInfoResults"][1]["codes"][0], 14_024);
    let row = |seq: u64| {
        let address = if seq.is_multiple_of(2) {
            RECEIVER
        } else {
            OTHER
        };
        json!({
            "seq": seq, "orderId": format!("row-{seq}"), "address": address, "amount": "2.5",
            "remark": "salary",
        })
    };
    let apply = |id: &str| {
        json!({
            "batchOrderId": id, "coinId": 1280, "chain": "POLYGON", "mode": "Single",
            "taskName": "salaries", "orders": [row(1), row(2)],
        })
    };
    merchant.call("applyBatchWithdraw", apply("batch-1")).await;
    let more = json!({ "batchOrderId": "batch-1", "orders": [row(3)] });
    let appended = merchant.call("appendBatchWithdraw", more).await;
    assert_eq!(appended["total"], 3);
    let confirm = json!({ "batchOrderId": "batch-1" });
    let confirmed = merchant.call("confirmBatchWithdraw", confirm.clone()).await;
    assert_eq!(confirmed["status"], "Processing");
    assert_eq!(merchant.sandbox.settle_payouts(), 3);
    let paid = merchant
        .call("getBatchWithdrawOrder", confirm.clone())
        .await;
    assert_eq!(paid["status"], "Completed");
    let rows = merchant
        .call("getBatchWithdrawOrderRecordList", confirm)
        .await;
    assert_eq!(rows["records"].as_array().unwrap().len(), 3);

    merchant.call("applyBatchWithdraw", apply("batch-2")).await;
    let later = json!({ "batchOrderId": "batch-2", "delaySeconds": 600 });
    let waiting = merchant.call("confirmBatchWithdraw", later).await;
    assert_eq!(waiting["status"], "Pending");
    let stop = json!({ "batchOrderId": "batch-2" });
    let stopped = merchant.call("abortBatchWithdraw", stop).await;
    assert_eq!(stopped["canceledSeqs"], json!([1, 2]));
}

fn fund(merchant: &Merchant) {
    merchant.sandbox.fund(Some(JANE), 1280, "100").unwrap();
    merchant.sandbox.fund(Some(LI), 1280, "50").unwrap();
}

async fn user_balance(merchant: &mut Merchant) {
    fund(merchant);
    let jane = json!({ "userId": JANE });
    let assets = merchant.call("getUserCoinAssetList", jane).await;
    assert_eq!(assets["assets"][0]["available"], "100");
    let of_li = json!({ "userId": LI, "coinId": 1280 });
    let asset = merchant.call("getUserCoinAsset", of_li).await;
    assert_eq!(asset["asset"]["available"], "50");
}

async fn user_deposit(merchant: &mut Merchant) {
    let jane = json!({ "userId": JANE, "chain": "BSC" });
    let address = merchant.call("getOrCreateUserDepositAddress", jane).await;
    let money = IncomingPayment::new(text(&address, "/address"), "4").coin(1329, "BSC");
    let paid = merchant.sandbox.send_payment(money).unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let by_record = json!({ "recordId": paid.record_id });
    let record = merchant.call("getUserDepositRecord", by_record).await;
    assert_eq!(record["record"]["userId"], JANE);
    let of_jane = json!({ "userId": JANE, "coinId": 1329, "chain": "BSC" });
    let listed = merchant.call("getUserDepositRecordList", of_jane).await;
    assert_eq!(listed["records"][0]["recordId"], paid.record_id);
}

async fn user_withdrawal(merchant: &mut Merchant) {
    fund(merchant);
    let to_network = json!({
        "userId": JANE, "orderId": "out-1", "coinId": 1280, "chain": "POLYGON",
        "address": RECEIVER, "amount": "10",
    });
    merchant
        .call("applyUserWithdrawToNetwork", to_network)
        .await;
    let to_cwallet = json!({
        "userId": JANE, "orderId": "out-2", "coinId": 1280, "cwalletUser": CWALLET, "amount": "3",
    });
    merchant
        .call("applyUserWithdrawToCwallet", to_cwallet)
        .await;
    merchant.sandbox.settle_payouts();
    let by_order = json!({ "orderId": "out-1" });
    let record = merchant.call("getUserWithdrawRecord", by_order).await;
    assert_eq!(record["record"]["status"], "Success");
    let of_jane = json!({ "userId": JANE });
    let listed = merchant.call("getUserWithdrawRecordList", of_jane).await;
    assert_eq!(listed["records"].as_array().unwrap().len(), 2);
}

async fn user_transfer(merchant: &mut Merchant) {
    fund(merchant);
    let one = json!({
        "orderId": "gift-1", "fromUserId": JANE, "toUserId": LI, "coinId": 1280, "amount": "1.5",
        "remark": "for lunch",
    });
    let moved = merchant.call("userTransfer", one).await;
    let by_record = json!({ "recordId": moved["recordId"] });
    let record = merchant.call("getUserTransferRecord", by_record).await;
    assert_eq!(record["record"]["amount"], "1.5");
    let from_jane = json!({ "fromUserId": JANE });
    let listed = merchant.call("getUserTransferRecordList", from_jane).await;
    assert_eq!(listed["records"].as_array().unwrap().len(), 1);

    let many = json!({
        "orderId": "gifts-1", "userId": JANE, "coinId": 1280, "remark": "for all",
        "toUsers": [{ "userId": LI, "amount": "2" }, { "userId": APP_ID, "amount": "3" }],
    });
    let moved = merchant.call("userBatchTransfer", many).await;
    let by_order = json!({ "orderId": "gifts-1" });
    let record = merchant.call("getUserBatchTransferRecord", by_order).await;
    assert_eq!(record["record"]["recordId"], moved["recordId"]);
    let of_jane = json!({ "userId": JANE });
    let listed = merchant
        .call("getUserBatchTransferRecordList", of_jane)
        .await;
    assert_eq!(listed["records"].as_array().unwrap().len(), 1);
    let by_record = json!({ "recordId": moved["recordId"] });
    let parts = merchant
        .call("getUserBatchTransferRecordDetail", by_record)
        .await;
    assert_eq!(parts["records"].as_array().unwrap().len(), 2);
}

async fn user_swap(merchant: &mut Merchant) {
    fund(merchant);
    let order = json!({
        "orderId": "swap-1", "userId": JANE, "coinIdIn": 1280, "amountIn": "10",
        "coinIdOut": 1329, "extraFeeRate": "0.01", "amountOutMinimum": "1",
    });
    merchant.call("userSwap", order).await;
    let by_order = json!({ "orderId": "swap-1" });
    let record = merchant.call("getUserSwapRecord", by_order).await;
    assert_eq!(record["record"]["coinIdOut"], 1329);
    let of_jane = json!({ "userId": JANE });
    let listed = merchant.call("getUserSwapRecordList", of_jane).await;
    assert_eq!(listed["records"].as_array().unwrap().len(), 1);
}
