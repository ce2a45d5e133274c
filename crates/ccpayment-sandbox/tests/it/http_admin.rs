//! Pages and the admin API: held against their description, and what they refuse.

use bytes::Bytes;
use ccpayment_sandbox::{Fault, Sandbox, Setting};
use http::{Request, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::{Merchant, builder};

const HOST: &str = "127.0.0.1:8480";

struct Answer {
    status: StatusCode,
    location: Option<String>,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

async fn ask(sandbox: &Sandbox, method: &str, path: &str, media: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", HOST)
        .header("Content-Type", media)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let answer = sandbox.respond(request).await.unwrap();
    let location = answer.headers().get("location");
    Answer {
        status: answer.status(),
        location: location.map(|place| place.to_str().unwrap().to_owned()),
        text: String::from_utf8(answer.body().to_vec()).unwrap(),
    }
}

async fn admin(sandbox: &Sandbox, name: &str, body: &Value) -> Answer {
    let path = format!("/sandbox/{name}");
    ask(
        sandbox,
        "POST",
        &path,
        "application/json",
        &body.to_string(),
    )
    .await
}

async fn look(sandbox: &Sandbox, name: &str) -> Value {
    let answer = ask(sandbox, "GET", &format!("/sandbox/{name}"), "", "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn press(sandbox: &Sandbox, url: &str, step: &str, form: &str) -> Answer {
    let path = format!("{}/{step}", path_of(url));
    ask(
        sandbox,
        "POST",
        &path,
        "application/x-www-form-urlencoded",
        form,
    )
    .await
}

fn path_of(url: &str) -> &str {
    url.strip_prefix("http://sandbox.test").unwrap()
}

async fn page(sandbox: &Sandbox, url: &str) -> String {
    let answer = ask(sandbox, "GET", path_of(url), "", "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.text
}

/// A merchant whose sandbox knows where its pages are.
async fn merchant() -> Merchant {
    let merchant = Merchant::new(builder().balance(1280, "1000")).await;
    merchant.sandbox.set_public_url("http://sandbox.test/");
    merchant
}

async fn checkout(merchant: &Merchant, order_id: &str, price: &str) -> Value {
    let order = json!({
        "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": price,
        "generateCheckoutURL": true, "returnUrl": "https://shop.test/done",
    });
    merchant.data("createAppOrderDepositAddress", order).await
}

/// The document, and a check of a value against one of its schemas.
fn described() -> (Value, impl Fn(&Value, &Value) -> Vec<String>) {
    let document: Value = serde_json::from_str(include_str!("../../openapi/admin.json")).unwrap();
    let components = document["components"].clone();
    let check = move |schema: &Value, value: &Value| {
        let mut whole = schema.clone();
        whole["components"] = components.clone();
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        validator
            .iter_errors(value)
            .map(|error| error.to_string())
            .collect()
    };
    (document, check)
}

fn schema<'a>(document: &'a Value, response: &'a Value) -> &'a Value {
    let response = match response["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => response,
    };
    &response["content"]["application/json"]["schema"]
}

#[tokio::test]
async fn the_description_is_served_and_true() {
    let merchant = merchant().await;
    let (document, errors) = described();
    assert_eq!(look(&merchant.sandbox, "openapi.json").await, document);
    let sandbox = &merchant.sandbox;
    let opened = checkout(&merchant, "order-1", "20").await;
    let invoice =
        json!({ "orderId": "invoice-1", "price": "20", "priceFiatId": 1033, "product": "p" });
    merchant.data("createInvoiceUrl", invoice).await;
    // Otherwise an advance would confirm what is confirmed here by name.
    sandbox.set(Setting::ManualChain(true)).unwrap();
    let pay = || {
        sandbox
            .pay(opened["address"].as_str().unwrap(), "1")
            .unwrap()
    };
    for (path, operations) in document["paths"].as_object().unwrap() {
        let name = path.strip_prefix("/sandbox/").unwrap();
        for (method, operation) in operations.as_object().unwrap() {
            if method == "get" {
                continue;
            }
            let content = &operation["requestBody"]["content"]["application/json"];
            let mut example = content["example"].clone();
            assert_eq!(
                errors(&content["schema"], &example),
                Vec::<String>::new(),
                "{path}"
            );
            // The examples name things that this sandbox does not have.
            if let Some(id) = example.get_mut("recordId") {
                *id = json!(if matches!(name, "confirm" | "fail" | "flag-risky") {
                    pay().record_id
                } else {
                    "none".to_owned()
                });
            }
            if matches!(name, "pay" | "risk-address" | "sweep") {
                example["address"] = opened["address"].clone();
            }
            let answer = admin(sandbox, name, &example).await;
            let expected = if answer.status == StatusCode::OK {
                schema(&document, &operation["responses"]["200"])
            } else {
                // What can't be done in this state is refused as described, not as unknown.
                assert!(
                    matches!(name, "approve" | "reject" | "refund-risky" | "resend"),
                    "{path}: {}",
                    answer.text
                );
                schema(&document, &operation["responses"]["default"])
            };
            assert_eq!(
                errors(expected, &answer.json()),
                Vec::<String>::new(),
                "{path}: {}",
                answer.text
            );

            let mut extra = example.clone();
            extra["colour"] = json!("green");
            assert!(!errors(&content["schema"], &extra).is_empty(), "{path}");
            let answer = admin(sandbox, name, &extra).await;
            assert_eq!(
                answer.status,
                StatusCode::BAD_REQUEST,
                "{path}: {}",
                answer.text
            );
            for field in content["schema"]["required"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let mut short: Map<String, Value> = example.as_object().unwrap().clone();
                short.remove(field.as_str().unwrap());
                let answer = admin(sandbox, name, &Value::Object(short)).await;
                assert_eq!(
                    answer.status,
                    StatusCode::BAD_REQUEST,
                    "{path} without {field}"
                );
            }
            let answer = ask(sandbox, "GET", path, "", "").await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    // After all that there is something in each list.
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(operation) = operations.get("get") else {
            continue;
        };
        let shown = look(sandbox, path.strip_prefix("/sandbox/").unwrap()).await;
        let expected = schema(&document, &operation["responses"]["200"]);
        assert_eq!(
            errors(expected, &shown),
            Vec::<String>::new(),
            "{path}: {shown}"
        );
    }
    assert!(sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn problems_say_what_is_wrong() {
    let merchant = merchant().await;
    let sandbox = &merchant.sandbox;
    for (name, body, status, says) in [
        (
            "pay",
            json!({ "address": "0x0", "amount": "1" }),
            404,
            "0x0",
        ),
        (
            "pay",
            json!({ "address": "0x0", "amount": "1", "coinId": 1280 }),
            400,
            "together",
        ),
        (
            "pay",
            json!({ "address": "0x0", "amount": 1 }),
            400,
            "expected a string",
        ),
        ("confirm", json!({ "recordId": "r" }), 404, "no record"),
        ("set", json!({ "Colour": "green" }), 400, "unknown variant"),
        (
            "instruct",
            json!({ "route": "nowhere", "code": 11000 }),
            400,
            "nowhere",
        ),
        (
            "webhook-url",
            json!({ "url": "https://shop.test" }),
            400,
            "no TLS",
        ),
        ("coffee", json!({}), 404, "/sandbox/coffee"),
    ] {
        let answer = admin(sandbox, name, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text);
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(says), "{name}: {error}");
    }
    let form = "application/x-www-form-urlencoded";
    let answer = ask(sandbox, "POST", "/sandbox/confirm-all", form, "{}").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(answer.text.contains("--json"));
    let answer = ask(sandbox, "POST", "/sandbox/confirm-all", form, "").await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "nothing to say needs no body"
    );
}

#[tokio::test]
async fn a_foreign_page_can_do_nothing() {
    let merchant = merchant().await;
    let opened = checkout(&merchant, "order-1", "20").await;
    let path = format!("{}/pay", path_of(opened["checkoutUrl"].as_str().unwrap()));
    let pay = |name: &'static str, value: &'static str, host: &'static str| {
        let request = Request::post(&path)
            .header("Host", host)
            .header(name, value);
        request.body(Bytes::from_static(b"how=exact")).unwrap()
    };
    for (name, value, host) in [
        ("Origin", "http://evil.example", HOST),
        ("Origin", "null", HOST),
        ("Sec-Fetch-Site", "cross-site", HOST),
        ("Accept", "*/*", "evil.example:8480"),
    ] {
        let answer = merchant
            .sandbox
            .respond(pay(name, value, host))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert!(merchant.sandbox.deposits().is_empty());
    merchant
        .sandbox
        .set_allowed_hosts(vec!["shop.internal".to_owned()]);
    let mine = pay("Origin", "http://shop.internal:8480", "shop.internal:8480");
    let answer = merchant.sandbox.respond(mine).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(merchant.sandbox.deposits().len(), 1);
}

#[tokio::test]
async fn a_checkout_is_paid_by_its_buttons() {
    let merchant = merchant().await;
    let sandbox = &merchant.sandbox;
    let opened = checkout(&merchant, "order-<1>", "20").await;
    let url = opened["checkoutUrl"].as_str().unwrap();
    let text = page(sandbox, url).await;
    for part in [
        "order-&lt;1&gt;",
        "Waiting",
        "<noscript>",
        "https://shop.test/done",
        opened["address"].as_str().unwrap(),
    ] {
        assert!(text.contains(part), "{part}");
    }
    let answer = press(sandbox, url, "pay", "how=part").await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (StatusCode::SEE_OTHER, Some(path_of(url)))
    );
    assert!(page(sandbox, url).await.contains("Payment seen"));
    sandbox.confirm_all();
    assert!(page(sandbox, url).await.contains("10 USDT is missing"));
    press(sandbox, url, "pay", "how=over").await;
    sandbox.confirm_all();
    assert!(page(sandbox, url).await.contains("with 1 USDT too much"));
    let answer = press(sandbox, url, "pay", "how=exact").await;
    assert_eq!(
        answer.status,
        StatusCode::CONFLICT,
        "there is nothing left to pay"
    );
    assert_eq!(
        press(sandbox, url, "pay", "why=exact").await.status,
        StatusCode::BAD_REQUEST
    );
    let state = ask(sandbox, "GET", &format!("{}/state", path_of(url)), "", "")
        .await
        .json();
    assert_eq!(state["phase"], "over");
    let gone = ask(sandbox, "GET", "/checkout/nothing", "", "").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_late_payment_comes_after_the_expiry() {
    let merchant = merchant().await;
    let opened = checkout(&merchant, "order-1", "20").await;
    let other = checkout(&merchant, "order-2", "20").await;
    let url = opened["checkoutUrl"].as_str().unwrap();
    let before = merchant.sandbox.now();
    press(&merchant.sandbox, url, "pay", "how=late").await;
    assert!(merchant.sandbox.deposits()[0].late);
    // Nothing but the order has grown older.
    assert_eq!(merchant.sandbox.now(), before);
    let page = page(&merchant.sandbox, other["checkoutUrl"].as_str().unwrap()).await;
    assert!(
        page.contains("23 h 59 min") || page.contains("1 d 00 h 00 min"),
        "{page}"
    );
    let order = merchant
        .data("getAppOrderInfo", json!({ "orderId": "order-1" }))
        .await;
    assert_eq!(order["expiredAt"], before - 1);
    assert_eq!(order["createAt"], before - 86_401);
    let answer = admin(
        &merchant.sandbox,
        "expire",
        &json!({ "orderId": "nothing" }),
    )
    .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

/// A client goes by the real time, and need not know that the sandbox's day has passed.
#[tokio::test]
async fn an_advance_on_the_real_clock_leaves_clients_alone() {
    let sandbox = Sandbox::builder().strict().build().unwrap();
    admin(&sandbox, "advance", &json!({ "seconds": 864_000 })).await;
    let clock = look(&sandbox, "clock").await;
    assert!(clock["now"].as_u64().unwrap() >= clock["signedAt"].as_u64().unwrap() + 864_000);
    let mut request =
        Request::post("/ccpayment/v2/getCoinList").header("Content-Type", "application/json");
    for (name, value) in sandbox.sign_v2(b"{}") {
        request = request.header(name, value);
    }
    let answer = sandbox
        .respond(request.body(Bytes::from_static(b"{}")).unwrap())
        .await
        .unwrap();
    let envelope: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(envelope["code"], 10_000, "{envelope}");
}

#[tokio::test]
async fn the_payer_of_an_invoice_picks_a_coin() {
    let merchant = merchant().await;
    let sandbox = &merchant.sandbox;
    let invoice = json!({ "orderId": "invoice-1", "price": "20.50", "priceFiatId": 1033, "product": "A <big> thing" });
    let opened = merchant.data("createInvoiceUrl", invoice).await;
    let url = opened["invoiceUrl"].as_str().unwrap();
    let text = page(sandbox, url).await;
    assert!(
        text.contains("A &lt;big&gt; thing") && text.contains("20.50 USD"),
        "{text}"
    );
    assert!(text.contains("value=\"1486-XRP\"") && !text.contains("<svg"));

    let answer = press(sandbox, url, "choose", "coin=1486-XRP").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let text = page(sandbox, url).await;
    assert!(
        text.contains("<svg") && text.contains("id=\"memo\"") && text.contains("another coin"),
        "{text}"
    );
    press(sandbox, url, "pay", "how=exact").await;
    sandbox.confirm_all();
    // Rounded up to what the chain carries, which is no surplus.
    assert!(page(sandbox, url).await.contains("Paid. Thank you!"));
    let shown = look(sandbox, "orders").await;
    assert_eq!(shown["orders"][0]["phase"], "paid");
    assert_eq!(shown["orders"][0]["invoice"], true);
    assert_eq!(
        press(sandbox, url, "choose", "coin=9-XRP").await.status,
        StatusCode::BAD_REQUEST
    );
    assert!(
        ask(sandbox, "GET", "/sandbox/", "", "")
            .await
            .text
            .contains("invoice-1")
    );
}

/// The admin API and old journals know them by these names, whatever Rust calls them.
#[test]
fn names_outside_rust_stay() {
    for (fault, name) in [
        (Fault::DeliveredTwice, "Twice"),
        (Fault::DeliveredTwiceAnswerSecond, "TwiceAnswerSecond"),
    ] {
        assert_eq!(serde_json::to_value(fault).unwrap(), name);
    }
    let manual = serde_json::to_value(Setting::ManualChain(true)).unwrap();
    assert_eq!(manual, json!({ "ChainByHand": true }));
}
