//! What a test may look at, and what it may send: plain text and numbers.

use serde::{Deserialize, Serialize};

use crate::model::fault::Fault;
use crate::model::warning::RequestWarning;

/// A payment on its way to an address; see [`Sandbox::send_payment`](crate::Sandbox::send_payment).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingPayment {
    pub(crate) address: String,
    pub(crate) amount: String,
    pub(crate) coin: Option<(u64, String)>,
    pub(crate) from: Option<String>,
    pub(crate) overlooked: bool,
}

impl IncomingPayment {
    /// A payment of an amount to an address; the address of an order knows its coin.
    pub fn new(address: impl Into<String>, amount: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            amount: amount.into(),
            coin: None,
            from: None,
            overlooked: false,
        }
    }

    /// The coin that is paid: permanent addresses take every coin of their chains.
    #[must_use]
    pub fn coin(mut self, coin_id: u64, chain: impl Into<String>) -> Self {
        self.coin = Some((coin_id, chain.into()));
        self
    }

    /// The payer's address; without it, one is made up.
    #[must_use]
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = Some(address.into());
        self
    }

    /// The gateway overlooks it: there is no record until `rescanLostTransaction` finds it.
    #[must_use]
    pub fn overlooked(mut self) -> Self {
        self.overlooked = true;
        self
    }
}

/// A payment that arrived at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payment {
    /// The id of the deposit record; empty for a payment that was overlooked.
    pub record_id: String,
    /// The id of the transaction on the simulated chain.
    pub tx_id: String,
}

/// What the payer of an invoice is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PickedCoin {
    /// Where to pay.
    pub address: String,
    /// The memo beside the address; empty where the chain has none.
    pub memo: String,
    /// How much to pay, in the coin that was picked.
    pub amount: String,
}

/// A deposit as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepositView {
    /// The id of the record.
    pub record_id: String,
    /// The order or invoice that was paid; empty when it was neither.
    pub order_id: String,
    /// The end user whose address was paid.
    pub user_id: Option<String>,
    /// The reference whose address was paid.
    pub reference_id: Option<String>,
    /// The coin.
    pub coin_id: u64,
    /// The whole amount that arrived, service fee included.
    pub amount: String,
    /// `Processing`, `Success` or `Failed`.
    pub status: String,
    /// Flagged as risky, and so not credited.
    pub flagged: bool,
    /// Received after its order had expired.
    pub late: bool,
}

/// A withdrawal as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayoutView {
    /// The merchant's id; empty for one that the gateway began by itself.
    pub order_id: String,
    /// The end user who withdraws; `None` for the merchant.
    pub user_id: Option<String>,
    /// The id of the record.
    pub record_id: String,
    /// The coin.
    pub coin_id: u64,
    /// The chain symbol, or `Cwallet OS`.
    pub chain: String,
    /// The receiver: an address or a Cwallet account.
    pub address: String,
    /// The amount as requested.
    pub amount: String,
    /// `WaitingApproval`, `Rejected`, `Processing`, `Success` or `Failed`.
    pub status: String,
}

/// A request that reached the gateway, faults included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestView {
    /// The last part of the path, such as `getCoin`; of v1 the operation id, such as
    /// `create_order`.
    pub route: String,
    /// The `orderId` in the body, the `batchOrderId` of a batch or the `merchant_order_id` of v1,
    /// if there is one.
    pub order_id: Option<String>,
    /// The code in the answer; `None` when there was no answer, or one that a fault made.
    pub code: Option<u32>,
    /// The code that the gateway came to, whether or not it told anybody; `None` when it never
    /// acted, or has not acted yet.
    pub outcome: Option<u32>,
    /// The fault that struck it. A request that was delivered twice is here twice.
    pub fault: Option<Fault>,
    /// What the default reading let pass in it.
    pub warnings: Vec<RequestWarning>,
}

/// One try to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// The record that was announced, or the address that is risky.
    pub record_id: String,
    /// The `type` of the notification, or the `order_type` of v1; empty for a risky address, which
    /// has none.
    pub event_type: String,
    /// One for the first try of a notification.
    pub number: u32,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// Whether the answer was 200 with `Success` in its body, or `success` for v1.
    pub acknowledged: bool,
    /// The sandbox's time, in unix seconds.
    pub at: u64,
    /// Why there was no answer.
    pub error: Option<String>,
    /// Where it went.
    #[serde(default)]
    pub url: String,
    /// The headers that were sent. The signature itself is left out.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body that was sent and signed.
    #[serde(default)]
    pub body: String,
    /// The beginning of the answer's body.
    #[serde(default)]
    pub answer: Option<String>,
    /// The rule that the answer broke, in words.
    #[serde(default)]
    pub failed_rule: Option<String>,
}

/// A notification that is due; see
/// [`Sandbox::due_notifications`](crate::Sandbox::due_notifications).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The record that is announced, or the address that is risky.
    pub record_id: String,
    /// The `type` in the body; empty for a risky address, which has none.
    pub event_type: String,
    /// One for the first try.
    pub number: u32,
    /// Where it goes.
    pub url: String,
    /// `Appid`, `Timestamp` and `Sign`. The body is `application/json`.
    pub headers: [(&'static str, String); 3],
    /// The body that was signed, byte for byte.
    pub body: String,
    pub(crate) serial: u64,
    pub(crate) at: u64,
    pub(crate) signed_at: u64,
}

impl Notification {
    /// Tells notifications apart: all tries of one notification have the same number, and no other
    /// notification has it.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }
}
