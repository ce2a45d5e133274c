//! Each change of a payload's bytes shows here first, be it by the till or by an update.

use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::{Client, Credentials};
use ccpayment_testing::{FakeTransport, Recorder, Reply};
use serde_json::json;

#[tokio::test]
async fn the_order_of_a_sale() {
    let credentials = Credentials::new("app", "secret").unwrap();
    let fake = FakeTransport::verifying(&credentials);
    let answer = json!({"address": "0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584", "amount": "12.5"});
    fake.expect_any::<CreateAppOrderDepositAddress>(Reply::data(&answer));

    let recorder = Recorder::new(fake);
    let client = Client::new(credentials, recorder.clone());
    let to_pay = snapshots::sell(&client, 1001, 1_250).await.unwrap();
    assert_eq!(to_pay.amount.as_str(), "12.5");
    insta::assert_snapshot!(recorder.snapshot());
}
