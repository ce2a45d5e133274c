//! `BatchPayout`, a batch to pay, and `SubmittedBatch`, the result.

use std::collections::BTreeSet;

use ccpayment_core::v2::{
    ApplyBatchWithdraw, BatchWithdrawOrder, BatchWithdrawTaskRecord, ConfirmBatchWithdraw,
};
use ccpayment_core::{OrderId, Request as _, Rule, ValidationError};
use serde::{Deserialize, Serialize};

use super::machine::ROWS_AT_ONCE;
use crate::outcome::{Attempts, Proof};

/// A batch of payouts, with everything that
/// [`Client::batch_payout`](crate::Client::batch_payout) needs: a value to store before it is sent.
///
/// Take a new id for each batch: under a taken id, the gateway pays the batch that was sent first.
/// It shows neither the chain of that batch nor where its notifications go, and label and delay are
/// not compared. So a second batch that differs in its chain alone is paid on the old chain,
/// without an error. The coin, the mode, and the rows with receiver, memo, amount and remark are
/// compared before the batch is confirmed.
///
/// The routes of batches are known from CCPayment's SDKs and their documents only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchPayout {
    /// The batch with all its rows. There may be more than one call takes (500); the rest is
    /// appended.
    pub batch: ApplyBatchWithdraw,
    /// How long the gateway shall wait before it pays, once the batch is confirmed: up to 3,600
    /// seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u64>,
}

impl BatchPayout {
    /// This batch with these rows, paid as soon as it is confirmed.
    #[must_use]
    pub fn new(batch: ApplyBatchWithdraw) -> Self {
        Self {
            batch,
            delay_seconds: None,
        }
    }

    /// Sets [`Self::delay_seconds`].
    #[must_use]
    pub fn delay_seconds(mut self, delay_seconds: u64) -> Self {
        self.delay_seconds = Some(delay_seconds);
        self
    }

    /// Checks every documented rule, of each row too, and that no two rows have the same name.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, with the field's name on the wire.
    pub fn validate(&self) -> Result<(), ValidationError> {
        self.opening().validate()?;
        self.confirmation().validate()?;
        let rows = &self.batch.orders;
        if rows.is_empty() {
            return Err(ValidationError::new("orders", Rule::Empty));
        }
        let twice = || ValidationError::new("orders", Rule::Other("has a row twice"));
        let (mut ids, mut seqs) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            row.validate()?;
            if !ids.insert(&row.order_id) || !seqs.insert(row.seq) {
                return Err(twice());
            }
        }
        Ok(())
    }

    pub(super) fn id(&self) -> &OrderId {
        &self.batch.batch_order_id
    }

    /// The batch with the first rows.
    pub(super) fn opening(&self) -> ApplyBatchWithdraw {
        let mut opening = self.batch.clone();
        opening.orders.truncate(ROWS_AT_ONCE);
        opening
    }

    pub(super) fn confirmation(&self) -> ConfirmBatchWithdraw {
        let mut confirmation = ConfirmBatchWithdraw::new(self.id().clone());
        confirmation.delay_seconds = self.delay_seconds;
        confirmation
    }
}

/// A batch that was confirmed with exactly the rows that were wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubmittedBatch {
    /// The merchant's id of the batch.
    pub order_id: OrderId,
    /// The batch, as the gateway showed it last.
    pub batch: BatchWithdrawOrder,
    /// Its rows in the order in which they were asked for, as they were read back last: with
    /// [`Proof::Accepted`], before the confirmation.
    /// [`GetBatchWithdrawOrderRecordList`](ccpayment_core::v2::GetBatchWithdrawOrderRecordList)
    /// shows how each row ends.
    pub rows: Vec<BatchWithdrawTaskRecord>,
    /// How we know: by the answer to the confirmation, or by the state of the batch.
    pub proof: Proof,
    /// What it took.
    pub attempts: Attempts,
}
