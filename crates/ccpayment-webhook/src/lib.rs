//! Receives CCPayment notifications safely: verify, confirm, acknowledge.
//!
//! 1. [`Verifier::verify`] takes a delivery's headers and raw body, and gives a
//!    [`Verified`]`<`[`Event`]`>`. There is no other way to get one.
//! 2. Read the record back. [`ConfirmedDeposit::decision`] says what to do, and
//!    [`DepositDecision::Credit`] holds the only amount to credit. A notification has none. For
//!    withdrawals, [`ConfirmedWithdrawal::decision`] says what to do.
//! 3. [`Verified::acknowledge`], after the work succeeded, gives the answer that ends the
//!    deliveries. Until then the gateway sends the notification again.
//!
//! Two keys keep repeats apart, and they are not the same:
//!
//! - **The credit key is [`Creditable::record_id`].** It is unique where money is booked.
//! - The delivery key ([`Event::delivery_key`]) is the record id *with the notification's status*.
//!   It only skips a delivery that was handled before. One payment sends several notifications, and
//!   each of them may be handled after the record is final: money that is booked under this key is
//!   booked twice.
//!
//! The crate has no I/O, no runtime and no clock; any HTTP server can carry the bytes. A whole
//! receiver:
//!
//! ```
#![doc = include_str!("../recipes/receive.rs")]
//! ```
//!
//! # What never comes
//!
//! A notification may never come, so go through the lists of records now and then, and judge each
//! record by [`ConfirmedDeposit::listed`], or read one by its id: see [`Confirm`].
//!
//! - The gateway gives up after 31.5 minutes or an hour: see [`Verified::acknowledge`].
//! - A deposit of a coin that is not enabled on the dashboard (Settings, Tokens for your business)
//!   is not announced.
//! - A withdrawal to a Cwallet account is not announced.
//! - A firewall may keep the gateway out: it sends from [`SENDER_ADDRESSES`].
//!
//! The address of the receiver is set on the dashboard (Developer, Webhook URL).
//!
//! # What is refused
//!
//! Each refusal leaves a `WARN` event of `tracing` with a target in `ccpayment_webhook`: `reason`,
//! `status`, and `is_authentic`, which is true for what was signed with our secret all the same.
//!
//! For a refusal that should not be, [`Verifier::explain`] names the likely mistake, such as a body
//! that was parsed and written again. That is for the merchant, and no answer to the sender.
//!
//! # Feature flags
//!
//! No feature is on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum` | `Verified<Event>` as an extractor and `Acknowledgement` as a response, for axum 0.8 |
//! | `tower` | `WebhookLayer`, before a service of tower that takes a `Request<Verified<Event>>` |
//! | `http-body` | `Webhook::receive`, for a server whose bodies are of `http-body`, such as hyper; on tokio's time |
//! | `client` | `event.confirm(&client)` and `ConfirmedDeposit::read(&client, ..)`: the read and its judgement in one step |
//! | `v1` | `v1`: the notifications of the older API |
//! | `aws-lc-rs` | `Verifier::also_accept_rsa`: notifications that are signed with an RSA key, by AWS-LC |
//! | `rsa` | the same in Rust alone |
//!
//! For actix-web there is the crate [`ccpayment-actix`](https://docs.rs/ccpayment-actix).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod acknowledge;
#[cfg(feature = "client")]
mod client;
mod confirm;
mod decision;
mod error;
mod event;
mod explain;
#[cfg(feature = "axum")]
mod extractor;
mod keyring;
#[cfg(feature = "tower")]
mod layer;
mod parse;
mod raw_event;
mod records;
mod sender;
mod signed_delivery;
#[cfg(feature = "v1")]
pub mod v1;
mod verifier;
#[cfg(feature = "http-body")]
mod webhook;

pub use acknowledge::Acknowledgement;
pub use ccpayment_core as core;
pub use ccpayment_core::{AppId, AppSecret, Credentials, ValidationError};
pub use confirm::{Confirm, ConfirmedDeposit, ConfirmedWithdrawal};
pub use decision::{Creditable, DepositDecision, NoCredit, WithdrawalDecision};
pub use error::{ConfirmError, VerifyError};
pub use event::{
    ApiDeposit, ApiWithdrawal, DeliveryKey, DirectDeposit, Event, UserDeposit, UserWithdrawal,
};
pub use explain::{Cause, Explanation};
#[cfg(feature = "tower")]
pub use layer::{WebhookLayer, WebhookService};
pub use raw_event::{RiskyAddress, UnknownEvent, UnreadableEvent};
pub use sender::{SENDER_ADDRESSES, is_known_sender};
pub use verifier::{Verified, Verifier};
#[cfg(feature = "http-body")]
pub use webhook::{VerifyDelivery, Webhook, WebhookRejection, read_delivery};

#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
