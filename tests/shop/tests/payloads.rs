//! Snapshots of the payloads that the shop sends. If a change of a dependency, or of the shop,
//! changes a byte of them, it shows here first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::{AppId, AppSecret, Client, Credentials, Timestamp};
use ccpayment_testing::{FakeTransport, Recorder, Reply, TestClock};
use serde_json::json;
use shop::{Basket, ask_for_money};

fn basket(cents: u64) -> Basket {
    Basket {
        number: 1001,
        what: "tea, \"green\" — 100 g".into(),
        cents,
    }
}

#[tokio::test]
async fn the_order_of_a_basket() {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    // Everything that the shop sends has to be signed; the snapshot checks its content.
    let fake = FakeTransport::verifying(&credentials);
    let answer = json!({"address": "0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584", "amount": "12.5"});
    fake.expect_any::<CreateAppOrderDepositAddress>(Reply::data(&answer));

    let recorder = Recorder::new(fake);
    let client = Client::new(credentials, recorder.clone())
        .with_clock(TestClock::at(Timestamp::new(1_767_225_600)));
    let to_pay = ask_for_money(&client, &basket(1_250)).await.unwrap();
    assert_eq!(to_pay.amount.as_str(), "12.5");

    // No APP ID, no timestamp, no signature, no host: the same on every machine.
    insta::assert_snapshot!(recorder.snapshot());
}

#[tokio::test]
async fn a_basket_for_nothing_is_never_sent() {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    // An empty script: any request fails the test.
    let client = Client::new(credentials, FakeTransport::new());
    let error = ask_for_money(&client, &basket(0)).await.unwrap_err();
    assert_eq!(
        error.report().to_string(),
        "sale-1001 was refused: createAppOrderDepositAddress was not sent: `price` must be above \
         zero"
    );
}
