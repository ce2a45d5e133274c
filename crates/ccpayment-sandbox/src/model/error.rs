//! What the sandbox's own calls can refuse; the gateway's refusals are answers, not errors.

/// Why a call on the [`Sandbox`](crate::Sandbox) itself could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The sandbox handed out no such deposit address.
    #[error("nobody was given the address {0}")]
    UnknownAddress(String),
    /// No deposit, withdrawal or batch has this id.
    #[error("no record has the id {0}")]
    UnknownRecord(String),
    /// No order or invoice has this id.
    #[error("no order has the id {0}")]
    UnknownOrder(String),
    /// The simulated gateway does not know this coin.
    #[error("the sandbox has no coin with the id {0}")]
    UnknownCoin(u64),
    /// The simulated gateway does not know this chain, or not for this coin.
    #[error("the sandbox has no such chain: {0}")]
    UnknownChain(String),
    /// The table of answer codes does not have this one.
    #[error("the API has no code {0}")]
    UnknownCode(u32),
    /// The API has no such route.
    #[error("the API has no route {0}")]
    UnknownRoute(String),
    /// The address takes more than one coin, and the payment names none that fits.
    #[error("the address {0} needs a payment that names a coin and a chain that fit it")]
    CoinNeeded(String),
    /// The record has already ended.
    #[error("the record {record_id} is {status}, not Processing")]
    NotProcessing {
        /// The record.
        record_id: String,
        /// Its status, as spelled on the wire.
        status: String,
    },
    /// The record waits for nobody's approval.
    #[error("the record {record_id} is {status} and waits for no approval")]
    NotWaiting {
        /// The record.
        record_id: String,
        /// Its status, as spelled on the wire.
        status: String,
    },
    /// The deposit is not held back as risky, or was refunded before.
    #[error("the deposit {0} is not held back as risky")]
    NotRisky(String),
    /// The record is no confirmed payment to an order of v1.
    #[error("the record {0} is no confirmed payment to an order of v1")]
    NotRefundable(String),
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
    /// The gateway would refuse it.
    #[error("refused with {code}: {message}")]
    Refused {
        /// The code of the table.
        code: u32,
        /// Why.
        message: String,
    },
    /// The file of the state can't be used, or not for these settings.
    #[error("the state can't be kept: {0}")]
    Storage(String),
    /// A setting of the builder can't be used.
    #[error("{0}")]
    Setup(String),
    /// The ledger was found out of balance; the sandbox refuses everything from then on.
    #[error("the ledger does not balance: {0}")]
    Unbalanced(String),
}
