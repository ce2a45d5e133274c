//! What v1's notifications and records lead to.

use ccpayment_core::OrderId;
use ccpayment_core::v1::GetOrderInfoResponse;
use ccpayment_webhook::v1::{
    ApiDeposit, ApiWithdrawal, Creditable, DirectDeposit, Invoice, Refund, decide_withdrawal,
};
use ccpayment_webhook::{ConfirmError, DepositDecision, WithdrawalDecision};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn with<T: DeserializeOwned>(mut base: Value, changes: &Value) -> T {
    let fields = base.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    serde_json::from_value(base).unwrap()
}

fn deposit(changes: &Value) -> ApiDeposit {
    let base = json!({"pay_status": "success", "record_id": "r-1", "paid_amount": "25",
        "crypto": "USDT", "chain": "POLYGON", "txid": "0xab",
        "extend": {"merchant_order_id": "order-1"}});
    with(base, changes)
}

fn order(detail: &Value, trades: &Value, refunds: &Value) -> GetOrderInfoResponse {
    let mut base = json!({"merchant_order_id": "order-1", "status": "Paid"});
    let fields = base.as_object_mut().unwrap();
    fields.extend(detail.as_object().unwrap().clone());
    let order = json!({"order_detail": base, "trade_list": trades, "refund_list": refunds});
    serde_json::from_value(json!([order])).unwrap()
}

fn trades(trades: &Value) -> GetOrderInfoResponse {
    order(&json!({}), trades, &json!([]))
}

fn none() -> GetOrderInfoResponse {
    serde_json::from_str("[]").unwrap()
}

