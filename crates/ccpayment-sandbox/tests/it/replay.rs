//! Requests as the official clients of both versions send them, in the default reading: each is
//! accepted, or refused with a documented code for a reason that stands beside it.

use std::collections::BTreeSet;

use bytes::Bytes;
use ccpayment_sandbox::{IncomingPayment, Sandbox};
use serde_json::{Map, Value, json};

use crate::replay_bodies::{
    BATCH, BILL, BILL_OUT, GIFTS, INVOICE, ORDER, PAYOUT, SWAP, TRANSFER, USER_PAYOUT, USER_SWAP,
    V1, V2,
};
use crate::support::{APP_ID, RECEIVER, SECRET, START, text};
use crate::v1_support::document as document_of_v1;

/// A gateway as it starts by default, in which something of every kind has happened.
struct Town {
    sandbox: Sandbox,
    /// What a `$name` in a body stands for.
    names: Vec<(&'static str, String)>,
}

/// The answer's header and its envelope.
type Answer = (Option<String>, Value);

impl Town {
    async fn new() -> Self {
        let mut builder = Sandbox::builder()
            .app(APP_ID, SECRET)
            .seed(42)
            .start_time(START);
        for coin_id in [1280, 1329, 1482, 1486] {
            builder = builder
                .balance(coin_id, "1000")
                .user_balance("alice", coin_id, "1000")
                .user_balance("robert", coin_id, "1000");
        }
        let sandbox = builder.build().unwrap();
        let token = sandbox.v1_token_id(1280, "POLYGON").unwrap().to_owned();
        let mut town = Self {
            sandbox,
            names: vec![
                ("token", token),
                ("receiver", RECEIVER.to_owned()),
                ("app", APP_ID.to_owned()),
                ("now", START.to_string()),
                ("later", (START + 3_600).to_string()),
                ("earlier", (START - 3_600).to_string()),
            ],
        };
        town.live().await;
        town
    }

    async fn live(&mut self) {
        let order = self
            .made("createAppOrderDepositAddress", ORDER.replace("new", "old"))
            .await;
        let paid = self.sandbox.pay(&text(&order["address"]), "1").unwrap();
        self.sandbox.confirm(&paid.record_id).unwrap();
        let lost = IncomingPayment::new(text(&order["address"]), "1").overlooked();
        let lost = self.sandbox.send_payment(lost).unwrap();
        self.names.push(("deposit", paid.record_id));
        self.names.push(("lost", lost.tx_id));
        self.names.push(("address", text(&order["address"])));
        self.made("createInvoiceUrl", INVOICE.replace("new", "inv"))
            .await;
        for (route, body, name) in [
            (
                "getOrCreateAppDepositAddress",
                r#"{"referenceId":"shop-1","chain":"TRX"}"#,
                "free",
            ),
            (
                "getOrCreateUserDepositAddress",
                r#"{"userId":"alice","chain":"TRX"}"#,
                "user_deposit",
            ),
        ] {
            let made = self.made(route, body.to_owned()).await;
            let money = IncomingPayment::new(text(&made["address"]), "7").coin(1280, "TRX");
            let paid = self.sandbox.send_payment(money).unwrap();
            self.sandbox.confirm(&paid.record_id).unwrap();
            let of_user = name == "user_deposit";
            let value = if of_user {
                paid.record_id
            } else {
                text(&made["address"])
            };
            self.names.push((name, value));
        }
        for (route, body, name) in [
            ("applyAppWithdrawToNetwork", PAYOUT, "payout"),
            ("applyUserWithdrawToNetwork", USER_PAYOUT, "user_payout"),
            ("swap", SWAP, "swap"),
            ("userSwap", USER_SWAP, "user_swap"),
            ("userTransfer", TRANSFER, "transfer"),
            ("userBatchTransfer", GIFTS, "gifts"),
        ] {
            let made = self.made(route, body.replace("new", "old")).await;
            self.names.push((name, text(&made["recordId"])));
        }
        self.made("applyBatchWithdraw", BATCH.replace("new", "old"))
            .await;
    }

    async fn made(&self, route: &str, body: String) -> Value {
        let (_, mut envelope) = self.send("v2", route, &body).await;
        assert_eq!(envelope["code"], 10_000, "{route} {body}: {envelope}");
        envelope["data"].take()
    }

