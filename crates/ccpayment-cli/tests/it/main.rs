//! The program as a process, against a real sandbox on loopback.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod calls;
mod deliveries;
mod doctor;
mod guide;
mod help;
mod money;
mod queues;
mod secrets;
mod support;
