//! Withdrawals: to a chain or to a Cwallet account, by the merchant or by one of its users.

use crate::amount::Amount;
use crate::ids::{Address, Chain, CoinId, Memo, UserId};
use crate::payout::{Comparison, Found, same_address, same_amount};
use crate::v2::{
    ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyUserWithdrawToCwallet,
    ApplyUserWithdrawToNetwork, GetAppWithdrawRecord, GetUserWithdrawRecord, NetworkFee,
    UserWithdrawRecord, WithdrawRecord, WithdrawStatus, WithdrawType,
};

/// Where the money is to go on a chain.
struct Destination<'a> {
    chain: &'a Chain,
    address: &'a Address,
    memo: Option<&'a Memo>,
}

impl Destination<'_> {
    fn compare(
        &self,
        comparison: &mut Comparison,
        chain: Option<&Chain>,
        address: Option<&Address>,
        memo: Option<&Memo>,
    ) {
        comparison.field("chain", self.chain, chain, Chain::eq);
        comparison.field("address", self.address, address, same_address);
        let asked = self.memo.filter(|memo| !memo.is_empty());
        comparison.optional("memo", asked, memo);
    }
}

/// The fee that may have been taken from a record's amount: one in the same coin.
fn fee_of(fee: Option<&NetworkFee>, coin_id: CoinId) -> Option<&Amount> {
    fee.filter(|fee| fee.coin_id == Some(coin_id))
        .and_then(|fee| fee.amount.as_ref())
}

fn has_ended(status: &WithdrawStatus) -> bool {
    matches!(status, WithdrawStatus::Rejected | WithdrawStatus::Failed)
}

payout!(ApplyAppWithdrawToNetwork, GetAppWithdrawRecord);

impl ApplyAppWithdrawToNetwork {
    fn compare(&self, record: &WithdrawRecord) -> Found {
        let merchant_pays = self.merchant_pay_network_fee == Some(true);
        let fee = fee_of(record.fee.as_ref(), self.coin_id).filter(|_| !merchant_pays);
        let mut comparison = Comparison::default();
        let kind = record.withdraw_type.as_ref();
        comparison.field("withdrawType", &WithdrawType::Network, kind, PartialEq::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        let destination = Destination {
            chain: &self.chain,
            address: &self.address,
            memo: self.memo.as_ref(),
        };
        destination.compare(
            &mut comparison,
            record.chain.as_ref(),
            record.to_address.as_ref(),
            record.to_memo.as_ref(),
        );
        comparison.field(
            "amount",
            &self.amount,
            Some(&record.amount),
            |asked, found| same_amount(asked, found, fee),
        );
        let ended = has_ended(&record.status);
        comparison.judge(
            &record.record_id,
            ended,
            &record.status,
            record.reason.as_ref(),
        )
    }
}

payout!(ApplyAppWithdrawToCwallet, GetAppWithdrawRecord);

impl ApplyAppWithdrawToCwallet {
    fn compare(&self, record: &WithdrawRecord) -> Found {
        let mut comparison = Comparison::default();
        let kind = record.withdraw_type.as_ref();
        comparison.field("withdrawType", &WithdrawType::Cwallet, kind, PartialEq::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        let user = record.cwallet_user.as_ref();
        comparison.field("cwalletUser", &self.cwallet_user, user, String::eq);
        comparison.field("amount", &self.amount, Some(&record.amount), Amount::eq);
        let ended = has_ended(&record.status);
        comparison.judge(
            &record.record_id,
            ended,
            &record.status,
            record.reason.as_ref(),
        )
    }
}

payout!(ApplyUserWithdrawToNetwork, GetUserWithdrawRecord);

impl ApplyUserWithdrawToNetwork {
    fn compare(&self, record: &UserWithdrawRecord) -> Found {
        let fee = fee_of(record.fee.as_ref(), self.coin_id);
        let mut comparison = Comparison::default();
        // The table of this record does not list its type; only an example has it (4.4).
        let kind = record.withdraw_type.as_ref();
        comparison.if_there("withdrawType", &WithdrawType::Network, kind, PartialEq::eq);
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), UserId::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        let destination = Destination {
            chain: &self.chain,
            address: &self.address,
            memo: self.memo.as_ref(),
        };
        destination.compare(
            &mut comparison,
            record.chain.as_ref(),
            record.to_address.as_ref(),
            record.to_memo.as_ref(),
        );
        comparison.field(
            "amount",
            &self.amount,
            Some(&record.amount),
            |asked, found| same_amount(asked, found, fee),
        );
        comparison.judge(
            &record.record_id,
            has_ended(&record.status),
            &record.status,
            None,
        )
    }
}

payout!(ApplyUserWithdrawToCwallet, GetUserWithdrawRecord);

impl ApplyUserWithdrawToCwallet {
    fn compare(&self, record: &UserWithdrawRecord) -> Found {
        let mut comparison = Comparison::default();
        let kind = record.withdraw_type.as_ref();
        comparison.if_there("withdrawType", &WithdrawType::Cwallet, kind, PartialEq::eq);
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), UserId::eq);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        let receiver = record.cwallet_user.as_ref();
        comparison.field("cwalletUser", &self.cwallet_user, receiver, String::eq);
        comparison.field("amount", &self.amount, Some(&record.amount), Amount::eq);
        comparison.judge(
            &record.record_id,
            has_ended(&record.status),
            &record.status,
            None,
        )
    }
}
