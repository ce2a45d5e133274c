//! What a verified body is read as.

use ccpayment_core::v2::{DepositStatus, WithdrawStatus};
use ccpayment_core::{CoinId, OrderId, RecordId, ReferenceId, UserId};
use ccpayment_webhook::{Event, is_known_sender};

use crate::delivery::{API_DEPOSIT, API_WITHDRAWAL, Delivery, read, verifier};

fn unknown(body: &str) -> ccpayment_webhook::UnknownEvent {
    match read(body) {
        Event::Unknown(event) => event,
        event => panic!("{body}: {event:?}"),
    }
}

#[test]
fn every_type_is_read() {
    let Event::ApiDeposit(deposit) = read(API_DEPOSIT) else {
        panic!("not read")
    };
    assert_eq!(deposit.order_id, OrderId::new("172671749712345678901"));
    assert_eq!(deposit.coin_id, CoinId::new(2541));
    assert_eq!(deposit.coin_symbol, "POL");
    assert_eq!(deposit.status, DepositStatus::Success);
    assert_eq!(deposit.is_flagged_as_risky, Some(false));

    let Event::ApiWithdrawal(withdrawal) = read(API_WITHDRAWAL) else {
        panic!("not read")
    };
    assert_eq!(withdrawal.record_id, RecordId::new("20240313120722176788"));
    assert_eq!(withdrawal.status, WithdrawStatus::Success);

    let body = r#"{"type":"DirectDeposit","msg":{"recordId":"1","referenceId":"r-1","coinId":1,
        "status":"Processing","isFlaggedAsRisky":null}}"#;
    let Event::DirectDeposit(deposit) = read(body) else {
        panic!("not read")
    };
    assert_eq!(deposit.reference_id, ReferenceId::new("r-1"));
    assert_eq!(deposit.is_flagged_as_risky, None);

    // The sample's `amount` is not offered.
    let body = r#"{"type":"UserDeposit","msg":{"recordId":"1","userId":"u-1","coinId":1,
        "coinSymbol":"X","amount":"0.1","status":"Success","isFlaggedAsRisky":true}}"#;
    let Event::UserDeposit(deposit) = read(body) else {
        panic!("not read")
    };
    assert_eq!(deposit.user_id, UserId::new("u-1"));
    assert!(!serde_json::to_string(&deposit).unwrap().contains("0.1"));

    let body = r#"{"type":"UserWithdrawal","msg":{"recordId":"1","orderId":"o-1","userId":"u-1",
        "coinId":1,"status":"Weighing"}}"#;
    let event = read(body);
    assert_eq!(event.delivery_key().unwrap().to_string(), "1/Weighing");
    let Event::UserWithdrawal(withdrawal) = event else {
        panic!("not read")
    };
    assert_eq!(withdrawal.status, WithdrawStatus::from("Weighing"));
}

#[test]
fn an_event_is_written_as_it_came() {
    for body in [
        API_DEPOSIT,
        API_WITHDRAWAL,
        r#"{"chainId":"POLYGON","address":"0x1","riskAt":1726717500}"#,
        r#"{ "type" : "New", "msg" : 1.50 }"#,
    ] {
        assert_eq!(serde_json::to_string(&read(body)).unwrap(), body);
    }
}

