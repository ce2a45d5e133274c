//! Notifications of the v1 API, which is the legacy one.
//!
//! They are signed by v1's digest, have no envelope, and name their kind in `order_type`. Unlike
//! those of v2 they carry amounts. No other source tells the amount of a payment to a user's
//! permanent address or to an invoice: v1 has no route that reads it back. A payment to an order, a
//! withdrawal and a refund can be read back by `get_order_info`.
//!
//! Each kind leads to a decision: [`ApiDeposit::decide`], [`DirectDeposit::decision`],
//! [`Invoice::decision`], [`ApiWithdrawal::decide`] and [`Refund::decide`]; without a notification,
//! [`decide_withdrawal`]. Credits are unique by [`Creditable::record_id`], never by
//! [`Event::delivery_key`].
//!
//! ```
#![doc = include_str!("../../recipes/receive_v1.rs")]
//! ```

mod confirm;
mod deposits;
mod event;
mod parse;
mod payouts;
mod verifier;

pub use ccpayment_core::v1::PayStatus;
pub use confirm::{Creditable, decide_withdrawal};
pub use deposits::{ApiDeposit, DepositExtend, DirectDeposit, Invoice, InvoiceExtend};
pub use event::Event;
pub use payouts::{ApiWithdrawal, Refund};
pub use verifier::Verifier;
