//! How a CCPayment call is made, and how a payout is made exactly once.
//!
//! A [`Client`] turns requests of [`ccpayment_core`] into answers over any [`Transport`].
//! [`Client::send`] makes one call. [`Client::payout`] is for the calls that move money, and ends
//! in exactly one payout whatever happens on the wire; [`Client::submit`] does the same for what is
//! created to be paid. [`Client::pages`] and [`Client::items`] read lists.
//!
//! A call that fails is made again where that harms nobody ([`RetryPolicy`]), and a clock that is wrong
//! is corrected by what the gateway says ([`Client::with_clock_correction`]).
//!
//! Errors answer the question that money asks: did the gateway act? See [`Error::outcome`] and
//! [`SubmitError`].
//!
//! # What a call tells of itself
//!
//! By `tracing`, at the level `INFO`: a span around each call, and in it one around each attempt,
//! by the names that OpenTelemetry has for an HTTP client. Never a body, a header, a signature or a
//! secret. Events inside are at `DEBUG`, but for one `WARN` when the clock is corrected.
//!
//! | span | field | what it is |
//! |---|---|---|
//! | `ccpayment.call`, `ccpayment.submit` | | [`Client::send`]; and whatever is made once: [`Client::payout`], [`Client::submit`], and their settling |
//! | | `otel.name`, `ccpayment.operation` | the gateway's name of the route |
//! | | `otel.kind` | `internal` |
//! | | `ccpayment.order_id` | the merchant's own id |
//! | | `ccpayment.attempts` | how often it was tried (`ccpayment.call`) |
//! | | `ccpayment.submits`, `ccpayment.lookups` | as in [`Attempts`] (`ccpayment.submit`) |
//! | | `ccpayment.outcome` | `done`, `refused`, `unknown`; for a call also `not_sent`, for a submit also `conflict` |
//! | | `ccpayment.code`, `error.type` | the gateway's code, and what went wrong in one word (see below) |
//! | `ccpayment.attempt` | `otel.name`, `http.request.method` | `POST` |
//! | | `otel.kind` | `client` |
//! | | `server.address`, `server.port`, `url.full` | where it went |
//! | | `http.request.resend_count` | how often the same was sent before, from 1 on |
//! | | `http.response.status_code` | of the answer |
//! | | `ccpayment.operation`, `ccpayment.attempt` | the route, and which attempt it is, from 1 on |
//! | | `ccpayment.code`, `error.type` | the gateway's code, and what went wrong |
//! | all three | `otel.status_code` | `ERROR` where it failed |
//!
//! `error.type` is the name of the gateway's [code](ccpayment_core::ErrorCode), or one of
//! `invalid`, `throttled`, `not_sent`, `maybe_sent`, `timeout`, `too_large`, `no_envelope`,
//! `undecodable`, `unverified` and `_OTHER`.
//!
//! With the feature `metrics`, through the facade of that name:
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `http.client.request.duration` | histogram, seconds of one exchange | `http.request.method`, `server.address`, `server.port`, `ccpayment.operation`, and `http.response.status_code` or `error.type` |
//! | `ccpayment.client.calls` | counter of calls that ended | `ccpayment.operation`, `ccpayment.outcome` |
//! | `ccpayment.client.submits` | counter of payouts, orders and settlings that ended | `ccpayment.operation`, `ccpayment.outcome` |
//! | `ccpayment.client.retries` | counter of calls made again by `send` | `ccpayment.operation`, `error.type` |
//! | `ccpayment.client.retries.dropped` | counter of calls not made again because too many fail | `ccpayment.operation` |
//!
//! A request that breaks a rule is no call: nothing is told of it but its error.
//!
//! # Example
//!
//! ```
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use ccpayment_client::{Exchange, Client, Transport, TransportError};
//! use ccpayment_core::v2::ApplyAppWithdrawToNetwork;
//! use ccpayment_core::{Address, AppId, AppSecret, Chain, CoinId, Credentials, OrderId};
//!
//! /// A backend is one method. `ccpayment-reqwest` has a real one.
//! struct Canned;
//!
//! #[async_trait]
//! impl Transport for Canned {
//!     async fn send(&self, _exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
//!         let answer = br#"{"code":10000,"msg":"success","data":{"recordId":"20240312"}}"#;
//!         Ok(http::Response::new(Bytes::from_static(answer)))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
//! let client = Client::new(credentials, Canned);
//!
//! // Store the order id before the call; it is what makes a repeat harmless.
//! let payout = ApplyAppWithdrawToNetwork::new(
//!     OrderId::new("payout-1001"),
//!     CoinId::new(1280),
//!     Chain::new("POLYGON"),
//!     Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
//!     "12.50".parse()?,
//! );
//! let paid = client.payout(&payout).await?;
//! assert_eq!(paid.created.as_str(), "20240312");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapters;
mod attempt;
#[cfg(feature = "v2")]
mod batch;
mod body;
mod client;
mod clock;
mod drive;
mod error;
mod halt;
mod headers;
mod outcome;
mod pages;
mod payout;
#[cfg(feature = "per-runtime")]
mod per_runtime;
mod rate_limit;
mod raw;
mod retry;
mod send;
mod skew;
mod telemetry;
mod transport;

pub use adapters::{TowerTransport, TransportFn, transport_fn};
#[cfg(feature = "v2")]
pub use batch::{BatchPayout, SubmittedBatch};
pub use body::read_body;
pub use ccpayment_core as core;
pub use client::{Client, Timeouts};
pub use clock::{Clock, SystemClock};
pub use error::{Error, Outcome, RequestInfo, Unsettled};
pub use outcome::{Attempts, Proof, RefusalReason, SubmitError, Submitted};
pub use pages::{Items, MOST_EMPTY_PAGES, Page, PageError, Pages};
pub use payout::SETTLE_AFTER;
#[cfg(feature = "per-runtime")]
pub use per_runtime::PerRuntime;
pub use retry::RetryPolicy;
pub use transport::{BlockingTransport, BoxError, Exchange, SetupError, Transport, TransportError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