    fn filled(&self, body: &str) -> String {
        // The longest first, because one name may begin another.
        let mut names = self.names.clone();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let fill =
            |body: String, (name, value): &(&str, String)| body.replace(&format!("${name}"), value);
        names.iter().fold(body.to_owned(), fill)
    }

    async fn send(&self, version: &str, route: &str, body: &str) -> Answer {
        let body = self.filled(body);
        let signed = match version {
            "v1" => self.sandbox.sign_v1(body.as_bytes()),
            _ => self.sandbox.sign_v2(body.as_bytes()),
        };
        let mut request = http::Request::post(format!("/ccpayment/{version}/{route}"))
            .header("Content-Type", "application/json");
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from(body)).unwrap();
        let answer = self.sandbox.respond(request).await.unwrap();
        let warning = answer.headers().get("x-sandbox-warning");
        let warning = warning.map(|it| it.to_str().unwrap().to_owned());
        (warning, serde_json::from_slice(answer.body()).unwrap())
    }
}

/// The request schema of a route, and the schema of the rows of its lists.
fn schema<'a>(document: &'a Value, route: &str) -> Option<&'a Value> {
    let route = match route {
        "getTradeBlockHeight" => "getPaymentBlockHeight",
        route => route,
    };
    let post = &document["paths"][format!("/{route}")]["post"];
    let name = &post["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    document.pointer(&name.as_str()?[1..])
}

/// The body with every field that it may have and does not, as a client sends it that has no way to
/// leave a field out.
fn with_unset(document: &Value, schema: &Value, body: &Value, unset: fn(&Value) -> Value) -> Value {
    let Value::Object(fields) = body else {
        return body.clone();
    };
    let properties = schema["properties"].as_object().cloned();
    let mut all = Map::new();
    for (name, kind) in properties.unwrap_or_default() {
        let kind = match kind["$ref"].as_str() {
            Some(path) => document.pointer(&path[1..]).unwrap().clone(),
            None => kind,
        };
        let value = match fields.get(&name) {
            Some(Value::Array(items)) if kind["items"]["$ref"].is_string() => {
                let rows = kind["items"]["$ref"].as_str().unwrap();
                let rows = document.pointer(&rows[1..]).unwrap();
                let full = |item| with_unset(document, rows, item, unset);
                items.iter().map(full).collect()
            }
            Some(value) => value.clone(),
            None => unset(&kind),
        };
        all.insert(name, value);
    }
    Value::Object(all)
}

/// What an unset field of this kind is in a language that has no unset.
fn zero(kind: &Value) -> Value {
    match kind["type"].as_str() {
        Some("integer") => json!(0),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ => json!(""),
    }
}

async fn accepted(version: &str, route: &str, client: &str, body: &str) -> Answer {
    let town = Town::new().await;
    if version == "v1" {
        for (route, body) in [("bill/create", BILL), ("withdraw", BILL_OUT)] {
            let (_, made) = town.send("v1", route, &body.replace("new", "old")).await;
            assert_eq!(made["code"], 10_000, "{made}");
        }
    }
    let (warning, envelope) = town.send(version, route, body).await;
    assert_eq!(
        envelope["code"], 10_000,
        "{client}: {version}/{route} {body}: {envelope}"
    );
    assert!(town.sandbox.ledger().is_balanced(), "{version}/{route}");
    (warning, envelope)
}

#[tokio::test]
async fn every_route_takes_what_official_clients_send() {
    let v2: Value = serde_json::from_str(include_str!("../../schema/v2.json")).unwrap();
    let v1 = document_of_v1();
    let mut routes = BTreeSet::new();
    for (version, document, rows) in [("v2", &v2, &V2[..]), ("v1", &v1, &V1[..])] {
        let stubs: Vec<_> = Town::new().await.names;
        let stub = |body: &str| {
            // Numbers have no quotes around them.
            let number = |name: &str| ["now", "later", "earlier"].contains(&name);
            let names = stubs.iter().filter(|(name, _)| number(name));
            names.fold(body.to_owned(), |body, (name, value)| {
                body.replace(&format!("${name}"), value)
            })
        };
        for (route, body) in rows {
            routes.insert((version, *route));
            let (warning, _) = accepted(version, route, "least", body).await;
            // The one list whose required fields are contested.
            let contested = *route == "getUserTransferRecordList";
            assert_eq!(warning.is_some(), contested, "{route}: {warning:?}");
            if *body == "{}" {
                // Go sends no bytes, PHP an empty list.
                accepted(version, route, "Go", "").await;
                let (warning, _) = accepted(version, route, "PHP", "[]").await;
                let warning = warning.unwrap();
                assert!(warning.contains("`[]` was read as `{}`"), "{warning}");
            }
            let Some(schema) = schema(document, route) else {
                continue;
            };
            let body: Value = serde_json::from_str(&stub(body)).unwrap();
            let nulls = with_unset(document, schema, &body, |_| Value::Null);
            let zeros = with_unset(document, schema, &body, zero);
            let (warning, _) = accepted(version, route, "Java", &nulls.to_string()).await;
            assert_eq!(warning.is_some(), nulls != body || contested, "{route}");
            accepted(version, route, "Go", &zeros.to_string()).await;
        }
    }
    assert_eq!(routes.len(), 61 + 14);
}

