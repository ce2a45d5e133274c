//! The v1 API on the wire: the requests, and the many forms that an answer may have.

use bytes::Bytes;
use ccpayment::raw::{PreparedRequest, RecordMatch, decode};
use ccpayment::v1::*;
use ccpayment::{
    Address, AnswerError, AppId, AppSecret, Client, Credentials, ErrorCode, Idempotency, Memo,
    OrderId, Origin, Proof, Request, Retry, Submit, Timestamp, Version,
};
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const TOKEN: &str = "0912e09a-d8e2-41d7-a0bc-a25530892988";

fn credentials() -> Credentials {
    Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap()
}

fn sent<E: Request>(request: &E) -> http::Request<Bytes> {
    PreparedRequest::new(request)
        .unwrap()
        .sign(
            &Origin::of(E::VERSION),
            &credentials(),
            Timestamp::new(1_677_152_490),
        )
        .unwrap()
}

fn text<E: Request>(request: &E) -> String {
    String::from_utf8(sent(request).into_body().to_vec()).unwrap()
}

fn read<E: Request>(data: &Value) -> E::Response {
    let body = json!({"code": 10000, "msg": "Success", "data": data}).to_string();
    decode(&http::Response::new(Bytes::from(body)))
        .unwrap_or_else(|e| panic!("{}: {e}", E::OPERATION))
}

fn order(price: &str, currency: Currency) -> CreateOrder {
    let id = OrderId::new("1");
    CreateOrder::new(id, price.parse().unwrap(), TokenId::new(TOKEN), currency)
}

fn payout() -> Withdraw {
    Withdraw::new(
        OrderId::new("order-1"),
        Address::new("rwyQp3eC5j6AumcptZhfmiXAykpeswZKeJ"),
        TokenId::new(TOKEN),
        "10".parse().unwrap(),
    )
}

#[test]
fn every_v1_request_as_it_goes_out() {
    let request = sent(&CheckUser::new("9454818"));
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        request.uri(),
        "https://admin.ccpayment.com/ccpayment/v1/check/user"
    );
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert_eq!(header("Appid"), "app");
    assert_eq!(header("Timestamp"), "1677152490");
    assert_eq!(header("Sign").len(), 64);
    assert!(request.headers()["sign"].is_sensitive());
    assert_eq!(&request.body()[..], br#"{"c_id":"9454818"}"#);
}

