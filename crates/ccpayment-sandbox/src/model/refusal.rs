//! A request that arrived, and the gateway's refusals: a code, a message, and the envelope around
//! both.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::error::SandboxError;
use crate::model::warning::RequestWarning;

pub(crate) const SUCCESS: u32 = 10_000;
pub(crate) const INVALID_ARGUMENT: u32 = 11_000;
pub(crate) const HEADER: u32 = 11_001;
pub(crate) const INTERNAL: u32 = 11_002;
pub(crate) const NOT_FOUND: u32 = 11_003;
pub(crate) const BAD_SIGNATURE: u32 = 11_005;
pub(crate) const EXPIRED: u32 = 11_006;
pub(crate) const RATE_LIMIT: u32 = 11_004;
pub(crate) const DAILY_LIMIT: u32 = 11_009;
pub(crate) const SPAN: u32 = 11_008;
pub(crate) const TOO_MANY: u32 = 11_010;
pub(crate) const DUPLICATE: u32 = 11_011;
pub(crate) const EXPIRY_TOO_FAR: u32 = 11_012;
pub(crate) const UNKNOWN_USER: u32 = 11_015;
pub(crate) const NOT_ON_CHAIN: u32 = 11_016;
pub(crate) const CWALLET_CLOSED: u32 = 11_017;
pub(crate) const UNKNOWN_APP: u32 = 12_001;
pub(crate) const UNKNOWN_COIN: u32 = 13_000;
pub(crate) const UNKNOWN_CHAIN: u32 = 13_001;
pub(crate) const PRICE: u32 = 13_002;
pub(crate) const PRICE_FEE_MODE: u32 = 13_003;
pub(crate) const UNSTABLE: u32 = 13_004;
pub(crate) const COIN_STATUS: u32 = 13_005;
pub(crate) const COIN_STOP_SWAP: u32 = 13_006;
pub(crate) const BALANCE: u32 = 14_000;
pub(crate) const FEE_ROSE: u32 = 14_001;
pub(crate) const NOT_ACTIVE: u32 = 14_002;
pub(crate) const MEMO_MISSING: u32 = 14_003;
pub(crate) const CHAIN_STOP: u32 = 14_004;
pub(crate) const BELOW_MINIMUM: u32 = 14_005;
pub(crate) const ABOVE_MAXIMUM: u32 = 14_006;
pub(crate) const ADDRESS_FORMAT: u32 = 14_007;
pub(crate) const OWN_ADDRESS: u32 = 14_008;
pub(crate) const MEMO_REFUSED: u32 = 14_009;
pub(crate) const COIN_OFF: u32 = 14_010;
pub(crate) const FEE_BALANCE: u32 = 14_011;
pub(crate) const OTHER_MERCHANT: u32 = 14_012;
pub(crate) const PRECISION: u32 = 14_013;
pub(crate) const SWEEPING_DEBT: u32 = 14_014;
pub(crate) const CONTRACT: u32 = 14_015;
pub(crate) const NOT_PLAIN: u32 = 14_016;
pub(crate) const BLACKLIST: u32 = 14_017;
pub(crate) const WITHDRAWALS_OFF: u32 = 14_018;
pub(crate) const NOTHING_LEFT: u32 = 14_019;
pub(crate) const NO_ALLOW_LIST: u32 = 14_020;
pub(crate) const NO_ALLOW_LIST_SWAP: u32 = 14_021;
pub(crate) const TEST_MODE_TOTAL: u32 = 14_022;
pub(crate) const TEST_MODE_SINGLE: u32 = 14_023;
pub(crate) const ROW_ADDRESS: u32 = 14_024;
pub(crate) const ROW_MEMO: u32 = 14_025;
pub(crate) const RISKY_ADDRESS: u32 = 14_026;
pub(crate) const ROW_DUPLICATE: u32 = 14_027;
pub(crate) const UNABLE_ABORT: u32 = 14_028;
pub(crate) const ROW_BLACKLIST: u32 = 14_029;
pub(crate) const ADDRESS_LIMIT: u32 = 15_001;
pub(crate) const CHAIN_STOP_DEPOSIT: u32 = 15_003;
pub(crate) const URL_EXPIRED: u32 = 15_004;
pub(crate) const NO_SWAP_COIN: u32 = 16_001;
pub(crate) const SWAP_TOO_LOW: u32 = 16_002;
pub(crate) const SWAP_MINIMUM: u32 = 16_003;
pub(crate) const SWAP_LIMIT: u32 = 16_004;
pub(crate) const SWAPS_OFF: u32 = 16_005;
pub(crate) const NO_SWAP: u32 = 16_006;
pub(crate) const UNUSED_ADDRESS: u32 = 17_000;
pub(crate) const FOREIGN_ADDRESS: u32 = 17_001;
pub(crate) const MEMO_ADDRESS: u32 = 17_002;
pub(crate) const RELEASED: u32 = 17_003;
pub(crate) const ORDER_ADDRESS: u32 = 17_004;
pub(crate) const CHAIN_MISMATCH: u32 = 17_005;
pub(crate) const NO_ADDRESS: u32 = 17_007;

/// A request that reached the gateway, with the verdict of the checks that need no state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ReceivedRequest {
    pub(crate) route: String,
    pub(crate) operation: String,
    /// For the log and the faults only.
    pub(crate) order_id: Option<String>,
    #[serde(default)]
    pub(crate) v1: bool,
    /// When it was signed, in the sandbox's time.
    pub(crate) signed_at: u64,
    pub(crate) checked: Result<Map<String, Value>, Refusal>,
    #[serde(default)]
    pub(crate) warnings: Vec<RequestWarning>,
}

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) message: String,
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
}

/// Inside a route, only broken books lead here.
impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        Self::new(INTERNAL, error.to_string())
    }
}

/// Moves the data in: the macro would copy it, and it may be a long list.
pub(crate) fn success(data: Value) -> Value {
    let (code, message) = (Value::from(SUCCESS), Value::from("success"));
    Value::from_iter([("code", code), ("data", data), ("msg", message)])
}
