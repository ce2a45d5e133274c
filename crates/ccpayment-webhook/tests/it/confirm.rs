//! The record has the last word.

use ccpayment_core::v2::{
    DepositRecord, GetAppDepositRecord, GetAppWithdrawRecord, GetAppWithdrawRecordResponse,
    GetUserDepositRecord, GetUserWithdrawRecord, UserWithdrawRecord,
};
use ccpayment_core::{OrderId, RecordId, Request, Timestamp};
use ccpayment_webhook::{
    ApiDeposit, ApiWithdrawal, Confirm, ConfirmError, ConfirmedDeposit, ConfirmedWithdrawal,
    Creditable, DepositDecision, DirectDeposit, NoCredit, UserDeposit, UserWithdrawal,
    WithdrawalDecision,
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

fn user_deposit() -> UserDeposit {
    let msg = json!({"recordId": "20240313", "userId": "user-1", "coinId": 1280,
        "coinSymbol": "USDT", "status": "Success", "isFlaggedAsRisky": false});
    serde_json::from_value(msg).unwrap()
}

fn user_withdrawal() -> UserWithdrawal {
    let msg = json!({"recordId": "20240313", "orderId": "order-1", "userId": "user-1",
        "coinId": 1280, "coinSymbol": "USDT", "status": "Processing"});
    serde_json::from_value(msg).unwrap()
}

fn credit(confirmed: &ConfirmedDeposit) -> Option<Creditable<'_>> {
    match confirmed.decision() {
        DepositDecision::Credit(credit) => Some(credit),
        _ => None,
    }
}

/// The record of all five, with these fields changed; null takes one out.
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
    assert_eq!(user_deposit().confirm_request().body().unwrap(), &body[..]);
    assert_eq!(
        user_withdrawal().confirm_request().body().unwrap(),
        &body[..]
    );
    let read = GetAppWithdrawRecord::new(OrderId::new("order-1"));
    assert_eq!(read.confirm_request(), read);
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
                let credit = credit(&confirmed);
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
    let credit = credit(&confirmed).unwrap();
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
    assert_eq!(
        confirmed.decision(),
        DepositDecision::Never(NoCredit::Risky)
    );

    event.is_flagged_as_risky = Some(true);
    event.status = "Processing".into();
    let confirmed = ConfirmedDeposit::judge(&event, answer(json!({}))).unwrap();
    assert!(credit(&confirmed).is_some());
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
fn a_user_record_of_somebody_else_confirms_nothing() {
    let deposit = |changes| ConfirmedDeposit::judge(&user_deposit(), answer(changes));
    assert_eq!(mismatch(deposit(json!({"recordId": "2"}))), "recordId");
    assert_eq!(mismatch(deposit(json!({"coinId": 1}))), "coinId");
    assert_eq!(mismatch(deposit(json!({"userId": "user-2"}))), "userId");
    let confirmed = deposit(json!({"userId": "user-1"})).unwrap();
    let DepositDecision::Credit(paid) = confirmed.decision() else {
        panic!("not creditable")
    };
    assert_eq!(paid.user_id().unwrap().as_str(), "user-1");
    assert_eq!((paid.order_id(), paid.amount().as_str()), (None, "25.50"));

    let out = |changes| ConfirmedWithdrawal::judge(&user_withdrawal(), answer(changes));
    assert_eq!(mismatch(out(json!({"userId": "user-2"}))), "userId");
    assert_eq!(mismatch(out(json!({"orderId": "order-2"}))), "orderId");
    let confirmed = out(json!({"userId": "user-1", "orderId": "order-1"})).unwrap();
    assert_eq!(confirmed.decision(), WithdrawalDecision::Arrived);
}

#[test]
fn a_record_that_was_asked_for_by_an_id_has_to_have_it() {
    let by_record = GetAppWithdrawRecord::new(RecordId::new("20240313"));
    let judge = |changes| ConfirmedWithdrawal::judge(&by_record, answer(changes));
    assert!(judge(json!({})).is_ok());
    assert_eq!(mismatch(judge(json!({"recordId": "2"}))), "recordId");

    let by_order = GetAppWithdrawRecord::new(OrderId::new("order-1"));
    let judge = |changes| ConfirmedWithdrawal::judge(&by_order, answer(changes));
    assert!(judge(json!({"orderId": "order-1"})).is_ok());
    // Nothing else says that it is the one.
    assert_eq!(mismatch(judge(json!({}))), "orderId");
    assert_eq!(mismatch(judge(json!({"orderId": "order-2"}))), "orderId");

    let of_user = GetUserWithdrawRecord::new(OrderId::new("order-1"));
    let found = answer(json!({"orderId": "order-2"}));
    assert_eq!(mismatch(of_user.judge(found)), "orderId");
    let deposit = GetAppDepositRecord::new(RecordId::new("20240313"));
    assert!(deposit.judge(answer(json!({}))).is_ok());
    let deposit = GetUserDepositRecord::new(RecordId::new("2"));
    assert_eq!(mismatch(deposit.judge(answer(json!({})))), "recordId");
}

