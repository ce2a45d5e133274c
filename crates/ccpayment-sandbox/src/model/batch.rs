//! Batches of payouts, and their rows.

use crate::model::coins::{Coin, Network};
use crate::model::money::Money;

/// The status of a batch, in the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Init,
    Reviewing,
    Rejected,
    Pending,
    Processing,
    Completed,
}

impl Stage {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Init => "Init",
            Self::Reviewing => "Reviewing",
            Self::Rejected => "Rejected",
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: String,
    pub(crate) bill_id: String,
    pub(crate) coin: &'static Coin,
    pub(crate) network: &'static Network,
    pub(crate) label: Option<String>,
    /// Row by row, instead of all at once.
    pub(crate) single: bool,
    pub(crate) stage: Stage,
    pub(crate) reason: Option<String>,
    /// The fee of each row.
    pub(crate) fee: Money,
    /// How long to wait between the confirmation and the payment.
    pub(crate) delay: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowStage {
    /// Not begun.
    Waiting,
    Successful,
    Failed,
    Canceled,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) seq: Option<u64>,
    pub(crate) order_id: Option<String>,
    pub(crate) address: String,
    pub(crate) memo: String,
    pub(crate) amount: Money,
    pub(crate) remark: Option<String>,
    pub(crate) record_id: String,
    pub(crate) stage: RowStage,
    pub(crate) tx_id: String,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
}
