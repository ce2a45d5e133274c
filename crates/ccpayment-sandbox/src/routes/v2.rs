//! Which code serves which operation of v2.

use crate::rules::fields::Handler;
use crate::rules::{
    addresses, assets, batches, coins, deposits, invoices, orders, payouts, swaps, transfers,
    users, utility,
};

pub(crate) fn handler(operation: &str) -> Option<Handler> {
    let place = HANDLERS
        .binary_search_by_key(&operation, |(name, _)| *name)
        .ok()?;
    HANDLERS.get(place).map(|(_, handler)| *handler)
}

/// By operationId, in the order of its bytes.
static HANDLERS: &[(&str, Handler)] = &[
    ("abortBatchWithdraw", batches::lifecycle::abort),
    ("addressUnbinding", addresses::routes::unbind),
    ("appendBatchWithdraw", batches::lifecycle::append),
    (
        "applyAppWithdrawToCwallet",
        payouts::requests::apply_to_cwallet,
    ),
    (
        "applyAppWithdrawToNetwork",
        payouts::requests::apply_to_network,
    ),
    ("applyBatchWithdraw", batches::lifecycle::apply),
    (
        "applyUserWithdrawToCwallet",
        payouts::requests::user_to_cwallet,
    ),
    (
        "applyUserWithdrawToNetwork",
        payouts::requests::user_to_network,
    ),
    ("checkWithdrawAddress", batches::rows::check_addresses),
    ("checkWithdrawalAddressValidity", utility::address_validity),
    ("confirmBatchWithdraw", batches::lifecycle::confirm),
    ("createAppOrderDepositAddress", orders::create),
    ("createInvoiceUrl", invoices::create),
    ("estimate", swaps::estimate),
    ("getAggregationFeeRecord", assets::sweeps),
    ("getAllChainList", coins::all_chains),
    ("getAppCoinAsset", assets::one),
    ("getAppCoinAssetList", assets::list),
    ("getAppDepositRecord", deposits::records::get),
    ("getAppDepositRecordList", deposits::records::list),
    ("getAppOrderInfo", orders::info),
    ("getAppWithdrawRecord", payouts::records::get),
    ("getAppWithdrawRecordList", payouts::records::list),
    (
        "getAutoWithdrawRecordList",
        payouts::records::list_automatic,
    ),
    ("getBatchWithdrawOrder", batches::lifecycle::get),
    ("getBatchWithdrawOrderRecordList", batches::rows::list),
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
        addresses::routes::for_reference,
    ),
    ("getOrCreateUserDepositAddress", addresses::routes::for_user),
    ("getPaymentBlockHeight", utility::block_height),
    ("getRiskyRefundRecordList", deposits::records::list_refunds),
    ("getSwapCoinList", swaps::coins),
    ("getSwapRecord", swaps::record),
    ("getSwapRecordList", swaps::records),
    ("getUserBatchTransferRecord", transfers::batch::get),
    ("getUserBatchTransferRecordDetail", transfers::batch::detail),
    ("getUserBatchTransferRecordList", transfers::batch::list),
    ("getUserCoinAsset", users::asset),
    ("getUserCoinAssetList", users::assets),
    ("getUserDepositRecord", deposits::records::get_for_user),
    ("getUserDepositRecordList", deposits::records::list_for_user),
    ("getUserSwapRecord", swaps::user_record),
    ("getUserSwapRecordList", swaps::user_records),
    ("getUserTransferRecord", transfers::single::get),
    ("getUserTransferRecordList", transfers::single::list),
    ("getUserWithdrawRecord", payouts::records::get_for_user),
    ("getUserWithdrawRecordList", payouts::records::list_for_user),
    ("getWithdrawFee", payouts::requests::fee),
    ("rescanLostTransaction", utility::rescan),
    ("swap", swaps::swap),
    ("userBatchTransfer", transfers::batch::transfer),
    ("userSwap", swaps::user_swap),
    ("userTransfer", transfers::single::transfer),
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
