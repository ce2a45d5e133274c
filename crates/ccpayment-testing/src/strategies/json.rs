//! `request` and `response`: the same requests and answers as JSON, before any type has read them.

use ccpayment_client::core::Request;
use proptest::strategy::BoxedStrategy;
use serde_json::Value;

use super::Refused;
use super::build::Builder;
use super::description::{Description, Route};

/// The JSON of any request that the documents allow.
pub fn request<E: Request>() -> BoxedStrategy<Value> {
    sent::<E>(false)
}

/// The JSON of any request that says everything that it can: no field is left out and no list is
/// empty, but for fields that exclude each other.
pub fn whole_request<E: Request>() -> BoxedStrategy<Value> {
    sent::<E>(true)
}

/// The `data` of any answer, with the liberties that the gateway takes: fields that are missing,
/// null or empty, numbers as text, other spellings, and words and fields that nobody knows.
pub fn response<E: Request>() -> BoxedStrategy<Value> {
    received::<E>(false)
}

/// The `data` of any answer that has every field, none of them odd, and no list empty: just what
/// the response type itself would write.
pub fn whole_response<E: Request>() -> BoxedStrategy<Value> {
    received::<E>(true)
}

fn sent<E: Request>(whole: bool) -> BoxedStrategy<Value> {
    make::<E>(|description, route| {
        let builder = Builder {
            description,
            odd: false,
            unknown_words: false,
            whole,
        };
        match &route.request {
            Some(schema) => builder.schema(schema, 0),
            None => Ok(Builder::nothing()),
        }
    })
}

fn received<E: Request>(whole: bool) -> BoxedStrategy<Value> {
    make::<E>(|description, route| {
        let builder = Builder {
            description,
            odd: !whole,
            unknown_words: true,
            whole,
        };
        builder.schema(&route.response, 0)
    })
}

fn make<E: Request>(
    with: impl FnOnce(&'static Description, &Route) -> Result<BoxedStrategy<Value>, String>,
) -> BoxedStrategy<Value> {
    let made = Description::of(E::VERSION).and_then(|description| {
        let route = description.routes.get(E::OPERATION);
        with(description, route.ok_or("the route is not described")?)
    });
    made.unwrap_or_else(|why| Refused::boxed(format!("no strategy for {}: {why}", E::OPERATION)))
}
