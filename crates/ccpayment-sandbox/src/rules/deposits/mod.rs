//! Deposits.

pub(crate) mod lifecycle;
pub(crate) mod records;
