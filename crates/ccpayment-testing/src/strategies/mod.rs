//! Strategies of [proptest] for every request and every answer.
//!
//! They are put together from the description that the types themselves are generated from, so that
//! a new field or limit is in both. They shrink towards the small, the simple and the absent.
//!
//! - [`request`]: any request that the gateway's documents allow, and so any that can be sent.
//! - [`response`]: any answer that a gateway might give, in the way it is then read.
//! - [`amount`] and [`positive_amount`]: amounts with many digits, far more than a float or a
//!   96-bit decimal can hold.
//! - [`json`]: the same as JSON, for tests of the wire.
//!
//! A request that is no route of this crate's version, say one of your own, has no description: its
//! strategy ends the test with a reason that says so.
//!
//! # A property of your own code
//!
//! ```
//! use ccpayment_client::core::v2::{GetAppDepositRecord, GetAppDepositRecordResponse};
//! use ccpayment_client::core::{Amount, AmountError};
//! use ccpayment_testing::strategies;
//! use proptest::prelude::*;
//!
//! /// The merchant's own code: what is left after a fee.
//! fn after_fee(answer: &GetAppDepositRecordResponse) -> Result<Amount, AmountError> {
//!     match &answer.record.service_fee {
//!         Some(fee) => answer.record.amount.checked_sub(fee),
//!         None => Ok(answer.record.amount.clone()),
//!     }
//! }
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn nothing_is_lost_to_a_fee(answer in strategies::response::<GetAppDepositRecord>()) {
//!         let left = after_fee(&answer)?;
//!         let fee = answer.record.service_fee.unwrap_or_else(Amount::zero);
//!         prop_assert_eq!(left.checked_add(&fee)?, answer.record.amount);
//!     }
//! }
//! # fn main() { nothing_is_lost_to_a_fee() }
//! ```

mod build;
mod description;
pub mod json;
mod text;

#[cfg(test)]
mod tests;

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use ccpayment_client::core::{Amount, Request};
use proptest::strategy::{BoxedStrategy, NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde::de::DeserializeOwned;

use description::Sign;

/// Any request of this type that can be sent: [`Request::validate`] accepts it.
pub fn request<E>() -> BoxedStrategy<E>
where
    E: Request + DeserializeOwned + Debug + 'static,
{
    json::request::<E>()
        .prop_filter_map(
            "the request's type refuses what its description allows",
            |json| {
                let request: E = serde_json::from_value(json).ok()?;
                request.validate().is_ok().then_some(request)
            },
        )
        .boxed()
}

/// Any answer to this request that a gateway might give.
pub fn response<E>() -> BoxedStrategy<E::Response>
where
    E: Request,
    E::Response: Debug + 'static,
{
    json::response::<E>()
        .prop_filter_map(
            "the answer's type refuses what its description allows",
            |json| serde_json::from_value(json).ok(),
        )
        .boxed()
}

/// Any amount: negative, zero, padded with zeros, or with up to [`Amount::MAX_DIGITS`] digits.
pub fn amount() -> BoxedStrategy<Amount> {
    read_amount(None)
}

/// Any amount above zero, which is what can be paid.
pub fn positive_amount() -> BoxedStrategy<Amount> {
    read_amount(Some(Sign::Positive))
}

fn read_amount(sign: Option<Sign>) -> BoxedStrategy<Amount> {
    text::amount(sign, None)
        .prop_filter_map("not an amount", |text| text.parse().ok())
        .boxed()
}

/// Stands for a strategy that can't be made: it ends the test and says why.
struct Refused<T> {
    why: String,
    of: PhantomData<fn() -> T>,
}

impl<T: Debug + 'static> Refused<T> {
    fn boxed(why: String) -> BoxedStrategy<T> {
        let of = PhantomData;
        Strategy::boxed(Self { why, of })
    }
}

impl<T> Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.why).finish()
    }
}

impl<T: Debug> Strategy for Refused<T> {
    type Tree = Box<dyn ValueTree<Value = T>>;
    type Value = T;

    fn new_tree(&self, _: &mut TestRunner) -> NewTree<Self> {
        Err(self.why.clone().into())
    }
}
