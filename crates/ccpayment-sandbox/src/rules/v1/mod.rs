//! The rules of the older API, over the same books.

pub(crate) mod addresses;
pub(crate) mod assets;
pub(crate) mod codes;
pub(crate) mod dashboard;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod payouts;
pub(crate) mod records;
pub(crate) mod resend;
pub(crate) mod tokens;
