//! Batches: opened once under their id, and held against the rows that are read back.

use std::collections::BTreeMap;

use crate::ids::{Address, OrderId};
use crate::payout::{Comparison, Difference, Found, Submit, by_text, by_value};
use crate::v2::{
    ApplyBatchWithdraw, ApplyBatchWithdrawResponse, BatchWithdrawOrder, BatchWithdrawTask,
    BatchWithdrawTaskRecord, GetBatchWithdrawOrder,
};

/// Opening a batch moves no money. Its record has neither the chain nor the rows: those are read
/// back and held against the batch by [`ApplyBatchWithdraw::judge_rows`].
impl Submit for ApplyBatchWithdraw {
    type Lookup = GetBatchWithdrawOrder;
    type Made = ();

    fn submit_id(&self) -> &OrderId {
        &self.batch_order_id
    }

    fn lookup(&self) -> GetBatchWithdrawOrder {
        GetBatchWithdrawOrder::new(self.batch_order_id.clone())
    }

    fn made(&self, _answer: ApplyBatchWithdrawResponse) {}

    fn judge(&self, found: &BatchWithdrawOrder) -> Found<()> {
        // A record of another batch is an answer to another question.
        if found.batch_order_id != self.batch_order_id {
            return Found::Incomplete {
                field: "batchOrderId",
            };
        }
        let mut comparison = Comparison::default();
        let coin_id = found.coin.as_ref().and_then(|coin| coin.coin_id.as_ref());
        comparison.field("coinId", &self.coin_id, coin_id, by_value);
        comparison.if_there("mode", &self.mode, found.mode.as_ref(), by_value);
        comparison.verdict(None, (), None)
    }
}

/// What the rows that the gateway has say of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchRows {
    /// Every one of them is a row of the batch, and no row is there twice. In the order of the
    /// batch: none where the gateway does not have the row.
    Fit(Vec<Option<BatchWithdrawTaskRecord>>),
    /// They are of another batch, or a row is there twice.
    Differ(Vec<Difference>),
    /// They can't be told from each other, so they prove nothing.
    Incomplete {
        /// The field that is missing.
        field: &'static str,
    },
}

impl ApplyBatchWithdraw {
    /// Holds all rows that the gateway has against those of this batch: by their names, receiver,
    /// memo and amount. A row goes by `orderId` or by `seq`, whichever the gateway shows.
    #[must_use]
    pub fn judge_rows(
        &self,
        records: impl IntoIterator<Item = BatchWithdrawTaskRecord>,
    ) -> BatchRows {
        let rows = || self.orders.iter().enumerate();
        let by_id: BTreeMap<_, _> = rows().map(|(at, row)| (&row.order_id, at)).collect();
        let by_seq: BTreeMap<_, _> = rows().map(|(at, row)| (row.seq, at)).collect();
        let mut slots: Vec<Option<BatchWithdrawTaskRecord>> = vec![None; self.orders.len()];
        for record in records {
            let by_id = record.order_id.as_ref().map(|id| by_id.get(id).copied());
            let by_seq = record.seq.map(|seq| by_seq.get(&seq).copied());
            let at = match (by_id, by_seq) {
                (None, None) => return BatchRows::Incomplete { field: "orderId" },
                (Some(at), None) | (None, Some(at)) => at,
                (Some(at), Some(other)) => at.filter(|_| at == other),
            };
            let row = at.and_then(|at| Some((self.orders.get(at)?, slots.get_mut(at)?)));
            let Some((row, slot)) = row else {
                return differ("no such row", name(&record));
            };
            if let Some(before) = slot {
                match (&before.record_id, &record.record_id) {
                    // The same row on two pages, which have shifted.
                    (Some(before), Some(now)) if before == now => continue,
                    (Some(_), Some(_)) => return differ("once", name(&record)),
                    _ => return BatchRows::Incomplete { field: "recordId" },
                }
            }
            match compare(row, &record) {
                Found::Same { .. } => *slot = Some(record),
                Found::Differs { fields, .. } => return BatchRows::Differ(fields),
                Found::Incomplete { field } => return BatchRows::Incomplete { field },
                _ => return BatchRows::Incomplete { field: "orders" },
            }
        }
        BatchRows::Fit(slots)
    }
}

fn compare(row: &BatchWithdrawTask, record: &BatchWithdrawTaskRecord) -> Found<()> {
    let mut comparison = Comparison::default();
    let address = record.address.as_ref();
    comparison.field("address", &row.address, address, Address::is_same);
    let memo = row.memo.as_ref().filter(|memo| !memo.is_empty());
    comparison.optional("memo", memo, record.memo.as_ref(), by_text);
    comparison.field("amount", &row.amount, Some(&record.amount), by_value);
    comparison.verdict(None, (), None)
}

fn differ(asked: &str, found: String) -> BatchRows {
    BatchRows::Differ(vec![Difference::new("orders", asked, found)])
}

fn name(record: &BatchWithdrawTaskRecord) -> String {
    let seq = record.seq.map(|seq| format!("row {seq}"));
    let id = record.order_id.as_ref().map(ToString::to_string);
    let names: Vec<_> = seq.into_iter().chain(id).collect();
    format!("{} of {}", names.join(", "), record.amount)
}
