//! Withdrawals, of the merchant and of its users.

pub(crate) mod lifecycle;
pub(crate) mod records;
pub(crate) mod requests;
