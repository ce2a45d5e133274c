//! [`Sandbox`](sandbox::Sandbox), which tests and demos hold: the state behind a lock, with its
//! clock, its journal and its notifications.

pub(crate) mod builder;
pub(crate) mod dashboard;
pub(crate) mod engine;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod notifications;
pub(crate) mod sandbox;
pub(crate) mod service;
#[cfg(feature = "cli")]
pub(crate) mod sqlite_journal;
pub(crate) mod webhook_sender;
