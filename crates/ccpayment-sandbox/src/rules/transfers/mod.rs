//! Transfers between users, and between a user and the merchant.

pub(crate) mod batch;
pub(crate) mod single;