/// What single clients and editions of the documents send beside that, with the warning.
#[tokio::test]
async fn what_only_some_send_is_taken_and_said() {
    let year = format!(r#"{{"startAt":{},"endAt":{START}}}"#, START - 365 * 86_400);
    for (version, route, client, body, said) in [
        (
            "v2",
            "createAppOrderDepositAddress",
            "BBL",
            r#"{"orderId":"order-new","coinId":1280,"chain":"POLYGON","price":"1","fiatId":null,"expiredAt":0,"buyerEmail":null,"generateCheckoutURL":null,"product":null,"returnUrl":null}"#,
            "`expiredAt` is 0 or empty",
        ),
        (
            "v2",
            "createInvoiceUrl",
            "BBL",
            r#"{"orderId":"invoice-new","price":"7.50","priceCoinId":0,"priceFiatId":1033}"#,
            "`priceCoinId` is 0",
        ),
        (
            "v2",
            "createAppOrderDepositAddress",
            "SDK docs",
            r#"{"orderId":"order-new","coinId":1280,"chain":"POLYGON","price":"1","fiatId":0}"#,
            "`fiatId` is 0",
        ),
        (
            "v2",
            "getAppDepositRecordList",
            "Go",
            r#"{"coinId":0,"startAt":0,"endAt":0}"#,
            "`coinId` is 0",
        ),
        (
            "v2",
            "applyUserWithdrawToNetwork",
            "table",
            &USER_PAYOUT.replace("1280", "\"1280\""),
            "`coinId` has another type",
        ),
        (
            "v2",
            "applyUserWithdrawToCwallet",
            "table",
            r#"{"userId":"alice","orderId":"cwallet-new","coinId":"1280","cwalletUser":"35255142","amount":"1"}"#,
            "`coinId` has another type",
        ),
        (
            "v2",
            "getUserWithdrawRecordList",
            "sample",
            r#"{"userId":"alice","address":"$receiver"}"#,
            "`address` was read as `toAddress`",
        ),
        (
            "v2",
            "getUserTransferRecordList",
            "all SDKs",
            r#"{"orderIds":["gift-old"]}"#,
            "one source requires `fromUserId` and `toUserId`",
        ),
        (
            "v2",
            "getAppWithdrawRecordList",
            "sample",
            &year,
            "longer than 90 days",
        ),
        (
            "v2",
            "getUserDepositRecordList",
            "sample",
            &year.replace('{', r#"{"userId":"alice","#),
            "longer than 90 days",
        ),
        (
            "v2",
            "applyBatchWithdraw",
            "Go",
            &BATCH.replace("\"amount\"", "\"seq\":0,\"memo\":null,\"amount\""),
            "`orders[].memo` is null",
        ),
        (
            "v1",
            "bill/create",
            "PHP",
            &format!(
                "{},{}",
                BILL.trim_end_matches('}'),
                r#""remark":"","order_valid_period":3600,"amount":"","notify_url":"","custom_value":""}"#
            ),
            "`amount` was ignored",
        ),
        (
            "v1",
            "concise/url/get",
            "PHP",
            r#"{"merchant_order_id":"page-new","product_price":"5","product_name":"tea","valid_timestamp":0,"order_valid_period":0,"amount":""}"#,
            "`order_valid_period` is 0",
        ),
        (
            "v1",
            "check/user",
            "Java",
            r#"{"cid":"9558861","c_id":"9558861"}"#,
            "`cid` was ignored",
        ),
        (
            "v1",
            "assets",
            "Java, Python",
            r#"{"token_id":"$token"}"#,
            "`token_id` was read as `coin_id`",
        ),
        (
            "v1",
            "bill/info",
            "older documents",
            r#"{"merchant_order_id":"bill-old"}"#,
            "was read as `merchant_order_ids`",
        ),
        (
            "v1",
            "webhook/resend",
            "page",
            r#"{"start_timestamp":$earlier,"endTimestamp":$now}"#,
            "was read as `end_timestamp`",
        ),
        (
            "v1",
            "withdraw",
            "table",
            r#"{"merchant_order_id":"out-new","address":"rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn","token_id":"$ripple","value":"5","memo":573049}"#,
            "`memo` has another type",
        ),
    ] {
        let ripple = Sandbox::builder().build().unwrap();
        let body = body.replace("$ripple", ripple.v1_token_id(1486, "XRP").unwrap());
        let (warning, _) = accepted(version, route, client, &body).await;
        let warning = warning.unwrap_or_else(|| panic!("{client}: {route}: no warning"));
        assert!(warning.contains(said), "{client}: {route}: {warning}");
    }
}

/// What official and other clients send and the gateway refuses, and why that is right.
#[tokio::test]
async fn what_is_refused_is_refused_for_a_reason() {
    let wide = |days: u64| format!(r#"{{"startAt":{},"endAt":{START}}}"#, START - days * 86_400);
    for (version, route, body, code, why) in [
        ("v2", "estimate", r#"{"fromCoinId":1280,"fromAmount":"10","toCoinId":1329}"#.to_owned(), 11_000, "the Go client invents these names, which no document has"),
        ("v2", "swap", r#"{"orderId":"swap-new","fromCoinId":1280,"fromAmount":"10","toCoinId":1329}"#.to_owned(), 11_000, "the Go client again"),
        ("v2", "userSwap", r#"{"orderId":"swap-new","userId":"alice","fromCoinId":1280,"fromAmount":"10","toCoinId":1329}"#.to_owned(), 11_000, "the Go client again"),
        ("v2", "getSwapRecordList", r#"{"fromCoinId":1280}"#.to_owned(), 11_000, "the Go client again"),
        ("v2", "webhook/resend", "{}".to_owned(), 11_000, "the documents require `startTimestamp`, the clients let it be left out"),
        ("v2", "getUserTransferRecordList", "{}".to_owned(), 11_000, "without ids it would be a list of everybody's transfers, which the documents forbid"),
        ("v2", "getUserTransferRecordList", r#"{"orderIds":[]}"#.to_owned(), 11_000, "an empty list names no order"),
        ("v2", "getUserTransferRecord", r#"{"orderId":"gift-old","fromUserId":"alice","toUserId":"robert","coinId":1280,"amount":"1"}"#.to_owned(), 11_000, "one library sends fields that nobody documents"),
        ("v2", "getCoin", r#"{"coinId":"1280"}"#.to_owned(), 11_000, "no source has a text here"),
        ("v2", "getCoin", r#"{"coinId":null}"#.to_owned(), 11_000, "a required field is not set"),
        ("v2", "getCoin", r#"{"coinId":0}"#.to_owned(), 11_000, "a required field is 0"),
        ("v2", "getCoin", "[]".to_owned(), 11_000, "a required field is not there"),
        ("v2", "getCoinList", "[1]".to_owned(), 11_000, "a list with something in it is no request"),
        ("v2", "getCoinList", "null".to_owned(), 11_000, "no client sends it"),
        ("v2", "getAppWithdrawRecordList", wide(366), 11_008, "no source asks for more than a year"),
        ("v2", "getSwapRecordList", wide(91), 11_008, "its document names three months"),
        ("v2", "getUserSwapRecordList", wide(91), 11_008, "as the merchant's list"),
        ("v2", "createCheckoutUrl", "{}".to_owned(), 11_000, "a plugin calls it, and no document has it"),
        ("v1", "check/user", r#"{"c_id":"1"}"#.to_owned(), 224_083, "there is no such user"),
        ("v1", "check/user", r#"{"cid":"9558861"}"#.to_owned(), 990_003, "only the Java client sends it, and `c_id` beside it"),
        ("v1", "withdrawal", BILL_OUT.to_owned(), 990_006, "one library calls a path that no document has"),
    ] {
        let town = Town::new().await;
        let (_, envelope) = town.send(version, route, &body).await;
        assert_eq!(envelope["code"], code, "{route} {body} ({why}): {envelope}");
        assert!(why.len() > 10);
    }
}
