//! The rules of v1 beyond its schemas, and the forms that its answers may have.

use bytes::Bytes;
use ccpayment::raw::decode;
use ccpayment::v1::{
    AssetBalance, CheckUserResponse, CreateOrder, Currency, GetCheckoutUrl, GetNetworkFee,
    GetOrderInfo, GetOrderInfoResponse, GetPermanentAddress, OrderDetail, OrderStatus, TokenId,
    Withdraw, WithdrawResponse,
};
use ccpayment::{
    Address, Amount, Chain, Memo, OrderId, Request, Rule, Timestamp, UserId, ValidationError,
};
use serde_json::{Value, json};

const TOKEN: &str = "0912e09a-d8e2-41d7-a0bc-a25530892988";

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn order(id: &str, price: &str, currency: Currency) -> CreateOrder {
    CreateOrder::new(
        OrderId::new(id),
        amount(price),
        TokenId::new(TOKEN),
        currency,
    )
}

fn broken(request: &impl Request) -> Option<(String, Rule)> {
    let error = request.validate().err();
    error.map(|ValidationError { field, rule, .. }| (field.into_owned(), rule))
}

fn body(request: &impl Request) -> Bytes {
    request.body().unwrap()
}

#[test]
fn a_fiat_price_has_two_decimals_and_a_token_price_as_many_as_it_likes() {
    let too_many = Some(("product_price".to_owned(), Rule::TooManyDecimals { max: 2 }));
    for currency in ["USD", "usd", "EUR"] {
        let currency = Currency::new(currency);
        assert_eq!(broken(&order("1", "0.55", currency.clone())), None);
        assert_eq!(broken(&order("1", "0.550", currency.clone())), None);
        assert_eq!(broken(&order("1", "0.555", currency)), too_many);
    }
    for currency in ["token", "Token", "TOKEN"] {
        let request = order("1", "0.000000000000000001", Currency::new(currency));
        assert_eq!(broken(&request), None, "{currency}");
    }
    let page = |price| GetCheckoutUrl::new(OrderId::new("1"), amount(price), "a book");
    assert_eq!(broken(&page("1.25")), None);
    assert_eq!(broken(&page("1.255")), too_many);
}

/// Names that v2 shares keep the rules of v1.
#[test]
fn ids_are_held_to_the_rules_of_v1() {
    let long = "x".repeat(200);
    for id in ["1", "ab", long.as_str()] {
        assert_eq!(broken(&order(id, "1", Currency::usd())), None, "{id}");
        assert_eq!(broken(&GetOrderInfo::new([OrderId::new(id)])), None, "{id}");
    }
    let empty = |field: &str| Some((field.to_owned(), Rule::Empty));
    let request = order("", "1", Currency::usd());
    assert_eq!(broken(&request), empty("merchant_order_id"));
    assert_eq!(request.order_id(), Some(&OrderId::new("")));
    let request = GetOrderInfo::new([OrderId::new("")]);
    assert_eq!(broken(&request), empty("merchant_order_ids"));

    let user = |id: &str| {
        broken(&GetPermanentAddress::new(
            UserId::new(id),
            Chain::new("ETH"),
        ))
    };
    assert_eq!(user("sys"), None);
    assert_eq!(user(&"é".repeat(64)), None);
    let broken_by = |rule| Some(("user_id".to_owned(), rule));
    assert_eq!(user("ab"), broken_by(Rule::TooShort { min: 3 }));
    assert_eq!(user(&"é".repeat(65)), broken_by(Rule::TooLong { max: 64 }));
    let fee = broken(&GetNetworkFee::new(TokenId::new("1280")));
    assert_eq!(fee, Some(("token_id".to_owned(), Rule::NotAUuid)));
}

#[test]
fn a_memo_is_read_as_a_number_and_sent_as_text() {
    let fields =
        json!({"merchant_order_id": "1", "address": "r", "token_id": TOKEN, "value": "10"});
    let mut with_number = fields;
    with_number["memo"] = json!(573_049);
    let read: Withdraw = serde_json::from_value(with_number).unwrap();
    let made = Withdraw::new(
        OrderId::new("1"),
        Address::new("r"),
        TokenId::new(TOKEN),
        amount("10"),
    );
    let made = made.memo(Memo::new("573049"));
    assert_eq!(read, made);
    let sent: Value = serde_json::from_slice(&body(&made)).unwrap();
    assert_eq!(sent["memo"], json!("573049"));
}

/// Each field with two names is read by either name, and by both at once.
#[test]
fn either_name_is_read() {
    let user = |fields| serde_json::from_value::<CheckUserResponse>(fields).unwrap();
    for fields in [
        json!({"c_id": "1", "nickname": "a"}),
        json!({"c_id": "1", "nikename": "a"}),
        json!({"c_id": "1", "nikename": "b", "nickname": "a"}),
    ] {
        assert_eq!(
            user(fields.clone()).nickname.as_deref(),
            Some("a"),
            "{fields}"
        );
    }
    let paid = json!({"order_id": "1", "network_symbol": "TRX", "network_fee_crypto": ""});
    let paid: WithdrawResponse = serde_json::from_value(paid).unwrap();
    assert_eq!(paid.network_fee_crypto.as_deref(), Some("TRX"));
    let balance = json!({"token_id": TOKEN, "crypto": "X", "value": "1"});
    let balance: AssetBalance = serde_json::from_value(balance).unwrap();
    assert_eq!(balance.coin_id.unwrap().as_str(), TOKEN);
    let order = json!({
        "merchant_order_id": "1", "status": "Paid(Overdue)", "rate": "0.30", "created": "1698735530",
    });
    let order: OrderDetail = serde_json::from_value(order).unwrap();
    assert_eq!(order.token_rate, Some(amount("0.30")));
    assert_eq!(order.created, Some(Timestamp::new(1_698_735_530)));
    assert_eq!(order.status, OrderStatus::PaidOverdue);
    assert!(!order.status.is_final() && OrderStatus::Successful.is_final());
}

/// A value that is not a list is not an empty list: that would say that an order does not exist.
#[test]
fn an_order_is_missing_only_from_a_list() {
    let read = |data: &str| {
        let body = format!(r#"{{"code":10000,"msg":"success"{data}}}"#);
        decode::<GetOrderInfoResponse>(&http::Response::new(Bytes::from(body)))
    };
    assert!(read(r#","data":[]"#).unwrap().orders.is_empty());
    for data in ["", r#","data":null"#, r#","data":{}"#] {
        assert!(read(data).is_err(), "{data}");
    }
}
