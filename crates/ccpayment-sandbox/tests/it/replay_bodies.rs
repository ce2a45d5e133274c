//! The least that the official clients of both versions send, for every route.
//!
//! A `$name` stands for an id that the test knows.

pub(crate) const ORDER: &str =
    r#"{"orderId":"order-new","coinId":1280,"chain":"POLYGON","price":"1"}"#;
pub(crate) const INVOICE: &str = r#"{"orderId":"invoice-new","price":"7.50","priceFiatId":1033}"#;
pub(crate) const PAYOUT: &str = r#"{"orderId":"payout-new","coinId":1280,"chain":"POLYGON","address":"$receiver","amount":"3"}"#;
pub(crate) const USER_PAYOUT: &str = r#"{"userId":"alice","orderId":"payout-new","coinId":1280,"chain":"POLYGON","address":"$receiver","amount":"3"}"#;
pub(crate) const SWAP: &str =
    r#"{"orderId":"swap-new","coinIdIn":1280,"amountIn":"10","coinIdOut":1329}"#;
pub(crate) const USER_SWAP: &str =
    r#"{"orderId":"swap-new","userId":"alice","coinIdIn":1280,"amountIn":"10","coinIdOut":1329}"#;
pub(crate) const TRANSFER: &str =
    r#"{"orderId":"gift-new","fromUserId":"alice","toUserId":"robert","coinId":1280,"amount":"1"}"#;
pub(crate) const GIFTS: &str = r#"{"orderId":"gifts-new","userId":"alice","coinId":1280,"toUsers":[{"userId":"robert","amount":"1"}]}"#;
pub(crate) const BATCH: &str = r#"{"batchOrderId":"batch-new","coinId":1280,"chain":"POLYGON","mode":"Single","orders":[{"orderId":"row-1","address":"$receiver","amount":"1"}]}"#;