#[test]
fn the_order_of_names_and_their_spelling_do_not_count() {
    let expected = read(API_DEPOSIT);
    let msg = concat!(
        r#"{"isFlaggedAsRisky":false,"recordId":"20240919035020188328269786624000","#,
        r#""orderId":"172671749712345678901","coinId":"2541","coinSymbol":"POL","#,
        r#""status":"Success","more":[{"type":"New"}]}"#
    );
    for body in [
        format!(r#"{{"msg":{msg},"type":"ApiDeposit"}}"#),
        format!(r#"{{"v":2,"msg":{msg},"w":{{"msg":1}},"type":"ApiDeposit","z":null}}"#),
        format!(" {{\n\"type\" : \"Api\\u0044eposit\", \"x\":[],\n \"msg\" : {msg} }}\n"),
        format!(r#"{{"type":"ApiDeposit","msg":{msg}}}"#).replace("recordId", "recordID"),
        format!(r#"{{"msg":{msg},"type":"ApiDeposit"}}"#).replace("orderId", "orderID"),
    ] {
        assert_eq!(read(&body), expected, "{body}");
    }
    let body = r#"{"type":"DirectDeposit","msg":{"recordID":1,"referenceID":2,"coinId":1,"status":"Failed"}}"#;
    assert_eq!(read(body).delivery_key().unwrap().to_string(), "1/Failed");
}

#[test]
fn what_is_not_known_is_kept_whole() {
    for (body, event_type) in [
        ("{}", None),
        (r#"{"type":"New","msg":{"recordId":"1"}}"#, Some("New")),
        (r#"{"msg":{"x":[1.0,{}]},"type":"New"}"#, Some("New")),
        (r#"{"type":"","msg":null}"#, Some("")),
        (r#"{"type":null,"msg":{}}"#, None),
        (r#"{"type":7,"msg":{}}"#, None),
        (r#"{"type":"New","type":"Newer"}"#, None),
        (r#"{"msg":{"recordId":"1","status":"Success"}}"#, None),
        (r#"{"chainId":"ETH","address":"0x1"}"#, None),
        (r#"{"address":"","riskAt":1}"#, None),
    ] {
        let event = unknown(body);
        assert_eq!((event.raw(), event.event_type()), (body, event_type));
        assert_eq!(Event::Unknown(event).delivery_key(), None);
    }
}

#[test]
fn a_risky_address_is_read_with_and_without_an_envelope() {
    for body in [
        r#"{"chainId":"ETH","address":"0x1","riskAt":1726717500}"#,
        r#"{"msg":{"chainId":"ETH","address":"0x1","riskAt":"1726717500"}}"#,
        r#"{"type":"RiskyAddress","msg":{"address":"0x1","riskAt":1726717500}}"#,
        r#"{"chain_id":56,"address":"0x1","risk_at":1726717500}"#,
        r#"{"chainID":"ETH","address":"0x1","riskAT":"1726717500"}"#,
    ] {
        let event = read(body);
        assert_eq!((event.event_type(), event.delivery_key()), (None, None));
        let Event::RiskyAddress(notice) = event else {
            panic!("{body}: {event:?}")
        };
        assert_eq!((notice.address.as_str(), notice.raw()), ("0x1", body));
        assert_eq!(notice.risk_at.map(|at| at.get()), Some(1_726_717_500));
    }
}

#[test]
fn a_risky_address_without_a_readable_moment_is_still_one() {
    for (moment, chain, chain_id) in [
        (r#""2025-06-15T00:00:00Z""#, r#""ETH""#, Some("ETH")),
        ("1750000000.5", "56", Some("56")),
        ("null", "null", None),
        (r#"{"at":1}"#, r#"[1]"#, None),
        (r#""""#, r#""""#, None),
    ] {
        let body = format!(r#"{{"chainId":{chain},"address":"0x1","riskAt":{moment}}}"#);
        for body in [format!(r#"{{"msg":{body}}}"#), body] {
            let Event::RiskyAddress(notice) = read(&body) else {
                panic!("{body}")
            };
            assert_eq!((notice.address.as_str(), notice.raw()), ("0x1", &*body));
            assert_eq!(
                (notice.risk_at, notice.chain_id.as_deref()),
                (None, chain_id)
            );
        }
    }
}

#[test]
fn a_symbol_that_can_not_be_read_hides_no_deposit() {
    for symbol in [
        r#""\ud800""#,
        r#""\udc00x""#,
        "7",
        "[]",
        "null",
        "{\"a\":1}",
    ] {
        let body = API_DEPOSIT.replace(r#""POL""#, symbol);
        let Event::ApiDeposit(deposit) = read(&body) else {
            panic!("{body}")
        };
        assert_eq!(deposit.coin_symbol, "");
        assert_eq!(
            deposit.record_id.as_str(),
            "20240919035020188328269786624000"
        );
    }
}

#[test]
fn a_type_that_is_there_twice_counts_when_both_are_the_same() {
    let msg = API_DEPOSIT.split_once(',').unwrap().1;
    let with = |types: &str| format!("{{{types},{msg}");
    let last = format!(
        r#"{},"type":"ApiDeposit"}}"#,
        API_DEPOSIT.strip_suffix('}').unwrap()
    );
    for same in [with(r#""type":"ApiDeposit","type":"ApiDeposit""#), last] {
        assert_eq!(read(&same), read(API_DEPOSIT), "{same}");
    }
    for other in [
        with(r#""type":"ApiDeposit","type":"UserDeposit""#),
        with(r#""type":"ApiDeposit","type":"New""#),
        with(r#""type":"ApiDeposit","type":7"#),
    ] {
        assert!(matches!(read(&other), Event::Unreadable(_)), "{other}");
    }
    assert_eq!(
        unknown(r#"{"type":"New","type":"New"}"#).event_type(),
        Some("New")
    );
}

#[test]
fn an_activation_is_told_from_the_unknown_and_kept_whole() {
    for body in [
        r#"{"type":"ActivateWebhookURL"}"#,
        r#"{"type":"ActivateWebhookURL","msg":{"x":1}}"#,
    ] {
        let Event::ActivateWebhookUrl(event) = read(body) else {
            panic!("{body}")
        };
        assert_eq!(
            (event.raw(), event.event_type()),
            (body, Some("ActivateWebhookURL"))
        );
    }
}

#[test]
fn an_activation_is_acknowledged_as_text_or_as_json_and_a_deposit_as_text() {
    let verified = |body| Delivery::new(body).verify(&verifier()).unwrap();
    let activation = r#"{"type":"ActivateWebhookURL"}"#;
    let text = ("Success", "text/plain; charset=utf-8");
    let json = (r#"{"msg":"success"}"#, "application/json");
    for (acknowledgement, expected) in [
        (verified(activation).acknowledge(), text),
        (verified(activation).acknowledge_activation_as_json(), json),
        (verified(API_DEPOSIT).acknowledge_activation_as_json(), text),
    ] {
        assert_eq!(
            (acknowledgement.body(), acknowledgement.content_type()),
            expected
        );
        let response = acknowledgement.into_response();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], expected.1);
        assert_eq!(response.body(), expected.0);
    }
}

#[test]
fn a_sender_is_known_in_both_forms_of_its_address() {
    for known in ["54.150.123.157", "35.72.150.75", "18.176.186.244"] {
        assert!(is_known_sender(known.parse().unwrap()), "{known}");
        assert!(is_known_sender(format!("::ffff:{known}").parse().unwrap()));
    }
    for other in ["54.150.123.158", "127.0.0.1", "::1"] {
        assert!(!is_known_sender(other.parse().unwrap()), "{other}");
    }
}

#[test]
fn a_known_type_that_is_not_whole_is_neither_refused_nor_lost() {
    let known = |msg: &str| format!(r#"{{"type":"ApiDeposit","msg":{msg}}}"#);
    let twice = format!(
        "{},{}",
        API_DEPOSIT.strip_suffix('}').unwrap(),
        API_DEPOSIT.split_once(',').unwrap().1
    );
    for body in [
        r#"{"type":"ApiDeposit"}"#.to_owned(),
        known("null"),
        known("7"),
        known("{}"),
        known(r#"["1","2",1,"X","Success",false]"#),
        known(r#"{"recordId":"1","orderId":"2","coinId":1}"#),
        known(r#"{"orderId":"2","coinId":1,"status":"Success"}"#),
        known(r#"{"recordId":"","orderId":"2","coinId":1,"status":"Success"}"#),
        known(r#"{"recordId":"1","orderId":"2","coinId":1,"status":null}"#),
        known(r#"{"recordId":"1","orderId":"2","coinId":1.5,"status":"Success"}"#),
        known(r#"{"recordId":"1","recordID":"2","orderId":"2","coinId":1,"status":"Success"}"#),
        r#"{"msg":{"recordId":"1"},"type":"UserWithdrawal"}"#.to_owned(),
        twice,
    ] {
        let event = read(&body);
        let Event::Unreadable(unreadable) = &event else {
            panic!("{body}: {event:?}")
        };
        assert_eq!(unreadable.raw(), body);
        assert_eq!(Some(unreadable.event_type()), event.event_type());
        assert!(!unreadable.reason().is_empty());
        assert_eq!(event.delivery_key(), None);
        assert_eq!(serde_json::to_string(&event).unwrap(), body);
    }
}

#[test]
fn what_can_not_be_read_of_a_known_type_is_named_without_its_value() {
    for (body, named) in [
        (
            r#"{"type":"ApiDeposit","msg":{"orderId":"secret","coinId":1,"status":"Success"}}"#,
            "`recordId`",
        ),
        (
            r#"{"type":"UserDeposit","msg":{"recordId":"secret","userId":["secret"],"coinId":1}}"#,
            "sequence",
        ),
        (
            r#"{"type":"ApiWithdrawal","type":"ApiDeposit","msg":"secret"}"#,
            "`type`",
        ),
        (r#"{"msg":{},"type":"New","type":"UserWithdrawal"}"#, "type"),
        (r#"{"\ud800":1,"type":"UserWithdrawal","msg":{}}"#, ""),
    ] {
        let event = read(body);
        let Event::Unreadable(unreadable) = &event else {
            panic!("{body}: {event:?}")
        };
        assert!(
            unreadable.reason().contains(named),
            "{body}: {}",
            unreadable.reason()
        );
        let shown = format!("{event:?} {}", unreadable.reason());
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn depth_is_no_trouble() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let body = format!(r#"{{"type":"New","msg":{deep}}}"#);
    assert_eq!(unknown(&body).raw(), body);
}
