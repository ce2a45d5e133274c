//! Withdrawals: to a chain or to a Cwallet account, by the merchant or by one of its users.

use crate::amount::Amount;
use crate::ids::{Address, Chain, CoinId, Memo};
use crate::submit::{
    Comparison, Progress, RecordMatch, by_account, by_id, by_letters, by_text, by_value,
    same_amount,
};
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
        comparison.field("chain", self.chain, chain, by_letters);
        comparison.field("address", self.address, address, Address::is_same);
        let asked = self.memo.filter(|memo| !memo.is_empty());
        comparison.optional("memo", asked, memo, by_text);
    }
}

/// The fee that may have been taken from a record's amount: one in the same coin.
fn fee_of(fee: Option<&NetworkFee>, coin_id: CoinId) -> Option<&Amount> {
    fee.filter(|fee| fee.coin_id == Some(coin_id))
        .and_then(|fee| fee.amount.as_ref())
}

fn standing(status: &WithdrawStatus) -> Progress {
    match status {
        WithdrawStatus::WaitingApproval | WithdrawStatus::Processing | WithdrawStatus::Success => {
            Progress::Accepted
        }
        WithdrawStatus::Rejected | WithdrawStatus::Failed => Progress::Ended,
        WithdrawStatus::Unknown(_) => Progress::Unknown,
    }
}

/// The field of a withdrawal's record that says why it ended.
trait Reason {
    fn reason(&self) -> Option<&String>;
}

impl Reason for WithdrawRecord {
    fn reason(&self) -> Option<&String> {
        self.reason.as_ref()
    }
}

impl Reason for UserWithdrawRecord {
    fn reason(&self) -> Option<&String> {
        None
    }
}

fn reason(record: &impl Reason) -> Option<&String> {
    record.reason()
}

payout!(ApplyAppWithdrawToNetwork, GetAppWithdrawRecord);

impl ApplyAppWithdrawToNetwork {
    fn compare(&self, comparison: &mut Comparison, record: &WithdrawRecord) {
        let merchant_pays = self.merchant_pay_network_fee == Some(true);
        let fee = fee_of(record.fee.as_ref(), self.coin_id).filter(|_| !merchant_pays);
        let kind = record.withdraw_type.as_ref();
        comparison.field("withdrawType", &WithdrawType::Network, kind, by_kind);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        let destination = Destination {
            chain: &self.chain,
            address: &self.address,
            memo: self.memo.as_ref(),
        };
        destination.compare(
            comparison,
            record.chain.as_ref(),
            record.to_address.as_ref(),
            record.to_memo.as_ref(),
        );
        let amount = Some(&record.amount);
        comparison.field("amount", &self.amount, amount, |asked, found| {
            Some(same_amount(asked, found, fee))
        });
    }
}

payout!(ApplyAppWithdrawToCwallet, GetAppWithdrawRecord);

impl ApplyAppWithdrawToCwallet {
    fn compare(&self, comparison: &mut Comparison, record: &WithdrawRecord) {
        let kind = record.withdraw_type.as_ref();
        comparison.field("withdrawType", &WithdrawType::Cwallet, kind, by_kind);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        let receiver = record.cwallet_user.as_ref();
        comparison.field("cwalletUser", &self.cwallet_user, receiver, by_account);
        comparison.field("amount", &self.amount, Some(&record.amount), by_value);
    }
}

payout!(ApplyUserWithdrawToNetwork, GetUserWithdrawRecord);

impl ApplyUserWithdrawToNetwork {
    fn compare(&self, comparison: &mut Comparison, record: &UserWithdrawRecord) {
        let fee = fee_of(record.fee.as_ref(), self.coin_id);
        // The table of this record does not list its type; only an example has it (4.4).
        let kind = record.withdraw_type.as_ref();
        comparison.if_present("withdrawType", &WithdrawType::Network, kind, by_kind);
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), by_id);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        let destination = Destination {
            chain: &self.chain,
            address: &self.address,
            memo: self.memo.as_ref(),
        };
        destination.compare(
            comparison,
            record.chain.as_ref(),
            record.to_address.as_ref(),
            record.to_memo.as_ref(),
        );
        let amount = Some(&record.amount);
        comparison.field("amount", &self.amount, amount, |asked, found| {
            Some(same_amount(asked, found, fee))
        });
    }
}

payout!(ApplyUserWithdrawToCwallet, GetUserWithdrawRecord);

impl ApplyUserWithdrawToCwallet {
    fn compare(&self, comparison: &mut Comparison, record: &UserWithdrawRecord) {
        let kind = record.withdraw_type.as_ref();
        comparison.if_present("withdrawType", &WithdrawType::Cwallet, kind, by_kind);
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), by_id);
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), by_value);
        let receiver = record.cwallet_user.as_ref();
        comparison.field("cwalletUser", &self.cwallet_user, receiver, by_account);
        comparison.field("amount", &self.amount, Some(&record.amount), by_value);
    }
}

/// A kind that this version does not know may be another word for the same.
fn by_kind(asked: &WithdrawType, found: &WithdrawType) -> Option<bool> {
    match found {
        WithdrawType::Unknown(_) => None,
        found => Some(asked == found),
    }
}
