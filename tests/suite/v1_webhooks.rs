//! Notifications of the v1 API.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccpayment::raw::{DigestKey, SignText};
use ccpayment::webhook::v1::{Event, PayStatus, Verifier};
use ccpayment::webhook::{Verified, VerifyError};
use ccpayment::{AppId, AppSecret, Credentials};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

macro_rules! fixture {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../fixtures/v1/webhook-", $name, ".json")),
        )
    };
}

const FIXTURES: [(&str, &str); 5] = [
    fixture!("api_deposit"),
    fixture!("direct_deposit"),
    fixture!("invoice"),
    fixture!("api_withdrawal"),
    fixture!("refund"),
];

const SIGNED_AT: u64 = 1_690_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier() -> Verifier {
    Verifier::new(AppId::new("app"), AppSecret::new("secret")).unwrap()
}

fn headers(body: &[u8], secret: &str) -> HeaderMap {
    let timestamp = SIGNED_AT.to_string();
    let text = SignText {
        app_id: "app",
        timestamp: &timestamp,
        body,
    };
    let sign = DigestKey::new(&AppSecret::new(secret)).sign(&text);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("appid", "app"),
        ("timestamp", &timestamp),
        ("sign", sign.as_str()),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn read(body: &str) -> Result<Verified<Event>, VerifyError> {
    let headers = headers(body.as_bytes(), "secret");
    verifier().verify(&headers, body.as_bytes(), at(SIGNED_AT))
}

/// The changes of a payload when it is written again.
const NORMALISATIONS: [&str; 2] = ["empty to absent", "network_crypto is network_fee_crypto"];

fn normalise(value: &Value, used: &mut BTreeSet<&'static str>) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let mut out = serde_json::Map::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            (_, Value::String(text)) if text.is_empty() => {
                used.insert(NORMALISATIONS[0]);
            }
            ("network_crypto", value) => {
                used.insert(NORMALISATIONS[1]);
                out.insert("network_fee_crypto".to_owned(), value.clone());
            }
            (name, value) => {
                out.insert(name.to_owned(), normalise(value, used));
            }
        }
    }
    Value::Object(out)
}

