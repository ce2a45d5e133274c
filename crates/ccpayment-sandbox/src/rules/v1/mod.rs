//! The same for the older API, over the same books.

pub(crate) mod assets;
pub(crate) mod codes;
pub(crate) mod dashboard;
pub(crate) mod notices;
pub(crate) mod orders;
pub(crate) mod payouts;
pub(crate) mod permanent;
pub(crate) mod records;
pub(crate) mod resend;
pub(crate) mod tokens;
