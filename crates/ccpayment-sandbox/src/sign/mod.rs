//! Who is calling, and who answers: the headers of a request and the signatures in them.

pub(crate) mod headers;
pub(crate) mod rsa;
pub(crate) mod v1;
pub(crate) mod v2;
pub(crate) mod why;
