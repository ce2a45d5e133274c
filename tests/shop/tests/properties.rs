//! Rules for every basket and every answer: the shop's own code, against everything that the
//! gateway's documents allow.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ccpayment::v2::{CreateAppOrderDepositAddress, OrderToPay};
use ccpayment::{AppId, AppSecret, Client, Credentials, SubmitError};
use ccpayment_testing::{FakeTransport, Reply, strategies};
use proptest::prelude::*;
use shop::{Basket, ask_for_money};

fn ask(basket: &Basket, reply: Reply) -> Result<OrderToPay, Box<SubmitError>> {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let fake = FakeTransport::verifying(&credentials);
    fake.expect_any::<CreateAppOrderDepositAddress>(reply);
    let client = Client::new(credentials, fake);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let asked = runtime.block_on(ask_for_money(&client, basket));
    asked.map_err(Box::new)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No basket that costs something is refused before it is sent, whatever its name. The customer
    /// sees the amount that the gateway asks for, to the last digit.
    #[test]
    fn every_basket_can_be_paid(
        number: u64,
        what in ".{0,120}",
        cents in 1..=u64::MAX,
        answer in strategies::response::<CreateAppOrderDepositAddress>(),
    ) {
        let to_pay = ask(&Basket { number, what, cents }, Reply::data(&answer))?;
        prop_assert_eq!(to_pay.amount.as_str(), answer.amount.as_str());
        prop_assert_eq!(to_pay.address, answer.address);
        prop_assert_eq!(to_pay.confirms_needed, answer.confirms_needed);
        prop_assert_eq!(to_pay.memo, answer.memo);
        prop_assert_eq!(to_pay.checkout_url, answer.checkout_url);
    }

    /// Nulls, empty texts, numbers as text and unknown fields make no answer unreadable.
    #[test]
    fn every_answer_is_read(
        answer in strategies::json::response::<CreateAppOrderDepositAddress>(),
    ) {
        let basket = Basket { number: 1, what: "tea".into(), cents: 1_250 };
        let to_pay = ask(&basket, Reply::data(&answer))?;
        prop_assert!(!to_pay.address.is_empty());
    }
}
