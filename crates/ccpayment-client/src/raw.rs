//! `Client::raw`, which sends to a route that this version does not know.

use bytes::Bytes;
use ccpayment_core::{Idempotency, Request, Rule, ValidationError, Version, wire};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::Error;

struct RawRequest<'a, T, const V1: bool> {
    path: String,
    body: &'a T,
}

impl<T: Serialize + Sync, const V1: bool> Request for RawRequest<'_, T, V1> {
    type Response = Box<RawValue>;

    const VERSION: Version = if V1 { Version::V1 } else { Version::V2 };
    const OPERATION: &'static str = "raw";
    const PATH: &'static str = "/";
    // Nobody knows what it does, so it is never repeated, and an error says "unknown".
    const IDEMPOTENCY: Idempotency = Idempotency::NonIdempotent;

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
        Ok(match &body[..] {
            b"null" if V1 => Bytes::from_static(b"{}"),
            b"null" => Bytes::new(),
            _ => body,
        })
    }
}

/// An escape hatch.
impl Client {
    /// Calls a route that this version does not know, such as `/ccpayment/v2/getSomething`, signed
    /// and judged like any other of its version: a path below `/ccpayment/v1/` is a call of the v1
    /// API. What serialises as `null` (such as `()`) is sent as no parameters: no bytes, or `{}` in
    /// v1.
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
        match Version::of_path(&path) {
            Version::V1 => {
                self.send_unsettled(&RawRequest::<_, true> { path, body })
                    .await
            }
            Version::V2 => {
                self.send_unsettled(&RawRequest::<_, false> { path, body })
                    .await
            }
        }
    }
}