/// For every route of v2, the least that the official clients send.
pub(crate) const V2: [(&str, &str); 61] = [
    ("getCoinList", "{}"),
    ("getCoin", r#"{"coinId":1280}"#),
    ("getCoinUSDTPrice", r#"{"coinIds":[1280,1329]}"#),
    ("getFiatList", "{}"),
    ("getSwapCoinList", "{}"),
    ("getChainList", "{}"),
    ("all/chain", "{}"),
    ("getMainCoinList", r#"{"appId":"$app"}"#),
    ("getAppCoinAssetList", "{}"),
    ("getAppCoinAsset", r#"{"coinId":1280}"#),
    (
        "getAggregationFeeRecord",
        r#"{"startAt":$earlier,"endAt":$later}"#,
    ),
    (
        "getOrCreateAppDepositAddress",
        r#"{"referenceId":"shop-new","chain":"POLYGON"}"#,
    ),
    ("createAppOrderDepositAddress", ORDER),
    ("getAppOrderInfo", r#"{"orderId":"order-old"}"#),
    ("createInvoiceUrl", INVOICE),
    ("getInvoiceOrderInfo", r#"{"orderId":"invoice-inv"}"#),
    ("addressUnbinding", r#"{"chain":"TRX","address":"$free"}"#),
    ("getAppDepositRecord", r#"{"recordId":"$deposit"}"#),
    ("getAppDepositRecordList", "{}"),
    (
        "rescanLostTransaction",
        r#"{"chain":"POLYGON","toAddress":"$address","txId":"$lost"}"#,
    ),
    ("applyAppWithdrawToNetwork", PAYOUT),
    (
        "applyAppWithdrawToCwallet",
        r#"{"orderId":"cwallet-new","coinId":1280,"cwalletUser":"35255142","amount":"1"}"#,
    ),
    ("getAppWithdrawRecord", r#"{"orderId":"payout-old"}"#),
    ("getAppWithdrawRecordList", "{}"),
    ("getAutoWithdrawRecordList", "{}"),
    ("getRiskyRefundRecordList", "{}"),
    ("getWithdrawFee", r#"{"coinId":1280,"chain":"POLYGON"}"#),
    (
        "checkWithdrawalAddressValidity",
        r#"{"chain":"POLYGON","address":"$receiver"}"#,
    ),
    ("getCwalletUserId", r#"{"cwalletUserId":"35255142"}"#),
    (
        "checkWithdrawAddress",
        r#"{"chain":"POLYGON","addressInfoList":[{"seq":1,"address":"$receiver"}]}"#,
    ),
    ("applyBatchWithdraw", BATCH),
    (
        "appendBatchWithdraw",
        r#"{"batchOrderId":"batch-old","orders":[{"orderId":"row-2","address":"$receiver","amount":"1"}]}"#,
    ),
    ("confirmBatchWithdraw", r#"{"batchOrderId":"batch-old"}"#),
    ("abortBatchWithdraw", r#"{"batchOrderId":"batch-old"}"#),
    ("getBatchWithdrawOrder", r#"{"batchOrderId":"batch-old"}"#),
    (
        "getBatchWithdrawOrderRecordList",
        r#"{"batchOrderId":"batch-old"}"#,
    ),
    (
        "estimate",
        r#"{"coinIdIn":1280,"amountIn":"10","coinIdOut":1329}"#,
    ),
    ("swap", SWAP),
    ("getSwapRecord", r#"{"orderId":"swap-old"}"#),
    ("getSwapRecordList", "{}"),
    ("getUserCoinAssetList", r#"{"userId":"alice"}"#),
    ("getUserCoinAsset", r#"{"userId":"alice","coinId":1280}"#),
    (
        "getOrCreateUserDepositAddress",
        r#"{"userId":"alice","chain":"POLYGON"}"#,
    ),
    ("getUserDepositRecord", r#"{"recordId":"$user_deposit"}"#),
    ("getUserDepositRecordList", r#"{"userId":"alice"}"#),
    ("applyUserWithdrawToNetwork", USER_PAYOUT),
    (
        "applyUserWithdrawToCwallet",
        r#"{"userId":"alice","orderId":"cwallet-new","coinId":1280,"cwalletUser":"35255142","amount":"1"}"#,
    ),
    ("getUserWithdrawRecord", r#"{"recordId":"$user_payout"}"#),
    ("getUserWithdrawRecordList", r#"{"userId":"alice"}"#),
    ("userTransfer", TRANSFER),
    ("getUserTransferRecord", r#"{"recordId":"$transfer"}"#),
    ("getUserTransferRecordList", r#"{"orderIds":["gift-old"]}"#),
    ("userBatchTransfer", GIFTS),
    ("getUserBatchTransferRecord", r#"{"orderId":"gifts-old"}"#),
    ("getUserBatchTransferRecordList", "{}"),
    (
        "getUserBatchTransferRecordDetail",
        r#"{"recordId":"$gifts"}"#,
    ),
    ("userSwap", USER_SWAP),
    ("getUserSwapRecord", r#"{"recordId":"$user_swap"}"#),
    ("getUserSwapRecordList", "{}"),
    ("webhook/resend", r#"{"startTimestamp":$earlier}"#),
    // The official clients' path; the documents have `getPaymentBlockHeight`.
    ("getTradeBlockHeight", r#"{"record_id":"$deposit"}"#),
];

/// For every route of v1, the least that the official clients send.
pub(crate) const V1: [(&str, &str); 14] = [
    ("bill/create", BILL),
    (
        "concise/url/get",
        r#"{"merchant_order_id":"page-new","product_price":"5","product_name":"tea"}"#,
    ),
    ("bill/info", r#"{"merchant_order_ids":["bill-old"]}"#),
    (
        "payment/address/get",
        r#"{"user_id":"user-1","chain":"TRX"}"#,
    ),
    ("withdraw", BILL_OUT),
    ("coin/all", "{}"),
    ("token/rate", r#"{"amount":"1","token_id":"$token"}"#),
    ("assets", "{}"),
    ("network/fee", r#"{"token_id":"$token"}"#),
    ("get/network/height/info", "{}"),
    ("check/user", r#"{"c_id":"9558861"}"#),
    ("webhook/resend", r#"{"start_timestamp":$earlier}"#),
    ("support/token", "{}"),
    ("token/chain", r#"{"token_id":"$token"}"#),
];

pub(crate) const BILL: &str = r#"{"merchant_order_id":"bill-new","product_price":"5","denominated_currency":"USD","token_id":"$token"}"#;
pub(crate) const BILL_OUT: &str =
    r#"{"merchant_order_id":"out-new","address":"$receiver","token_id":"$token","value":"5"}"#;
