//! What makes a route of this API a payout: where to look, and what has to agree. Written by hand.

use super::{
    ApplyAppWithdrawToNetwork, ApplyAppWithdrawToNetworkResponse, GetAppWithdrawRecord,
    GetAppWithdrawRecordResponse, WithdrawStatus, WithdrawType,
};
use crate::ids::{Chain, CoinId, OrderId, RecordId};
use crate::payout::{Comparison, Found, Payout, same_address, same_amount};

impl Payout for ApplyAppWithdrawToNetwork {
    type Lookup = GetAppWithdrawRecord;

    fn payout_id(&self) -> &OrderId {
        &self.order_id
    }

    fn lookup(&self) -> GetAppWithdrawRecord {
        GetAppWithdrawRecord::new(self.order_id.clone())
    }

    fn record_id(accepted: &ApplyAppWithdrawToNetworkResponse) -> &RecordId {
        &accepted.record_id
    }

    fn judge(&self, found: &GetAppWithdrawRecordResponse) -> Found {
        let record = &found.record;
        // A record of another order is an answer to another question.
        if record.order_id.as_ref() != Some(&self.order_id) {
            return Found::Incomplete { field: "orderId" };
        }
        let merchant_pays = self.merchant_pay_network_fee == Some(true);
        let fee_taken_from_it = (record.fee.as_ref())
            .filter(|fee| !merchant_pays && fee.coin_id == Some(self.coin_id))
            .and_then(|fee| fee.amount.as_ref());

        let mut comparison = Comparison::default();
        comparison.field(
            "withdrawType",
            &WithdrawType::Network,
            record.withdraw_type.as_ref(),
            WithdrawType::eq,
        );
        comparison.field("coinId", &self.coin_id, Some(&record.coin_id), CoinId::eq);
        comparison.field("chain", &self.chain, record.chain.as_ref(), Chain::eq);
        comparison.field(
            "address",
            &self.address,
            record.to_address.as_ref(),
            same_address,
        );
        let memo = self.memo.as_ref().filter(|memo| !memo.is_empty());
        comparison.optional("memo", memo, record.to_memo.as_ref());
        comparison.field(
            "amount",
            &self.amount,
            Some(&record.amount),
            |asked, found| same_amount(asked, found, fee_taken_from_it),
        );

        comparison
            .verdict(&record.record_id)
            .unwrap_or_else(|| match &record.status {
                WithdrawStatus::Rejected | WithdrawStatus::Failed => Found::Ended {
                    record_id: record.record_id.clone(),
                    status: record.status.to_string(),
                    reason: record.reason.clone(),
                },
                _ => Found::Same {
                    record_id: record.record_id.clone(),
                },
            })
    }
}
