//! A program that goes by the real clock, beside a sandbox that is advanced.

use std::time::Duration;

use bytes::Bytes;
use ccpayment_sandbox::Sandbox;
use http::Request;
use serde_json::{Value, json};

use crate::support::text;

async fn ask(sandbox: &Sandbox, route: &str, body: Value, at: Option<u64>) -> Value {
    let body = body.to_string();
    let mut request =
        Request::post(format!("/ccpayment/v2/{route}")).header("Content-Type", "application/json");
    for (name, value) in sandbox.sign_v2(body.as_bytes()) {
        let value = match at.filter(|_| name == "Timestamp") {
            Some(at) => at.to_string(),
            None => value,
        };
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from(body)).unwrap();
    let answer = sandbox.respond(request).await.unwrap();
    serde_json::from_slice(answer.body()).unwrap()
}

async fn data(sandbox: &Sandbox, route: &str, body: Value) -> Value {
    let mut envelope = ask(sandbox, route, body, None).await;
    assert_eq!(envelope["code"], 10_000, "{route} {envelope}");
    envelope["data"].take()
}

fn order(order_id: &str, expires_at: u64) -> Value {
    json!({
        "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": "20",
        "expiredAt": expires_at,
    })
}

/// The real clock moves, too, by a second or two.
fn close(told: &Value, wanted: u64) {
    let told = told.as_u64().unwrap();
    assert!(told.abs_diff(wanted) <= 5, "{told} is not {wanted}");
}

#[tokio::test]
async fn a_program_on_the_real_clock_goes_on_after_an_advance() {
    let sandbox = Sandbox::builder().build().unwrap();
    let now = sandbox.signing_time();
    data(
        &sandbox,
        "createAppOrderDepositAddress",
        order("old", now + 7_200),
    )
    .await;
    data(
        &sandbox,
        "createAppOrderDepositAddress",
        order("gone", now + 1_800),
    )
    .await;
    sandbox.advance(Duration::from_secs(3_600));

    // A new order lives as long as it was told to.
    let made = order("new", now + 1_800);
    let address = data(&sandbox, "createAppOrderDepositAddress", made).await;
    let info = async |id: &str| data(&sandbox, "getAppOrderInfo", json!({ "orderId": id })).await;
    let new = info("new").await;
    assert_eq!(new["expiredAt"], now + 1_800);
    close(&new["createAt"], now);
    // What was there is an hour older: one has an hour less, the other has expired meanwhile.
    close(&info("old").await["expiredAt"], now + 3_600);
    close(&info("gone").await["expiredAt"], now);
    close(&info("old").await["createAt"], now);

    // A payment is dated by the program's clock, and found by it.
    sandbox.pay(&text(&address["address"]), "20").unwrap();
    let until = json!({ "startAt": now - 60, "endAt": sandbox.signing_time() });
    let list = data(&sandbox, "getAppDepositRecordList", until).await;
    let records = list["records"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    close(&records[0]["arrivedAt"], now);
    let later = json!({ "startAt": now + 600, "endAt": now + 1_200 });
    let list = data(&sandbox, "getAppDepositRecordList", later).await;
    assert_eq!(list["records"], json!([]));
    // An hour of the program holds the hour that was skipped.
    let resend = json!({ "startTimestamp": now - 1_800, "endTimestamp": now + 1_800 });
    data(&sandbox, "webhook/resend", resend).await;

    // The time that has passed has passed: the payment is confirmed by the next advance, and its
    // moment stays.
    sandbox.advance(Duration::from_secs(3_600));
    let deposit = sandbox.deposits()[0].record_id.clone();
    let record = data(
        &sandbox,
        "getAppDepositRecord",
        json!({ "recordId": deposit }),
    )
    .await;
    assert_eq!(record["record"]["status"], "Success");
    close(&record["record"]["arrivedAt"], now);
}

/// By one clock, the program's, and not by whichever fits.
#[tokio::test]
async fn signatures_age_by_the_programs_clock_alone() {
    let sandbox = Sandbox::builder().build().unwrap();
    sandbox.advance(Duration::from_secs(61));
    let now = sandbox.signing_time();
    for (at, says) in [
        (now - 130, "behind the clock"),
        (now + 130, "ahead of the clock"),
    ] {
        let answer = ask(&sandbox, "getCoinList", json!({}), Some(at)).await;
        assert_eq!(answer["code"], 11_006, "{answer}");
        assert!(text(&answer["msg"]).contains(says), "{answer}");
    }
    // Within the tolerance it is the signature that does not fit the other time.
    let answer = ask(&sandbox, "getCoinList", json!({}), Some(now + 100)).await;
    assert_eq!(answer["code"], 11_005, "{answer}");
}

#[tokio::test]
async fn no_order_is_born_expired() {
    let sandbox = Sandbox::builder().build().unwrap();
    let now = sandbox.signing_time();
    let dead = order("dead", now - 10);
    let answer = ask(&sandbox, "createAppOrderDepositAddress", dead, None).await;
    assert_eq!(answer["code"], 11_000, "{answer}");
    assert!(text(&answer["msg"]).contains("born expired"), "{answer}");
    let invoice = json!({
        "orderId": "dead", "product": "p", "price": "1", "priceFiatId": 1033, "expiredAt": now - 10,
    });
    let answer = ask(&sandbox, "createInvoiceUrl", invoice, None).await;
    assert_eq!(answer["code"], 11_000, "{answer}");
}

#[tokio::test]
async fn a_clock_that_was_stopped_is_everybodys() {
    let sandbox = Sandbox::builder().build().unwrap();
    sandbox.advance(Duration::from_secs(3_600));
    sandbox.stop_clock();
    let stopped = sandbox.now();
    assert_eq!(sandbox.signing_time(), stopped);
    data(
        &sandbox,
        "createAppOrderDepositAddress",
        order("order-1", stopped + 7_200),
    )
    .await;
    sandbox.advance(Duration::from_secs(600));
    assert_eq!(
        (sandbox.now(), sandbox.signing_time()),
        (stopped + 600, stopped + 600)
    );
    let info = data(&sandbox, "getAppOrderInfo", json!({ "orderId": "order-1" })).await;
    assert_eq!(info["createAt"], stopped);
    assert_eq!(info["expiredAt"], stopped + 7_200);
}

/// Spans go by the program's clock, and a list goes on where it stood before an advance.
#[tokio::test]
async fn lists_go_on_across_an_advance() {
    let sandbox = Sandbox::builder().balance(1280, "1000").build().unwrap();
    let receiver = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
    for number in 0..25 {
        let payout = json!({
            "orderId": format!("out-{number}"), "coinId": 1280, "chain": "POLYGON",
            "address": receiver, "amount": "2",
        });
        data(&sandbox, "applyAppWithdrawToNetwork", payout).await;
    }
    let route = "getAppWithdrawRecordList";
    let count = |page: &Value| page["records"].as_array().unwrap().len();
    let now = sandbox.signing_time();
    let mut query = json!({ "startAt": now - 60, "endAt": now });
    let first = data(&sandbox, route, query.clone()).await;
    query["nextId"] = first["nextId"].clone();
    // More than the 90 days that are meant where nothing is said.
    sandbox.advance(Duration::from_secs(100 * 86_400));
    let second = data(&sandbox, route, query).await;
    assert_eq!((count(&first), count(&second)), (20, 5));
    let now = sandbox.signing_time();
    for query in [json!({}), json!({ "endAt": now })] {
        assert_eq!(
            count(&data(&sandbox, route, query.clone()).await),
            20,
            "{query}"
        );
    }
}
