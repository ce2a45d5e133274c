//! Orders and withdrawals from beginning to end.

use std::time::Duration;

use ccpayment_sandbox::SandboxError;
use serde_json::{Value, json};

use crate::support::{Merchant, RECEIVER, START, builder, payout};

#[tokio::test]
async fn an_order_is_paid_in_part_then_whole_then_once_more() {
    let merchant = Merchant::new(builder()).await;
    let sandbox = &merchant.sandbox;
    let address = merchant.order("order-1", "30").await;

    let part = sandbox.pay(&address, "10").unwrap();
    sandbox.advance(Duration::from_secs(60));
    let rest = sandbox.pay(&address.to_ascii_lowercase(), "20").unwrap();
    sandbox.confirm(&part.record_id).unwrap();
    let again = sandbox.pay(&address, "30.000001").unwrap();

    let info = merchant
        .data("getAppOrderInfo", json!({ "orderId": "order-1" }))
        .await;
    assert_eq!(info["amountToPay"], "30");
    assert_eq!(info["toAddress"], address.to_ascii_lowercase());
    assert_eq!(info["createAt"], START);
    assert_eq!(info["expiredAt"], START + 86_400);
    let rows = info["paidList"].as_array().unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["recordId"].as_str().unwrap(),
                row["status"].as_str().unwrap(),
                row["arrivedAt"].clone(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (part.record_id.as_str(), "Success", json!(START)),
            (&rest.record_id, "Processing", json!(START + 60)),
            (&again.record_id, "Processing", json!(START + 60)),
        ]
    );
    assert_eq!(merchant.available(1280).await, "9.95");

    assert_eq!(sandbox.confirm_all(), 2);
    assert_eq!(merchant.available(1280).await, "59.700001");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.balance("gateway:fees", 1280), "0.3");
    assert_eq!(ledger.balance("external:chain", 1280), "-60.000001");
    assert!(ledger.is_balanced());

    let record = merchant
        .data(
            "getAppDepositRecord",
            json!({ "recordId": again.record_id }),
        )
        .await;
    let record = &record["record"];
    assert_eq!(record["amount"], "30.000001");
    assert_eq!(record["serviceFee"], "0.15");
    assert_eq!(record["txId"], again.tx_id);
    assert_eq!(record["orderId"], "order-1");
    assert_eq!(record["isFlaggedAsRisky"], false);
}

#[tokio::test]
async fn a_risky_deposit_succeeds_without_credit_and_a_failed_one_does_not() {
    let merchant = Merchant::new(builder()).await;
    let sandbox = &merchant.sandbox;
    let address = merchant.order("order-1", "10").await;
    let risky = sandbox.pay(&address, "10").unwrap();
    let failed = sandbox.pay(&address, "10").unwrap();
    sandbox.flag_risky(&risky.record_id).unwrap();
    sandbox.fail(&failed.record_id).unwrap();
    sandbox.confirm(&risky.record_id).unwrap();

    let record = merchant
        .data(
            "getAppDepositRecord",
            json!({ "recordId": risky.record_id }),
        )
        .await;
    assert_eq!(record["record"]["status"], "Success");
    assert_eq!(record["record"]["isFlaggedAsRisky"], true);
    let record = merchant
        .data(
            "getAppDepositRecord",
            json!({ "recordId": failed.record_id }),
        )
        .await;
    assert_eq!(record["record"]["status"], "Failed");
    assert_eq!(merchant.available(1280).await, "0");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.balance("gateway:risky", 1280), "10");
    assert_eq!(ledger.entries().len(), 1);

    // What has ended stays as it ended.
    for record_id in [&risky.record_id, &failed.record_id] {
        assert!(matches!(
            sandbox.confirm(record_id),
            Err(SandboxError::NotProcessing { .. })
        ));
        assert!(matches!(
            sandbox.fail(record_id),
            Err(SandboxError::NotProcessing { .. })
        ));
        assert!(matches!(
            sandbox.flag_risky(record_id),
            Err(SandboxError::NotProcessing { .. })
        ));
    }
}

