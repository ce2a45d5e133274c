//! What answers say where the sources leave a choice, and in which words the settings make them say
//! it.

use std::time::Duration;

use ccpayment_sandbox::{IncomingPayment, RecordSpelling, Sandbox, Setting};
use serde_json::{Value, json};

use crate::support::{APP_ID, RECEIVER, city, data, payout, refused, text};
use crate::v1_support::Older;

async fn record(sandbox: &Sandbox, route: &str, id: &str) -> Value {
    let mut found = data(sandbox, route, json!({ "orderId": id })).await;
    found["record"].take()
}

#[tokio::test]
async fn a_coin_has_its_price_and_a_network_its_protocol() {
    let sandbox = city();
    let usd = "1.0005".to_owned();
    sandbox
        .set(Setting::CoinPrice { coin_id: 1280, usd })
        .unwrap();
    let coin = data(&sandbox, "getCoin", json!({ "coinId": 1280 })).await;
    assert_eq!(coin["coin"]["price"], "1.0005");
    let protocol = |chain: &str| coin["coin"]["networks"][chain]["protocol"].clone();
    assert_eq!(protocol("ETH"), "ERC20");
    assert_eq!(protocol("TRX"), "TRC20");
    assert_eq!(protocol("POLYGON"), "POLYGON");
}

/// What was asked for keeps the price of its moment.
#[tokio::test]
async fn records_keep_the_price_of_their_moment() {
    let sandbox = city();
    let out = payout("out-1", "5");
    data(&sandbox, "applyAppWithdrawToNetwork", out.clone()).await;
    let mut user = out;
    user["userId"] = json!("alice");
    data(&sandbox, "applyUserWithdrawToNetwork", user).await;
    let gift = json!({
        "orderId": "gift-1", "fromUserId": "alice", "toUserId": "robert", "coinId": 1280,
        "amount": "1",
    });
    data(&sandbox, "userTransfer", gift).await;
    let gifts = json!({
        "orderId": "gifts-1", "userId": "alice", "coinId": 1280,
        "toUsers": [{ "userId": "robert", "amount": "1" }],
    });
    data(&sandbox, "userBatchTransfer", gifts).await;
    let usd = "7".to_owned();
    sandbox
        .set(Setting::CoinPrice { coin_id: 1280, usd })
        .unwrap();
    for (route, id) in [
        ("getAppWithdrawRecord", "out-1"),
        ("getUserWithdrawRecord", "out-1"),
        ("getUserTransferRecord", "gift-1"),
        ("getUserBatchTransferRecord", "gifts-1"),
    ] {
        let found = record(&sandbox, route, id).await;
        assert_eq!(found["coinUSDPrice"], "1.0002", "{route}");
    }
    let found = record(&sandbox, "getAppWithdrawRecord", "out-1").await;
    assert_eq!(found["appId"], APP_ID);
}

#[tokio::test]
async fn swaps_tell_the_prices_and_what_they_were_held_to() {
    let sandbox = city();
    let swap = json!({
        "orderId": "swap-1", "coinIdIn": 1280, "amountIn": "10", "coinIdOut": 1329,
        "amountOutMinimum": "1",
    });
    let made = data(&sandbox, "swap", swap).await;
    assert_eq!(made["from_coin_price"], "1.0002");
    assert_eq!(made["to_coin_price"], "1.1692");
    assert_eq!(made["amountOutMinimum"], "1");
    assert_eq!(made["extraFee"], "0");
    // Nobody took a surcharge.
    let found = record(&sandbox, "getSwapRecord", "swap-1").await;
    assert_eq!(
        (&found["extraFee"], &found["extraFeeRate"]),
        (&json!("0"), &json!("0"))
    );
}

