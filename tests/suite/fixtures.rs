//! The documents' own payloads: each decodes, and loses nothing on the way.

use std::fmt::Debug;

use bytes::Bytes;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, GetAppCoinAsset, GetAppDepositRecord,
    GetAppOrderInfo, GetAppWithdrawRecord, GetCoin, GetCoinList,
};
use ccpayment::{Endpoint, decode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/v2/", $name, ".json"))
    };
}

/// What a value loses when it is read and written again: fields that are empty in the example.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(fields) => (fields.into_iter())
            .filter(|(_, value)| *value != "")
            .map(|(name, value)| (name, without_empty(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_empty).collect(),
        other => other,
    }
}

fn request<E: Endpoint + Serialize + DeserializeOwned + Debug>(snapshot: &str, fixture: &str) {
    let request: E = serde_json::from_str(fixture).unwrap();
    request.validate().unwrap();
    let expected: Value = serde_json::from_str(fixture).unwrap();
    assert_eq!(serde_json::to_value(&request).unwrap(), expected);
    insta::assert_debug_snapshot!(snapshot, request);
}

fn response<E: Endpoint>(snapshot: &str, fixture: &str)
where
    E::Response: Serialize + Debug,
{
    let http = http::Response::new(Bytes::copy_from_slice(fixture.as_bytes()));
    let response: E::Response = decode(&http).unwrap();
    let expected: Value = serde_json::from_str(fixture).unwrap();
    let written = without_empty(serde_json::to_value(&response).unwrap());
    assert_eq!(written, without_empty(expected["data"].clone()));
    insta::assert_debug_snapshot!(snapshot, response);
}

#[test]
fn every_request_of_the_slice() {
    request::<GetCoin>("request_get_coin", fixture!("get_coin.request"));
    request::<GetAppCoinAsset>(
        "request_get_app_coin_asset",
        fixture!("get_app_coin_asset.request"),
    );
    request::<CreateAppOrderDepositAddress>(
        "request_create_app_order_deposit_address",
        fixture!("create_app_order_deposit_address.request"),
    );
    request::<GetAppOrderInfo>(
        "request_get_app_order_info",
        fixture!("get_app_order_info.request"),
    );
    request::<GetAppDepositRecord>(
        "request_get_app_deposit_record",
        fixture!("get_app_deposit_record.request"),
    );
    request::<ApplyAppWithdrawToNetwork>(
        "request_apply_app_withdraw_to_network",
        fixture!("apply_app_withdraw_to_network.request"),
    );
    request::<ApplyAppWithdrawToNetwork>(
        "request_apply_app_withdraw_to_network_with_optional",
        fixture!("apply_app_withdraw_to_network.with-optional.request"),
    );
    request::<GetAppWithdrawRecord>(
        "request_get_app_withdraw_record",
        fixture!("get_app_withdraw_record.request"),
    );
}

/// The example with both ids exists to show field names; it is not a legal call.
#[test]
fn both_ids_at_once_can_not_be_written() {
    let both = fixture!("get_app_withdraw_record.with-optional.request");
    assert!(serde_json::from_str::<GetAppWithdrawRecord>(both).is_err());
}

#[test]
fn every_response_of_the_slice() {
    response::<GetCoinList>("response_get_coin_list", fixture!("get_coin_list.response"));
    response::<GetCoin>("response_get_coin", fixture!("get_coin.response"));
    response::<GetAppCoinAsset>(
        "response_get_app_coin_asset",
        fixture!("get_app_coin_asset.response"),
    );
    response::<CreateAppOrderDepositAddress>(
        "response_create_app_order_deposit_address",
        fixture!("create_app_order_deposit_address.response"),
    );
    response::<GetAppOrderInfo>(
        "response_get_app_order_info",
        fixture!("get_app_order_info.response"),
    );
    response::<GetAppDepositRecord>(
        "response_get_app_deposit_record",
        fixture!("get_app_deposit_record.response"),
    );
    response::<ApplyAppWithdrawToNetwork>(
        "response_apply_app_withdraw_to_network",
        fixture!("apply_app_withdraw_to_network.response"),
    );
    response::<GetAppWithdrawRecord>(
        "response_get_app_withdraw_record",
        fixture!("get_app_withdraw_record.response"),
    );
}

#[test]
fn every_notification() {
    use ccpayment::webhook::{Event, Verifier};
    use ccpayment::{AppId, AppSecret, HmacKey, SignText};
    use std::time::{Duration, UNIX_EPOCH};

    let secret = AppSecret::new("secret");
    let (key, now) = (HmacKey::new(&secret), "1710234589");
    let verifier = Verifier::new(AppId::new("app"), &secret);
    for (snapshot, fixture) in [
        ("webhook_api_deposit", fixture!("webhook-ApiDeposit")),
        (
            "webhook_api_deposit_invoice",
            fixture!("webhook-ApiDeposit.invoice"),
        ),
        ("webhook_api_withdrawal", fixture!("webhook-ApiWithdrawal")),
        ("webhook_direct_deposit", fixture!("webhook-DirectDeposit")),
        ("webhook_user_deposit", fixture!("webhook-UserDeposit")),
        (
            "webhook_user_withdrawal",
            fixture!("webhook-UserWithdrawal"),
        ),
    ] {
        let body = fixture.as_bytes();
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
        let event = verifier.verify(&headers, body, now).unwrap();
        assert!(!matches!(event.event(), Event::Unknown(_)), "{snapshot}");
        insta::assert_debug_snapshot!(snapshot, event.event());
    }
}