#[tokio::test]
async fn what_no_chain_could_carry_does_not_arrive() {
    let merchant = Merchant::new(builder()).await;
    let sandbox = &merchant.sandbox;
    let address = merchant.order("order-1", "10").await;
    let invalid = |amount: &str| {
        matches!(
            sandbox.pay(&address, amount),
            Err(SandboxError::InvalidAmount { .. })
        )
    };
    for amount in ["0", "-1", "0.0000001", "1e3", "", "ten", &"9".repeat(81)] {
        assert!(invalid(amount), "{amount}");
    }
    // By value here: it is the chain that counts, and the chain has no trailing zeros.
    let payment = sandbox.pay(&address, "1.000000000000000000000000").unwrap();
    let huge = sandbox.pay(&address, &"9".repeat(80)).unwrap();
    let least = sandbox.pay(&address, "0.000001").unwrap();
    sandbox.confirm_all();
    for (payment, amount, fee) in [
        (&payment, "1", "0.005"),
        (&least, "0.000001", "0"),
        (
            &huge,
            "9".repeat(80).as_str(),
            &format!("4{}.995", "9".repeat(77)),
        ),
    ] {
        let record = merchant
            .data(
                "getAppDepositRecord",
                json!({ "recordId": payment.record_id }),
            )
            .await;
        assert_eq!(record["record"]["amount"], amount);
        assert_eq!(record["record"]["serviceFee"], fee);
    }
    assert!(sandbox.ledger().is_balanced());

    assert!(matches!(
        sandbox.pay("0x00", "1"),
        Err(SandboxError::UnknownAddress(_))
    ));
    assert!(matches!(
        sandbox.confirm("1"),
        Err(SandboxError::UnknownRecord(_))
    ));
    sandbox.advance(Duration::from_secs(8 * 86_400));
    assert!(sandbox.pay(&address, "1").is_ok());
    sandbox.advance(Duration::from_secs(1));
    assert!(matches!(
        sandbox.pay(&address, "1"),
        Err(SandboxError::OrderTooOld(_))
    ));
}

#[tokio::test]
async fn a_price_in_fiat_is_rounded_up_to_what_can_be_paid() {
    let merchant = Merchant::new(builder()).await;
    let order = |order_id: &str, coin_id: u64, price: &str| {
        json!({
            "orderId": order_id, "coinId": coin_id, "chain": "POLYGON", "price": price, "fiatId": 1_033,
            "generateCheckoutURL": true, "buyerEmail": "buyer@example.com",
        })
    };
    let data = merchant
        .data("createAppOrderDepositAddress", order("matic", 1329, "0.01"))
        .await;
    assert_eq!(data["amount"], "0.008552856654122477");
    assert_eq!(data["confirmsNeeded"], 50);
    let data = merchant
        .data("createAppOrderDepositAddress", order("usdt", 1280, "10"))
        .await;
    assert_eq!(data["amount"], "9.998001");
    merchant
        .sandbox
        .pay(data["address"].as_str().unwrap(), "9.998001")
        .unwrap();

    let info = merchant
        .data("getAppOrderInfo", json!({ "orderId": "usdt" }))
        .await;
    assert_eq!(info["rate"], "1.0002");
    assert_eq!(info["fiatId"], 1_033);
    assert_eq!(info["fiatSymbol"], "USD");
    assert_eq!(info["checkoutUrl"], data["checkoutUrl"]);
    assert_eq!(info["buyerEmail"], "buyer@example.com");
    assert_eq!(info["paidList"][0]["rate"], "1.0002");

    // Priced in the coin itself: finer than the chain, so rounded up.
    let fine = json!({ "orderId": "fine", "coinId": 1280, "chain": "POLYGON", "price": "0.000000000000000001" });
    let data = merchant.data("createAppOrderDepositAddress", fine).await;
    assert_eq!(data["amount"], "0.000001");
    assert_eq!(data["memo"], "");
    assert_eq!(data.get("checkoutUrl"), None);
    let memo = json!({ "orderId": "memo", "coinId": 1486, "chain": "XRP", "price": "1" });
    let data = merchant.data("createAppOrderDepositAddress", memo).await;
    assert_ne!(data["memo"], "");
    let info = merchant
        .data("getAppOrderInfo", json!({ "orderId": "memo" }))
        .await;
    assert_eq!(info["toMemo"], data["memo"]);
}