#[test]
fn a_v1_call_without_parameters_sends_an_empty_object() {
    for body in [
        text(&ListCoins::new()),
        text(&GetBlockHeight::new()),
        text(&ListSupportTokensLegacy::new()),
        text(&GetAssets::new()),
    ] {
        assert_eq!(body, "{}");
    }
    // What is empty is left out.
    let read: GetAssets = serde_json::from_str(r#"{"coin_id":""}"#).unwrap();
    assert_eq!(text(&read), "{}");
}

#[test]
fn every_v1_route_is_there_with_its_path_and_its_class() {
    let facts: Value =
        serde_json::from_str(include_str!("../../xtask/spec/facts/v1.json")).unwrap();
    let routes = facts["routes"].as_array().unwrap();
    assert_eq!(routes.len(), ROUTES.len());
    for (fact, route) in routes.iter().zip(ROUTES) {
        let path = fact["path"].as_str().unwrap();
        assert_eq!(route.version, Version::V1);
        assert_eq!(route.path, format!("/ccpayment/v1{path}"));
        assert_eq!(route.name, fact["name"].as_str().unwrap());
        let expected = match fact["idempotency"].as_str().unwrap() {
            "read" => Idempotency::Read,
            "get_or_create" => Idempotency::GetOrCreate,
            "order_id" => Idempotency::OrderId,
            "unsafe" => Idempotency::NonIdempotent,
            other => panic!("{path}: {other}"),
        };
        assert_eq!(route.idempotency, expected, "{path}");
        let settles = route.idempotency == Idempotency::OrderId;
        assert_eq!(
            route.settled_by,
            settles.then_some("get_order_info"),
            "{path}"
        );
    }
}

#[test]
fn v1_requests_send_the_decided_names() {
    let whole = order("0.50", Currency::usd())
        .remark("r")
        .order_valid_period(600)
        .custom_value("c")
        .notify_url("https://example.com/hook");
    assert_eq!(
        serde_json::from_str::<Value>(&text(&whole)).unwrap(),
        json!({
            "merchant_order_id": "1", "product_price": "0.50", "token_id": TOKEN,
            "denominated_currency": "USD", "remark": "r", "order_valid_period": 600,
            "custom_value": "c", "notify_url": "https://example.com/hook",
        })
    );
    assert!(text(&order("1", Currency::token())).contains(r#""denominated_currency":"token""#));

    let page = GetCheckoutUrl::new(OrderId::new("1"), "1".parse().unwrap(), "tea")
        .notify_url("https://example.com/hook")
        .custom_value("c");
    let page = text(&page);
    assert!(
        page.contains("notify_url") && page.contains("custom_value"),
        "{page}"
    );
    assert!(
        !page.contains("valid_timestamp") && !page.contains("\"amount\""),
        "{page}"
    );

    assert!(!text(&payout()).contains("merchant_pays_fee"));
    assert!(text(&payout().merchant_pays_fee(false)).contains(r#""merchant_pays_fee":false"#));
    let info = GetOrderInfo::new([OrderId::new("a"), OrderId::new("b")]);
    assert_eq!(text(&info), r#"{"merchant_order_ids":["a","b"]}"#);
    let coin = CoinId::new("8e5741cf-6e51-4892-9d04-3d40e1dd0128");
    assert!(text(&GetAssets::new().coin_id(coin)).contains("\"coin_id\""));
    let fee = GetNetworkFee::new(TokenId::new(TOKEN)).memo(Memo::new("00012"));
    assert!(text(&fee).contains(r#""memo":"00012""#));
    let rate = GetTokenRate::new("1000".parse().unwrap(), TokenId::new(TOKEN));
    assert!(text(&rate).contains(r#""amount":"1000""#));
    let resend = ResendWebhooks::new(Timestamp::new(1_700_000_000));
    let resend = text(&resend.end_timestamp(Timestamp::new(1_700_000_060)));
    assert!(resend.contains(r#""end_timestamp":1700000060"#), "{resend}");
}

#[test]
fn v1_names_of_every_source_are_read() {
    let base = json!({"order_id": "o", "network": "TRC20", "pay_address": "T1"});
    let price = |fields: &[(&str, &str)]| {
        let mut answer = base.clone();
        fields
            .iter()
            .for_each(|(name, value)| answer[*name] = json!(value));
        let price = read::<CreateOrder>(&answer).product_price;
        price.map(|it| it.as_str().to_owned())
    };
    assert_eq!(price(&[]), None);
    assert_eq!(price(&[("amount", "0.5")]).as_deref(), Some("0.5"));
    assert_eq!(price(&[("product_price", "0.5")]).as_deref(), Some("0.5"));
    let both = [("amount", "0.4"), ("product_price", "0.5")];
    assert_eq!(price(&both).as_deref(), Some("0.5"));
    let [first, second] = both;
    assert_eq!(price(&[second, first]).as_deref(), Some("0.5"));

    for name in ["network_symbol", "network_fee_crypto"] {
        let answer = read::<Withdraw>(&json!({"order_id": "o", name: "TRX"}));
        assert_eq!(answer.network_fee_crypto.as_deref(), Some("TRX"), "{name}");
    }
    for name in ["nikename", "nickname"] {
        let answer = read::<CheckUser>(&json!({"c_id": "1", name: "alvin"}));
        assert_eq!(answer.nickname.as_deref(), Some("alvin"), "{name}");
    }
    for name in ["coin_id", "token_id"] {
        let answer = read::<GetAssets>(&json!({"list": [{"value": "1", name: TOKEN}]}));
        assert_eq!(
            answer.list[0].coin_id.as_ref().unwrap().as_str(),
            TOKEN,
            "{name}"
        );
    }
    for (name, created) in [("rate", json!(7)), ("token_rate", json!("7"))] {
        let detail = json!({
            "merchant_order_id": "1", "status": "Successful", name: "0.5", "created": created,
        });
        let answer = read::<GetOrderInfo>(&json!([{ "order_detail": detail }]));
        let detail = &answer.orders[0].order_detail;
        assert_eq!(
            detail.token_rate.as_ref().unwrap().as_str(),
            "0.5",
            "{name}"
        );
        assert_eq!(detail.created, Some(Timestamp::new(7)));
    }
    // A memo is text, even where a table calls it a number.
    for (memo, expected) in [(json!("0573049"), "0573049"), (json!(573_049), "573049")] {
        let answer = read::<GetPermanentAddress>(&json!({"address": "a", "memo": memo}));
        assert_eq!(answer.memo.unwrap().as_str(), expected);
    }
}

#[test]
fn v1_fields_that_not_every_source_has_may_be_missing() {
    let bare = read::<CreateOrder>(
        &json!({"order_id": "o", "network": "TRC20", "pay_address": "T1", "memo": ""}),
    );
    assert_eq!(
        (bare.memo, bare.token_id, bare.order_valid_period),
        (None, None, None)
    );
    let detail = json!({"merchant_order_id": "1", "status": "Expired"});
    let trade = json!({"amount": "1"});
    let info = read::<GetOrderInfo>(&json!([{"order_detail": detail, "trade_list": [trade]}]));
    assert_eq!(info.orders[0].trade_list[0].status, None);
    assert_eq!(info.orders[0].order_detail.order_id, None);
    assert!(info.orders[0].refund_list.is_empty());

    let height = |rate: Value| {
        let mut chain =
            json!({"chain": "BCH", "current_chain_height": 1, "tx_confirm_block_num": 2});
        chain["block_rate"] = rate;
        let answer = read::<GetBlockHeight>(&json!([chain]));
        answer.chains[0]
            .block_rate
            .as_ref()
            .map(|it| it.as_str().to_owned())
    };
    assert_eq!(height(Value::Null), None);
    assert_eq!(height(json!(0)).as_deref(), Some("0"));
    assert_eq!(height(json!(0.1)).as_deref(), Some("0.1"));

    let coin = |precision: Value, token_precision: Value| {
        let coin = json!({"coin_id": TOKEN, "crypto": "BTC", "precision": precision, "tokens": [
            {"token_id": TOKEN, "chain": "BTC", "precision": token_precision},
        ]});
        read::<ListCoins>(&json!({"list": [coin]})).list.remove(0)
    };
    assert_eq!(coin(json!(8), Value::Null).precision, Some(8));
    assert_eq!(coin(Value::Null, json!(8)).tokens[0].precision, Some(8));
    let token = json!({"token_id": TOKEN, "chain": "BTC"});
    let bare = json!({"list": [{"coin_id": TOKEN, "crypto": "BTC", "tokens": [token]}]});
    let bare = read::<ListCoins>(&bare).list.remove(0);
    assert_eq!((bare.precision, bare.tokens[0].precision), (None, None));
}

#[test]
fn v1_order_status_keeps_unknown_words() {
    let words = [
        "Awaiting payment",
        "Expired",
        "Underpayment",
        "Underpayment(Overdue)",
        "Paid",
        "Paid(Overdue)",
        "Overpayment",
        "Overpayment(Overdue)",
        "Successful",
        "Something new",
    ];
    for word in words {
        let detail = json!({"merchant_order_id": "1", "status": word});
        let answer = read::<GetOrderInfo>(&json!([{ "order_detail": detail }]));
        let status = &answer.orders[0].order_detail.status;
        assert_eq!(status.as_str(), word);
        let is_unknown = matches!(status, OrderStatus::Unknown(_));
        assert_eq!(is_unknown, word == "Something new", "{word}");
    }
}

#[test]
fn every_v1_error_is_a_refusal() {
    for (body, code) in [
        (
            r#"{"code":224066,"msg":"Service error, pleaser try again","data":null}"#,
            224_066,
        ),
        (
            r#"{"code":224066,"msg":"service err, please try again"}"#,
            224_066,
        ),
        (
            r#"{"code":224083,"reason":"ToUserNotFound","msg":"users do not exist"}"#,
            224_083,
        ),
        (r#"{"code":100804,"msg":"?"}"#, 100_804),
    ] {
        let response = http::Response::new(Bytes::from_static(body.as_bytes()));
        let error = ccpayment::raw::decode_signed::<Value>(&response, &credentials()).unwrap_err();
        let AnswerError::Refused(refusal) = &error else {
            panic!("{error}")
        };
        assert_eq!(refusal.code, ErrorCode::from_v1(code));
        assert_eq!(refusal.code.code(), code);
    }
}

#[test]
fn v1_codes_are_not_those_of_v2() {
    assert_eq!(ErrorCode::from_v1(224_066), ErrorCode::ServiceError);
    assert_eq!(ErrorCode::ServiceError.retry(), Retry::CheckRecord);
    assert_eq!(ErrorCode::from_v1(224_083), ErrorCode::ToUserNotFound);
    // Nobody explains these, the two tables differ, and an SDK made up the last.
    for code in [100_804, 225_110, 14_000, 11_004, 10_005, 10_009] {
        assert_eq!(ErrorCode::from_v1(code), ErrorCode::Unknown(code));
        assert_eq!(ErrorCode::from_v1(code).retry(), Retry::CheckRecord);
    }
    assert_eq!(ErrorCode::from(224_066), ErrorCode::Unknown(224_066));
}

/// The whole way, with a fake that checks the digest of what comes and signs what it answers.
#[tokio::test]
async fn a_client_calls_v1_and_believes_signed_answers_only() {
    let fake = FakeTransport::verifying(&credentials());
    let user = CheckUser::new("9454818");
    fake.expect(
        &user,
        Reply::data(&json!({"c_id": "9454818", "nikename": "alvin"})),
    );
    fake.expect(
        &payout(),
        Reply::refused(ErrorCode::ServiceError, "try again"),
    );
    let client = Client::new(credentials(), fake.clone());
    let answer = client.send(&user).await.unwrap();
    assert_eq!(answer.nickname.as_deref(), Some("alvin"));
    let error = client.send_unsettled(&payout()).await.unwrap_err();
    // This code proves nothing about a call that pays.
    assert_eq!(error.code(), Some(ErrorCode::ServiceError));
    assert!(
        matches!(error.outcome(), ccpayment::Outcome::Unknown(_)),
        "{error}"
    );
    fake.finish().unwrap();

    // The same answer without a signature, for a read and for a call that pays.
    let silent = FakeTransport::new();
    silent.expect_any::<CheckUser>(Reply::data(&json!({"c_id": "9454818"})));
    silent.expect_any::<Withdraw>(Reply::data(&json!({"order_id": "o"})));
    let client = Client::new(credentials(), silent.clone());
    let error = client.send(&user).await.unwrap_err();
    assert!(
        error.report().to_string().contains("no signature"),
        "{error:?}"
    );
    let error = client.send_unsettled(&payout()).await.unwrap_err();
    let ccpayment::Outcome::Unknown(unsettled) = error.outcome() else {
        panic!("{error}")
    };
    assert_eq!(unsettled.order_id, Some(OrderId::new("order-1")));
    assert_eq!(unsettled.settled_by, Some("get_order_info"));
    assert_eq!(error.status(), Some(StatusCode::OK));
    assert!(error.raw_body().is_some());
    silent.finish().unwrap();
}

#[tokio::test]
async fn a_v1_route_that_we_do_not_know_is_called_like_any_other() {
    #[derive(Debug)]
    struct Unknown;
    impl Request for Unknown {
        type Response = Value;
        const OPERATION: &'static str = "raw";
        const PATH: &'static str = "/ccpayment/v1/new/route";
        const VERSION: Version = Version::V1;
        const IDEMPOTENCY: Idempotency = Idempotency::NonIdempotent;
        fn body(&self) -> Result<Bytes, serde_json::Error> {
            Ok(Bytes::from_static(b"{}"))
        }
    }
    let fake = FakeTransport::verifying(&credentials());
    fake.expect(&Unknown, Reply::data(&json!({"x": 1})));
    let client = Client::new(credentials(), fake.clone());
    let answer = client.raw("/ccpayment/v1/new/route", &()).await.unwrap();
    assert_eq!(answer.get(), r#"{"x":1}"#);
    fake.finish().unwrap();
}

/// An RSA key or a remote signer can't sign for v1, and says so before anything is sent.
#[tokio::test]
async fn v1_needs_the_secret_itself() {
    use ccpayment::raw::{HmacKey, SignText};
    use ccpayment::{Signer, SigningFuture};
    struct Elsewhere(HmacKey);
    impl Signer for Elsewhere {
        fn sign<'a>(&'a self, text: SignText<'a>) -> SigningFuture<'a> {
            Box::pin(async move { Ok(self.0.sign(&text)) })
        }
    }
    let signer = Elsewhere(HmacKey::new(&AppSecret::new("secret")));
    let remote = Credentials::with_signer(AppId::new("app"), signer).unwrap();
    let client = Client::new(remote, FakeTransport::new());
    let error = client.send(&CheckUser::new("1")).await.unwrap_err();
    assert_eq!(error.outcome(), ccpayment::Outcome::NotSent);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        error.to_string().contains("can't be signed") || source.contains("signed"),
        "{error}"
    );
}

fn found(status: &str, order_amount: Value) -> Value {
    json!([{"order_detail": {
        "merchant_order_id": "order-1", "order_id": "cc-1", "order_amount": order_amount,
        "status": status,
    }}])
}

#[test]
fn a_v1_record_is_held_against_its_payout() {
    let judge = |data: &Value| payout().judge(&read::<GetOrderInfo>(data));
    for status in ["Successful", "Pending"] {
        let judged = judge(&found(status, json!("10.0")));
        assert!(
            matches!(judged, RecordMatch::Matches { created, .. } if created.order_id.as_str() == "cc-1")
        );
    }
    for status in ["Something new", "Expired", "Rejected"] {
        let judged = judge(&found(status, json!("10.0")));
        assert!(
            matches!(&judged, RecordMatch::UnknownStatus { status: it } if it == status),
            "{judged:?}"
        );
    }
    let judged = judge(&found("Failed", json!("10")));
    assert!(matches!(judged, RecordMatch::Ended { .. }), "{judged:?}");
    let judged = judge(&found("Successful", json!("11")));
    assert!(
        matches!(judged, RecordMatch::Conflicts { .. }),
        "{judged:?}"
    );
    let judged = judge(&found("Successful", Value::Null));
    assert!(
        matches!(judged, RecordMatch::Incomplete { field: "value" }),
        "{judged:?}"
    );
    // An incoming order is no withdrawal, whatever its amount.
    let mut order = found("Successful", json!("10"));
    order[0]["order_detail"]["product_price"] = json!("10");
    assert!(matches!(judge(&order), RecordMatch::Conflicts { .. }));
    order[0]["order_detail"]["product_price"] = json!("0");
    assert!(matches!(judge(&order), RecordMatch::Matches { .. }));
    // Less a fee in the same token. A fee without a token may be in the same.
    let mut net = found("Successful", json!("9.5"));
    net[0]["trade_list"] = json!([{"amount": "9.5", "network_fee": "0.5"}]);
    assert!(matches!(judge(&net), RecordMatch::Incomparable { .. }));
    net[0]["trade_list"][0]["network_fee_crypto"] = json!("usdt");
    net[0]["order_detail"]["crypto"] = json!("USDT");
    assert!(matches!(judge(&net), RecordMatch::Matches { .. }));
    net[0]["trade_list"][0]["network_fee_crypto"] = json!("TRX");
    assert!(matches!(judge(&net), RecordMatch::Conflicts { .. }));
    // Matched by id, never by position. Another id in the place of this one is no absence.
    let mut others = found("Successful", json!("10"));
    others[0]["order_detail"]["merchant_order_id"] = json!("order-2");
    let judged = judge(&others);
    assert!(
        matches!(
            judged,
            RecordMatch::Incomplete {
                field: "merchant_order_id"
            }
        ),
        "{judged:?}"
    );
    for respelt in ["Order-1", "order-1 "] {
        others[0]["order_detail"]["merchant_order_id"] = json!(respelt);
        let judged = judge(&others);
        assert!(
            matches!(judged, RecordMatch::Incomparable { .. }),
            "{judged:?}"
        );
    }
    assert_eq!(judge(&json!([])), RecordMatch::NotFound);
}

/// Nothing is documented about a repeated id, so it is looked for first, sent once, and looked for.
#[tokio::test]
async fn a_v1_payout_is_looked_for_before_it_is_sent_and_never_sent_in_doubt() {
    let fake = FakeTransport::verifying(&credentials());
    let lookup = payout().lookup();
    fake.expect(&lookup, Reply::data(&json!([])));
    fake.expect(&payout(), Reply::lost());
    fake.expect(&lookup, Reply::data(&json!([])));
    fake.expect(
        &lookup,
        Reply::refused(ErrorCode::ServiceError, "try again"),
    );
    fake.expect(&lookup, Reply::data(&found("Processing", json!("10"))));
    let client = Client::new(credentials(), fake.clone())
        .with_clock(TestClock::at(Timestamp::new(1_700_000_000)));
    let paid = client.payout(&payout()).await.unwrap();
    assert_eq!(
        (paid.proof, paid.attempts.submits, paid.attempts.lookups),
        (Proof::FoundRecord, 1, 4)
    );
    fake.finish().unwrap();

    // A second call, say after a crash, finds it.
    let again = FakeTransport::verifying(&credentials());
    again.expect(&lookup, Reply::data(&found("Successful", json!("10"))));
    let client = Client::new(credentials(), again.clone())
        .with_clock(TestClock::at(Timestamp::new(1_700_000_000)));
    assert_eq!(client.payout(&payout()).await.unwrap().attempts.submits, 0);
    again.finish().unwrap();
}
