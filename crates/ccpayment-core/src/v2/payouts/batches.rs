//! Batches: opened once under their id, and compared with the rows that are read back.

use std::collections::BTreeMap;

use crate::amount::Amount;
use crate::ids::{Address, OrderId};
use crate::submit::{Comparison, Difference, RecordMatch, Submit, by_text, by_value};
use crate::v2::{
    ApplyBatchWithdraw, ApplyBatchWithdrawResponse, BatchMode, BatchWithdrawOrder,
    BatchWithdrawTask, BatchWithdrawTaskRecord, GetBatchWithdrawOrder,
};

/// Opening a batch moves no money. Its record has neither the chain nor the rows. The rows are read
/// back, and [`ApplyBatchWithdraw::judge_rows`] compares them with the batch.
impl Submit for ApplyBatchWithdraw {
    type Lookup = GetBatchWithdrawOrder;
    type Created = ();

    fn submit_id(&self) -> &OrderId {
        &self.batch_order_id
    }

    fn lookup(&self) -> GetBatchWithdrawOrder {
        GetBatchWithdrawOrder::new(self.batch_order_id.clone())
    }

    fn created(&self, _answer: ApplyBatchWithdrawResponse) {}

    fn judge(&self, found: &BatchWithdrawOrder) -> RecordMatch<()> {
        const ID: &str = "batchOrderId";
        let found_id = Some(&found.batch_order_id);
        let Some(mut comparison) = Comparison::of_order(ID, &self.batch_order_id, found_id) else {
            return RecordMatch::Incomplete { field: ID };
        };
        let coin_id = found.coin.as_ref().and_then(|coin| coin.coin_id.as_ref());
        comparison.field("coinId", &self.coin_id, coin_id, by_value);
        comparison.if_present("mode", &self.mode, found.mode.as_ref(), by_mode);
        comparison.verdict(None, (), Some(found.status.to_string()))
    }
}

/// What the gateway's records say of a batch and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchRows {
    /// Every record is a row of the batch, and no row is there twice. In the order of the batch,
    /// with none for each row that the gateway does not have.
    Fit(Vec<Option<BatchWithdrawTaskRecord>>),
    /// The records are of another batch, or a row is there twice.
    Differ(Vec<Difference>),
    /// A field is written otherwise than it was asked for: it may be another spelling of the same.
    Incomparable(Vec<Difference>),
    /// The records can't be told apart, or are not all there, so they prove nothing.
    Incomplete {
        /// The field that is missing, or that does not match the rest.
        field: &'static str,
    },
}

