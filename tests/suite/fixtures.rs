//! The documents' own payloads: each decodes, and loses nothing on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bytes::Bytes;
use ccpayment::raw::decode;
use ccpayment::{AnswerError, ErrorCode, Request};
use ccpayment_tests::typed::read_whole;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}
pub(crate) use fixture;

/// Examples that exist to show names and are no legal calls, with what is wrong.
const ILLEGAL: [(&str, &str); 4] = [
    (
        "v2/apply_user_withdraw_to_network.with-optional.request",
        "merchantPayNetworkFee (4.3)",
    ),
    (
        "v2/get_app_withdraw_record.with-optional.request",
        "recordId with orderId (5.15)",
    ),
    (
        "v2/get_user_transfer_record.with-optional.request",
        "recordId with orderId (5.15)",
    ),
    (
        "v2/get_user_withdraw_record_list.with-optional.request",
        "address for toAddress (2.6)",
    ),
];

/// The files that were used, and the normalisations that they needed.
#[derive(Default)]
pub(crate) struct Used {
    files: BTreeSet<String>,
    normalised: BTreeSet<&'static str>,
    /// The mutations that break an answer, with the fields.
    pub(crate) broken: BTreeMap<String, BTreeSet<String>>,
}

/// The changes that are allowed when a payload is read and written again. Each is needed by at
/// least one payload.
const NORMALISATIONS: [&str; 3] = ["empty to absent", "alias", "text to number"];

/// The same for fields of v1 that go by two names: the file, the name in it and ours, with the row
/// of the discrepancy list that says why.
const NAMES: [(&str, &str, &str, &str); 3] = [
    ("v1/create_order.response", "amount", "product_price", "20"),
    (
        "v1/withdraw.response",
        "network_symbol",
        "network_fee_crypto",
        "38",
    ),
    ("v1/check_user.response", "nikename", "nickname", "43"),
];

/// Notifications of v1, which the tests of the verifier decode.
const NOTIFICATIONS: [&str; 5] = [
    "v1/webhook-api_deposit",
    "v1/webhook-api_withdrawal",
    "v1/webhook-direct_deposit",
    "v1/webhook-invoice",
    "v1/webhook-refund",
];

impl Used {
    /// Brings a payload of the documents into the form that we write.
    fn normalise(&mut self, file: &str, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut out = serde_json::Map::new();
                for (name, value) in fields {
                    if value == "" {
                        self.normalised.insert("empty to absent");
                        continue;
                    }
                    let name = match name.as_str() {
                        "ToAddress" => {
                            self.normalised.insert("alias");
                            "toAddress".to_owned()
                        }
                        _ => {
                            let other = NAMES
                                .iter()
                                .find(|it| (it.0, it.1) == (file, name.as_str()));
                            self.normalised.extend(other.map(|it| it.3));
                            other.map_or(name, |it| it.2.to_owned())
                        }
                    };
                    let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
                    let value = match number.filter(|_| name.ends_with("oinId")) {
                        Some(number) => {
                            self.normalised.insert("text to number");
                            number.into()
                        }
                        None => self.normalise(file, value),
                    };
                    out.insert(name, value);
                }
                Value::Object(out)
            }
            Value::Array(items) => (items.into_iter())
                .map(|item| self.normalise(file, item))
                .collect(),
            other => other,
        }
    }
}

pub(crate) fn request<E>(used: &mut Used, name: &str, fixture: &str)
where
    E: Request + Serialize + DeserializeOwned + Debug,
{
    used.files.insert(name.to_owned());
    if let Some((_, why)) = ILLEGAL.iter().find(|(illegal, _)| *illegal == name) {
        let read = serde_json::from_str::<E>(fixture);
        let legal = read.as_ref().is_ok_and(|request| {
            let expected = used.normalise(name, serde_json::from_str(fixture).unwrap());
            let sent = used.normalise(name, serde_json::to_value(request).unwrap());
            request.validate().is_ok() && sent == expected
        });
        assert!(!legal, "{name} became legal: {why}");
        return;
    }
    let request: E = serde_json::from_str(fixture).unwrap_or_else(|e| panic!("{name}: {e}"));
    request.validate().unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected = used.normalise(name, serde_json::from_str(fixture).unwrap());
    let written = used.normalise(name, serde_json::to_value(&request).unwrap());
    assert_eq!(written, expected, "{name}");
    insta::assert_debug_snapshot!(snapshot(name), request);
}

pub(crate) fn response<E: Request>(used: &mut Used, name: &str, fixture: &str)
where
    E::Response: Serialize + Debug,
{
    used.files.insert(name.to_owned());
    let http = http::Response::new(Bytes::copy_from_slice(fixture.as_bytes()));
    let response: E::Response = decode(&http).unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected: Value = serde_json::from_str(fixture).unwrap();
    let expected = used.normalise(name, expected["data"].clone());
    let written = used.normalise(name, serde_json::to_value(&response).unwrap());
    assert_eq!(written, expected, "{name}");
    insta::assert_debug_snapshot!(snapshot(name), response);
    let version = name.split('/').next().unwrap_or_default();
    let read = |whole: &Value| {
        let body = Bytes::from(whole.to_string());
        read_whole::<E>(body).is_ok()
    };
    for (field, mutations) in
        super::mutations::broken(&serde_json::from_str(fixture).unwrap(), read)
    {
        let field = format!("{version} {} {field}", E::OPERATION);
        used.broken.entry(mutations).or_default().insert(field);
    }
}

