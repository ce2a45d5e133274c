//! Notifications against a receiver that answers by a script.

use std::time::Duration;

use ccpayment_sandbox::{IncomingPayment, RetrySchedule, Setting};
use serde_json::{Value, json};

use crate::receiver::{Received, Receiver, merchant};
use crate::support::{APP_ID, Merchant, RECEIVER, SECRET, city, data, payout, refused, sign, text};

#[tokio::test]
async fn a_notification_is_signed_and_has_the_documented_fields() {
    let receiver = Receiver::new(&[]).await;
    let (merchant, _, record_id) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    sandbox.confirm(&record_id).unwrap();
    merchant
        .data("applyAppWithdrawToNetwork", payout("abc", "1"))
        .await;
    sandbox.settle_payouts();
    assert_eq!(sandbox.pending_notifications(), 3);
    let attempts = sandbox.deliver_due().await;
    assert_eq!(attempts.len(), 3);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.acknowledged && attempt.status == Some(200))
    );
    assert_eq!(
        (attempts, 0),
        (sandbox.delivery_attempts(), sandbox.pending_notifications())
    );

    let received = receiver.received();
    for one in &received {
        assert_eq!(one.path, "/hook?a=b");
        assert_eq!(one.headers["appid"], APP_ID);
        assert_eq!(one.headers["content-type"], "application/json");
        let timestamp = &one.headers["timestamp"];
        assert_eq!(*timestamp, sandbox.now().to_string());
        assert_eq!(
            one.headers["sign"],
            sign(SECRET, APP_ID, timestamp, one.body.as_bytes())
        );
    }
    let deposit = |status: &str| {
        json!({
            "type": "ApiDeposit",
            "msg": {
                "recordId": record_id, "orderId": "order-1", "coinId": 1280, "coinSymbol": "USDT",
                "status": status, "isFlaggedAsRisky": false,
            }
        })
    };
    assert_eq!(received[0].body, deposit("Processing").to_string());
    assert_eq!(received[1].body, deposit("Success").to_string());
    let withdrawal = json!({
        "type": "ApiWithdrawal",
        "msg": {
            "recordId": sandbox.payouts()[0].record_id, "orderId": "abc", "coinId": 1280, "coinSymbol": "USDT",
            "status": "Success",
        }
    });
    assert_eq!(received[2].body, withdrawal.to_string());
}

#[tokio::test]
async fn retried_on_the_schedule_until_success() {
    // A wrong status, a wrong word, a wrong case, no answer at all, and then the right one.
    let script = [
        "500 Oops|Success",
        "200 OK|received",
        "200 OK|success",
        "hang up",
        "201 Created|Success",
        "302 Found|",
    ];
    let receiver = Receiver::new(&script).await;
    let (merchant, ..) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    let first = sandbox.now();
    let mut waited = 0;
    for (number, offset) in (1..).zip([0, 30, 90, 210, 450, 930, 1_890]) {
        if offset > 0 {
            sandbox.advance(Duration::from_secs(offset - waited - 1));
            assert!(
                sandbox.deliver_due().await.is_empty(),
                "nothing is due a second early"
            );
            sandbox.advance(Duration::from_secs(1));
        }
        waited = offset;
        let attempts = sandbox.deliver_due().await;
        assert_eq!(attempts.len(), 1);
        assert_eq!(
            (attempts[0].number, attempts[0].at),
            (number, first + offset)
        );
        assert_eq!(attempts[0].acknowledged, number == 7);
        assert_eq!(attempts[0].status.is_none(), number == 4);
        assert_eq!(attempts[0].error.is_some(), number == 4);
        // Signed afresh each time.
        let received = receiver.received().pop().unwrap();
        let timestamp = (first + offset).to_string();
        assert_eq!(received.headers["timestamp"], timestamp);
        assert_eq!(
            received.headers["sign"],
            sign(SECRET, APP_ID, &timestamp, received.body.as_bytes())
        );
    }
    assert_eq!(sandbox.pending_notifications(), 0);
    assert_eq!(sandbox.delivery_attempts().len(), 7);
}

