//! Notifications with one field wrong: identity and money break them, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use ccpayment::raw::{DigestKey, HmacKey, SignText, Signature};
use ccpayment::webhook::{self, v1};
use ccpayment::{AppId, AppSecret};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::mutations::broken;

const SIGNED_AT: u64 = 1_726_717_500;

macro_rules! fixtures {
    ($version:literal: $($name:literal)*) => {
        [$(($name, include_str!(concat!("../fixtures/", $version, "/webhook-", $name, ".json")))),*]
    };
}

const V2: [(&str, &str); 6] = fixtures!("v2": "ApiDeposit" "ApiDeposit.invoice" "ApiWithdrawal"
    "DirectDeposit" "UserDeposit" "UserWithdrawal");
const V1: [(&str, &str); 5] = fixtures!("v1": "api_deposit" "api_withdrawal" "direct_deposit"
    "invoice" "refund");

fn headers(body: &str, sign: impl Fn(&SignText<'_>) -> Signature) -> HeaderMap {
    let timestamp = SIGNED_AT.to_string();
    let text = SignText {
        app_id: "app",
        timestamp: &timestamp,
        body: body.as_bytes(),
    };
    let sign = sign(&text);
    let values = [
        ("appid", "app"),
        ("timestamp", &timestamp),
        ("sign", sign.as_str()),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn is_read_as_v2(body: &str) -> bool {
    let secret = AppSecret::new("secret");
    let verifier = webhook::Verifier::new(AppId::new("app"), &secret).unwrap();
    let headers = headers(body, |text| HmacKey::new(&secret).sign(text));
    let now = UNIX_EPOCH + Duration::from_secs(SIGNED_AT);
    let event = verifier.verify(&headers, body.as_bytes(), now).unwrap();
    event.delivery_key().is_some()
}

fn is_read_as_v1(body: &str) -> bool {
    let secret = AppSecret::new("secret");
    let verifier = v1::Verifier::new(AppId::new("app"), &secret).unwrap();
    let headers = headers(body, |text| DigestKey::new(&secret).sign(text));
    let now = UNIX_EPOCH + Duration::from_secs(SIGNED_AT);
    let event = verifier.verify(&headers, body.as_bytes(), now).unwrap();
    event.delivery_key().is_some()
}

/// Every line is a decision: a notification that is odd in one of these ways is
/// `Event::Unreadable`, or `Unknown` without its type. All else is read.
#[test]
fn what_breaks_a_notification_is_identity_or_money() {
    let mut table = String::new();
    let mut write = |version, fixtures: &[(&str, &str)], is_read: fn(&str) -> bool| {
        for (name, text) in fixtures {
            let body: Value = serde_json::from_str(text).unwrap();
            assert!(is_read(text), "{version} {name}");
            let whole = json!({ "data": body });
            let broken = broken(&whole, |whole| is_read(&whole["data"].to_string()));
            let mut by_mutations = BTreeMap::<_, BTreeSet<_>>::new();
            for (field, mutations) in broken {
                by_mutations.entry(mutations).or_default().insert(field);
            }
            let _ = writeln!(table, "{version} {name}");
            for (mutations, fields) in by_mutations {
                let fields = Vec::from_iter(fields).join(", ");
                let _ = writeln!(table, "    {fields}: {mutations}");
            }
        }
    };
    write("v2", &V2, is_read_as_v2);
    write("v1", &V1, is_read_as_v1);
    insta::assert_snapshot!("what_breaks_a_notification", table);
}