async fn record(merchant: &Merchant, query: Value) -> Value {
    merchant.data("getAppWithdrawRecord", query).await["record"].take()
}

#[tokio::test]
async fn the_network_fee_comes_from_the_amount_or_on_top() {
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    let taken = merchant
        .data("applyAppWithdrawToNetwork", payout("taken", "100"))
        .await;
    assert_eq!(merchant.available(1280).await, "900");
    assert_eq!(sandbox.ledger().balance("network:fees", 1280), "0.05");

    let mut on_top = payout("on-top", "100");
    on_top["merchantPayNetworkFee"] = json!(true);
    let on_top = merchant.data("applyAppWithdrawToNetwork", on_top).await;
    assert_eq!(merchant.available(1280).await, "799.95");

    let by_order = record(&merchant, json!({ "orderId": "taken" })).await;
    assert_eq!(
        by_order,
        record(&merchant, json!({ "recordId": taken["recordId"] })).await
    );
    assert_eq!(
        by_order,
        record(
            &merchant,
            json!({ "recordId": taken["recordId"], "orderId": "taken" })
        )
        .await
    );
    let mixed = json!({ "recordId": taken["recordId"], "orderId": "on-top" });
    assert_eq!(
        merchant.call("getAppWithdrawRecord", mixed).await["code"],
        11_003
    );
    assert_eq!(by_order["status"], "Processing");
    assert_eq!(by_order["txId"], "");
    assert_eq!(by_order["amount"], "100");
    assert_eq!(by_order["toAddress"], RECEIVER);
    assert_eq!(
        by_order["fee"],
        json!({ "coinId": 1280, "coinSymbol": "USDT", "amount": "0.05" })
    );

    // A failed one is given back whole, fee included.
    sandbox.fail(on_top["recordId"].as_str().unwrap()).unwrap();
    assert_eq!(merchant.available(1280).await, "900");
    assert_eq!(sandbox.settle_payouts(), 1);
    let settled = record(&merchant, json!({ "orderId": "taken" })).await;
    assert_eq!(settled["status"], "Success");
    assert_eq!(settled["txId"].as_str().unwrap().len(), 66);
    let failed = record(&merchant, json!({ "orderId": "on-top" })).await;
    assert_eq!(
        (&failed["status"], &failed["txId"]),
        (&json!("Failed"), &json!(""))
    );
    // The id stays taken.
    assert_eq!(
        merchant
            .call("applyAppWithdrawToNetwork", payout("on-top", "100"))
            .await["code"],
        11_011
    );
    assert!(sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn one_seed_one_world() {
    let mut worlds = Vec::new();
    for seed in [1, 1, 2] {
        let merchant = Merchant::new(builder().seed(seed).balance(1280, "10")).await;
        let address = merchant.order("order-1", "1").await;
        let payment = merchant.sandbox.pay(&address, "1").unwrap();
        let record = merchant
            .data("applyAppWithdrawToNetwork", payout("abc", "1"))
            .await;
        assert_eq!(payment.record_id.len(), 32);
        assert!(
            payment.record_id.starts_with("20250615150640"),
            "{}",
            payment.record_id
        );
        worlds.push((address, payment, record));
    }
    assert_eq!(worlds[0], worlds[1]);
    assert_ne!(worlds[0], worlds[2]);
}