#[tokio::test]
async fn given_up_after_the_last_retry_and_sent_again_by_hand() {
    let receiver = Receiver::new(&["503 No|"; 7]).await;
    let (merchant, _, record_id) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    for _ in 0..7 {
        // One try a call, however late.
        assert_eq!(sandbox.deliver_due().await.len(), 1);
        sandbox.advance(Duration::from_secs(3_600));
    }
    assert_eq!(sandbox.pending_notifications(), 0);
    assert!(sandbox.deliver_due().await.is_empty());

    sandbox.resend_notification(&record_id).unwrap();
    let again = sandbox.deliver_due().await;
    assert!(again[0].acknowledged);
    assert_eq!(again[0].number, 1);
    // An acknowledged one can be sent twice as well.
    sandbox.resend_notification(&record_id).unwrap();
    assert_eq!(sandbox.deliver_due().await.len(), 1);
    let received = receiver.received();
    assert!(received.windows(2).all(|pair| pair[0].body == pair[1].body));
    assert!(sandbox.resend_notification("nobody").is_err());
}

#[tokio::test]
async fn the_order_can_be_turned_and_shuffled() {
    let receiver = Receiver::new(&[]).await;
    let (merchant, address, _) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    let mut queued = vec![sandbox.deposits()[0].record_id.clone()];
    for _ in 0..7 {
        sandbox.advance(Duration::from_secs(1));
        queued.push(sandbox.pay(&address, "1").unwrap().record_id);
    }
    sandbox.reverse_due();
    let order = |received: &[Received]| -> Vec<String> {
        received
            .iter()
            .map(|one| one.msg()["recordId"].as_str().unwrap().to_owned())
            .collect()
    };
    sandbox.deliver_due().await;
    let mut reversed = order(&receiver.received());
    reversed.reverse();
    assert_eq!(reversed, queued);

    let mut rounds = Vec::new();
    for seed in [5, 5, 6] {
        for record_id in &queued {
            sandbox.resend_notification(record_id).unwrap();
        }
        sandbox.shuffle_due(seed);
        let before = receiver.received().len();
        sandbox.deliver_due().await;
        rounds.push(order(&receiver.received()[before..]));
    }
    assert_eq!(rounds[0], rounds[1]);
    assert_ne!(rounds[0], rounds[2]);
    assert_ne!(rounds[0], queued);
    rounds[0].sort();
    queued.sort();
    assert_eq!(rounds[0], queued);
}

#[tokio::test]
async fn where_notifications_go() {
    let general = Receiver::new(&[]).await;
    let special = Receiver::new(&[]).await;
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    let mut own = payout("own", "1");
    own["notifyUrl"] = json!(special.url);
    merchant.data("applyAppWithdrawToNetwork", own).await;
    merchant
        .data("applyAppWithdrawToNetwork", payout("plain", "1"))
        .await;
    sandbox.settle_payouts();

    // The one with its own URL needs no other; the rest waits for one.
    assert_eq!(sandbox.deliver_due().await.len(), 1);
    assert_eq!(special.received()[0].msg()["orderId"], "own");
    assert_eq!(sandbox.pending_notifications(), 1);

    for (url, part) in [
        ("https://127.0.0.1/", "TLS"),
        ("not a url", "no URL"),
        ("http://127.0.0.1:1/", "connect"),
    ] {
        sandbox.set_webhook_url(url);
        let attempts = sandbox.deliver_due().await;
        let error = attempts[0].error.as_deref().unwrap();
        assert!(error.contains(part), "{error}");
        assert_eq!(attempts[0].status, None);
        sandbox.advance(Duration::from_secs(2_000));
    }
    sandbox.set_webhook_url(&general.url);
    assert!(sandbox.deliver_due().await[0].acknowledged);
    assert_eq!(general.received()[0].msg()["orderId"], "plain");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let long: &'static str =
        Box::leak(format!("200 OK|{}Success", "x".repeat(70_000)).into_boxed_str());
    let receiver = Receiver::new(&[long]).await;
    let (merchant, ..) = merchant(&receiver).await;
    let attempts = merchant.sandbox.deliver_due().await;
    assert!(!attempts[0].acknowledged);
    assert!(attempts[0].error.is_some());
}