fn word(decision: &DepositDecision<Creditable<'_>>) -> String {
    match decision {
        DepositDecision::Credit(paid) => format!("credit {}", paid.amount()),
        DepositDecision::NotYet => "not yet".to_owned(),
        DepositDecision::AskAgain => "ask again".to_owned(),
        DepositDecision::Never(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

fn mismatch<T: std::fmt::Debug>(decided: Result<T, ConfirmError>) -> &'static str {
    match decided {
        Err(ConfirmError::Mismatch { field } | ConfirmError::Unnamed { field }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payment_to_an_order_is_credited_once_the_order_lists_it() {
    let listed = trades(&json!([
        {"amount": "1", "crypto": "USDT", "txid": "0xcd"},
        {"amount": "25.0", "crypto": "USDT", "txid": "0xab"},
    ]));
    let paid = deposit(&json!({}));
    let decision = paid.decide(&listed).unwrap();
    assert_eq!(word(&decision), "credit 25");
    let DepositDecision::Credit(credit) = decision else {
        panic!("not creditable")
    };
    assert_eq!(credit.record_id().as_str(), "r-1");
    assert_eq!(credit.order_id(), Some(&OrderId::new("order-1")));
    assert_eq!((credit.crypto(), credit.user_id()), ("USDT", None));

    // The order lags behind its notification.
    let lags = trades(&json!([{"amount": "1", "crypto": "USDT", "txid": "0xcd"}]));
    for lags in [&lags, &none()] {
        assert_eq!(word(&paid.decide(lags).unwrap()), "ask again");
    }
    for (status, expected) in [
        ("pending", "not yet"),
        ("processing", "not yet"),
        ("failed", "it failed"),
        ("Success", "ask again"),
    ] {
        let event = deposit(&json!({"pay_status": status}));
        assert_eq!(word(&event.decide(&listed).unwrap()), expected, "{status}");
    }
    let zero = deposit(&json!({"paid_amount": "0"}));
    let expected = "the amount is not above zero";
    assert_eq!(word(&zero.decide(&listed).unwrap()), expected);
}

#[test]
fn a_payment_inside_the_gateway_is_known_by_its_amount() {
    let inside = json!({"txid": "internal transfer"});
    let listed = trades(&json!([
        {"amount": "7", "crypto": "USDT", "txid": "internal transfer"},
        {"amount": "25", "crypto": "USDT", "txid": "internal transfer"},
    ]));
    let decision = deposit(&inside);
    assert_eq!(word(&decision.decide(&listed).unwrap()), "credit 25");
    let other = trades(&json!([{"amount": "7", "crypto": "USDT", "txid": "internal transfer"}]));
    assert_eq!(word(&decision.decide(&other).unwrap()), "ask again");
}

#[test]
fn another_order_another_amount_and_another_token_confirm_nothing() {
    let paid = deposit(&json!({}));
    let of = |trade: Value| trades(&json!([trade]));
    let amount = of(json!({"amount": "24", "crypto": "USDT", "txid": "0xab"}));
    assert_eq!(mismatch(paid.decide(&amount)), "amount");
    let token = of(json!({"amount": "25", "crypto": "XRP", "txid": "0xab"}));
    assert_eq!(mismatch(paid.decide(&token)), "crypto");
    let id = json!({"merchant_order_id": "Order-1"});
    let other = order(&id, &json!([]), &json!([]));
    assert_eq!(mismatch(paid.decide(&other)), "merchant_order_id");
    let unnamed = deposit(&json!({"extend": {}}));
    assert_eq!(unnamed.confirm_request(), None);
    assert_eq!(mismatch(unnamed.decide(&amount)), "merchant_order_id");
}

#[test]
fn what_can_not_be_read_back_goes_by_its_notification() {
    for (status, expected) in [
        ("success", "credit 666"),
        ("processing", "not yet"),
        ("failed", "it failed"),
        ("done", "ask again"),
    ] {
        let base = json!({"pay_status": status, "record_id": "r-1", "paid_amount": "666"});
        let user = json!({"user_id": "u-1"});
        let direct: DirectDeposit = with(base.clone(), &user);
        assert_eq!(word(&direct.decision()), expected);
        let invoice: Invoice = with(base, &json!({}));
        assert_eq!(word(&invoice.decision()), expected);
    }
}

#[test]
fn a_withdrawal_is_what_its_order_says() {
    let event = |changes: &Value| -> ApiWithdrawal {
        let base = json!({"pay_status": "success", "record_id": "r-1", "order_id": "g-1",
            "withdraw_amount": "5", "to_address": "0x1", "merchant_order_id": "order-1",
            "crypto": "USDT"});
        with(base, changes)
    };
    let failed = WithdrawalDecision::Failed { reason: None };
    for (told, found, expected) in [
        ("success", "Successful", WithdrawalDecision::Arrived),
        ("success", "Failed", failed),
        ("success", "Processing", WithdrawalDecision::AskAgain),
        ("processing", "Processing", WithdrawalDecision::NotYet),
        ("processing", "Rejected", WithdrawalDecision::AskAgain),
    ] {
        let detail = json!({"status": found, "order_id": "g-1", "crypto": "USDT",
            "product_price": "0"});
        let answer = order(&detail, &json!([]), &json!([]));
        let decision = event(&json!({"pay_status": told})).decide(&answer).unwrap();
        assert_eq!(decision, expected, "{told}, {found}");
    }
    let success = event(&json!({}));
    let again = WithdrawalDecision::AskAgain;
    assert_eq!(success.decide(&none()).unwrap(), again);
    let order_id = OrderId::new("order-1");
    assert_eq!(decide_withdrawal(&order_id, &none()).unwrap(), again);
    for (detail, field) in [
        (json!({"order_id": "g-2"}), "order_id"),
        (json!({"crypto": "TRX"}), "crypto"),
        (json!({"product_price": "5"}), "product_price"),
        (json!({"merchant_order_id": "order-2"}), "merchant_order_id"),
    ] {
        let answer = order(&detail, &json!([]), &json!([]));
        assert_eq!(mismatch(success.decide(&answer)), field);
    }
}

#[test]
fn a_refund_is_what_its_order_says() {
    let event: Refund = with(
        json!({"pay_status": "success", "record_id": "r-2", "amount": "5", "txid": "0xef",
            "to_address": "0x1", "merchant_order_id": "order-1"}),
        &json!({}),
    );
    let answer = |refund: Value| order(&json!({}), &json!([]), &json!([refund]));
    let done = json!({"refund_amount": "5", "txid": "0xef", "status": "Successful"});
    let decision = event.decide(&answer(done)).unwrap();
    assert_eq!(decision, WithdrawalDecision::Arrived);
    let other = json!({"refund_amount": "5", "txid": "0x00", "status": "Successful"});
    let decision = event.decide(&answer(other)).unwrap();
    assert_eq!(decision, WithdrawalDecision::AskAgain);
    let wrong = json!({"refund_amount": "6", "txid": "0xef", "status": "Successful"});
    assert_eq!(mismatch(event.decide(&answer(wrong))), "refund_amount");
}
