//! What a test may look at: copies of the sandbox's state in plain text and numbers.

/// A payment that arrived at an order's address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payment {
    /// The id of the deposit record.
    pub record_id: String,
    /// The id of the transaction on the simulated chain.
    pub tx_id: String,
}

/// A deposit as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepositView {
    /// The id of the record.
    pub record_id: String,
    /// The order that was paid.
    pub order_id: String,
    /// The coin.
    pub coin_id: u64,
    /// The whole amount that arrived, service fee included.
    pub amount: String,
    /// `Processing`, `Success` or `Failed`.
    pub status: String,
    /// Flagged as risky, and so not credited.
    pub flagged: bool,
}

/// A withdrawal as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayoutView {
    /// The merchant's id.
    pub order_id: String,
    /// The id of the record.
    pub record_id: String,
    /// The coin.
    pub coin_id: u64,
    /// The chain symbol.
    pub chain: String,
    /// The receiver.
    pub address: String,
    /// The amount as requested.
    pub amount: String,
    /// `Processing`, `Success` or `Failed`.
    pub status: String,
}

/// A request that reached the gateway, faults included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestView {
    /// The last part of the path, such as `getCoin`.
    pub route: String,
    /// The `orderId` in the body, if there is one.
    pub order_id: Option<String>,
    /// The code in the answer; `None` when the request was dropped or held.
    pub code: Option<u32>,
    /// The code that the gateway came to, whether or not anybody was told; `None` when it never
    /// acted, or has not acted yet.
    pub outcome: Option<u32>,
}

/// One try to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The record that was announced.
    pub record_id: String,
    /// `ApiDeposit` or `ApiWithdrawal`.
    pub event_type: String,
    /// One for the first try of a notification.
    pub number: u32,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// Whether the answer was 200 with `Success` in its body.
    pub acknowledged: bool,
    /// The sandbox's time, in unix seconds.
    pub at: u64,
    /// Why there was no answer.
    pub error: Option<String>,
}
