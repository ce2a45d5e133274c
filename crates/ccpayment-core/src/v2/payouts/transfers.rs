//! Transfers between users, which are at once where they are.

use std::fmt;

use crate::amount::Amount;
use crate::ids::{CoinId, UserId};
use crate::payout::{Comparison, Found};
use crate::v2::{
    BatchTransferRecord, GetUserBatchTransferRecord, GetUserTransferRecord, TransferRecord,
    TransferStatus, TransferTarget, UserBatchTransfer, UserTransfer,
};

payout!(UserTransfer, GetUserTransferRecord);

impl UserTransfer {
    fn compare(&self, record: &TransferRecord) -> Found {
        let mut comparison = Comparison::default();
        let from = record.from_user_id.as_ref();
        comparison.field("fromUserId", &self.from_user_id, from, UserId::eq);
        let to = record.to_user_id.as_ref();
        comparison.field("toUserId", &self.to_user_id, to, UserId::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        comparison.field("amount", &self.amount, Some(&record.amount), Amount::eq);
        let ended = record.status == TransferStatus::Failed;
        comparison.judge(&record.record_id, ended, &record.status, None)
    }
}

payout!(UserBatchTransfer, GetUserBatchTransferRecord);

impl UserBatchTransfer {
    fn compare(&self, record: &BatchTransferRecord) -> Found {
        let mut comparison = Comparison::default();
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), UserId::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        // The targets may come in another order; a record without any says nothing.
        let targets = Targets::of(&record.to_users);
        let targets = (!record.to_users.is_empty()).then_some(&targets);
        comparison.field(
            "toUsers",
            &Targets::of(&self.to_users),
            targets,
            Targets::eq,
        );
        let ended = record.status == TransferStatus::Failed;
        comparison.judge(&record.record_id, ended, &record.status, None)
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