/// The name of a payload's snapshot.
fn snapshot(name: &str) -> String {
    name.strip_prefix("v2/")
        .unwrap_or(name)
        .replace(['/', '.'], "_")
}

/// Checks that a refusal keeps its number and its message, whatever else is in it.
pub(crate) fn refusal<E: Request>(used: &mut Used, name: &str, fixture: &str)
where
    E::Response: Debug,
{
    used.files.insert(name.to_owned());
    let http = http::Response::new(Bytes::copy_from_slice(fixture.as_bytes()));
    let error = decode::<E::Response>(&http).expect_err(name);
    let AnswerError::Refused(refusal) = error else {
        panic!("{name}: {error}")
    };
    let expected: Value = serde_json::from_str(fixture).unwrap();
    assert_eq!(expected["code"], refusal.code.code(), "{name}");
    assert_eq!(expected["msg"], refusal.message, "{name}");
    let reason = expected["reason"].as_str().filter(|it| !it.is_empty());
    assert_eq!(reason, refusal.reason.as_deref(), "{name}");
    let code = ErrorCode::from_v1(refusal.code.code());
    assert!(!matches!(code, ErrorCode::Unknown(_)), "{name}: {code}");
}

#[test]
fn every_payload_decodes_and_is_used() {
    let used = super::payloads::all();
    for version in ["v1", "v2"] {
        let folder = format!("{}/fixtures/{version}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let Some(name) = file.strip_suffix(".json") else {
                continue;
            };
            let name = format!("{version}/{name}");
            let is_notification =
                name.starts_with("v2/webhook-") || NOTIFICATIONS.contains(&name.as_str());
            assert!(
                is_notification || used.files.contains(&name),
                "no test used {file}"
            );
        }
    }
    for name in NORMALISATIONS.into_iter().chain(NAMES.map(|it| it.3)) {
        assert!(
            used.normalised.contains(name),
            "{name} is needed by no payload"
        );
    }
}

/// The event that the verifier makes of a notification of v2.
fn notified(body: &str) -> ccpayment::webhook::Event {
    use ccpayment::raw::{HmacKey, SignText};
    use ccpayment::webhook::Verifier;
    use ccpayment::{AppId, AppSecret};
    use std::time::{Duration, UNIX_EPOCH};

    let secret = AppSecret::new("secret");
    let (key, now) = (HmacKey::new(&secret), "1710234589");
    let verifier = Verifier::new(AppId::new("app"), &secret).unwrap();
    let body = body.as_bytes();
    let sign = key.sign(&SignText {
        app_id: "app",
        timestamp: now,
        body,
    });
    let headers = [
        ("appid", "app"),
        ("timestamp", now),
        ("sign", sign.as_str()),
    ];
    let headers = headers.map(|(name, value)| {
        (
            name.parse::<http::HeaderName>().unwrap(),
            value.parse::<http::HeaderValue>().unwrap(),
        )
    });
    let headers = http::HeaderMap::from_iter(headers);
    let now = UNIX_EPOCH + Duration::from_secs(now.parse().unwrap());
    let verified = verifier.verify(&headers, body, now).unwrap();
    verified.event().clone()
}

#[test]
fn every_notification() {
    use ccpayment::webhook::Event;

    for (snapshot, fixture) in [
        ("webhook_api_deposit", fixture!("v2/webhook-ApiDeposit")),
        (
            "webhook_api_deposit_invoice",
            fixture!("v2/webhook-ApiDeposit.invoice"),
        ),
        (
            "webhook_api_withdrawal",
            fixture!("v2/webhook-ApiWithdrawal"),
        ),
        (
            "webhook_direct_deposit",
            fixture!("v2/webhook-DirectDeposit"),
        ),
        ("webhook_user_deposit", fixture!("v2/webhook-UserDeposit")),
        (
            "webhook_user_withdrawal",
            fixture!("v2/webhook-UserWithdrawal"),
        ),
    ] {
        let event = notified(fixture);
        assert!(!matches!(event, Event::Unknown(_)), "{snapshot}");
        insta::assert_debug_snapshot!(snapshot, event);
    }
}

/// A deposit is still read if fields are wrong that are not part of its identity.
#[test]
fn a_symbol_that_can_not_be_read_hides_no_notification() {
    use ccpayment::webhook::Event;

    for symbol in [
        json!(7),
        json!(["USDT"]),
        json!({}),
        json!(null),
        json!(true),
    ] {
        let mut body: Value = serde_json::from_str(fixture!("v2/webhook-ApiDeposit")).unwrap();
        body["msg"]["coinSymbol"] = symbol;
        let event = notified(&body.to_string());
        assert!(matches!(event, Event::ApiDeposit(_)), "{body}: {event:?}");
    }
}
