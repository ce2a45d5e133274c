//! Which code serves which operation, a table for each version of the API.

pub(crate) mod v1;
pub(crate) mod v2;
