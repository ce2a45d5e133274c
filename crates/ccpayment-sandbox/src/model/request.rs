//! Requests that wait for nothing but the state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::refusal::Refusal;

/// A request that reached the gateway, with the verdict of the checks that need no state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Arrived {
    pub(crate) route: String,
    pub(crate) operation: String,
    /// For the log and the faults only.
    pub(crate) order_id: Option<String>,
    #[serde(default)]
    pub(crate) v1: bool,
    /// When it was signed, in the sandbox's time.
    pub(crate) signed_at: u64,
    pub(crate) checked: Result<Map<String, Value>, Refusal>,
}
