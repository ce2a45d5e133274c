//! Tests that cross the crates are in `suite`, benchmarks in `bench`, a list of every route in
//! `routes`. This library has their shared code, and makes the README's program a doc test.

mod routes;
pub mod sandbox;
pub mod soak;
pub mod typed;

/// The README, so that its program compiles.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;