impl ApplyBatchWithdraw {
    /// Compares the record of a batch, and all rows that the gateway has of it, with this batch:
    /// its id, coin and mode, and of each row its names, receiver, memo, amount and remark.
    ///
    /// A row is known by its `orderId` or its `seq`, whichever is one of ours. Its amount may be
    /// shown net of its network fee where the record says that fees are in the batch's coin. No
    /// record shows the chain, so it is not compared.
    #[must_use]
    pub fn judge_rows(
        &self,
        batch: &BatchWithdrawOrder,
        records: impl IntoIterator<Item = BatchWithdrawTaskRecord>,
    ) -> BatchRows {
        if let Some(verdict) = verdict(self.judge(batch)) {
            return verdict;
        }
        let fee_coin = batch.network_fee_coin.as_ref();
        let fees = match fee_coin.and_then(|coin| coin.coin_id) {
            Some(coin) if coin == self.coin_id => Fees::SameCoin,
            Some(_) => Fees::OtherCoin,
            None => Fees::NotTold,
        };
        let names = Names::of(&self.orders);
        let mut slots: Vec<Option<BatchWithdrawTaskRecord>> = vec![None; self.orders.len()];
        let mut unclear = None;
        for record in records {
            let at = match names.find(&record) {
                Named::One(at) => at,
                Named::None => return differ("no such row", name(&record)),
                Named::Unclear(at) => {
                    let asked = self.orders.get(at).map(|row| row.order_id.as_str());
                    let difference =
                        Difference::new("orderId", asked.unwrap_or_default(), name(&record));
                    unclear.get_or_insert(BatchRows::Incomparable(vec![difference]));
                    continue;
                }
                Named::Nothing => return BatchRows::Incomplete { field: "orderId" },
            };
            let Some((row, slot)) = self.orders.get(at).zip(slots.get_mut(at)) else {
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
            match verdict(compare(row, &record, fees)) {
                None => {}
                // Another row may differ for certain.
                Some(judged @ BatchRows::Incomparable(_)) => {
                    unclear.get_or_insert(judged);
                }
                Some(judged) => return judged,
            }
            *slot = Some(record);
        }
        if let Some(unclear) = unclear {
            return unclear;
        }
        let shown = slots.iter().flatten().count();
        let total = batch.stats.as_ref().and_then(|stats| stats.total);
        // Rows that came in between, or a list without rows that are there.
        if total.is_some_and(|total| usize::try_from(total) != Ok(shown)) {
            return BatchRows::Incomplete { field: "stats" };
        }
        BatchRows::Fit(slots)
    }
}

/// The coin that the network fees of a batch are in.
#[derive(Clone, Copy)]
enum Fees {
    SameCoin,
    OtherCoin,
    /// The record does not say.
    NotTold,
}

fn compare(
    row: &BatchWithdrawTask,
    record: &BatchWithdrawTaskRecord,
    fees: Fees,
) -> RecordMatch<()> {
    let mut comparison = Comparison::default();
    let address = record.address.as_ref();
    comparison.field("address", &row.address, address, Address::is_same);
    let memo = row.memo.as_ref().filter(|memo| !memo.is_empty());
    comparison.optional("memo", memo, record.memo.as_ref(), by_text);
    let amount = Some(&record.amount);
    comparison.field("amount", &row.amount, amount, |asked, found| {
        same_amount(asked, found, record.network_fee.as_ref(), fees)
    });
    if let Some(remark) = &row.remark {
        comparison.if_present("remark", remark, record.remark.as_ref(), by_text);
    }
    comparison.verdict(None, (), None)
}

/// The amount may be shown before or after its fee, which counts where both are in one coin.
fn same_amount(asked: &Amount, found: &Amount, fee: Option<&Amount>, fees: Fees) -> Option<bool> {
    let is_net = || crate::submit::same_amount(asked, found, fee);
    match fees {
        _ if asked == found => Some(true),
        Fees::SameCoin => Some(is_net()),
        Fees::OtherCoin => Some(false),
        Fees::NotTold => (!is_net()).then_some(false),
    }
}

/// A mode that this version does not know may be another word for the same.
fn by_mode(asked: &BatchMode, found: &BatchMode) -> Option<bool> {
    match found {
        BatchMode::Unknown(_) => (asked == found).then_some(true),
        found => Some(asked == found),
    }
}

/// Which row a record is of.
enum Named {
    One(usize),
    /// None of ours.
    None,
    /// Perhaps this one, under another spelling of its id.
    Unclear(usize),
    /// The record has no name.
    Nothing,
}

/// The names of the rows: the gateway knows a row by its id or its number, and may show something
/// else as the other one.
struct Names<'a> {
    ids: BTreeMap<&'a str, usize>,
    spellings: BTreeMap<String, usize>,
    seqs: BTreeMap<u64, usize>,
}

impl<'a> Names<'a> {
    fn of(rows: &'a [BatchWithdrawTask]) -> Self {
        let ids = || rows.iter().map(|row| row.order_id.as_str());
        Self {
            ids: ids().zip(0..).collect(),
            spellings: ids().map(folded).zip(0..).collect(),
            seqs: rows.iter().map(|row| row.seq).zip(0..).collect(),
        }
    }

    fn find(&self, record: &BatchWithdrawTaskRecord) -> Named {
        let id = record.order_id.as_ref().map(OrderId::as_str);
        // Rows are numbered from 1, so 0 is no number.
        let seq = record.seq.filter(|seq| *seq > 0);
        if id.is_none() && seq.is_none() {
            return Named::Nothing;
        }
        let by_id = id.and_then(|id| self.ids.get(id).copied());
        let by_spelling = || id.and_then(|id| self.spellings.get(&folded(id)).copied());
        let by_seq = seq.and_then(|seq| self.seqs.get(&seq).copied());
        match (by_id.or_else(by_spelling), by_seq) {
            (Some(at), Some(other)) if at != other => Named::None,
            (_, Some(at)) => Named::One(at),
            (Some(at), None) if by_id.is_some() => Named::One(at),
            (Some(at), None) => Named::Unclear(at),
            (None, None) => Named::None,
        }
    }
}

/// The id without white space and letter case, which a gateway may change.
fn folded(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

/// Nothing where both are the same.
fn verdict(found: RecordMatch<()>) -> Option<BatchRows> {
    match found {
        RecordMatch::Matches { .. } => None,
        RecordMatch::Conflicts { fields, .. } => Some(BatchRows::Differ(fields)),
        RecordMatch::Incomparable { fields, .. } => Some(BatchRows::Incomparable(fields)),
        RecordMatch::Incomplete { field } => Some(BatchRows::Incomplete { field }),
        _ => Some(BatchRows::Incomplete { field: "orders" }),
    }
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
