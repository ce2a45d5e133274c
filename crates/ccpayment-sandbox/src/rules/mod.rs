//! The gateway's rules: each route, and everything else that changes the state.

pub(crate) mod addresses;
pub(crate) mod assets;
pub(crate) mod batches;
pub(crate) mod checks;
pub(crate) mod coins;
pub(crate) mod deposits;
pub(crate) mod fields;
pub(crate) mod invoices;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod pagination;
pub(crate) mod payouts;
pub(crate) mod spellings;
pub(crate) mod swaps;
pub(crate) mod transfers;
pub(crate) mod users;
pub(crate) mod utility;
pub(crate) mod v1;
