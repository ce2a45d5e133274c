//! Every check with its code.

use serde_json::{Value, json};

use crate::support::{APP_ID, Merchant, RECEIVER, SECRET, START, builder, payout, sign};

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().unwrap().remove(name);
    body
}

fn order(order_id: &str) -> Value {
    json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": "1" })
}

async fn refused(merchant: &Merchant, route: &str, body: Value, code: u32) -> String {
    let envelope = merchant.call(route, body.clone()).await;
    assert_eq!(envelope["code"], code, "{route} {body} {envelope}");
    assert_eq!(envelope["data"], json!({}));
    envelope["msg"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn headers_are_checked_first() {
    let merchant = Merchant::rich().await;
    for missing in ["Appid", "Timestamp", "Sign", "Content-Type"] {
        let mut headers = merchant.headers("{}");
        headers.retain(|(name, _)| name != missing);
        let (status, _, envelope) = merchant.send("getCoinList", &headers, "{}").await.unwrap();
        assert_eq!((status, &envelope["code"]), (200, &json!(11_001)));
        assert!(
            envelope["msg"].as_str().unwrap().contains(missing),
            "{envelope}"
        );
    }
    // Names are compared without case, and a character set may follow the type.
    let mut headers = merchant.headers("{}");
    for (name, value) in &mut headers {
        *name = name.to_ascii_uppercase();
        if name == "CONTENT-TYPE" {
            *value += "; charset=utf-8";
        }
    }
    assert_eq!(
        merchant
            .send("getCoinList", &headers, "{}")
            .await
            .unwrap()
            .2["code"],
        10_000
    );
}

/// Sends `{}` to getCoinList with these headers.
async fn code_for(merchant: &Merchant, app_id: &str, timestamp: &str, signature: &str) -> Value {
    let headers = [
        ("Appid", app_id),
        ("Timestamp", timestamp),
        ("Sign", signature),
        ("Content-Type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    merchant
        .send("getCoinList", &headers, "{}")
        .await
        .unwrap()
        .2["code"]
        .clone()
}

#[tokio::test]
async fn who_is_calling_and_when() {
    let merchant = Merchant::rich().await;
    let now = START.to_string();
    let good = sign(SECRET, APP_ID, &now, b"{}");
    assert_eq!(code_for(&merchant, APP_ID, &now, &good).await, 10_000);

    let other = "testappid0000002";
    assert_eq!(
        code_for(&merchant, other, &now, &sign(SECRET, other, &now, b"{}")).await,
        12_001
    );

    for (timestamp, code) in [
        (START - 120, 10_000),
        (START + 120, 10_000),
        (START - 121, 11_006),
        (START + 121, 11_006),
        (START * 1_000, 11_006),
    ] {
        let timestamp = timestamp.to_string();
        let signature = sign(SECRET, APP_ID, &timestamp, b"{}");
        assert_eq!(
            code_for(&merchant, APP_ID, &timestamp, &signature).await,
            code,
            "{timestamp}"
        );
    }
    let odd = "175000000x";
    assert_eq!(
        code_for(&merchant, APP_ID, odd, &sign(SECRET, APP_ID, odd, b"{}")).await,
        11_006
    );

    for signature in [
        sign("anothersecret", APP_ID, &now, b"{}"),
        sign(SECRET, APP_ID, &now, b""),
        good.to_ascii_uppercase(),
        good[..62].to_owned(),
        "nothing".to_owned(),
    ] {
        assert_eq!(
            code_for(&merchant, APP_ID, &now, &signature).await,
            11_005,
            "{signature}"
        );
    }
}

#[tokio::test]
async fn an_empty_body_is_an_empty_object() {
    let merchant = Merchant::rich().await;
    for body in ["", "{}"] {
        assert_eq!(merchant.text("getCoinList", body).await["code"], 10_000);
        assert_eq!(
            merchant.text("getCoin", body).await["msg"],
            "InvalidArgument: `coinId` is required"
        );
    }
    assert_eq!(merchant.text("getCoinList", "[]").await["code"], 11_000);
}

#[tokio::test]
async fn bodies_obey_their_schema() {
    let merchant = Merchant::rich().await;
    for (route, body, part) in [
        (
            "getCoin",
            json!({ "coinId": "1280" }),
            "`coinId` must be of type integer",
        ),
        (
            "getCoin",
            json!({ "coinID": 1280 }),
            "did you mean `coinId`?",
        ),
        (
            "getAppOrderInfo",
            json!({ "orderId": "ab" }),
            "`orderId` needs at least 3",
        ),
        (
            "getAppOrderInfo",
            json!({ "orderId": "x".repeat(65) }),
            "`orderId` takes at most 64",
        ),
        ("getAppDepositRecord", json!({}), "`recordId` is required"),
        (
            "getAppWithdrawRecord",
            json!({}),
            "`recordId` is required, or `orderId` is required",
        ),
        (
            "createAppOrderDepositAddress",
            without(order("abc"), "chain"),
            "`chain` is required",
        ),
        (
            "createAppOrderDepositAddress",
            with(order("abc"), "price", json!(1)),
            "`price` must be of type string",
        ),
        (
            "createAppOrderDepositAddress",
            with(order("abc"), "product", json!("p".repeat(121))),
            "`product` takes",
        ),
        (
            "applyAppWithdrawToNetwork",
            with(payout("abc", "1"), "adress", json!("x")),
            "did you mean `address`?",
        ),
        (
            "applyAppWithdrawToNetwork",
            with(payout("abc", "1"), "merchantPayNetworkFee", json!("true")),
            "boolean",
        ),
    ] {
        let message = refused(&merchant, route, body, 11_000).await;
        assert!(message.contains(part), "{message}");
    }
    // JSON Schema calls these integers, 64 bits don't hold them.
    for number in ["1280.0", "99999999999999999999", "1e3"] {
        let envelope = merchant
            .text("getCoin", &format!("{{\"coinId\":{number}}}"))
            .await;
        assert_eq!(envelope["code"], 11_000, "{number} {envelope}");
    }
    assert!(merchant.sandbox.deposits().is_empty() && merchant.sandbox.payouts().is_empty());
}

#[tokio::test]
async fn orders_are_checked_against_the_state() {
    let merchant = Merchant::rich().await;
    let route = "createAppOrderDepositAddress";
    refused(
        &merchant,
        route,
        with(order("abc"), "coinId", json!(9)),
        13_000,
    )
    .await;
    refused(
        &merchant,
        route,
        with(order("abc"), "chain", json!("EOS")),
        13_001,
    )
    .await;
    refused(
        &merchant,
        route,
        with(order("abc"), "chain", json!("polygon")),
        13_001,
    )
    .await;
    refused(
        &merchant,
        route,
        with(order("abc"), "expiredAt", json!(START + 864_001)),
        11_012,
    )
    .await;
    refused(
        &merchant,
        route,
        with(order("abc"), "fiatId", json!(9)),
        11_000,
    )
    .await;
    for price in [
        "0",
        "-1",
        "0.000",
        "1e3",
        "1,5",
        " 1",
        ".5",
        "5.",
        "NaN",
        &"9".repeat(81),
    ] {
        refused(
            &merchant,
            route,
            with(order("abc"), "price", json!(price)),
            11_000,
        )
        .await;
    }
    let fiat = with(order("abc"), "fiatId", json!(1_033));
    refused(
        &merchant,
        route,
        with(fiat.clone(), "price", json!("1.001")),
        14_013,
    )
    .await;
    refused(
        &merchant,
        route,
        with(
            order("abc"),
            "price",
            json!(format!("0.{}1", "0".repeat(18))),
        ),
        14_013,
    )
    .await;
    refused(
        &merchant,
        route,
        with(
            order("abc"),
            "price",
            json!(format!("1.{}", "0".repeat(24))),
        ),
        14_013,
    )
    .await;

    // The refused ones left no trace, and the last moment is still allowed.
    let last = with(
        with(fiat, "price", json!("1.01")),
        "expiredAt",
        json!(START + 864_000),
    );
    assert_eq!(merchant.call(route, last).await["code"], 10_000);
    refused(&merchant, route, order("abc"), 11_011).await;
    // Withdrawals have order ids of their own.
    assert_eq!(
        merchant
            .call("applyAppWithdrawToNetwork", payout("abc", "1"))
            .await["code"],
        10_000
    );
    refused(
        &merchant,
        "applyAppWithdrawToNetwork",
        payout("abc", "1"),
        11_011,
    )
    .await;
}

#[tokio::test]
async fn withdrawals_are_checked_against_the_state() {
    let merchant = Merchant::rich().await;
    let own = merchant.order("own", "1").await;
    let route = "applyAppWithdrawToNetwork";
    let base = || payout("abc", "1");
    for (body, code) in [
        (with(base(), "coinId", json!(9)), 13_000),
        (with(base(), "chain", json!("EOS")), 13_001),
        (payout("abc", "1.0000001"), 14_013),
        (payout("abc", "1.0000000"), 14_013),
        (payout("abc", "0.000001"), 14_005),
        (payout("abc", "0.024999"), 14_005),
        (payout("abc", "0.05"), 14_019),
        (payout("abc", "1000.000001"), 14_000),
        (payout("abc", &"9".repeat(80)), 14_000),
        (
            with(
                payout("abc", "999.96"),
                "merchantPayNetworkFee",
                json!(true),
            ),
            14_000,
        ),
        (with(base(), "memo", json!("7")), 14_009),
        (with(base(), "address", json!("0x12")), 14_007),
        (
            with(base(), "address", json!(RECEIVER.replace("0x", "0X"))),
            14_007,
        ),
        (with(base(), "address", json!(own)), 14_008),
        (
            with(base(), "address", json!(own.to_ascii_lowercase())),
            14_008,
        ),
        (payout("abc", "0"), 11_000),
        (payout("abc", "-1"), 11_000),
        (payout("abc", "1e1"), 11_000),
        (payout("abc", &"9".repeat(81)), 11_000),
    ] {
        refused(&merchant, route, body, code).await;
    }
    let on_tron = |address: &str, amount: &str| json!({ "orderId": "tron", "coinId": 1482, "chain": "TRX", "address": address, "amount": amount });
    refused(
        &merchant,
        route,
        on_tron("TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLg", "2"),
        14_007,
    )
    .await;
    refused(
        &merchant,
        route,
        on_tron("TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLgL", "100000.1"),
        14_006,
    )
    .await;
    let tether = |amount: &str| json!({ "orderId": "teth", "coinId": 1891, "chain": "ETH_SEPOLIA", "address": RECEIVER, "amount": amount });
    refused(&merchant, route, tether("10.1"), 14_006).await;
    let ripple = json!({ "orderId": "xrp", "coinId": 1486, "chain": "XRP", "address": "rsomebody", "amount": "5" });
    refused(&merchant, route, ripple.clone(), 14_003).await;
    refused(
        &merchant,
        route,
        with(ripple.clone(), "memo", json!("")),
        14_003,
    )
    .await;

    assert!(merchant.sandbox.payouts().is_empty());
    assert_eq!(merchant.available(1280).await, "1000");
    for body in [
        on_tron("TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLgL", "2"),
        tether("10"),
        with(ripple, "memo", json!("7")),
        with(base(), "memo", json!("")),
        with(
            payout("all", "998.95"),
            "merchantPayNetworkFee",
            json!(true),
        ),
    ] {
        let envelope = merchant.call(route, body).await;
        assert_eq!(envelope["code"], 10_000, "{envelope}");
    }
    assert_eq!(merchant.available(1280).await, "0");
}

#[tokio::test]
async fn records_that_do_not_exist() {
    let merchant = Merchant::new(builder()).await;
    refused(&merchant, "getCoin", json!({ "coinId": 9 }), 13_000).await;
    refused(&merchant, "getAppCoinAsset", json!({ "coinId": 9 }), 13_000).await;
    refused(
        &merchant,
        "getAppOrderInfo",
        json!({ "orderId": "abc" }),
        11_003,
    )
    .await;
    refused(
        &merchant,
        "getAppDepositRecord",
        json!({ "recordId": "abc" }),
        11_003,
    )
    .await;
    refused(
        &merchant,
        "getAppWithdrawRecord",
        json!({ "recordId": "abc" }),
        11_003,
    )
    .await;
    refused(
        &merchant,
        "getAppWithdrawRecord",
        json!({ "orderId": "abc" }),
        11_003,
    )
    .await;
    assert_eq!(merchant.available(1280).await, "0");
}
