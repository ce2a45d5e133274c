//! Sends requests to CCPayment, and carries out each payout exactly once.
//!
//! A [`Client`] turns requests of [`ccpayment_core`] into answers over any [`Transport`].
//! [`Client::send`] sends one request. [`Client::payout`] is for requests that move money: it pays
//! at most once, whatever happens on the wire. [`Client::submit`] does the same for orders,
//! invoices and checkout pages. [`Client::pages`] and [`Client::items`] read lists.
//!
//! The client repeats a failed request where that harms nobody ([`RetryPolicy`]). It corrects a
//! wrong clock by the gateway's ([`Client::with_clock_correction`]).
//!
//! Errors answer the question that money asks: did the gateway act? See [`Error::outcome`] and
//! [`SubmitError`].
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
//! // Store the order id first; it makes a repeat harmless.
//! let payout = ApplyAppWithdrawToNetwork::new(
//!     OrderId::new("payout-1001"),
//!     CoinId::new(1280),
//!     Chain::new("POLYGON"),
//!     Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
//!     "12.50".parse()?,
//! );
//! let accepted = client.payout(&payout).await?;
//! assert_eq!(accepted.created.as_str(), "20240312");
//! # Ok(())
//! # }
//! ```
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `v2` | yes | the requests of the current API, and `Client::batch_payout` |
//! | `v1` | no | the requests of the older API, whose answers are signed |
//! | `metrics` | no | counters and a histogram, through the `metrics` facade |
//! | `per-runtime` | no | `PerRuntime`, for a backend with a pool of connections |
//!
//! # Observability
//!
//! The client traces with `tracing`. Each request and each submit has a span at the level `INFO`,
//! and each attempt has one inside it. The fields have OpenTelemetry's names for an HTTP client. No
//! span or event shows a body, a header, a signature or a secret.
//!
//! | span | around |
//! |---|---|
//! | `ccpayment.request` | [`Client::send`], with all attempts |
//! | `ccpayment.submit` | [`Client::payout`], [`Client::submit`], a batch, and their settling |
//! | `ccpayment.attempt` | one attempt |
//!
//! | field | on | what it is |
//! |---|---|---|
//! | `otel.name` | all | the operation; `POST` on an attempt |
//! | `otel.kind` | all | `internal`; `client` on an attempt |
//! | `otel.status_code` | all | `ERROR` where it failed |
//! | `ccpayment.operation` | all | the gateway's name of the operation |
//! | `ccpayment.code` | all | the gateway's code, where it refused |
//! | `ccpayment.order_id` | request, submit | the merchant's own id |
//! | `ccpayment.outcome` | request | `done`, `refused`, `not_sent`, `unknown` |
//! | | submit | `done`, `refused`, `conflict`, `incomparable`, `unknown` |
//! | `ccpayment.attempts` | request | how many attempts there were |
//! | `ccpayment.submits`, `ccpayment.lookups` | submit | as in [`Attempts`] |
//! | `ccpayment.attempt` | attempt | which attempt it is, from 1 on |
//! | `error.type` | request, attempt | the reason in one word; see below |
//! | `http.request.method` | attempt | `POST` |
//! | `http.request.resend_count` | attempt | how many attempts came before, from 1 on |
//! | `http.response.status_code` | attempt | the status of the answer |
//! | `server.address`, `server.port`, `url.full` | attempt | where it went |
//!
//! `error.type` is the name of the gateway's [code](ccpayment_core::ErrorCode), or one of
//! `invalid`, `throttled`, `halted`, `no_time`, `not_sent`, `maybe_sent`, `timeout`, `too_large`,
//! `no_envelope`, `undecodable`, `unverified` and `_OTHER`.
//!
//! Events are at `DEBUG`, with three exceptions. A `WARN` says that the client corrects its clock.
//! An `ERROR` says that the gateway blocks this client ([`Client::resume`]), or that the record
//! under an order id is not the one that the answer named ([`Client::with_acceptance_looked_up`]).
//!
//! With the feature `metrics`:
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `http.client.request.duration` | histogram of exchanges, in seconds | `http.request.method`, `server.address`, `server.port`, `ccpayment.operation`, and `http.response.status_code` or `error.type` |
//! | `ccpayment.client.requests` | counter of requests that ended | `ccpayment.operation`, `ccpayment.outcome` |
//! | `ccpayment.client.submits` | counter of submits and settlings that ended | `ccpayment.operation`, `ccpayment.outcome` |
//! | `ccpayment.client.retries` | counter of repeats by `send` | `ccpayment.operation`, `error.type` |
//! | `ccpayment.client.retries.throttled` | counter of repeats left out because too many fail | `ccpayment.operation` |
//!
//! A request that breaks a rule leaves no span and no metric, only its error.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapters;
mod attempt;
#[cfg(feature = "v2")]
mod batch;
mod body;
mod client;
mod clock;
mod codes;
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
pub use outcome::{Attempts, Proof, RefusalReason, SETTLE_AFTER, SubmitError, Submitted};
pub use pages::{Items, MOST_EMPTY_PAGES, Page, PageError, Pages};
#[cfg(feature = "per-runtime")]
pub use per_runtime::PerRuntime;
pub use retry::RetryPolicy;
pub use transport::{BlockingTransport, BoxError, Exchange, SetupError, Transport, TransportError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
