//! Every route of the older API, and what it refuses.

use bytes::Bytes;
use ccpayment_sandbox::{Fault, IncomingPayment, RequestWarning, Setting};
use http::Request;
use serde_json::{Value, json};

use crate::odd_bodies::odd;
use crate::sent_fields::never_sent;
use crate::support::{APP_ID, LOOPBACK, RECEIVER, START, exchange};
use crate::v1_support::{Older, document, sign};

#[tokio::test]
async fn every_route_answers_as_documented() {
    let shop = Older::rich();
    let token = shop.token(1280, "POLYGON");

    let coins = shop.data("list_coins", json!({})).await;
    let coins = coins["list"].as_array().unwrap();
    let usdt = coins.iter().find(|coin| coin["crypto"] == "USDT").unwrap();
    let polygon = usdt["tokens"].as_array().unwrap();
    let polygon = polygon.iter().find(|token| token["chain"] == "POLYGON");
    assert_eq!(polygon.unwrap()["token_id"], token.as_str());
    let rate = json!({ "amount": "10", "token_id": token });
    let rate = shop.data("get_token_rate", rate).await;
    assert_eq!(
        rate,
        json!({ "price": "1.0002", "value": "9.998000399920015996" })
    );
    let fee = json!({ "token_id": token, "address": RECEIVER });
    let fee = shop.data("get_network_fee", fee).await;
    assert_eq!(
        fee,
        json!({ "token_id": token, "crypto": "USDT", "fee": "0.05" })
    );
    let inside = json!({ "token_id": token, "address": "9558861" });
    assert_eq!(shop.data("get_network_fee", inside).await["fee"], "0");
    let heights = shop.data("get_block_height", json!({})).await;
    assert_eq!(heights.as_array().unwrap().len(), 20);
    let tokens = shop.data("list_support_tokens_legacy", json!({})).await;
    assert_eq!(tokens["list"].as_array().unwrap().len(), coins.len());
    let chains = json!({ "token_id": token });
    let chains = shop.data("list_token_chains_legacy", chains).await;
    assert_eq!(chains["list"].as_array().unwrap().len(), 8);
    let user = shop.data("check_user", json!({ "c_id": "9558861" })).await;
    assert_eq!(user["c_id"], "9558861");
    let all = shop.data("get_assets", json!({})).await;
    assert_eq!(all["list"].as_array().unwrap().len(), 2);
    let one = json!({ "coin_id": usdt["coin_id"] });
    let one = shop.data("get_assets", one).await;
    assert_eq!(one["list"][0]["value"], "1000");

    let opened = shop.data("create_order", shop.order("1", "20")).await;
    assert_eq!(opened["network"], "POLYGON");
    assert_eq!(opened["amount"], "20");
    let page =
        json!({ "merchant_order_id": "2", "product_price": "9.99", "product_name": "a book" });
    let page = shop.data("get_checkout_url", page).await;
    assert!(
        page["payment_url"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    let user = json!({ "user_id": "user-1", "chain": "TRX" });
    let address = shop.data("get_permanent_address", user.clone()).await;
    assert_eq!(address, shop.data("get_permanent_address", user).await);
    let paid = shop.data("withdraw", shop.payout("out", "5")).await;
    assert_eq!(paid["network_fee"], "0.05");
    assert_eq!(paid["net_receivable"], "4.95");
    assert_eq!(
        shop.info("1").await["order_detail"]["status"],
        "Awaiting payment"
    );
    assert_eq!(
        shop.info("out").await["order_detail"]["status"],
        "Processing"
    );
    shop.data("resend_webhooks", json!({ "start_timestamp": START }))
        .await;

    let page = json!({
        "merchant_order_id": "page", "product_price": "20", "product_name": "a book",
    });
    shop.data("get_checkout_url", page).await;
    let picked = shop.sandbox.pick_coin("page", 1280, "POLYGON").unwrap();
    let paid = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    let paid = shop.sandbox.send_payment(paid).unwrap();
    shop.sandbox.confirm(&paid.record_id).unwrap();
    let before = shop.info("page").await;
    assert_eq!(before["refund_list"], json!([]));
    shop.sandbox.dashboard_refund(&paid.record_id, "5").unwrap();
    shop.info("page").await;

    let proven = shop.proven.lock().unwrap().clone();
    let document = document();
    let never: Vec<_> = never_sent(&document, &shop.sent.lock().unwrap())
        .into_iter()
        .collect();
    // Only the Java client has it, and nobody says what it is.
    assert_eq!(never, ["TokenNetwork.type_symbol"]);
    let documented = document["paths"].as_object().unwrap().values();
    let documented: std::collections::BTreeSet<&str> = documented
        .map(|path| path["post"]["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(proven, documented);
    assert_eq!(proven.len(), 14);
    assert!(shop.sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn nothing_to_say_is_an_empty_body_or_an_empty_object() {
    let shop = Older::rich();
    for body in ["", "{}"] {
        assert_eq!(shop.text("list_coins", body).await["code"], 10_000);
        assert_eq!(shop.text("get_assets", body).await["code"], 10_000);
    }
}

#[tokio::test]
async fn only_a_right_and_fresh_signature_opens_the_door() {
    let shop = Older::rich();
    let body = json!({ "c_id": "9558861" }).to_string();
    let now = shop.sandbox.now();
    let stamp = |at: u64| at.to_string();
    let right = sign(&stamp(now), body.as_bytes());
    let mut flipped = right.clone().into_bytes();
    flipped[63] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    let hmac = crate::support::sign(crate::support::SECRET, APP_ID, &stamp(now), body.as_bytes());
    for (app_id, timestamp, sign, code) in [
        (APP_ID, stamp(now), right.clone(), 10_000),
        (
            APP_ID,
            stamp(now - 120),
            sign(&stamp(now - 120), body.as_bytes()),
            10_000,
        ),
        (
            APP_ID,
            stamp(now - 121),
            sign(&stamp(now - 121), body.as_bytes()),
            990_002,
        ),
        (
            APP_ID,
            stamp(now + 121),
            sign(&stamp(now + 121), body.as_bytes()),
            990_002,
        ),
        (APP_ID, "today".to_owned(), right.clone(), 990_002),
        (APP_ID, stamp(now - 1), right.clone(), 990_001),
        (APP_ID, stamp(now), flipped, 990_001),
        (APP_ID, stamp(now), right[..62].to_owned(), 990_001),
        (APP_ID, stamp(now), right.to_ascii_uppercase(), 990_001),
        (APP_ID, stamp(now), hmac, 990_001),
        (APP_ID, stamp(now), String::new(), 990_001),
        ("stranger", stamp(now), right.clone(), 990_001),
    ] {
        let request = Request::post("/ccpayment/v1/check/user")
            .header("Content-Type", "application/json")
            .header("Appid", app_id)
            .header("Timestamp", &timestamp)
            .header("Sign", &sign)
            .body(Bytes::from(body.clone()))
            .unwrap();
        let (_, envelope) = shop.send(request).await;
        assert_eq!(envelope["code"], code, "{timestamp} {sign} {envelope}");
    }
    // One other byte than was signed.
    let request = shop.request("check_user", &body);
    let request = request.body(Bytes::from(body.replace(':', ": "))).unwrap();
    assert_eq!(shop.send(request).await.1["code"], 990_001);
}

#[tokio::test]
async fn unknown_fields_are_refused_with_the_nearest_name() {
    let shop = Older::rich();
    let message = |operation, body| {
        let shop = &shop;
        async move {
            let envelope = shop.call(operation, body).await;
            assert_eq!(envelope["code"], 990_003, "{envelope}");
            envelope["msg"].as_str().unwrap().to_owned()
        }
    };
    let order = |right: &str, wrong: &str| {
        let text = shop.order("1", "20").to_string();
        serde_json::from_str::<Value>(&text.replace(right, wrong)).unwrap()
    };
    assert!(
        message("create_order", order("token_id", "tokenId"))
            .await
            .contains("`tokenId` is not a field of this route, did you mean `token_id`?")
    );
    assert!(
        message("create_order", order("product_price", "order_price"))
            .await
            .contains("`order_price`")
    );
    assert!(
        message("list_coins", json!({ "page": 1 }))
            .await
            .contains("`page` is not a field")
    );
    let number = json!({ "c_id": 9_558_861 });
    assert!(message("check_user", number).await.contains("type string"));
    let long = json!({ "merchant_order_ids": vec!["a"; 101] });
    assert!(
        message("get_order_info", long)
            .await
            .contains("at most 100")
    );
    assert!(
        message("get_network_fee", json!({ "token_id": "1280" }))
            .await
            .contains("uuid")
    );
}

/// Old clients send two names that the pages have dropped; they are no reason to refuse.
#[tokio::test]
async fn the_names_that_were_dropped_are_ignored() {
    let shop = Older::rich();
    let page = json!({
        "merchant_order_id": "1", "product_price": "9.99", "product_name": "a book",
        "amount": "9.99", "valid_timestamp": 823_456,
    });
    shop.data("get_checkout_url", page).await;
    assert_eq!(
        shop.info("1").await["order_detail"]["product_price"],
        "9.99"
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_words_of_v1() {
    let shop = Older::rich();
    let server = shop.sandbox.serve(LOOPBACK).await.unwrap();
    let request = "POST /ccpayment/v1/coin/all HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\
                   Content-Length: 1048577\r\n\r\n";
    let answer = exchange(server.addr(), request.as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(
        answer.contains("\r\nsign: ") && answer.contains("990003"),
        "{answer}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_wrong_path_or_method_is_refused_in_the_words_of_v1() {
    let shop = Older::rich();
    for (method, path, status) in [("POST", "nothing", 404), ("GET", "coin/all", 405)] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/ccpayment/v1/{path}"))
            .body(Bytes::new())
            .unwrap();
        let (answer, envelope) = shop.send(request).await;
        assert_eq!(answer.status(), status);
        assert_eq!(envelope["code"], 990_006);
    }
}

#[tokio::test]
async fn orders_are_held_to_their_rules() {
    let shop = Older::rich();
    shop.data("create_order", shop.order("1", "20")).await;
    // Whatever it says: one id, one order, pages included.
    assert_eq!(
        shop.code("create_order", shop.order("1", "20")).await,
        990_004
    );
    let page =
        json!({ "merchant_order_id": "1", "product_price": "9.99", "product_name": "a book" });
    assert_eq!(shop.code("get_checkout_url", page.clone()).await, 990_004);
    let with = |name: &str, value: Value| {
        let mut order = shop.order("2", "20");
        order[name] = value;
        order
    };
    for (name, value, code) in [
        (
            "token_id",
            json!("00000000-0000-4000-8000-000000000000"),
            990_006,
        ),
        ("denominated_currency", json!("XXX"), 990_003),
        ("product_price", json!("0"), 990_003),
        ("product_price", json!("-1"), 990_003),
        ("product_price", json!("1e3"), 990_003),
        ("order_valid_period", json!(864_001), 990_003),
    ] {
        assert_eq!(
            shop.code("create_order", with(name, value)).await,
            code,
            "{name}"
        );
    }
    let mut fiat = with("denominated_currency", json!("USD"));
    fiat["product_price"] = json!("20.005");
    assert_eq!(shop.code("create_order", fiat.clone()).await, 990_003);
    // Two decimals, whatever zeros stand behind them; and dearer coins are fewer coins.
    fiat["product_price"] = json!("20.000");
    shop.data("create_order", fiat).await;
    let detail = &shop.info("2").await["order_detail"];
    assert_eq!(detail["order_amount"], "19.996001");
    assert_eq!(detail["denominated_currency"], "USD");

    shop.sandbox
        .set(Setting::ChainDeposits {
            chain: "POLYGON".to_owned(),
            open: false,
        })
        .unwrap();
    assert_eq!(
        shop.code("create_order", shop.order("3", "20")).await,
        990_007
    );
    // Unknown ids are left out, and kinds are not mixed.
    let ids = json!({ "merchant_order_ids": ["1", "nobody"] });
    let found = shop.data("get_order_info", ids).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    shop.data("withdraw", shop.payout("out", "5")).await;
    let mixed = json!({ "merchant_order_ids": ["1", "out"] });
    assert_eq!(shop.code("get_order_info", mixed).await, 990_003);
}

#[tokio::test]
async fn withdrawals_are_held_to_their_rules() {
    let shop = Older::rich();
    let with = |name: &str, value: Value| {
        let mut payout = shop.payout("out", "5");
        payout[name] = value;
        payout
    };
    for (name, value, code) in [
        ("value", json!("0.01"), 990_007),
        ("value", json!("5.0000001"), 990_003),
        ("value", json!("1000.01"), 990_005),
        ("address", json!("somewhere"), 990_007),
        ("address", json!("1234567"), 224_083),
        ("address", json!("nobody@example.com"), 224_083),
        ("memo", json!("7"), 990_007),
        ("memo", json!(7), 990_003),
        (
            "token_id",
            json!("00000000-0000-4000-8000-000000000000"),
            990_006,
        ),
    ] {
        assert_eq!(
            shop.code("withdraw", with(name, value.clone())).await,
            code,
            "{name} {value}"
        );
    }
    let mut dear = with("token_id", json!(shop.token(1280, "TRX")));
    dear["address"] = json!("TYWnk1EGALQyYst2yFSd29QQQTEkuKMbyt");
    dear["value"] = json!("50000.1");
    assert_eq!(shop.code("withdraw", dear).await, 990_007);
    // XRP asks for a memo.
    let mut xrp = with("token_id", json!(shop.token(1486, "XRP")));
    xrp["address"] = json!("rwyQp3eC5j6AumcptZhfmiXAykpeswZKeJ");
    assert_eq!(shop.code("withdraw", xrp.clone()).await, 990_007);
    xrp["memo"] = json!("573049");
    shop.data("withdraw", xrp).await;
    assert_eq!(
        shop.code("withdraw", shop.payout("out", "5")).await,
        990_004
    );
    // Nothing was taken for what was refused.
    assert_eq!(
        shop.sandbox.ledger().balance("merchant:available", 1280),
        "1000"
    );
    let on_top = {
        let mut payout = shop.payout("on-top", "5");
        payout["merchant_pays_fee"] = json!(true);
        payout
    };
    let paid = shop.data("withdraw", on_top).await;
    assert_eq!(paid["net_receivable"], "5");
    assert_eq!(
        shop.sandbox.ledger().balance("merchant:available", 1280),
        "994.95"
    );
}

/// A client with types sends 0 where it has no memo, by the table that calls it a number.
#[tokio::test]
async fn a_memo_that_is_a_number_is_read_and_nought_is_none() {
    let shop = Older::rich();
    shop.sandbox.set(Setting::Strict(false)).unwrap();
    let mut xrp = shop.payout("out", "5");
    xrp["token_id"] = json!(shop.token(1486, "XRP"));
    xrp["address"] = json!("rwyQp3eC5j6AumcptZhfmiXAykpeswZKeJ");
    xrp["memo"] = json!(0);
    assert_eq!(shop.code("withdraw", xrp.clone()).await, 990_007);
    xrp["memo"] = json!(573_049);
    shop.data("withdraw", xrp).await;
    let mut plain = shop.payout("plain", "5");
    plain["memo"] = json!(0);
    shop.data("withdraw", plain).await;
    let field = "memo".to_owned();
    let seen = shop.sandbox.requests().pop().unwrap();
    assert_eq!(seen.warnings, [RequestWarning::Empty { field }]);
}

#[tokio::test]
async fn established_failures_can_be_had_on_every_route() {
    let shop = Older::rich();
    let document = document();
    for path in document["paths"].as_object().unwrap().values() {
        let operation = path["post"]["operationId"].as_str().unwrap();
        for code in [224_066, 224_083] {
            shop.sandbox.fail_next(operation, code).unwrap();
        }
        let body = shop.sample(operation);
        let fault = shop.call(operation, body.clone()).await;
        assert_eq!(fault["code"], 224_066);
        assert!(
            fault["msg"]
                .as_str()
                .unwrap()
                .starts_with("Service error, please try again")
        );
        let unknown = shop.call(operation, body.clone()).await;
        assert_eq!(
            unknown,
            json!({ "code": 224_083, "reason": "ToUserNotFound", "msg": "users do not exist" })
        );
        shop.data(operation, body).await;
    }
    assert_eq!(shop.proven.lock().unwrap().len(), 14);
    assert!(shop.sandbox.fail_next("create_order", 11_000).is_err());
    assert!(shop.sandbox.fail_next("getCoin", 224_066).is_err());
}

#[tokio::test]
async fn no_code_of_v2_reaches_a_client_of_v1() {
    let shop = Older::rich();
    shop.sandbox
        .set(Setting::RefuseEverything(Some(12_000)))
        .unwrap();
    assert_eq!(shop.code("list_coins", json!({})).await, 990_007);
}

#[tokio::test]
async fn a_lost_withdrawal_is_found_by_its_look_up() {
    let shop = Older::rich();
    let body = shop.payout("out", "5").to_string();
    for fault in [Fault::DropBeforeActing, Fault::DeliverAfterLookup] {
        shop.sandbox.plan_fault("withdraw", fault);
        let request = shop.request("withdraw", &body);
        let request = request.body(Bytes::from(body.clone())).unwrap();
        assert!(shop.sandbox.respond(request).await.is_none());
        let ids = json!({ "merchant_order_ids": ["other", "out"] });
        let found = shop.data("get_order_info", ids).await;
        assert_eq!(found, json!([]), "{fault:?}");
    }
    // The held one arrived behind the look-up.
    assert_eq!(
        shop.info("out").await["order_detail"]["status"],
        "Processing"
    );
    assert_eq!(shop.sandbox.payouts().len(), 1);
}

/// Whatever stands in a body: an answer that is signed, and never a fault of the gateway's own.
#[tokio::test]
async fn no_body_of_v1_is_a_fault_of_the_gateway() {
    let shop = Older::rich();
    let document = document();
    let mut sent = 0;
    for path in document["paths"].as_object().unwrap().values() {
        let operation = path["post"]["operationId"].as_str().unwrap();
        let name = &path["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = name.as_str().unwrap().rsplit('/').next().unwrap();
        let fields = &document["components"]["schemas"][name]["properties"];
        let mut bodies = odd();
        for (field, _) in fields.as_object().into_iter().flatten() {
            for value in odd() {
                let mut body = shop.sample(operation);
                body[field] = value;
                bodies.push(body);
            }
        }
        for body in bodies {
            let code = shop.code(operation, body.clone()).await;
            assert_ne!(code, 224_066, "{operation} {body}");
            sent += 1;
        }
    }
    assert!(sent > 600, "{sent}");
    assert!(shop.sandbox.ledger().is_balanced());
}
