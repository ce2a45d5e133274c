//! A receiver on each framework, with one handler, so that one test can hold them all to the same.

mod handler;
mod servers;

pub use handler::{Handler, Seen};
pub use servers::{Receiver, actix, axum, hyper, tower};
