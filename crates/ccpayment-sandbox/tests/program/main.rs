//! The program from outside: a process, a socket, and once a browser.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may stop where it stands, and this one lives in real time"
)]

mod browser;
mod devtools;
mod guide;
mod kill;
mod pages;
mod running;
mod support;
mod tls;
