//! The guide in `docs`: its code runs here as a merchant's, and tests compare its tables and links
//! with their subjects.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// The code of each page. `build.rs` takes it out.
#[allow(
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is the text of pages, as a merchant would write it"
)]
#[rustfmt::skip]
mod pages {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

mod durable;
mod house;
mod keys;
mod merchants;
mod money;
mod notifications;
mod payouts;
mod text;
