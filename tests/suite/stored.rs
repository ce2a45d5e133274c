//! Requests as version 0.1 stored them. Each can be settled, even if a later version would refuse
//! to send it: these have moments in milliseconds, and users with the APP ID as id.

use ccpayment::v1::{CreateOrder, GetCheckoutUrl, Withdraw};
use ccpayment::v2::{
    ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork, ApplyBatchWithdraw,
    ApplyUserWithdrawToCwallet, ApplyUserWithdrawToNetwork, CreateAppOrderDepositAddress,
    CreateInvoiceUrl, Swap, UserBatchTransfer, UserSwap, UserTransfer,
};
use ccpayment::{
    AppId, AppSecret, BatchPayout, Client, Credentials, SETTLE_AFTER, Submit, SubmitError,
    Timestamp, Version, transport_fn,
};
use ccpayment_testing::TestClock;
use http::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const START: Timestamp = Timestamp::new(1_767_225_600);

/// A client of a gateway that has no record at all, and would refuse to make one.
fn client() -> Client {
    let credentials = Credentials::new(AppId::new("application"), AppSecret::new("secret"));
    let clock = TestClock::at(Timestamp::new(START.get() + SETTLE_AFTER.as_secs()));
    let nothing = transport_fn(async |_call| {
        let answer = r#"{"code":11003,"msg":"not found","data":null}"#;
        Ok(Response::new(answer.into()))
    });
    Client::new(credentials.unwrap(), nothing).with_clock(clock)
}

/// Reads a request, settles it, and checks that it is written again as it was stored.
async fn settles<S: Submit + DeserializeOwned>(stored: Value) {
    let request: S = serde_json::from_value(stored.clone()).unwrap();
    let body: Value = serde_json::from_slice(&request.body().unwrap()).unwrap();
    assert_eq!(body, stored, "{}", S::OPERATION);
    let error = client().settle(&request, START).await.unwrap_err();
    match S::VERSION {
        Version::V2 => assert!(error.can_be_made_again(), "{}: {error}", S::OPERATION),
        // In v1 only a signed answer proves an absence, but the client has asked.
        Version::V1 => assert!(error.attempts().lookups > 0, "{}: {error}", S::OPERATION),
    }
}

#[tokio::test]
async fn a_request_that_was_stored_by_this_version_can_be_settled() {
    let (coin, chain, address) = (
        1280,
        "POLYGON",
        "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
    );
    settles::<ApplyAppWithdrawToNetwork>(json!({
        "orderId": "payout-1", "coinId": coin, "chain": chain, "address": address, "memo": "7",
        "amount": "12.50", "merchantPayNetworkFee": true,
    }))
    .await;
    settles::<ApplyAppWithdrawToCwallet>(json!({
        "orderId": "payout-1", "coinId": coin, "cwalletUser": "jane@example.com", "amount": "1",
    }))
    .await;
    settles::<ApplyUserWithdrawToNetwork>(json!({
        "userId": "application", "orderId": "payout-1", "coinId": coin, "chain": chain,
        "address": address, "amount": "1",
    }))
    .await;
    settles::<ApplyUserWithdrawToCwallet>(json!({
        "userId": "application", "orderId": "payout-1", "coinId": coin, "cwalletUser": "35255142",
        "amount": "1",
    }))
    .await;
    settles::<UserTransfer>(json!({
        "fromUserId": "application", "toUserId": "user-1", "coinId": coin, "amount": "1",
        "orderId": "payout-1",
    }))
    .await;
    settles::<UserBatchTransfer>(json!({
        "orderId": "payout-1", "userId": "application",
        "toUsers": [{"userId": "application", "amount": "1"}], "coinId": coin,
    }))
    .await;
    settles::<Swap>(json!({
        "orderId": "payout-1", "coinIdIn": coin, "amountIn": "1", "coinIdOut": 1329,
    }))
    .await;
    settles::<UserSwap>(json!({
        "orderId": "payout-1", "userId": "application", "coinIdIn": coin, "amountIn": "1",
        "coinIdOut": 1329,
    }))
    .await;
    settles::<CreateAppOrderDepositAddress>(json!({
        "coinId": coin, "price": "25.00", "fiatId": 1033, "orderId": "order-1", "chain": chain,
        "expiredAt": 1_767_229_200_000_u64,
    }))
    .await;
    settles::<CreateInvoiceUrl>(json!({
        "priceFiatId": 1033, "orderId": "order-1", "product": "p".repeat(120), "price": "25",
        "expiredAt": 1_767_229_200_000_u64,
    }))
    .await;
    settles::<ApplyBatchWithdraw>(json!({
        "batchOrderId": "batch-1", "coinId": coin, "chain": chain, "mode": "Batch",
        "orders": [{"seq": 1, "orderId": "row-1", "address": address, "amount": "1"}],
    }))
    .await;
    settles::<Withdraw>(json!({
        "merchant_order_id": "payout-1", "address": address, "value": "1",
        "token_id": "0912e09a-d8e2-41d7-a0bc-a25530892988",
    }))
    .await;
    settles::<CreateOrder>(json!({
        "merchant_order_id": "order-1", "product_price": "25", "denominated_currency": "USD",
        "token_id": "0912e09a-d8e2-41d7-a0bc-a25530892988",
        "order_valid_period": 3600,
    }))
    .await;
    settles::<GetCheckoutUrl>(json!({
        "merchant_order_id": "order-1", "product_price": "25", "product_name": "pens",
    }))
    .await;
}

/// A batch is a value of ours, whose form is this crate's own promise.
#[test]
fn a_batch_that_was_stored_by_this_version_is_read() {
    let stored = json!({
        "batch": {
            "batchOrderId": "batch-1", "coinId": 1280, "chain": "POLYGON", "mode": "Batch",
            "orders": [{"seq": 1, "orderId": "row-1", "address": "0x1", "amount": "1"}],
        },
        "delay_seconds": 60,
    });
    let batch: BatchPayout = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(serde_json::to_value(batch).unwrap(), stored);
}

/// For a new submit, the same rules hold as for any request.
#[tokio::test]
async fn a_stored_request_that_breaks_a_rule_is_not_sent_again() {
    let stored = json!({
        "orderId": "payout-1", "coinId": 1280, "chain": "POLYGON", "address": "0x1", "amount": "0",
    });
    let request: ApplyAppWithdrawToNetwork = serde_json::from_value(stored).unwrap();
    let error = client().payout(&request).await.unwrap_err();
    assert!(matches!(error, SubmitError::Refused { .. }), "{error}");
    assert_eq!(error.attempts().submits, 0);
}
