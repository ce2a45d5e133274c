//! The headers and signatures that say who calls and who answers.

pub(crate) mod headers;
pub(crate) mod rsa;
pub(crate) mod v1;
pub(crate) mod v2;
pub(crate) mod why;
