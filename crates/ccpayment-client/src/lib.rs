//! How a CCPayment call is made, and how a payout is made exactly once.
//!
//! A [`Client`] turns requests of [`ccpayment_core`] into answers over any [`Transport`].
//! [`Client::send`] makes one call. [`Client::payout`] is for the calls that move money, and ends in
//! exactly one payout whatever happens on the wire; [`Client::submit`] does the same for what is
//! created to be paid. [`Client::pages`] and [`Client::items`] read lists.
//!
//! A call that fails is made again where that harms nobody ([`Retries`]), and a clock that is wrong is
//! corrected by what the gateway says ([`Client::with_clock_correction`]).
//!
//! Errors answer the question that money asks: did the gateway act? See [`Error::outcome`] and
//! [`PayoutError`].
//!
//! ```
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use ccpayment_client::{Call, Client, Transport, TransportError};
//! use ccpayment_core::v2::ApplyAppWithdrawToNetwork;
//! use ccpayment_core::{Address, AppId, AppSecret, Chain, CoinId, Credentials, OrderId};
//!
//! /// A backend is one method. `ccpayment-reqwest` has a real one.
//! struct Canned;
//!
//! #[async_trait]
//! impl Transport for Canned {
//!     async fn send(&self, _call: Call) -> Result<http::Response<Bytes>, TransportError> {
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
//! assert_eq!(paid.record_id.as_str(), "20240312");
//! # Ok(())
//! # }
//! ```

mod attempt;
#[cfg(feature = "v2")]
mod batch;
mod body;
mod client;
mod clock;
mod error;
mod limit;
mod pages;
mod payout;
mod raw;
mod retry;
mod skew;
mod transport;
mod wrap;

#[cfg(feature = "v2")]
pub use batch::{BatchPaid, BatchPayout};
pub use body::read_body;
pub use ccpayment_core as core;
pub use client::{Client, Timeouts};
pub use clock::{Clock, SystemClock};
pub use error::{CallInfo, Error, Outcome, Unsettled};
pub use pages::{Page, PageError};
pub use payout::{ABSENCE_SECONDS, PaidOut, PayoutError, Proof, Refusal, Submitted, Tried};
pub use retry::Retries;
pub use transport::{BoxError, Call, SetupError, Transport, TransportError};
pub use wrap::{TowerTransport, TransportFn, transport_fn};
