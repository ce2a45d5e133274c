//! Calls of routes that this version does not know.

use bytes::Bytes;
use ccpayment_core::{Endpoint, Rule, Safety, ValidationError, wire};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::Error;

struct RawCall<'a, T> {
    path: String,
    body: &'a T,
}

impl<T: Serialize + Sync> Endpoint for RawCall<'_, T> {
    type Response = Box<RawValue>;

    const NAME: &'static str = "raw";
    const PATH: &'static str = "/";
    // Nobody knows what it does, so it is never repeated, and an error says "unknown".
    const SAFETY: Safety = Safety::Unsafe;

    fn path(&self) -> &str {
        &self.path
    }

    fn validate(&self) -> Result<(), ValidationError> {
        if self.path.starts_with('/') {
            return Ok(());
        }
        Err(ValidationError::new(
            "path",
            Rule::Other("must begin with a slash"),
        ))
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        let body = wire::json_body(self.body)?;
        Ok(if &body[..] == b"null" {
            Bytes::new()
        } else {
            body
        })
    }
}

/// An escape hatch.
impl Client {
    /// Calls a route that this version does not know, such as `/ccpayment/v2/getSomething`, signed
    /// and judged like any other. What serialises as `null` (such as `()`) is sent as no bytes.
    ///
    /// The answer is the text of `data` as it came: read amounts from it as
    /// [`Amount`](ccpayment_core::Amount), never as a float.
    ///
    /// # Errors
    ///
    /// [`Error`]. Since nobody knows whether the route acts, a lost answer is
    /// [`Outcome::Unknown`](crate::Outcome::Unknown). Use no route for this that moves money.
    pub async fn raw(
        &self,
        path: impl Into<String>,
        body: &(impl Serialize + Sync),
    ) -> Result<Box<RawValue>, Error> {
        let path = path.into();
        self.send(&RawCall { path, body }).await
    }
}
