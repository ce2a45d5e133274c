//! Why was I refused? The log of requests, on every way out of it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ccpayment_sandbox::{Fault, LoggedRequest, Sandbox};
use http::Request;
use ring::digest;
use serde_json::{Value, json};

use crate::support::{APP_ID, SECRET, START, ask, builder, sign};

async fn page(sandbox: &Sandbox, path: &str) -> String {
    let request = Request::get(path).header("Host", "127.0.0.1:8480");
    let answer = sandbox
        .respond(request.body(Bytes::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    String::from_utf8(answer.body().to_vec()).unwrap()
}

/// A request with a signature as it comes, and the newest entry of the log after it.
async fn send(sandbox: &Sandbox, path: &str, sign: &str, body: &str) -> LoggedRequest {
    let request = Request::post(path)
        .header("Content-Type", "application/json")
        .header("Appid", APP_ID)
        .header("Timestamp", START.to_string())
        .header("Sign", sign)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    sandbox.respond(request).await;
    sandbox.request_log().pop().unwrap()
}

fn v2(body: &str) -> String {
    sign(SECRET, APP_ID, &START.to_string(), body.as_bytes())
}

fn v1(body: &str) -> String {
    let text = format!("{APP_ID}{SECRET}{START}{body}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_wrong_signature_is_explained() {
    let sandbox = builder().build().unwrap();
    let path = "/ccpayment/v2/getCoin";
    let body = "{\"coinId\": 1280}";
    let entry = send(&sandbox, path, &v2("{\"coinId\":1280}"), body).await;
    assert_eq!((entry.code, entry.status), (Some(11_005), Some(200)));
    let signing = entry.signing.unwrap();
    assert_eq!(signing.text, format!("{APP_ID}{START}{body}"));
    assert!(
        signing.hint.contains("the JSON without spaces"),
        "{}",
        signing.hint
    );
    for (sign, says) in [
        (v2(body).to_ascii_uppercase(), "capital letters"),
        (v1(body), "by the rule of v1"),
        (
            sign(
                "another secret",
                APP_ID,
                &START.to_string(),
                body.as_bytes(),
            ),
            "another one",
        ),
    ] {
        let entry = send(&sandbox, path, &sign, body).await;
        let hint = entry.signing.unwrap().hint;
        assert!(hint.contains(says), "{says}: {hint}");
    }
    let path = "/ccpayment/v1/coin/all";
    let entry = send(&sandbox, path, &v1("{}"), "").await;
    assert_eq!(entry.code, Some(990_001));
    let signing = entry.signing.unwrap();
    assert_eq!(signing.text, format!("{APP_ID}***{START}"));
    assert!(signing.hint.contains("the body `{}`"), "{}", signing.hint);
}

#[tokio::test]
async fn whatever_came_is_there_with_its_reason() {
    let sandbox = builder().build().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&told);
    sandbox.on_request(move |request| lines.lock().unwrap().push(request.to_string()));
    ask(&sandbox, "getCoin", json!({ "coinId": 9 })).await;
    ask(&sandbox, "getCoin", json!({ "coinId": 1280 })).await;
    send(&sandbox, "/ccpayment/v2/nowhere", "", "").await;
    sandbox.plan_fault("getCoin", Fault::ActThenDrop);
    let body = "{\"coinId\":1280}";
    send(&sandbox, "/ccpayment/v2/getCoin", &v2(body), body).await;

    let shown: Value = serde_json::from_str(&page(&sandbox, "/sandbox/requests").await).unwrap();
    let rows = shown["requests"].as_array().unwrap();
    let brief = |row: &Value| {
        (
            row["route"].clone(),
            row["code"].clone(),
            row["outcome"].clone(),
        )
    };
    assert_eq!(
        rows.iter().map(brief).collect::<Vec<_>>(),
        [
            (json!("getCoin"), json!(13_000), json!(13_000)),
            (json!("getCoin"), json!(10_000), json!(10_000)),
            (Value::Null, json!(11_000), Value::Null),
            (json!("getCoin"), Value::Null, json!(10_000)),
        ]
    );
    assert!(
        rows[0]["reason"].as_str().unwrap().contains("coin"),
        "{}",
        rows[0]
    );
    assert_eq!(rows[0]["body"], "{\"coinId\":9}");
    assert_eq!(
        (&rows[2]["status"], &rows[3]["fault"]),
        (&json!(404), &json!("ActThenDrop"))
    );

    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 4);
    assert!(
        told[0].starts_with("2025-06-15 15:06:40 /ccpayment/v2/getCoin 13000 "),
        "{}",
        told[0]
    );
    assert!(told[2].contains("nowhere 11000 ") && told[3].ends_with("(fault: ActThenDrop)"));

    let refused = page(&sandbox, "/sandbox/?refused=1").await;
    assert!(refused.contains(">13000<") && refused.contains("v2/nowhere"));
    assert!(!refused.contains(">10000<"));
    let found = page(&sandbox, "/sandbox/?find=%22coinId%22%3A9").await;
    assert!(found.contains(">13000<") && !found.contains("nowhere"));
}

#[tokio::test]
async fn it_forgets_the_oldest() {
    let sandbox = builder().build().unwrap();
    for number in 0..1_010 {
        send(
            &sandbox,
            &format!("/ccpayment/v2/none{number}"),
            "",
            &"x".repeat(9_000),
        )
        .await;
    }
    let log = sandbox.request_log();
    assert_eq!(log.len(), 1_000);
    assert_eq!(log[0].path, "/ccpayment/v2/none10");
    assert!(log.iter().all(|entry| entry.body.len() < 2_100));
}

/// Neither the secret nor a signature, given or right, gets out by a page, the admin API, or a line,
/// wherever a request has it.
#[tokio::test]
async fn no_way_out_tells_a_secret() {
    let sandbox = builder()
        .webhook_url("http://127.0.0.1:1/")
        .build()
        .unwrap();
    let told = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&told);
    sandbox
        .on_request(move |request| *lines.lock().unwrap() += &format!("{request}\n{request:?}\n"));
    let mut secrets = vec![SECRET.to_owned()];
    for body in [
        "{}".to_owned(),
        format!("{{\"orderId\":\"{SECRET}\",\"{SECRET}\":1}}"),
    ] {
        let (v2, v1) = (v2(&body), v1(&body));
        let with_sign = format!("{{\"orderId\":\"{v2}\"}}");
        for (path, sign, body) in [
            ("/ccpayment/v2/getAppOrderInfo", &v2, &body),
            ("/ccpayment/v2/getAppOrderInfo", &v1, &body),
            ("/ccpayment/v1/coin/all", &v1, &body),
            ("/ccpayment/v1/coin/all", &v2, &body),
            ("/ccpayment/v2/getAppOrderInfo", &v2, &with_sign),
            (&*format!("/ccpayment/v2/{SECRET}"), &v2, &body),
            (&*format!("/ccpayment/v2/{v2}"), &v2, &body),
        ] {
            send(&sandbox, path, sign, body).await;
        }
        secrets.extend([v2, v1]);
    }
    sandbox.activate_webhook();
    let notification = sandbox.due_notifications().pop().unwrap();
    secrets.push(notification.headers[2].1.clone());
    sandbox.deliver_due().await;

    let mut shown = told.lock().unwrap().clone();
    assert!(shown.contains("***"));
    for path in [
        "",
        "?all=1",
        "requests",
        "notifications",
        "orders",
        "clock",
        "openapi.json",
    ] {
        shown += &page(&sandbox, &format!("/sandbox/{path}")).await;
    }
    shown += &format!(
        "{:?} {:?}",
        sandbox.request_log(),
        sandbox.delivery_attempts()
    );
    assert!(shown.contains("To be signed") && shown.contains("(64 characters)"));
    for secret in secrets {
        // In another letter case it is as good.
        let found = shown
            .to_ascii_lowercase()
            .find(&secret.to_ascii_lowercase());
        let around = found.map(|at| &shown[at.saturating_sub(200)..at + 100]);
        assert_eq!(around, None);
    }
}

/// Whatever a caller writes, signed or not, an entry stays small.
#[tokio::test]
async fn an_entry_is_bounded() {
    let sandbox = builder().build().unwrap();
    let path = "/ccpayment/v2/getCoin";
    let long = "x".repeat(100_000);
    for body in [
        json!({ "orderId": long }),
        json!({ long.clone(): 1 }),
        json!({ "coinId": long }),
    ] {
        let body = body.to_string();
        for sign in [v2(&body), "ab".repeat(32)] {
            let entry = send(&sandbox, path, &sign, &body).await;
            let size = format!("{entry:?}").len();
            assert!(size < 16_000, "{size}");
        }
    }
    let entry = send(&sandbox, &format!("{path}{}", "x".repeat(60_000)), "", "{}").await;
    assert!(entry.path.len() < 400, "{}", entry.path.len());
    let seen = format!("{:?}", sandbox.requests());
    assert!(seen.len() < 16_000, "{}", seen.len());
}
