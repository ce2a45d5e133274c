//! Which code serves which operation of the document.

use crate::rules::fields::Handler;
use crate::rules::{
    address_routes, assets, batch_transfers, batches, coins, deposits, invoices, orders, payouts,
    swaps, transfers, users, utility,
};

pub(crate) fn handler(operation: &str) -> Option<Handler> {
    let place = HANDLERS
        .binary_search_by_key(&operation, |(name, _)| *name)
        .ok()?;
    HANDLERS.get(place).map(|(_, handler)| *handler)
}

/// By operationId, in the order of its bytes.
static HANDLERS: &[(&str, Handler)] = &[
    ("abortBatchWithdraw", batches::abort),
    ("addressUnbinding", address_routes::unbind),
    ("appendBatchWithdraw", batches::append),
    ("applyAppWithdrawToCwallet", payouts::apply_to_cwallet),
    ("applyAppWithdrawToNetwork", payouts::apply_to_network),
    ("applyBatchWithdraw", batches::apply),
    ("applyUserWithdrawToCwallet", payouts::user_to_cwallet),
    ("applyUserWithdrawToNetwork", payouts::user_to_network),
    ("checkWithdrawAddress", batches::check_addresses),
    ("checkWithdrawalAddressValidity", utility::address_validity),
    ("confirmBatchWithdraw", batches::confirm),
    ("createAppOrderDepositAddress", orders::create),
    ("createInvoiceUrl", invoices::create),
    ("estimate", swaps::estimate),
    ("getAggregationFeeRecord", assets::sweeps),
    ("getAllChainList", coins::all_chains),
    ("getAppCoinAsset", assets::one),
    ("getAppCoinAssetList", assets::list),
    ("getAppDepositRecord", deposits::record),
    ("getAppDepositRecordList", deposits::records),
    ("getAppOrderInfo", orders::info),
    ("getAppWithdrawRecord", payouts::record),
    ("getAppWithdrawRecordList", payouts::records),
    ("getAutoWithdrawRecordList", payouts::automatic_records),
    ("getBatchWithdrawOrder", batches::order),
    ("getBatchWithdrawOrderRecordList", batches::rows),
    ("getChainList", coins::chains),
    ("getCoin", coins::one),
    ("getCoinList", coins::list),
    ("getCoinUSDTPrice", coins::prices),
    ("getCwalletUserId", utility::cwallet_user),
    ("getFiatList", coins::fiats),
    ("getInvoiceOrderInfo", invoices::info),
    ("getMainCoinList", coins::main_coins),
    (
        "getOrCreateAppDepositAddress",
        address_routes::for_reference,
    ),
    ("getOrCreateUserDepositAddress", address_routes::for_user),
    ("getPaymentBlockHeight", utility::block_height),
    ("getRiskyRefundRecordList", deposits::refunds),
    ("getSwapCoinList", swaps::coins),
    ("getSwapRecord", swaps::record),
    ("getSwapRecordList", swaps::records),
    ("getUserBatchTransferRecord", batch_transfers::record),
    ("getUserBatchTransferRecordDetail", batch_transfers::detail),
    ("getUserBatchTransferRecordList", batch_transfers::records),
    ("getUserCoinAsset", users::asset),
    ("getUserCoinAssetList", users::assets),
    ("getUserDepositRecord", deposits::user_record),
    ("getUserDepositRecordList", deposits::user_records),
    ("getUserSwapRecord", swaps::user_record),
    ("getUserSwapRecordList", swaps::user_records),
    ("getUserTransferRecord", transfers::record),
    ("getUserTransferRecordList", transfers::records),
    ("getUserWithdrawRecord", payouts::user_record),
    ("getUserWithdrawRecordList", payouts::user_records),
    ("getWithdrawFee", payouts::fee),
    ("rescanLostTransaction", utility::rescan),
    ("swap", swaps::swap),
    ("userBatchTransfer", batch_transfers::transfer),
    ("userSwap", swaps::user_swap),
    ("userTransfer", transfers::transfer),
    ("webhookResend", utility::resend),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::schemas;

    #[test]
    fn every_operation_has_code_and_all_code_has_an_operation() {
        let documented: BTreeSet<&str> = schemas().unwrap().ids().collect();
        let coded: Vec<&str> = HANDLERS.iter().map(|(name, _)| *name).collect();
        assert!(coded.is_sorted());
        assert_eq!(coded.len(), 61);
        assert_eq!(coded.into_iter().collect::<BTreeSet<_>>(), documented);
    }
}
