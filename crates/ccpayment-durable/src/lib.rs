//! Inbox, outbox and reconciler of a merchant, on the merchant's own database.
//!
//! - The [`Inbox`] receives notifications. It answers `Success` only after the commit, so none is
//!   lost.
//! - The [`Outbox`] plans payouts in the merchant's own transaction. Each is made exactly once and
//!   followed to its end, through lost answers and crashes.
//! - The [`Worker`] reads the gateway's records and calls the merchant's [`Handler`] with a
//!   transaction: the merchant's writes, the mark and the credit key are one commit.
//! - The [`Reconciler`] finds the records that no notification told of.
//!
//! This crate has the rules and no driver. A [`Store`] keeps the rows: `SqliteStore` and
//! `PostgresStore` of [`ccpayment-sqlx`](https://docs.rs/ccpayment-sqlx), or [`MemoryStore`] for
//! tests.
//!
//! ```
//! use ccpayment_durable::client::core::{AppId, Credentials};
//! use ccpayment_durable::client::{Client, SystemClock, Transport};
//! use ccpayment_durable::webhook::Creditable;
//! use ccpayment_durable::{
//!     EndedPayout, Handler, HandlerError, Inbox, MemoryStore, MemoryTx, Outbox, Worker,
//! };
//!
//! /// What is committed together with inbox and outbox. With a database it is that.
//! type Books = Vec<String>;
//!
//! struct Shop;
//!
//! #[async_trait::async_trait]
//! impl Handler<MemoryTx<Books>> for Shop {
//!     async fn deposit(
//!         &self,
//!         tx: &mut MemoryTx<Books>,
//!         _app_id: &AppId,
//!         paid: Creditable<'_>,
//!     ) -> Result<(), HandlerError> {
//!         tx.push(format!("{} by {}", paid.amount(), paid.record_id()));
//!         Ok(())
//!     }
//!
//!     async fn payout(
//!         &self,
//!         tx: &mut MemoryTx<Books>,
//!         payout: &EndedPayout,
//!     ) -> Result<(), HandlerError> {
//!         tx.push(format!("{} {}", payout.order_id, payout.end.as_str()));
//!         Ok(())
//!     }
//! }
//!
//! async fn run(backend: impl Transport + 'static) -> Result<(), Box<dyn std::error::Error>> {
//!     let credentials = Credentials::from_env()?;
//!     let store = MemoryStore::<Books>::new(SystemClock::new());
//!     // Receives: `inbox.receive(&headers, &body)`, or a route of axum.
//!     let inbox = Inbox::new(store.clone(), &credentials);
//!     // Plans: `outbox.plan(&mut tx, &payout)`.
//!     let outbox = Outbox::new(store.clone(), credentials.app_id());
//!     let client = Client::new(credentials, backend);
//!     let worker = Worker::new(store, Shop).merchant(client);
//!     worker.run(std::future::pending()).await;
//!     Ok(())
//! }
//! ```
//!
//! # What happens once
//!
//! The credit key is APP ID, kind and record id, *without the status*. It is unique in the database
//! and never deleted. One record sends several notifications, each comes several times, and the
//! lists of v2 show the records of v1 as well. A worker credits by the first that it handles, and
//! finds the key for the others.
//!
//! The entry of a record that is not final stays open. The record is read again until it is final,
//! whether or not another notification comes. A record that is flagged as risky, has no amount, or
//! is not the one of the notification is never credited: its entry has the reason.
//!
//! Before the request of a payout is sent, the store notes that the payout is in doubt. Only its
//! record ends the doubt. A process that dies leaves it to the next one, which looks before it
//! sends. A process that was suspended for longer than its lease can't send any more: it would sign
//! too late ([`Client::with_last_timestamp`](client::Client::with_last_timestamp)).
//!
//! # When something goes wrong
//!
//! | what | what happens |
//! |---|---|
//! | the database can't be reached | the receiver answers 503, and the gateway sends it again |
//! | the gateway can't be read | the entry is read again; nothing is parked for it. Where it refuses the credentials, entries are parked |
//! | the handler fails, panics or hangs | its transaction is rolled back; it is called again, and after [`Settings::most_failures`] the entry is parked |
//! | a person has to decide | the entry is parked: [`Report::parked`]; [`Store::release`] opens it again, [`Store::close`] ends it |
//! | a process dies | another takes over what it had claimed, when the lease ends |
//! | a notification never comes | the [`Reconciler`] finds its record |
//! | a type of notification is unknown | it is stored whole, and goes to [`Handler::notice`] |
//!
//! # Where to run what
//!
//! Run an inbox in each process that receives, and a worker in one process or more. Run a
//! reconciler every hour or so in one of them. Delete old finished entries by [`Store::prune`]; the
//! keys stay. [`Report::read`] says what is in the store, as does the page of `report_page`
//! (feature `axum`) and `Report::record_metrics` (feature `metrics`).
//!
//! # Observability
//!
//! The work on an entry has a span `ccpayment.entry` at the level `INFO`, with the fields
//! `ccpayment.queue`, `ccpayment.kind` and `ccpayment.entry` (its id). The client's spans are
//! inside it. A `WARN` says that an entry failed, an `ERROR` that one is parked or that the store
//! failed. No span or event shows a body. A handler's own error is shown as it is.
//!
//! # Another database
//!
//! Implement [`Store`] over your driver. Its page says what each method promises, and the tests in
//! `crates/ccpayment-sqlx/tests/it/suite` of the repository are written for any store.
//!
//! # Feature flags
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | no | `Inbox::route`, and `report_page` for operators |
//! | `metrics` | no | `Report::record_metrics`, through the `metrics` facade |
//! | `v1` | no | notifications and payouts of the older API |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod counts;
mod entry;
mod handler;
mod inbox;
pub mod kind;
mod look;
mod memory;
mod outbox;
#[cfg(feature = "axum")]
mod page;
mod reconciler;
mod report;
#[cfg(feature = "axum")]
mod route;
mod settings;
mod store;
mod stored;
mod worker;

pub use ccpayment_client as client;
pub use ccpayment_webhook as webhook;
pub use counts::{Count, Row};
pub use entry::{
    CLOSED, Change, Delivery, Entry, EntryKey, NOT_CREDITED, NewEntry, Queue, State, Step,
    UnknownWord,
};
pub use handler::{EndedPayout, EndedWithdrawal, Handler, HandlerError, PayoutEnd};
pub use inbox::{Inbox, ReceiveError};
pub use memory::{MemoryStore, MemoryTx};
pub use outbox::{Outbox, PlanError};
#[cfg(feature = "axum")]
pub use page::report_page;
pub use reconciler::{Reconciler, WalkError, Walked};
pub use report::Report;
pub use settings::Settings;
pub use store::{Claim, Store, StoreError};
pub use stored::StorablePayout;
pub use worker::Worker;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
