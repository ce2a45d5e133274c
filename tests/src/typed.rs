//! Every route with its types, so that a test can iterate over them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use ccpayment::raw::{Operation, decode};
use ccpayment::{Client, Error, Request};
use ccpayment_testing::strategies::json;
use proptest::strategy::BoxedStrategy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use crate::routes::{V1, V2};

/// The result of a typed call: the answer's `data`, written again.
pub type Called<'a> = Pin<Box<dyn Future<Output = Result<Value, CallError>> + 'a>>;

/// Why a typed call of JSON has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The request can't be read from the JSON, or the answer not be written as such.
    Json(serde_json::Error),
    /// The client returned an error.
    Client(Error),
}

/// A route, with ways to push JSON through its types and to make JSON for them.
#[derive(Debug)]
pub struct Typed {
    /// The operation.
    pub route: Operation,
    /// A request: read, checked, and written as it would be sent. No body is `{}`.
    pub send: fn(&Value) -> Result<Value, String>,
    /// A whole answer: its `data`, read by [`read_whole`] and written again.
    pub receive: fn(Bytes) -> Result<Value, String>,
    /// The whole way: a typed request through the client.
    pub call: for<'a> fn(&'a Client, &'a Value) -> Called<'a>,
    /// Any request.
    pub request: fn() -> BoxedStrategy<Value>,
    /// Any request that has every field.
    pub whole_request: fn() -> BoxedStrategy<Value>,
    /// The data of any answer.
    pub response: fn() -> BoxedStrategy<Value>,
    /// The data of any answer that has everything.
    pub whole_response: fn() -> BoxedStrategy<Value>,
}

impl Typed {
    pub(crate) const fn of<E>() -> Self
    where
        E: Request + DeserializeOwned,
        E::Response: Serialize + Debug,
    {
        Self {
            route: Operation::of::<E>(),
            send: send::<E>,
            receive: receive::<E>,
            call: call::<E>,
            request: json::request::<E>,
            whole_request: json::whole_request::<E>,
            response: json::response::<E>,
            whole_response: json::whole_response::<E>,
        }
    }
}

fn send<E: Request + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let request: E = serde_json::from_value(value.clone()).map_err(|it| format!("read: {it}"))?;
    request.validate().map_err(|it| format!("refused: {it}"))?;
    let body = request.body().map_err(|it| it.to_string())?;
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    serde_json::from_slice(body).map_err(|it| format!("written: {it}"))
}

/// Reads a whole answer. A record that can't be read is an error here, as an answer that can't.
///
/// # Errors
///
/// What can't be read.
pub fn read_whole<E: Request>(body: Bytes) -> Result<E::Response, String>
where
    E::Response: Debug,
{
    let answer: E::Response =
        decode(&http::Response::new(body)).map_err(|it| format!("read: {it}"))?;
    let shown = format!("{answer:?}");
    match shown.split_once("UnreadableRow(") {
        Some((_, row)) => Err(format!("read: {row}")),
        None => Ok(answer),
    }
}

fn receive<E: Request>(body: Bytes) -> Result<Value, String>
where
    E::Response: Serialize + Debug,
{
    let answer = read_whole::<E>(body)?;
    serde_json::to_value(answer).map_err(|it| format!("written: {it}"))
}

fn call<'a, E>(client: &'a Client, request: &'a Value) -> Called<'a>
where
    E: Request + DeserializeOwned,
    E::Response: Serialize,
{
    Box::pin(async move {
        let request: E = serde_json::from_value(request.clone()).map_err(CallError::Json)?;
        let answer = client
            .send_unsettled(&request)
            .await
            .map_err(CallError::Client)?;
        serde_json::to_value(answer).map_err(CallError::Json)
    })
}
