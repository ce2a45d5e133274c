//! What is neither a deposit of the merchant's nor a payout of the outbox.

use std::time::Duration;

use ccpayment_durable::client::core::v2::{
    ApplyAppWithdrawToNetwork, ApplyUserWithdrawToNetwork, GetOrCreateUserDepositAddress,
};
use ccpayment_durable::client::core::{Address, Chain, CoinId, OrderId, UserId};
use ccpayment_durable::{PayoutEnd, Queue, State, kind};
use ccpayment_sandbox::{IncomingPayment, Sandbox};
use http::{HeaderMap, HeaderName};

use crate::shop::Shop;

const HOUR: Duration = Duration::from_secs(3_600);
const TO: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

impl Shop {
    /// A body that the gateway signed, whatever it says.
    async fn told_by_the_gateway(&self, body: &str) -> http::Response<bytes::Bytes> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.sandbox.sign_v2(body.as_bytes()) {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        self.inbox.receive(&headers, &body).await
    }
}

#[tokio::test]
async fn a_deposit_of_an_end_user_is_credited_once() {
    let shop = Shop::new();
    let user = GetOrCreateUserDepositAddress::new(UserId::new("user-1"), Chain::new("POLYGON"));
    let address = shop.client.send(&user).await.unwrap().address;
    let incoming = IncomingPayment::new(address.as_str(), "7").coin(1280, "POLYGON");
    let record_id = shop.sandbox.send_payment(incoming).unwrap().record_id;
    shop.work(HOUR).await;
    let credits = shop.books().await.credits;
    assert_eq!(credits.len(), 1);
    assert_eq!((credits[0].0.as_str(), &*credits[0].1), (&*record_id, "7"));
}

#[tokio::test]
async fn withdrawals_that_the_outbox_did_not_make_are_told() {
    let shop = Shop::with(
        Sandbox::builder()
            .strict()
            .user_balance("user-1", 1280, "100"),
    );
    let (coin, chain, to) = (CoinId::new(1280), Chain::new("POLYGON"), Address::new(TO));
    let amount = || "5".parse().unwrap();
    let by_hand = ApplyAppWithdrawToNetwork::new(
        OrderId::new("by-hand"),
        coin,
        chain.clone(),
        to.clone(),
        amount(),
    );
    shop.client.payout(&by_hand).await.unwrap();
    let user = UserId::new("user-1");
    let id = OrderId::new("by-user");
    let of_user = ApplyUserWithdrawToNetwork::new(user, id, coin, chain, to, amount());
    shop.client.payout(&of_user).await.unwrap();
    shop.work(HOUR).await;
    let books = shop.books().await;
    assert!(books.payouts.is_empty());
    let mut told: Vec<_> = books
        .withdrawals
        .iter()
        .map(|it| {
            let order_id = it.order_id.as_ref().map(OrderId::as_str);
            (it.kind.as_str(), order_id, it.end.clone())
        })
        .collect();
    told.sort_by_key(|it| it.0);
    assert_eq!(
        told,
        [
            (kind::USER_WITHDRAWAL, Some("by-user"), PayoutEnd::Arrived),
            (kind::WITHDRAWAL, Some("by-hand"), PayoutEnd::Arrived),
        ]
    );
}

#[tokio::test]
async fn what_is_about_no_record_is_a_notice_and_told_once() {
    let shop = Shop::new();
    let bodies = [
        r#"{"type":"Weather","msg":{"recordId":"1","status":"Success"}}"#,
        r#"{"type":"ApiDeposit","msg":{"recordId":7}}"#,
    ];
    for body in bodies.iter().chain(&bodies) {
        assert_eq!(shop.told_by_the_gateway(body).await.status(), 200);
    }
    shop.work(HOUR).await;
    let mut notices = shop.books().await.notices;
    notices.sort();
    let mut expected = bodies.map(|it| bytes::Bytes::from_static(it.as_bytes()));
    expected.sort();
    assert_eq!(notices, expected);
}

#[tokio::test]
async fn a_risky_address_is_a_notice() {
    let shop = Shop::new();
    let user = GetOrCreateUserDepositAddress::new(UserId::new("user-1"), Chain::new("POLYGON"));
    let address = shop.client.send(&user).await.unwrap().address;
    shop.sandbox.flag_address_risky(address.as_str()).unwrap();
    shop.work(HOUR).await;
    let notices = shop.books().await.notices;
    assert_eq!(notices.len(), 1);
    let text = String::from_utf8(notices[0].to_vec()).unwrap();
    assert!(
        text.to_lowercase()
            .contains(&address.as_str().to_lowercase())
    );
}

#[tokio::test]
async fn a_record_that_is_not_the_notifications_is_parked_with_the_name_of_the_field() {
    for (field, from, to) in [
        ("orderId", "\"order-1\"", "\"order-2\""),
        ("coinId", "1280", "1329"),
    ] {
        let shop = Shop::new();
        shop.paid("order-1", "20").await;
        shop.sandbox.confirm_all();
        let told = shop.collect();
        let body = told.last().unwrap().body.replace(from, to);
        assert!(told.iter().all(|it| it.body != body), "{field}");
        assert_eq!(shop.told_by_the_gateway(&body).await.status(), 200);
        shop.work(HOUR).await;
        let states = shop.state_of(Queue::Inbox).await;
        let [(State::Parked, Some(reason))] = &states[..] else {
            panic!("{field}: {states:?}");
        };
        assert!(reason.contains(&format!("`{field}`")), "{reason}");
        assert!(shop.books().await.credits.is_empty());
    }
}
