//! Deposit addresses.

pub(crate) mod registry;
pub(crate) mod routes;
