//! The code against the facts of `xtask/spec/facts`.

use std::collections::BTreeMap;

use ccpayment::raw::Operation;
use ccpayment::v1;
use ccpayment::v2::{
    self, ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, GetAppCoinAsset,
    GetAppOrderInfo, GetCoin,
};
use ccpayment::{ErrorCode, Idempotency, Request, Retry, Version};
use serde_json::Value;

pub(crate) fn facts() -> Value {
    serde_json::from_str(include_str!("../../xtask/spec/facts/v2.json")).unwrap()
}

fn facts_of_v1() -> Value {
    serde_json::from_str(include_str!("../../xtask/spec/facts/v1.json")).unwrap()
}

fn retry(text: &str) -> Retry {
    match text {
        "no" => Retry::Never,
        "backoff" => Retry::Backoff,
        "after_clock_fix" => Retry::AfterClockFix,
        "check_record" => Retry::CheckRecord,
        other => panic!("a new retry class: {other}"),
    }
}

#[test]
fn every_code_is_there_with_its_name_and_class() {
    let facts = facts();
    let errors = facts["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 81);
    assert_eq!(ErrorCode::ALL.len(), errors.len());
    for error in errors {
        let code = ErrorCode::from(error["code"].as_u64().unwrap());
        assert_eq!(code.name(), error["name"].as_str().unwrap());
        assert_eq!(
            code.retry(),
            retry(error["retryable"].as_str().unwrap()),
            "{code}"
        );
        assert_eq!(ErrorCode::from(code.code()), code);
    }
    assert_eq!(ErrorCode::from(12345), ErrorCode::Unknown(12345));
    assert_eq!(ErrorCode::Unknown(12345).retry(), Retry::CheckRecord);
}

/// A code of v1 has a name where its meaning is established. No number of v2 is borrowed.
#[test]
fn only_the_established_codes_of_v1_have_names() {
    let facts = facts_of_v1();
    let errors = facts["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 5);
    for error in errors {
        let number = error["code"].as_u64().unwrap();
        let code = ErrorCode::from_v1(number);
        let is_known = error["established"].as_bool().unwrap();
        assert_eq!(code == ErrorCode::Unknown(number), !is_known, "{code}");
        assert_eq!(code.code(), number);
        if is_known {
            assert_eq!(code.name(), error["name"].as_str().unwrap());
            let class = error.get("retryable_for_writes");
            let class = class.unwrap_or(&error["retryable"]);
            assert_eq!(code.retry(), retry(class.as_str().unwrap()), "{code}");
        }
        if code != ErrorCode::Success {
            assert_eq!(ErrorCode::from(number), ErrorCode::Unknown(number));
        }
    }
    for code in ErrorCode::ALL {
        let number = code.code();
        let is_shared = *code == ErrorCode::Success;
        assert_eq!(
            ErrorCode::from_v1(number) == ErrorCode::Unknown(number),
            !is_shared
        );
    }
}

#[test]
fn every_route_is_there_with_its_path_and_its_class() {
    for (version, facts, routes, count) in [
        (Version::V1, facts_of_v1(), &v1::ROUTES[..], 14),
        (Version::V2, facts(), &v2::ROUTES[..], 61),
    ] {
        every_route(version, &facts, routes, count);
    }
}

fn every_route(version: Version, facts: &Value, routes: &[Operation], count: usize) {
    let prefix = match version {
        Version::V1 => "/ccpayment/v1",
        Version::V2 => "/ccpayment/v2",
    };
    let known: BTreeMap<_, _> = (facts["routes"].as_array().unwrap().iter())
        .map(|route| {
            (
                route["path"].as_str().unwrap(),
                route["idempotency"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(known.len(), count);
    let ours: BTreeMap<_, _> = (routes.iter())
        .map(|route| (route.path.strip_prefix(prefix).unwrap(), route))
        .collect();
    assert_eq!(ours.len(), routes.len());
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        known.keys().collect::<Vec<_>>()
    );
    for (path, route) in ours {
        let class = match known[path] {
            "read" => Idempotency::Read,
            "get_or_create" => Idempotency::GetOrCreate,
            "order_id" => Idempotency::OrderId,
            "unsafe" => Idempotency::NonIdempotent,
            other => panic!("a new class: {other}"),
        };
        assert_eq!(route.idempotency, class, "{path}");
        assert_eq!(route.version, version, "{path}");
        // An operation that moves money names the route that settles it, which is a read of ours.
        if class == Idempotency::OrderId {
            let settles = routes.iter().find(|it| Some(it.name) == route.settled_by);
            assert_eq!(
                settles.map(|it| it.idempotency),
                Some(Idempotency::Read),
                "{path}"
            );
        }
    }
}

/// The request structs have every field of the facts, under its name, and no other.
#[test]
fn every_request_field_is_there() {
    use ccpayment::{Address, Chain, CoinId, FiatId, Memo, OrderId, Timestamp};
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new("abc"),
        CoinId::new(1),
        Chain::new("TRX"),
        "1".parse().unwrap(),
    )
    .fiat_id(FiatId::new(1033))
    .expired_at(Timestamp::new(1))
    .buyer_email("payer@example.com")
    .generate_checkout_url(true)
    .product("a thing")
    .return_url("https://example.com/r")
    .notify_url("https://example.com/n")
    .close_url("https://example.com/c");
    let payout = ApplyAppWithdrawToNetwork::new(
        OrderId::new("abc"),
        CoinId::new(1),
        Chain::new("TRX"),
        Address::new("T"),
        "1".parse().unwrap(),
    )
    .memo(Memo::new("m"))
    .merchant_pay_network_fee(true)
    .network_fee_inquiry_id("q")
    .notify_url("https://example.com/n");
    assert_fields(&order);
    assert_fields(&payout);
    assert_fields(&GetCoin::new(CoinId::new(1)));
    assert_fields(&GetAppCoinAsset::new(CoinId::new(1)));
    assert_fields(&GetAppOrderInfo::new(OrderId::new("abc")));
}

fn assert_fields<E: Request>(request: &E) {
    request.validate().unwrap();
    let body: Value = serde_json::from_slice(&request.body().unwrap()).unwrap();
    let mut sent: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let facts = facts();
    let route = (facts["routes"].as_array().unwrap().iter())
        .find(|route| route["path"] == format!("/{}", E::OPERATION))
        .unwrap();
    let mut known: Vec<_> = (route["request"].as_array().unwrap().iter())
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    sent.sort_unstable();
    known.sort_unstable();
    assert_eq!(sent, known, "{}", E::OPERATION);
}