#[tokio::test]
async fn the_other_reading_has_gaps_and_the_other_signature_stays() {
    let receiver = Receiver::new(&["503 No|"; 7]).await;
    let (merchant, ..) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    sandbox.set(Setting::Retries(RetrySchedule::Gaps)).unwrap();
    sandbox.set(Setting::SignRetriesAfresh(false)).unwrap();
    let first = sandbox.now();
    assert_eq!(sandbox.deliver_due().await.len(), 1);
    for gap in [30, 90, 210, 450, 930, 1_890] {
        sandbox.advance(Duration::from_secs(gap - 1));
        assert!(sandbox.deliver_due().await.is_empty());
        sandbox.advance(Duration::from_secs(1));
        assert_eq!(sandbox.deliver_due().await.len(), 1);
    }
    assert_eq!(sandbox.now() - first, 3_600);
    assert_eq!(sandbox.pending_notifications(), 0);
    let received = receiver.received();
    assert_eq!(received.len(), 7);
    for one in &received {
        assert_eq!(one.headers["timestamp"], first.to_string());
        assert_eq!(one.headers["sign"], received[0].headers["sign"]);
    }
}

#[tokio::test]
async fn every_kind_of_notification() {
    let receiver = Receiver::new(&[]).await;
    let sandbox = city();
    sandbox.set_webhook_url(&receiver.url);
    sandbox.activate_webhook();
    let reference = json!({ "referenceId": "ref-1", "chain": "POLYGON" });
    let reference = data(&sandbox, "getOrCreateAppDepositAddress", reference).await;
    let reference = text(&reference["address"]);
    let user = json!({ "userId": "alice", "chain": "TRX" });
    let user = data(&sandbox, "getOrCreateUserDepositAddress", user).await;
    let user = text(&user["address"]);
    let direct = IncomingPayment::new(&reference, "5").coin(1280, "ETH");
    let direct = sandbox.send_payment(direct).unwrap().record_id;
    let of_user = IncomingPayment::new(&user, "6").coin(1482, "TRX");
    let of_user = sandbox.send_payment(of_user).unwrap().record_id;
    let mut out = payout("user-out", "2");
    out["userId"] = json!("alice");
    data(&sandbox, "applyUserWithdrawToNetwork", out).await;
    let out = sandbox.payouts()[0].record_id.clone();
    sandbox.settle_payouts();
    sandbox.flag_address_risky(&reference).unwrap();
    // Not announced any more, until somebody asks for it.
    let quiet = IncomingPayment::new(&reference, "1").coin(1280, "ETH");
    let quiet = sandbox.send_payment(quiet).unwrap().record_id;
    sandbox.deliver_due().await;
    let bodies: Vec<Value> = receiver
        .received()
        .iter()
        .map(|one| serde_json::from_str(&one.body).unwrap())
        .collect();
    let at = sandbox.now();
    assert_eq!(
        bodies,
        [
            json!({ "type": "ActivateWebhookURL" }),
            json!({ "type": "DirectDeposit", "msg": {
                "recordId": direct, "referenceId": "ref-1", "coinId": 1280, "coinSymbol": "USDT",
                "status": "Processing", "isFlaggedAsRisky": false,
            } }),
            json!({ "type": "UserDeposit", "msg": {
                "recordId": of_user, "userId": "alice", "coinId": 1482, "coinSymbol": "TRX",
                "amount": "6", "status": "Processing", "isFlaggedAsRisky": false,
            } }),
            json!({ "type": "UserWithdrawal", "msg": {
                "recordId": out, "orderId": "user-out", "userId": "alice", "coinId": 1280,
                "coinSymbol": "USDT", "status": "Success",
            } }),
            json!({ "chainId": "POLYGON", "address": reference, "riskAt": at }),
        ]
    );
    sandbox.resend_notification(&quiet).unwrap();
    sandbox.deliver_due().await;
    assert_eq!(receiver.received()[5].msg()["recordId"], quiet);
}

#[tokio::test]
async fn nothing_is_said_of_what_moves_inside() {
    let sandbox = city();
    let wallet =
        json!({ "orderId": "abc", "coinId": 1280, "cwalletUser": "35255142", "amount": "3" });
    data(&sandbox, "applyAppWithdrawToCwallet", wallet).await;
    let transfer = json!({
        "orderId": "abc", "fromUserId": "alice", "toUserId": "robert", "coinId": 1280, "amount": "2",
    });
    data(&sandbox, "userTransfer", transfer).await;
    let swap = json!({ "orderId": "abc", "coinIdIn": 1280, "amountIn": "100", "coinIdOut": 1329 });
    data(&sandbox, "swap", swap).await;
    sandbox
        .auto_payout(1280, "POLYGON", RECEIVER, "20")
        .unwrap();
    sandbox.advance(Duration::from_secs(3_600));
    assert_eq!(sandbox.pending_notifications(), 0);
}

