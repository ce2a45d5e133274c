//! Fakes, a clock and a simulation for tests of programs that use `ccpayment`.
//!
//! - [`FakeTransport`] answers by a script of expected requests. Anything else is an error.
//! - [`Recorder`] turns real traffic into stable, redacted snapshots.
//! - [`TestClock`] is a clock that a test sets. With feature `sandbox`, `SandboxClock` and
//!   `SandboxTransport` are the time of a sandbox and the way into it without a socket.
//!
//! A stateful gateway on loopback is in `ccpayment-sandbox`.
//!
//! # Feature flags
//!
//! No feature is on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `proptest` | `strategies`: arbitrary requests, answers and amounts |
//! | `sandbox` | `simulation`: your webhook handler and your payout code against the whole gateway, with duplicates, delays, losses, forgeries and crashes, under virtual time; it reports the first broken invariant with its seed |
//! | `conformance` | `conformance`: the contract of a transport, as tests for yours |
//!
//! # Snapshots of the payloads that your code sends
//!
//! Put a [`Recorder`] between your client and a [`FakeTransport`], run your code, and compare
//! [`Recorder::snapshot`] with `insta::assert_snapshot!`. The text has the path, the headers and
//! the body byte for byte, and nothing that is secret or changes from run to run. `tests/shop` in
//! the repository is a project that does it.
//!
//! ```
//! use ccpayment_client::Client;
//! use ccpayment_client::core::v2::GetCoin;
//! use ccpayment_client::core::{AppId, AppSecret, CoinId, Credentials};
//! use ccpayment_testing::{FakeTransport, Recorder, Reply};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! // Refuses a request whose signature does not belong to its bytes.
//! let fake = FakeTransport::verifying(&credentials);
//! let usdt = GetCoin::new(CoinId::new(1280));
//! fake.expect(&usdt, Reply::data(&json!({"coin": {"coinId": 1280, "symbol": "USDT"}})));
//!
//! let recorder = Recorder::new(fake);
//! let client = Client::new(credentials, recorder.clone());
//! assert_eq!(client.send(&usdt).await?.coin.symbol, "USDT");
//!
//! // Compare it with `insta::assert_snapshot!(recorder.snapshot())`.
//! assert!(recorder.snapshot().starts_with("> POST /ccpayment/v2/getCoin\n"));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod fake;
#[cfg(feature = "tokio")]
mod paused;
mod recorder;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
pub mod simulation;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use clock::TestClock;
pub use fake::{FakeTransport, Mismatch, Reply};
#[cfg(feature = "tokio")]
pub use paused::PausedClock;
pub use recorder::{RecordedExchange, Recorder};
#[cfg(feature = "sandbox")]
pub use sandbox::{SandboxClock, SandboxTransport};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
