//! The record has the last word.

use ccpayment_core::Endpoint;
use ccpayment_core::v2::GetAppWithdrawRecordResponse;
use ccpayment_webhook::{
    ApiDeposit, ApiWithdrawal, ConfirmError, ConfirmedDeposit, ConfirmedWithdrawal, DirectDeposit,
};
use serde_json::{Value, json};

fn api_deposit() -> ApiDeposit {
    let msg = json!({"recordId": "20240313", "orderId": "order-1", "coinId": 1280,
        "coinSymbol": "USDT", "status": "Success", "isFlaggedAsRisky": false});
    serde_json::from_value(msg).unwrap()
}

fn direct_deposit() -> DirectDeposit {
    let msg = json!({"recordId": "20240313", "referenceId": "ref-1", "coinId": 1280,
        "coinSymbol": "USDT", "status": "Success", "isFlaggedAsRisky": false});
    serde_json::from_value(msg).unwrap()
}

fn withdrawal() -> ApiWithdrawal {
    let msg = json!({"recordId": "20240313", "orderId": "order-1", "coinId": 1280,
        "coinSymbol": "USDT", "status": "Processing"});
    serde_json::from_value(msg).unwrap()
}

/// The record of all three, with these fields changed; null takes one out.
fn answer<T: serde::de::DeserializeOwned>(changes: Value) -> T {
    let mut record = json!({"recordId": "20240313", "coinId": 1280, "coinSymbol": "USDT",
        "chain": "POLYGON", "amount": "25.50", "serviceFee": "0.01", "status": "Success",
        "isFlaggedAsRisky": false});
    let fields = record.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    serde_json::from_value(json!({ "record": record })).unwrap()
}

fn mismatch<T: std::fmt::Debug>(judged: Result<T, ConfirmError>) -> &'static str {
    match judged {
        Err(ConfirmError::Mismatch { field }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_right_record_is_asked_for() {
    let body = br#"{"recordId":"20240313"}"#;
    assert_eq!(api_deposit().confirm_request().body().unwrap(), &body[..]);
    assert_eq!(
        direct_deposit().confirm_request().body().unwrap(),
        &body[..]
    );
    assert_eq!(withdrawal().confirm_request().body().unwrap(), &body[..]);
}

#[test]
fn only_unflagged_success_above_zero_is_creditable() {
    let statuses = ["Success", "Processing", "Failed", "Sucess", "success"];
    let flags = [json!(false), json!(true), Value::Null];
    let amounts = [
        "25.50",
        "0.000000000000000000000001",
        "0",
        "0.000",
        "-25.50",
    ];
    let mut creditable = 0;
    for status in statuses {
        for flag in &flags {
            for amount in amounts {
                let changes = json!({"status": status, "isFlaggedAsRisky": flag, "amount": amount});
                let confirmed = ConfirmedDeposit::judge(&api_deposit(), answer(changes)).unwrap();
                let expected = status == "Success"
                    && *flag == json!(false)
                    && (amount.starts_with("25") || amount.ends_with('1'));
                let credit = confirmed.creditable();
                assert_eq!(credit.is_some(), expected, "{status} {flag} {amount}");
                creditable += usize::from(expected);
                if let Some(credit) = credit {
                    assert_eq!(credit.amount().as_str(), amount);
                }
            }
        }
    }
    assert_eq!(creditable, 2);
}

#[test]
fn a_credit_shows_what_the_record_has() {
    let changes = json!({"orderId": "order-1"});
    let confirmed = ConfirmedDeposit::judge(&api_deposit(), answer(changes)).unwrap();
    let credit = confirmed.creditable().unwrap();
    assert_eq!(credit.record_id().as_str(), "20240313");
    assert_eq!(credit.order_id().unwrap().as_str(), "order-1");
    assert_eq!(credit.reference_id(), None);
    assert_eq!(credit.coin_id().get(), 1280);
    assert_eq!(credit.amount().as_str(), "25.50");
    assert_eq!(credit.service_fee().unwrap().as_str(), "0.01");
    assert_eq!(confirmed.record().chain.as_str(), "POLYGON");
}

#[test]
fn the_record_counts_and_not_the_notification() {
    let mut event = api_deposit();
    event.is_flagged_as_risky = Some(false);
    let flagged = json!({"isFlaggedAsRisky": true});
    let confirmed = ConfirmedDeposit::judge(&event, answer(flagged)).unwrap();
    assert_eq!(confirmed.creditable(), None);

    event.is_flagged_as_risky = Some(true);
    event.status = "Processing".into();
    let confirmed = ConfirmedDeposit::judge(&event, answer(json!({}))).unwrap();
    assert!(confirmed.creditable().is_some());
}

#[test]
fn another_deposit_confirms_nothing() {
    let api = |changes| ConfirmedDeposit::judge(&api_deposit(), answer(changes));
    assert_eq!(mismatch(api(json!({"recordId": "20240314"}))), "recordId");
    assert_eq!(mismatch(api(json!({"coinId": 1281}))), "coinId");
    assert_eq!(mismatch(api(json!({"orderId": "order-2"}))), "orderId");
    for same in [
        json!({"orderId": "order-1"}),
        json!({"orderId": ""}),
        json!({}),
    ] {
        assert!(api(same).is_ok());
    }

    let direct = |changes| ConfirmedDeposit::judge(&direct_deposit(), answer(changes));
    assert_eq!(mismatch(direct(json!({"recordId": "2"}))), "recordId");
    assert_eq!(mismatch(direct(json!({"coinId": 1}))), "coinId");
    assert_eq!(
        mismatch(direct(json!({"referenceId": "ref-2"}))),
        "referenceId"
    );
    assert!(direct(json!({"referenceId": "ref-1"})).is_ok());
    assert!(direct(json!({})).is_ok());

    let error = api(json!({"coinId": 1281})).unwrap_err();
    let text = "the record's `coinId` is not the notification's";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_withdrawal_is_what_its_record_says() {
    let judge = |changes| {
        let answer: GetAppWithdrawRecordResponse = answer(changes);
        ConfirmedWithdrawal::judge(&withdrawal(), answer)
    };
    for (status, is_final, succeeded) in [
        ("Success", true, true),
        ("Failed", true, false),
        ("Rejected", true, false),
        ("Processing", false, false),
        ("WaitingApproval", false, false),
        ("Returned", false, false),
    ] {
        let confirmed = judge(json!({"status": status, "orderId": "order-1"})).unwrap();
        assert_eq!(
            (confirmed.is_final(), confirmed.succeeded()),
            (is_final, succeeded),
            "{status}"
        );
        assert_eq!(confirmed.record().status.as_str(), status);
    }
    assert_eq!(mismatch(judge(json!({"recordId": "2"}))), "recordId");
    assert_eq!(mismatch(judge(json!({"coinId": 1}))), "coinId");
    assert_eq!(mismatch(judge(json!({"orderId": "order-2"}))), "orderId");
}
