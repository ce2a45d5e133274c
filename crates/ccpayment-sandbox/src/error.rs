//! What the sandbox's own calls can refuse; the gateway's refusals are answers, not errors.

/// Why a call on the [`Sandbox`](crate::Sandbox) itself could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// No order of the sandbox has this deposit address.
    #[error("no order has the address {0}")]
    UnknownAddress(String),
    /// No deposit or withdrawal has this record id.
    #[error("no record has the id {0}")]
    UnknownRecord(String),
    /// The simulated gateway does not know this coin.
    #[error("the sandbox has no coin with the id {0}")]
    UnknownCoin(u64),
    /// The record has already ended.
    #[error("the record {record_id} is {status}, not Processing")]
    NotProcessing {
        /// The record.
        record_id: String,
        /// What it is instead, as spelled on the wire.
        status: String,
    },
    /// The text is no amount that a chain could carry.
    #[error("the amount {amount} {reason}")]
    InvalidAmount {
        /// The text as given.
        amount: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// The gateway stops watching an address seven days after its order expired.
    #[error("the order of the address {0} expired more than seven days ago")]
    OrderTooOld(String),
    /// Nothing was ever announced for this record.
    #[error("nothing was announced for the record {0}")]
    NothingAnnounced(String),
    /// A setting of the builder can't be used.
    #[error("{0}")]
    Setup(String),
    /// The ledger was found out of balance; the sandbox refuses everything from then on.
    #[error("the ledger does not balance: {0}")]
    Unbalanced(String),
}
