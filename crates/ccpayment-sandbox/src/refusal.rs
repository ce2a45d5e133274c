//! The gateway's refusals: a code, a message, and the envelope around both.

use serde_json::{Value, json};

use crate::error::SandboxError;

pub(crate) const SUCCESS: u32 = 10_000;
pub(crate) const INVALID_ARGUMENT: u32 = 11_000;
pub(crate) const HEADER: u32 = 11_001;
pub(crate) const INTERNAL: u32 = 11_002;
pub(crate) const NOT_FOUND: u32 = 11_003;
pub(crate) const BAD_SIGNATURE: u32 = 11_005;
pub(crate) const EXPIRED: u32 = 11_006;
pub(crate) const DUPLICATE: u32 = 11_011;
pub(crate) const EXPIRY_TOO_FAR: u32 = 11_012;
pub(crate) const UNKNOWN_APP: u32 = 12_001;
pub(crate) const UNKNOWN_COIN: u32 = 13_000;
pub(crate) const UNKNOWN_CHAIN: u32 = 13_001;
pub(crate) const BALANCE: u32 = 14_000;
pub(crate) const MEMO_MISSING: u32 = 14_003;
pub(crate) const BELOW_MINIMUM: u32 = 14_005;
pub(crate) const ABOVE_MAXIMUM: u32 = 14_006;
pub(crate) const ADDRESS_FORMAT: u32 = 14_007;
pub(crate) const OWN_ADDRESS: u32 = 14_008;
pub(crate) const MEMO_REFUSED: u32 = 14_009;
pub(crate) const PRECISION: u32 = 14_013;
pub(crate) const NOTHING_LEFT: u32 = 14_019;

/// A request that is not carried out.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn argument(field: &str, rule: &str) -> Self {
        Self::new(INVALID_ARGUMENT, format!("`{field}` {rule}"))
    }

    pub(crate) fn envelope(&self) -> Value {
        json!({ "code": self.code, "msg": self.message, "data": {} })
    }
}

/// Only broken books get here from inside a route.
impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        Self::new(INTERNAL, error.to_string())
    }
}

pub(crate) fn success(data: &Value) -> Value {
    json!({ "code": SUCCESS, "msg": "success", "data": data })
}
