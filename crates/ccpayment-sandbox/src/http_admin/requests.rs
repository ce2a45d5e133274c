//! The bodies of the admin API. An unknown field is refused: otherwise a typing error would do
//! something else than was meant.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use http::StatusCode;

use super::http_error::HttpError;
use crate::model::fault::Fault;
use crate::model::views::IncomingPayment;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Pay {
    pub(super) address: String,
    pub(super) amount: String,
    pub(super) coin_id: Option<u64>,
    pub(super) chain: Option<String>,
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) overlooked: bool,
}

impl Pay {
    pub(super) fn incoming(self) -> Result<IncomingPayment, HttpError> {
        let mut incoming = IncomingPayment::new(self.address, self.amount);
        incoming = match (self.coin_id, self.chain) {
            (Some(coin_id), Some(chain)) => incoming.coin(coin_id, chain),
            (None, None) => incoming,
            _ => {
                let message = "`coinId` and `chain` are given together or not at all";
                return Err(HttpError::new(StatusCode::BAD_REQUEST, message));
            }
        };
        if let Some(from) = self.from {
            incoming = incoming.from(from);
        }
        Ok(if self.overlooked {
            incoming.overlooked()
        } else {
            incoming
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Pick {
    pub(super) order_id: String,
    pub(super) coin_id: u64,
    pub(super) chain: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Reject {
    pub(super) record_id: String,
    #[serde(default)]
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Fund {
    pub(super) coin_id: u64,
    pub(super) amount: String,
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AutoPayout {
    pub(super) coin_id: u64,
    pub(super) chain: String,
    pub(super) address: String,
    pub(super) amount: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Sweep {
    pub(super) address: String,
    pub(super) coin_id: u64,
    pub(super) fee: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RiskAddress {
    pub(super) address: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Instruct {
    pub(super) route: String,
    pub(super) code: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Expire {
    pub(super) order_id: String,
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
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FaultsBySeed {
    pub(super) seed: u64,
    pub(super) per_mille: u16,
    #[serde(default)]
    pub(super) among: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookUrl {
    pub(super) url: String,
}

/// A missing body counts as an empty object, so that `curl -X POST` alone works where nothing has
/// to be said.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| HttpError::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}
