//! Tests of the strategies.

use bytes::Bytes;
use ccpayment_client::core::v2::{CreateAppOrderDepositAddress, GetCoin, GetCoinResponse};
use ccpayment_client::core::{Idempotency, Version};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng};

use super::*;

/// No value may be made in vain, so nothing is ever filtered.
fn runner() -> TestRunner {
    let config = Config {
        cases: 300,
        max_local_rejects: 0,
        failure_persistence: None,
        ..Config::default()
    };
    // Always the same values: a test of the strategies is no search for new ones.
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn amounts_are_what_they_say() {
    runner()
        .run(&positive_amount(), |amount| {
            prop_assert!(amount.is_positive());
            Ok(())
        })
        .unwrap();
    // The edges are met.
    let (mut long, mut negative, mut zero) = (0, 0, 0);
    let mut runner = runner();
    for _ in 0..2_000 {
        let amount = amount().new_tree(&mut runner).unwrap().current();
        long += u32::from(amount.to_decimal().is_err());
        negative += u32::from(amount.is_negative());
        zero += u32::from(amount.is_zero());
    }
    assert!(
        long > 20 && negative > 20 && zero > 20,
        "{long} {negative} {zero}"
    );
}

#[test]
fn what_fails_shrinks_to_the_smallest() {
    let order = request::<CreateAppOrderDepositAddress>();
    let failed = runner().run(&order, |order| {
        prop_assert!(order.product.is_none(), "a product");
        Ok(())
    });
    let Err(TestError::Fail(_, least)) = failed else {
        panic!("no product in 300 orders: {failed:?}");
    };
    let json = serde_json::to_value(&least).unwrap();
    let expected = serde_json::json!({
        "orderId": "aaa", "coinId": 1, "chain": "TRX", "price": "1", "product": "",
    });
    assert_eq!(json, expected);

    let failed = runner().run(&response::<GetCoin>(), |answer: GetCoinResponse| {
        prop_assert!(answer.coin.networks.is_empty(), "a network");
        Ok(())
    });
    let Err(TestError::Fail(_, least)) = failed else {
        panic!("no network in 300 answers: {failed:?}");
    };
    assert_eq!(least.coin.networks.len(), 1);
    assert_eq!(least.coin.symbol, "");
}

/// A route of nobody's.
#[derive(Debug, serde::Deserialize)]
struct Own {}

impl Request for Own {
    type Response = Own;
    const VERSION: Version = Version::V2;
    const OPERATION: &'static str = "own";
    const PATH: &'static str = "/own";
    const IDEMPOTENCY: Idempotency = Idempotency::Read;

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        Ok(Bytes::new())
    }
}

#[test]
fn a_route_without_description_says_so() {
    let failed = runner().run(&request::<Own>(), |_| Ok(()));
    let Err(TestError::Abort(why)) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(
        why.message(),
        "no strategy for own: the route is not described"
    );
}