#[tokio::test]
async fn what_the_gateway_begins_has_ids_and_a_fee() {
    let sandbox = city();
    let made = sandbox
        .auto_payout(1280, "POLYGON", RECEIVER, "20")
        .unwrap();
    let list = data(&sandbox, "getAutoWithdrawRecordList", json!({})).await;
    let found = &list["records"][0];
    assert_eq!(
        (&found["orderId"], &found["serviceFee"]),
        (&json!(made), &json!("0"))
    );
    // That is no order of the merchant.
    refused(
        &sandbox,
        "getAppWithdrawRecord",
        json!({ "orderId": made }),
        11_003,
    )
    .await;

    let order = json!({ "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "5" });
    let order = data(&sandbox, "createAppOrderDepositAddress", order).await;
    let paid = sandbox.pay(&text(&order["address"]), "5").unwrap();
    let asked = json!({ "recordId": paid.record_id });
    let found = data(&sandbox, "getAppDepositRecord", asked).await;
    assert_eq!(found["record"]["txIndex"], 0);
    sandbox.flag_risky(&paid.record_id).unwrap();
    sandbox.confirm(&paid.record_id).unwrap();
    sandbox.refund_risky(&paid.record_id).unwrap();
    let list = data(&sandbox, "getRiskyRefundRecordList", json!({})).await;
    assert_eq!(list["records"][0]["orderId"], "order-1");
}

#[tokio::test]
async fn a_price_comes_back_as_it_was_written() {
    let sandbox = city();
    let invoice = json!({ "orderId": "invoice-1", "price": "7.50", "priceFiatId": 1033 });
    data(&sandbox, "createInvoiceUrl", invoice).await;
    let asked = json!({ "orderId": "invoice-1" });
    let info = data(&sandbox, "getInvoiceOrderInfo", asked).await;
    assert_eq!(info["price"], "7.50");
}

#[tokio::test]
async fn both_names_of_a_field_of_v1_are_there() {
    let shop = Older::rich();
    let user = shop.data("check_user", json!({ "c_id": "9558861" })).await;
    assert_eq!(user["nickname"], user["nikename"]);
    assert_eq!(user["nickname"], "C***@proton.me");
    let paid = shop.data("withdraw", shop.payout("out", "5")).await;
    assert_eq!(paid["network_fee_crypto"], "USDT");
    assert_eq!(paid["network_symbol"], "USDT");
    let order = shop.data("create_order", shop.order("1", "5")).await;
    assert_eq!(
        (&order["amount"], &order["product_price"]),
        (&json!("5"), &json!("5"))
    );
    let detail = shop.info("1").await["order_detail"].take();
    assert_eq!(detail["rate"], detail["token_rate"]);
}

#[tokio::test]
async fn answers_of_v1_are_as_the_samples_write_them() {
    let shop = Older::rich();
    let opened = shop.data("create_order", shop.order("1", "5")).await;
    let paid = shop
        .sandbox
        .pay(&text(&opened["pay_address"]), "5")
        .unwrap();
    shop.sandbox.confirm(&paid.record_id).unwrap();
    assert_eq!(
        shop.info("1").await["trade_list"][0]["network_fee"],
        "0.0000"
    );
}

#[tokio::test]
async fn a_cwallet_account_is_named_by_its_id() {
    let sandbox = city();
    let out = json!({
        "orderId": "out-1", "coinId": 1280, "cwalletUser": "Jane@proton.me", "amount": "1",
    });
    data(&sandbox, "applyAppWithdrawToCwallet", out).await;
    let found = record(&sandbox, "getAppWithdrawRecord", "out-1").await;
    assert_eq!(found["cwalletUser"], "35255142");
    spell(&sandbox, RecordSpelling::CwalletAsAsked, true);
    let found = record(&sandbox, "getAppWithdrawRecord", "out-1").await;
    assert_eq!(found["cwalletUser"], "Jane@proton.me");
}

fn spell(sandbox: &Sandbox, spelling: RecordSpelling, on: bool) {
    sandbox.set(Setting::Spell { spelling, on }).unwrap();
}

#[tokio::test]
async fn a_record_says_the_same_in_other_words() {
    let sandbox = city();
    data(&sandbox, "applyAppWithdrawToNetwork", payout("out-1", "5")).await;
    let ripple = json!({
        "orderId": "out-2", "coinId": 1486, "chain": "XRP", "address": "rsomebody",
        "amount": "5", "memo": "007",
    });
    data(&sandbox, "applyAppWithdrawToNetwork", ripple).await;
    for (spelling, id, field, word, plain) in [
        (
            RecordSpelling::AddressesInSmall,
            "out-1",
            "toAddress",
            RECEIVER.to_lowercase(),
            RECEIVER,
        ),
        (
            RecordSpelling::ChainsByName,
            "out-1",
            "chain",
            "Polygon".to_owned(),
            "POLYGON",
        ),
        (
            RecordSpelling::NetAmounts,
            "out-1",
            "amount",
            "4.95".to_owned(),
            "5",
        ),
        (
            RecordSpelling::PaddedAmounts,
            "out-1",
            "amount",
            format!("5.{}", "0".repeat(24)),
            "5",
        ),
        (
            RecordSpelling::MemosAsNumbers,
            "out-2",
            "toMemo",
            "7".to_owned(),
            "007",
        ),
    ] {
        for (on, word) in [(true, word.as_str()), (false, plain)] {
            spell(&sandbox, spelling, on);
            let found = record(&sandbox, "getAppWithdrawRecord", id).await;
            assert_eq!(found[field], word, "{spelling:?} {on}");
            let list = data(&sandbox, "getAppWithdrawRecordList", json!({})).await;
            let rows = list["records"].as_array().unwrap();
            let row = rows.iter().find(|row| row["orderId"] == id).unwrap();
            assert_eq!(row[field], word, "{spelling:?} {on}");
        }
    }
}

#[tokio::test]
async fn a_record_lags_behind_its_notification() {
    let sandbox = city();
    sandbox.set(Setting::RecordLag(60)).unwrap();
    let second = Duration::from_secs(1);
    let order = json!({ "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "5" });
    let order = data(&sandbox, "createAppOrderDepositAddress", order).await;
    let paid = sandbox.pay(&text(&order["address"]), "5").unwrap();
    let asked = json!({ "recordId": paid.record_id });
    let info = json!({ "orderId": "order-1" });
    sandbox.set_webhook_url("http://merchant.test/hook");
    assert_eq!(sandbox.due_notifications().len(), 1);
    // It is not there.
    refused(&sandbox, "getAppDepositRecord", asked.clone(), 11_003).await;
    let list = data(&sandbox, "getAppDepositRecordList", json!({})).await;
    assert_eq!(list["records"], json!([]));
    let paid_list = data(&sandbox, "getAppOrderInfo", info.clone()).await;
    assert_eq!(paid_list["paidList"], json!([]));
    sandbox.advance(second * 60);
    let found = data(&sandbox, "getAppDepositRecord", asked.clone()).await;
    assert_eq!(found["record"]["status"], "Processing");
    // It is there, and says what was before.
    sandbox.confirm(&paid.record_id).unwrap();
    for (wait, status) in [(0, "Processing"), (59, "Processing"), (1, "Success")] {
        sandbox.advance(second * wait);
        let found = data(&sandbox, "getAppDepositRecord", asked.clone()).await;
        assert_eq!(found["record"]["status"], status, "{wait}");
        let order = data(&sandbox, "getAppOrderInfo", info.clone()).await;
        assert_eq!(order["paidList"][0]["status"], status, "{wait}");
    }

    data(&sandbox, "applyAppWithdrawToNetwork", payout("out-1", "5")).await;
    let found = record(&sandbox, "getAppWithdrawRecord", "out-1").await;
    // Its answer told of it.
    assert_eq!(found["status"], "Processing");
    sandbox.fail(&text(&found["recordId"])).unwrap();
    for (wait, status) in [(0, "Processing"), (60, "Failed")] {
        sandbox.advance(second * wait);
        let found = record(&sandbox, "getAppWithdrawRecord", "out-1").await;
        assert_eq!(found["status"], status, "{wait}");
    }
    let amount = "1".to_owned();
    sandbox
        .set(Setting::ApprovalAbove {
            coin_id: 1280,
            amount,
        })
        .unwrap();
    data(&sandbox, "applyAppWithdrawToNetwork", payout("out-2", "5")).await;
    let found = record(&sandbox, "getAppWithdrawRecord", "out-2").await;
    sandbox.approve(&text(&found["recordId"])).unwrap();
    for (wait, status) in [(0, "WaitingApproval"), (60, "Processing")] {
        sandbox.advance(second * wait);
        let found = record(&sandbox, "getAppWithdrawRecord", "out-2").await;
        assert_eq!(found["status"], status, "{wait}");
    }
}

/// An invoice counts what can be read, no more.
#[tokio::test]
async fn an_invoice_lags_with_its_payments() {
    let sandbox = city();
    sandbox.set(Setting::RecordLag(60)).unwrap();
    let invoice = json!({ "orderId": "invoice-1", "price": "5", "priceCoinId": 1280 });
    data(&sandbox, "createInvoiceUrl", invoice).await;
    let picked = sandbox.pick_coin("invoice-1", 1280, "POLYGON").unwrap();
    let money = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    let paid = sandbox.send_payment(money).unwrap();
    sandbox.confirm(&paid.record_id).unwrap();
    let asked = json!({ "orderId": "invoice-1" });
    let info = data(&sandbox, "getInvoiceOrderInfo", asked.clone()).await;
    assert_eq!(
        (&info["paidList"], &info["totalPaidValue"]),
        (&json!([]), &json!("0"))
    );
    sandbox.advance(Duration::from_secs(60));
    let info = data(&sandbox, "getInvoiceOrderInfo", asked).await;
    assert_eq!(info["totalPaidValue"], "5");
}
