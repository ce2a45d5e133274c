//! Arbitrary values, the same in every run.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

const SEED: &[u8; 32] = b"what is sent is what is signed..";

fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        // A strategy must make valid values by construction, not by rejecting others.
        max_local_rejects: 0,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, SEED))
}

/// Checks this many values. A failing one is shrunk to the smallest that fails.
pub(crate) fn each<S: Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    check: impl Fn(S::Value) -> TestCaseResult,
) {
    if let Err(error) = runner(cases).run(strategy, check) {
        let seed = String::from_utf8_lossy(SEED);
        panic!("{name}, with the seed {seed:?}: {error}");
    }
}

/// The first value.
pub(crate) fn one<T: Debug>(strategy: &BoxedStrategy<T>) -> T {
    strategy.new_tree(&mut runner(1)).unwrap().current()
}
