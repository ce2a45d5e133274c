//! Inbox, outbox and reconciler of a merchant, on the merchant's own database.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod entry;
mod report;
mod store;

pub use ccpayment_client as client;
pub use ccpayment_webhook as webhook;
pub use entry::{Change, Entry, EntryKey, NewEntry, Queue, State, Step, UnknownWord};
pub use report::{Count, Report, Row};
pub use store::{Claim, Store, StoreError};