#[tokio::test]
async fn the_route_sends_again_what_failed_in_an_hour() {
    let receiver = Receiver::new(&["503 No|"]).await;
    let (merchant, address, failed) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    sandbox.deliver_due().await;
    let fine = sandbox.pay(&address, "1").unwrap().record_id;
    sandbox.deliver_due().await;
    let start = sandbox.now();
    let route = "webhook/resend";
    let count = async |query: Value| data(sandbox, route, query).await["resendCount"].clone();
    assert_eq!(count(json!({ "startTimestamp": start })).await, 1);
    let all = json!({ "startTimestamp": start, "webhookResult": "AllResult" });
    assert_eq!(count(all).await, 2);
    for (name, value, found) in [
        ("recordIds", json!([fine]), 1),
        ("recordIds", json!(["nobody"]), 0),
        ("transactionType", json!("ApiDeposit"), 2),
        ("transactionType", json!("UserDeposit"), 0),
        ("endTimestamp", json!(start + 3_600), 2),
    ] {
        let mut query = json!({ "startTimestamp": start, "webhookResult": "AllResult" });
        query[name] = value;
        assert_eq!(count(query).await, found, "{name}");
    }
    let early = json!({ "startTimestamp": start - 7_200, "webhookResult": "AllResult" });
    assert_eq!(count(early).await, 0);
    let wide = json!({ "startTimestamp": start, "endTimestamp": start + 3_601 });
    refused(sandbox, route, wide, 11_008).await;
    let odd = json!({ "startTimestamp": start, "transactionType": "Everything" });
    refused(sandbox, route, odd, 11_000).await;
    assert!(sandbox.pending_notifications() > 8);
    assert!(
        sandbox
            .deliver_due()
            .await
            .iter()
            .any(|one| one.record_id == failed)
    );
}

#[tokio::test]
async fn notifications_are_as_the_document_says() {
    let receiver = Receiver::new(&[]).await;
    let sandbox = city();
    sandbox.set_webhook_url(&receiver.url);
    sandbox.activate_webhook();
    let order = json!({ "orderId": "order-1", "coinId": 1280, "chain": "TRX", "price": "1" });
    let order = data(&sandbox, "createAppOrderDepositAddress", order).await;
    let reference = json!({ "referenceId": "ref-1", "chain": "TRX" });
    let reference = data(&sandbox, "getOrCreateAppDepositAddress", reference).await;
    let user = json!({ "userId": "alice", "chain": "TRX" });
    let user = data(&sandbox, "getOrCreateUserDepositAddress", user).await;
    for place in [&order, &reference, &user] {
        let incoming = IncomingPayment::new(text(&place["address"]), "5").coin(1280, "TRX");
        sandbox.send_payment(incoming).unwrap();
    }
    data(&sandbox, "applyAppWithdrawToNetwork", payout("out", "2")).await;
    let mut of_user = payout("out", "2");
    of_user["userId"] = json!("alice");
    data(&sandbox, "applyUserWithdrawToNetwork", of_user).await;
    sandbox.advance(Duration::from_secs(3_600));
    sandbox
        .flag_address_risky(&text(&reference["address"]))
        .unwrap();
    // Two for each deposit and withdrawal, one for each of the others.
    assert_eq!(sandbox.deliver_due().await.len(), 12);

    let document: Value = serde_json::from_str(include_str!("../../schema/v2.json")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for one in receiver.received() {
        let body: Value = serde_json::from_str(&one.body).unwrap();
        let kind = body["type"].as_str().unwrap_or("RiskyAddress").to_owned();
        let path = format!("/webhooks/{kind}/post/requestBody/content/application~1json/schema");
        let mut schema = document.pointer(&path).unwrap().clone();
        // Nothing but what is described, at the top and in the message.
        schema["additionalProperties"] = json!(false);
        if body["msg"].is_object() {
            schema["properties"]["msg"]["additionalProperties"] = json!(false);
        }
        schema["components"] = document["components"].clone();
        let errors: Vec<String> = jsonschema::validator_for(&schema)
            .unwrap()
            .iter_errors(&body)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{body} {errors:?}");
        seen.insert(kind);
    }
    let documented: std::collections::BTreeSet<String> = document["webhooks"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(seen, documented);
}
