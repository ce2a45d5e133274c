//! [`Sandbox`](sandbox::Sandbox), which tests and demos hold: the state behind a lock, with its
//! clock, its journal and its notifications.

pub(crate) mod books;
pub(crate) mod builder;
pub(crate) mod chain;
pub(crate) mod credentials;
pub(crate) mod dashboard;
pub(crate) mod deliveries;
pub(crate) mod engine;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod notifications;
pub(crate) mod request_log;
pub(crate) mod requests;
pub(crate) mod reviews;
pub(crate) mod sandbox;
pub(crate) mod settings;
#[cfg(feature = "cli")]
pub(crate) mod sqlite_journal;
pub(crate) mod time;
pub(crate) mod webhook_sender;
