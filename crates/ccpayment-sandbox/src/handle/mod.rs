//! What tests and demos hold: the state behind a lock, with its clock, its file and its post.

pub(crate) mod builder;
pub(crate) mod courier;
pub(crate) mod dashboard;
pub(crate) mod deliveries;
#[cfg(feature = "program")]
pub(crate) mod journal;
pub(crate) mod line;
pub(crate) mod sandbox;
pub(crate) mod service;
pub(crate) mod world;
