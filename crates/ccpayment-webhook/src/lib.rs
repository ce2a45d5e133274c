//! How a CCPayment notification is trusted: verify, confirm, acknowledge.
//!
//! 1. [`Verifier::verify`] takes a delivery's headers and raw body, and gives a
//!    [`Verified`]`<`[`Event`]`>`. There is no other way to get one.
//! 2. The record is read back and judged: [`ConfirmedDeposit::creditable`] is the only amount
//!    that may be credited. A notification has none.
//! 3. [`Verified::acknowledge`], after the work succeeded, gives the answer that ends the
//!    delivery. Until then the gateway sends it again, so the work must be done once for each
//!    [`Event::dedupe_key`].
//!
//! The crate has no I/O, no runtime and no clock; any HTTP server can carry the bytes.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use ccpayment_core::{AppId, AppSecret};
//! use ccpayment_webhook::{ConfirmedDeposit, Event, Verifier};
//! # use ccpayment_core::v2::GetAppDepositRecordResponse;
//! # use ccpayment_core::{HmacKey, SignText};
//! # let (secret, timestamp) = (AppSecret::new("app-secret"), "1726717500");
//! # let body = br#"{"type":"ApiDeposit","msg":{"recordId":"20240919035020188328269786624000",
//! #   "orderId":"1726717497","coinId":2541,"coinSymbol":"POL","status":"Success",
//! #   "isFlaggedAsRisky":false}}"#;
//! # let text = SignText { app_id: "app-id", timestamp, body };
//! # let sign = HmacKey::new(&secret).sign(&text);
//! # let mut headers = http::HeaderMap::new();
//! # headers.insert("Appid", "app-id".parse()?);
//! # headers.insert("Timestamp", timestamp.parse()?);
//! # headers.insert("Sign", sign.as_str().parse()?);
//! # // In the place of `SystemTime::now()`, since the sample was signed long ago.
//! # let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_726_717_501);
//! # let answer = r#"{"record":{"recordId":"20240919035020188328269786624000",
//! #   "orderId":"1726717497","coinId":2541,"chain":"POLYGON","amount":"25.5",
//! #   "status":"Success","isFlaggedAsRisky":false}}"#;
//! # let read_record = |_request| serde_json::from_str::<GetAppDepositRecordResponse>(answer);
//!
//! // Once, when the program starts.
//! let verifier = Verifier::new(AppId::new("app-id"), &AppSecret::new("app-secret"));
//!
//! // For each delivery: `headers` and the raw `body` from your server, `now` from your clock.
//! let response = match verifier.verify(&headers, body, now) {
//!     Err(refused) => {
//!         let mut response = http::Response::new(bytes::Bytes::from(refused.to_string()));
//!         *response.status_mut() = refused.status();
//!         response
//!     }
//!     Ok(event) => {
//!         if let Event::ApiDeposit(deposit) = event.event() {
//!             // Send it with any client, or do both steps by `deposit.confirm(&client)`.
//!             let record = read_record(deposit.confirm_request())?;
//!             let confirmed = ConfirmedDeposit::judge(deposit, record)?;
//!             if let Some(paid) = confirmed.creditable() {
//!                 // In one transaction with the unique key `event.dedupe_key()`.
//!                 println!("{} got {}", deposit.order_id, paid.amount());
//! #               assert_eq!(paid.amount().as_str(), "25.5");
//!             }
//!         }
//!         event.acknowledge().into_response()
//!     }
//! };
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.body(), "Success");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! - `axum`: `Verified<Event>` as an extractor and `Acknowledgement` as a response, for axum 0.8.
//! - `client`: `event.confirm(&client)`, the read and its judgement in one call.
//! - `rsa`, `aws-lc-rs`: notifications that are signed with an RSA key, by one backend or the other
//!   (`Verifier::also_accept_rsa`).
//! - `v1`: the notifications of the older API.

mod acknowledge;
#[cfg(feature = "client")]
mod client;
mod confirm;
mod error;
mod event;
#[cfg(feature = "axum")]
mod extract;
mod gate;
mod kind;
mod parse;
#[cfg(feature = "v1")]
pub mod v1;
mod verifier;
mod whole;

pub use acknowledge::Acknowledgement;
pub use confirm::{ConfirmError, ConfirmedDeposit, ConfirmedWithdrawal, Creditable, DepositEvent};
pub use error::VerifyError;
pub use event::{
    ApiDeposit, ApiWithdrawal, DedupeKey, DirectDeposit, Event, UserDeposit, UserWithdrawal,
};
#[cfg(feature = "axum")]
pub use extract::{Webhook, WebhookRejection};
pub use verifier::{Verified, Verifier};
pub use whole::{RiskyAddress, UnknownEvent};
