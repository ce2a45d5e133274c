//! Batches of withdrawals.

pub(crate) mod lifecycle;
pub(crate) mod rows;
