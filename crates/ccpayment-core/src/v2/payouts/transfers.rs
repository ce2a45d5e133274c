//! Transfers between users, which arrive at once.

use std::fmt;

use crate::amount::Amount;
use crate::ids::UserId;
use crate::submit::{Comparison, Progress, RecordMatch, by_id, by_value};
use crate::v2::{
    BatchTransferRecord, GetUserBatchTransferRecord, GetUserTransferRecord, TransferRecord,
    TransferStatus, TransferTarget, UserBatchTransfer, UserTransfer,
};

fn standing(status: &TransferStatus) -> Progress {
    match status {
        TransferStatus::Success => Progress::Accepted,
        TransferStatus::Failed => Progress::Ended,
        TransferStatus::Unknown(_) => Progress::Unknown,
    }
}

fn reason<R>(_record: &R) -> Option<&String> {
    None
}

payout!(UserTransfer, GetUserTransferRecord);

impl UserTransfer {
    fn compare(&self, comparison: &mut Comparison, record: &TransferRecord) {
        let from = record.from_user_id.as_ref();
        comparison.field("fromUserId", &self.from_user_id, from, by_id);
        let to = record.to_user_id.as_ref();
        comparison.field("toUserId", &self.to_user_id, to, by_id);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        comparison.field("amount", &self.amount, Some(&record.amount), by_value);
    }
}

payout!(UserBatchTransfer, GetUserBatchTransferRecord);

impl UserBatchTransfer {
    fn compare(&self, comparison: &mut Comparison, record: &BatchTransferRecord) {
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), by_id);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        // The targets may come in another order; a record without any says nothing.
        let targets = Targets::of(&record.to_users);
        let targets = (!record.to_users.is_empty()).then_some(&targets);
        let asked = Targets::of(&self.to_users);
        comparison.field("toUsers", &asked, targets, Targets::is_same);
    }
}

/// Who gets how much, by user and amount.
#[derive(PartialEq)]
struct Targets<'a>(Vec<(&'a UserId, &'a Amount)>);

impl<'a> Targets<'a> {
    fn of(targets: &'a [TransferTarget]) -> Self {
        let mut targets: Vec<_> = (targets.iter())
            .map(|target| (&target.user_id, &target.amount))
            .collect();
        targets.sort();
        Self(targets)
    }

    /// Two lists differ if their amounts do. If only the users differ, it may be their spelling.
    fn is_same(&self, other: &Self) -> Option<bool> {
        if self == other {
            return Some(true);
        }
        let spelt = |list: &Self| {
            let mut list: Vec<_> = (list.0.iter())
                .map(|(user, amount)| (user.as_str().trim().to_lowercase(), *amount))
                .collect();
            list.sort();
            list
        };
        let (one, two) = (spelt(self), spelt(other));
        (one.iter().zip(&two).any(|(one, two)| one != two) || one.len() != two.len())
            .then_some(false)
    }
}

impl fmt::Display for Targets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (user_id, amount)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{amount} to {user_id}")?;
        }
        Ok(())
    }
}
