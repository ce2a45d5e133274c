//! Swaps. The amount out is known only once a swap is done, so only what goes in is compared.

use crate::amount::Amount;
use crate::ids::CoinId;
use crate::submit::{Comparison, Progress, RecordMatch, as_shown, by_id, by_value};
use crate::v2::{GetSwapRecord, GetUserSwapRecord, Swap, SwapRecord, SwapStatus, UserSwap};

/// What a swap of the merchant and one of a user have in common.
fn compare(
    comparison: &mut Comparison,
    record: &SwapRecord,
    (coin_id_in, amount_in, coin_id_out): (&CoinId, &Amount, &CoinId),
    amount_out_minimum: Option<&Amount>,
) {
    comparison.field("coinIdIn", coin_id_in, Some(&record.coin_id_in), by_value);
    comparison.field("amountIn", amount_in, Some(&record.amount_in), by_value);
    let coin_out = Some(&record.coin_id_out);
    comparison.field("coinIdOut", coin_id_out, coin_out, by_value);
    if let Some(asked) = amount_out_minimum {
        let found = record.amount_out_minimum.as_ref();
        comparison.if_present("amountOutMinimum", asked, found, by_value);
    }
}

fn standing(status: &SwapStatus) -> Progress {
    match status {
        SwapStatus::Processing | SwapStatus::Success => Progress::Accepted,
        SwapStatus::Failed => Progress::Ended,
        SwapStatus::Unknown(_) => Progress::Unknown,
    }
}

fn reason(_record: &SwapRecord) -> Option<&String> {
    None
}

payout!(Swap, GetSwapRecord);

impl Swap {
    fn compare(&self, comparison: &mut Comparison, record: &SwapRecord) {
        let goes_in = (&self.coin_id_in, &self.amount_in, &self.coin_id_out);
        compare(
            comparison,
            record,
            goes_in,
            self.amount_out_minimum.as_ref(),
        );
    }
}

payout!(UserSwap, GetUserSwapRecord);

impl UserSwap {
    fn compare(&self, comparison: &mut Comparison, record: &SwapRecord) {
        let goes_in = (&self.coin_id_in, &self.amount_in, &self.coin_id_out);
        compare(
            comparison,
            record,
            goes_in,
            self.amount_out_minimum.as_ref(),
        );
        comparison.field("userId", &self.user_id, record.user_id.as_ref(), by_id);
        // No surcharge is a surcharge of zero. A record may round it.
        let asked = self.extra_fee_rate.clone().unwrap_or_else(Amount::zero);
        let found = record.extra_fee_rate.as_ref();
        if self.extra_fee_rate.is_some() {
            comparison.field("extraFeeRate", &asked, found, as_shown);
        } else {
            comparison.if_present("extraFeeRate", &asked, found, as_shown);
        }
    }
}
