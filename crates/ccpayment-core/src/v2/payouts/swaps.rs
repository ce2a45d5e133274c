//! Swaps. What they bring is known only once they are done, so only what goes in is compared.

use crate::amount::Amount;
use crate::ids::{CoinId, UserId};
use crate::payout::{Comparison, Found};
use crate::v2::{GetSwapRecord, GetUserSwapRecord, Swap, SwapRecord, SwapStatus, UserSwap};

/// What a swap of the merchant and one of a user have in common.
fn common(
    record: &SwapRecord,
    (coin_id_in, amount_in, coin_id_out): (&CoinId, &Amount, &CoinId),
    amount_out_minimum: Option<&Amount>,
) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.field("coinIdIn", coin_id_in, Some(&record.coin_id_in), CoinId::eq);
    comparison.field("amountIn", amount_in, Some(&record.amount_in), Amount::eq);
    comparison.field(
        "coinIdOut",
        coin_id_out,
        Some(&record.coin_id_out),
        CoinId::eq,
    );
    if let Some(asked) = amount_out_minimum {
        let found = record.amount_out_minimum.as_ref();
        comparison.if_there("amountOutMinimum", asked, found, Amount::eq);
    }
    comparison
}

fn has_ended(status: &SwapStatus) -> bool {
    *status == SwapStatus::Failed
}

payout!(Swap, GetSwapRecord);

impl Swap {
    fn compare(&self, record: &SwapRecord) -> Found {
        let goes_in = (&self.coin_id_in, &self.amount_in, &self.coin_id_out);
        let comparison = common(record, goes_in, self.amount_out_minimum.as_ref());
        comparison.judge(
            &record.record_id,
            has_ended(&record.status),
            &record.status,
            None,
        )
    }
}

payout!(UserSwap, GetUserSwapRecord);

impl UserSwap {
    fn compare(&self, record: &SwapRecord) -> Found {
        let goes_in = (&self.coin_id_in, &self.amount_in, &self.coin_id_out);
        let mut comparison = common(record, goes_in, self.amount_out_minimum.as_ref());
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), UserId::eq);
        // No surcharge is a surcharge of zero.
        let asked = self.extra_fee_rate.clone().unwrap_or_else(Amount::zero);
        let found = record.extra_fee_rate.as_ref();
        if self.extra_fee_rate.is_some() {
            comparison.field("extraFeeRate", &asked, found, Amount::eq);
        } else {
            comparison.if_there("extraFeeRate", &asked, found, Amount::eq);
        }
        comparison.judge(
            &record.record_id,
            has_ended(&record.status),
            &record.status,
            None,
        )
    }
}
