//! The sandbox from outside: over a socket, with signatures made here and not by the sandbox.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

mod answers;
mod batches;
mod books;
mod chaos;
mod checks;
mod codes;
mod deliveries;
mod faults;
mod flow;
mod http_admin;
mod layers;
mod notifications;
mod odd_bodies;
mod pagination;
mod reader;
mod reading;
mod real_clock;
mod receiver;
mod replay;
mod replay_bodies;
mod request_log;
mod routes;
mod rsa;
mod sent_fields;
mod serving;
mod shapes;
mod socket_faults;
mod streams;
mod support;
mod swaps;
mod time;
mod users;
mod v1;
mod v1_faults;
mod v1_money;
mod v1_shapes;
mod v1_support;
