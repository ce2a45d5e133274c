//! The bodies of the admin API. A field that is not known is refused: a typing error in it would
//! otherwise do something else than was meant.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Problem, StatusCode};
use crate::fault::Fault;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Pay {
    pub(super) address: String,
    pub(super) amount: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    pub(super) seconds: u64,
}

/// A deposit, a withdrawal, or whatever else has an id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) record_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFault {
    pub(super) route: String,
    pub(super) fault: Fault,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookUrl {
    pub(super) url: String,
}

/// No body is an empty object, so that `curl -X POST` alone works where nothing has to be said.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}
