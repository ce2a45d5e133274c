//! The pages that people look at: pure functions from data to HTML.
//!
//! No page loads anything from elsewhere, and each can be read and used without scripts: the
//! buttons are plain forms. The one script makes the time run and follows the state.

mod checkout;
mod html;
mod invoice;
mod layout;
mod overview;
mod qr;
mod style;
mod table;

pub(crate) use checkout::{Checkout, Payable, Phase, Sent, Simulate};
pub(crate) use invoice::{Choice, Invoice};
pub(crate) use layout::{content_security_policy, message_page};
pub(crate) use overview::{Filter, Overview};
pub(crate) use table::{Cell, Table};
