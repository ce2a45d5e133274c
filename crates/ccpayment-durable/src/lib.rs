//! Inbox, outbox and reconciler of a merchant, on the merchant's own database.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
pub use entry::{Change, Delivery, Entry, EntryKey, NewEntry, Queue, State, Step, UnknownWord};
pub use handler::{EndedPayout, EndedWithdrawal, Handler, HandlerError, PayoutEnd};
pub use inbox::{Inbox, ReceiveError};
pub use memory::{MemoryStore, MemoryTx};
pub use outbox::{Outbox, PlanError};
#[cfg(feature = "axum")]
pub use page::report_page;
pub use reconciler::{Reconciler, WalkError, Walked};
pub use report::{Count, Report, Row};
pub use settings::Settings;
pub use store::{Claim, Store, StoreError};
pub use stored::StorablePayout;
pub use worker::Worker;
