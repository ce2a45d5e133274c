//! Every route with its types, so that a test can go over all of them.

use bytes::Bytes;
use ccpayment::{Endpoint, Route, decode};
use ccpayment_testing::strategies::json;
use proptest::strategy::BoxedStrategy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use crate::routes::{V1, V2};

/// A route, with ways to push JSON through its types and to make JSON for them.
#[derive(Debug)]
pub struct Typed {
    /// What it is.
    pub route: Route,
    /// A request: read, checked, and written as it would be sent. No body is `{}`.
    pub send: fn(&Value) -> Result<Value, String>,
    /// A whole answer: its `data`, read and written again.
    pub receive: fn(Bytes) -> Result<Value, String>,
    /// Any request.
    pub request: fn() -> BoxedStrategy<Value>,
    /// Any request that says everything.
    pub whole_request: fn() -> BoxedStrategy<Value>,
    /// The data of any answer.
    pub response: fn() -> BoxedStrategy<Value>,
    /// The data of any answer that has everything.
    pub whole_response: fn() -> BoxedStrategy<Value>,
}

impl Typed {
    pub(crate) const fn of<E>() -> Self
    where
        E: Endpoint + DeserializeOwned,
        E::Response: Serialize,
    {
        Self {
            route: Route::of::<E>(),
            send: send::<E>,
            receive: receive::<E>,
            request: json::request::<E>,
            whole_request: json::whole_request::<E>,
            response: json::response::<E>,
            whole_response: json::whole_response::<E>,
        }
    }
}

fn send<E: Endpoint + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let request: E = serde_json::from_value(value.clone()).map_err(|it| format!("read: {it}"))?;
    request.validate().map_err(|it| format!("refused: {it}"))?;
    let body = request.body().map_err(|it| it.to_string())?;
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    serde_json::from_slice(body).map_err(|it| format!("written: {it}"))
}

fn receive<E: Endpoint>(body: Bytes) -> Result<Value, String>
where
    E::Response: Serialize,
{
    let answer: E::Response =
        decode(&http::Response::new(body)).map_err(|it| format!("read: {it}"))?;
    serde_json::to_value(answer).map_err(|it| format!("written: {it}"))
}