/// The word for a decision, for tables.
fn word(decision: &DepositDecision<Creditable<'_>>) -> String {
    match decision {
        DepositDecision::Credit(_) => "credit".to_owned(),
        DepositDecision::NotYet => "not yet".to_owned(),
        DepositDecision::AskAgain => "ask again".to_owned(),
        DepositDecision::Never(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_final_event_whose_record_is_not_final_is_asked_again() {
    for (event, record, expected) in [
        ("Success", "Success", "credit"),
        ("Success", "Processing", "ask again"),
        ("Failed", "Processing", "ask again"),
        ("Success", "Failed", "it failed"),
        ("Failed", "Success", "credit"),
        ("Processing", "Processing", "not yet"),
        ("Processing", "Success", "credit"),
        ("Processing", "Failed", "it failed"),
        // Words that nobody knows may be final, or not.
        ("Refunded", "Processing", "ask again"),
        ("Processing", "Refunded", "ask again"),
        ("Success", "success", "ask again"),
    ] {
        let mut deposit = api_deposit();
        deposit.status = event.into();
        let found = answer(json!({"status": record}));
        let confirmed = ConfirmedDeposit::judge(&deposit, found).unwrap();
        assert_eq!(word(&confirmed.decision()), expected, "{event}, {record}");
    }
    // Without an event nothing is promised to come.
    let read = GetAppDepositRecord::new(RecordId::new("20240313"));
    let found = answer(json!({"status": "Processing"}));
    let confirmed = ConfirmedDeposit::judge(&read, found).unwrap();
    assert_eq!(word(&confirmed.decision()), "ask again");
    let listed: DepositRecord = confirmed.record().clone();
    assert_eq!(
        word(&ConfirmedDeposit::listed(listed).decision()),
        "ask again"
    );
}

#[test]
fn what_is_never_credited_has_its_reason() {
    for (changes, expected) in [
        (
            json!({"status": "Failed", "isFlaggedAsRisky": true}),
            NoCredit::Failed,
        ),
        (json!({"isFlaggedAsRisky": true}), NoCredit::Risky),
        (json!({"isFlaggedAsRisky": null}), NoCredit::RiskUnknown),
        (json!({"amount": "0.00"}), NoCredit::NothingPaid),
        (json!({"amount": "-1"}), NoCredit::NothingPaid),
    ] {
        let confirmed = ConfirmedDeposit::judge(&api_deposit(), answer(changes)).unwrap();
        assert_eq!(confirmed.decision(), DepositDecision::Never(expected));
    }
}

#[test]
fn a_late_payment_is_creditable_and_its_time_is_seen() {
    let confirmed = |changes| ConfirmedDeposit::judge(&api_deposit(), answer(changes)).unwrap();
    let expiry = Timestamp::new(1_767_225_600);
    for (arrived, in_time) in [
        (json!(1_767_225_600), Some(true)),
        (json!("1767225601"), Some(false)),
        (Value::Null, None),
    ] {
        let confirmed = confirmed(json!({"arrivedAt": arrived}));
        let paid = credit(&confirmed).unwrap();
        assert_eq!(paid.came_in_time(expiry), in_time);
        assert_eq!(paid.arrived_at().is_some(), in_time.is_some());
    }
}

#[test]
fn a_withdrawal_is_what_its_record_says() {
    let judge = |changes| {
        let answer: GetAppWithdrawRecordResponse = answer(changes);
        ConfirmedWithdrawal::judge(&withdrawal(), answer)
    };
    let reason = Some("no such account");
    for (status, expected) in [
        ("Success", WithdrawalDecision::Arrived),
        ("Failed", WithdrawalDecision::Failed { reason }),
        ("Rejected", WithdrawalDecision::Rejected { reason }),
        ("Processing", WithdrawalDecision::NotYet),
        ("WaitingApproval", WithdrawalDecision::NotYet),
        ("Returned", WithdrawalDecision::AskAgain),
        ("failed", WithdrawalDecision::AskAgain),
    ] {
        let changes = json!({"status": status, "orderId": "order-1", "reason": reason});
        let confirmed = judge(changes).unwrap();
        assert_eq!(confirmed.decision(), expected, "{status}");
        assert_eq!(confirmed.record().status.as_str(), status);
    }
    assert_eq!(mismatch(judge(json!({"recordId": "2"}))), "recordId");
    assert_eq!(mismatch(judge(json!({"coinId": 1}))), "coinId");
    assert_eq!(mismatch(judge(json!({"orderId": "order-2"}))), "orderId");
}

#[test]
fn a_withdrawal_whose_end_was_told_or_that_nobody_announces_is_asked_again() {
    let mut ended = withdrawal();
    ended.status = "Success".into();
    let found = answer(json!({"status": "Processing"}));
    let confirmed = ConfirmedWithdrawal::judge(&ended, found).unwrap();
    assert_eq!(confirmed.decision(), WithdrawalDecision::AskAgain);

    let read = GetUserWithdrawRecord::new(RecordId::new("20240313"));
    let found = answer(json!({"status": "WaitingApproval"}));
    let confirmed = ConfirmedWithdrawal::judge(&read, found).unwrap();
    assert_eq!(confirmed.decision(), WithdrawalDecision::AskAgain);
    let listed: UserWithdrawRecord = confirmed.record().clone();
    let listed = ConfirmedWithdrawal::listed(listed);
    assert_eq!(listed.decision(), WithdrawalDecision::AskAgain);
}