#[test]
fn every_payload_is_read_and_loses_nothing() {
    let (mut used, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for (name, body) in FIXTURES {
        let event = read(body).unwrap_or_else(|e| panic!("{name}: {e}"));
        let kind = match event.event() {
            Event::ApiDeposit(_) => "api_deposit",
            Event::DirectDeposit(_) => "direct_deposit",
            Event::Invoice(_) => "invoice",
            Event::ApiWithdrawal(_) => "api_withdrawal",
            Event::Refund(_) => "refund",
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(kind, name);
        kinds.insert(kind);
        let written = serde_json::to_value(event.event()).unwrap();
        let expected = normalise(&serde_json::from_str(body).unwrap(), &mut used);
        assert_eq!(
            normalise(&written, &mut BTreeSet::new()),
            expected,
            "{name}"
        );
        let record_id = &expected["record_id"];
        let key = event.delivery_key().unwrap().to_string();
        assert_eq!(key, format!("{}/success", record_id.as_str().unwrap()));
        insta::assert_debug_snapshot!(format!("v1_webhook_{name}"), event.event());
        let answer = event.acknowledge().into_response();
        assert_eq!(
            (answer.status().as_u16(), &answer.body()[..]),
            (200, &b"success"[..])
        );
    }
    assert_eq!(kinds.len(), FIXTURES.len());
    assert_eq!(used.len(), NORMALISATIONS.len(), "{used:?}");
}

/// The fixture with one field changed.
fn changed(index: usize, field: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(FIXTURES[index].1).unwrap();
    body[field] = value;
    body.to_string()
}

#[test]
fn only_success_shows_an_amount() {
    for (index, amount) in [(0, "10"), (1, "666"), (2, "10")] {
        for (status, paid) in [
            ("success", Some(amount)),
            ("pending", None),
            ("processing", None),
            ("failed", None),
            ("Success", None),
            ("something new", None),
        ] {
            let event = read(&changed(index, "pay_status", json!(status))).unwrap();
            let shown = match event.event() {
                Event::ApiDeposit(event) => event.paid().cloned(),
                Event::DirectDeposit(event) => event.paid().cloned(),
                Event::Invoice(event) => event.paid().cloned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(shown.as_ref().map(|it| it.as_str()), paid, "{status}");
        }
    }
    // An empty amount is none, and never zero.
    let Event::Invoice(invoice) = read(FIXTURES[2].1).unwrap().event().clone() else {
        panic!("not an invoice")
    };
    assert_eq!(invoice.credit_amount, None);
    assert_eq!(invoice.pay_status, PayStatus::Success);
    assert!(!format!("{invoice:?}").contains('@'), "{invoice:?}");
}

#[test]
fn places_and_spellings_that_differ_are_read() {
    let order_of = |body: &str| {
        read(body)
            .unwrap()
            .merchant_order_id()
            .map(ToString::to_string)
    };
    assert_eq!(order_of(FIXTURES[0].1).as_deref(), Some("202211154785795"));
    assert_eq!(order_of(FIXTURES[1].1), None);
    assert_eq!(order_of(FIXTURES[3].1).as_deref(), Some("1690792347702"));
    let older = changed(2, "extend", json!({"merchant_order_id": "old-1"}));
    assert_eq!(order_of(&older).as_deref(), Some("old-1"));

    let misspelt = read(&changed(2, "order_type", json!("Invocie"))).unwrap();
    assert!(matches!(misspelt.event(), Event::Invoice(_)));

    for body in [
        changed(0, "custom_value", json!("mine")),
        changed(
            0,
            "extend",
            json!({"merchant_order_id": "1", "custom_value": "mine"}),
        ),
    ] {
        let Event::ApiDeposit(deposit) = read(&body).unwrap().event().clone() else {
            panic!("not a deposit")
        };
        assert_eq!(deposit.custom_value(), Some("mine"));
    }
    let old_name = FIXTURES[0].1.replace("product_price", "origin_price");
    let Event::ApiDeposit(deposit) = read(&old_name).unwrap().event().clone() else {
        panic!("not a deposit")
    };
    assert_eq!(deposit.product_price.as_ref().unwrap().as_str(), "25");
    let lookup = deposit.confirm_request().unwrap();
    assert_eq!(lookup.merchant_order_ids[0].as_str(), "202211154785795");
}

#[test]
fn what_can_not_be_read_is_kept_whole() {
    for (body, is_known) in [
        (changed(0, "record_id", json!("")), true),
        (changed(1, "paid_amount", json!(1.5)), true),
        (changed(3, "withdraw_amount", Value::Null), true),
        (changed(0, "order_type", json!("Something New")), false),
        (changed(0, "order_type", json!(7)), false),
        // A known type beside another one: we can't choose which one counts.
        (
            FIXTURES[0]
                .1
                .trim()
                .replacen('{', r#"{"order_type":"Refund","#, 1),
            true,
        ),
        ("{}".to_owned(), false),
    ] {
        let event = read(&body).unwrap();
        let (raw, read_as_known) = match event.event() {
            Event::Unreadable(unreadable) => (unreadable.raw(), true),
            Event::Unknown(unknown) => (unknown.raw(), false),
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!((raw, read_as_known), (&*body, is_known));
        assert_eq!(event.delivery_key(), None);
    }
    for body in ["", "[]", "null", "{\"a\":1}x", "{\"a\":1}\u{80}"] {
        let error = read(body).unwrap_err();
        assert!(
            matches!(error, VerifyError::Malformed { .. }),
            "{body}: {error}"
        );
    }
}

#[test]
fn nothing_unverified_gets_through() {
    let body = FIXTURES[1].1;
    let good = headers(body.as_bytes(), "secret");
    let check = |headers: &HeaderMap, body: &str, now: u64| {
        verifier()
            .verify(headers, body.as_bytes(), at(now))
            .map(drop)
    };
    assert_eq!(check(&good, body, SIGNED_AT), Ok(()));
    assert_eq!(check(&good, body, SIGNED_AT + 300), Ok(()));
    assert!(matches!(
        check(&good, body, SIGNED_AT + 301),
        Err(VerifyError::OutsideWindow { seconds: 301 })
    ));
    assert_eq!(
        check(&good, &body.replace("666", "667"), SIGNED_AT),
        Err(VerifyError::BadSignature)
    );
    assert_eq!(
        check(&headers(body.as_bytes(), "another"), body, SIGNED_AT),
        Err(VerifyError::BadSignature)
    );
    for missing in ["appid", "timestamp", "sign"] {
        let mut headers = good.clone();
        headers.remove(missing);
        assert!(matches!(
            check(&headers, body, SIGNED_AT),
            Err(VerifyError::MissingHeader { .. })
        ));
    }
    // Digits of the time are moved into the body, which gives the same digest.
    let mut shifted = good.clone();
    shifted.insert("timestamp", HeaderValue::from_static("169000000"));
    assert_eq!(
        check(&shifted, &format!("0{body}"), SIGNED_AT),
        Err(VerifyError::MalformedTimestamp)
    );

    // With an empty secret, anybody could sign.
    assert!(Verifier::new(AppId::new("app"), AppSecret::new("")).is_err());

    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let same = Verifier::from(&credentials);
    assert!(same.verify(&good, body.as_bytes(), at(SIGNED_AT)).is_ok());
    // A notification of v2 is not one of v1, and the other way round.
    let v2 = ccpayment::webhook::Verifier::from(&credentials);
    assert_eq!(
        v2.verify(&good, body.as_bytes(), at(SIGNED_AT)).map(drop),
        Err(VerifyError::BadSignature)
    );
}
