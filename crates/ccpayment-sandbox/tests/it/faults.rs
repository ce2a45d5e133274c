//! Faults: what a merchant sees of them, and what the gateway did.

use std::time::Duration;

use ccpayment_sandbox::Fault;
use serde_json::json;

use crate::support::{Merchant, payout};

const APPLY: &str = "applyAppWithdrawToNetwork";
const LOOKUP: &str = "getAppWithdrawRecord";

#[tokio::test]
async fn acted_then_dropped() {
    let merchant = Merchant::rich().await;
    merchant.sandbox.plan_fault(APPLY, Fault::ActThenDrop);
    merchant.dropped(APPLY, payout("abc", "100")).await;
    assert_eq!(
        merchant.data(LOOKUP, json!({ "orderId": "abc" })).await["record"]["amount"],
        "100"
    );
    assert_eq!(
        merchant.call(APPLY, payout("abc", "100")).await["code"],
        11_011
    );
    assert_eq!(merchant.available(1280).await, "900");

    let requests = merchant.sandbox.requests();
    let seen: Vec<_> = requests
        .iter()
        .take(3)
        .map(|seen| (seen.route.as_str(), seen.code, seen.outcome))
        .collect();
    let answered = |code| (Some(code), Some(code));
    assert_eq!((seen[0].1, seen[0].2), (None, Some(10_000)));
    assert_eq!(
        (seen[1].0, (seen[1].1, seen[1].2)),
        (LOOKUP, answered(10_000))
    );
    assert_eq!((seen[2].1, seen[2].2), answered(11_011));
    assert_eq!(requests[0].order_id.as_deref(), Some("abc"));
    assert_eq!(requests[3].order_id, None);
}

#[tokio::test]
async fn dropped_before_acting() {
    let merchant = Merchant::rich().await;
    merchant.sandbox.plan_fault(APPLY, Fault::DropBeforeActing);
    merchant.sandbox.plan_fault(APPLY, Fault::DropBeforeActing);
    merchant.dropped(APPLY, payout("abc", "100")).await;
    merchant.dropped(APPLY, payout("abc", "100")).await;
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        11_003
    );
    assert!(merchant.sandbox.payouts().is_empty());
    assert_eq!(merchant.sandbox.requests()[0].outcome, None);
    // One shot each: the third arrives.
    assert_eq!(
        merchant.call(APPLY, payout("abc", "100")).await["code"],
        10_000
    );
}

#[tokio::test]
async fn faults_strike_in_the_order_of_planning_and_on_their_route_only() {
    let merchant = Merchant::rich().await;
    merchant
        .sandbox
        .plan_fault("getCoin", Fault::DropBeforeActing);
    merchant.sandbox.plan_fault(APPLY, Fault::DropBeforeActing);
    merchant.sandbox.plan_fault(APPLY, Fault::ActThenDrop);
    merchant.dropped(APPLY, payout("abc", "1")).await;
    assert!(merchant.sandbox.payouts().is_empty());
    merchant.dropped(APPLY, payout("abc", "1")).await;
    assert_eq!(merchant.sandbox.payouts().len(), 1);
    merchant.dropped("getCoin", json!({ "coinId": 1280 })).await;
    assert_eq!(
        merchant.call("getCoin", json!({ "coinId": 1280 })).await["code"],
        10_000
    );
}

#[tokio::test]
async fn delivered_after_the_lookup() {
    let merchant = Merchant::rich().await;
    merchant
        .sandbox
        .plan_fault(APPLY, Fault::DeliverAfterLookup);
    merchant.dropped(APPLY, payout("abc", "100")).await;

    // Another order's look-up does not bring it in, nor does one that is refused or lost itself.
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "other" })).await["code"],
        11_003
    );
    let body = json!({ "orderId": "abc" }).to_string();
    let mut forged = merchant.headers(&body);
    forged[2].1 = "0".repeat(64);
    assert_eq!(
        merchant.send(LOOKUP, &forged, &body).await.unwrap().2["code"],
        11_005
    );
    merchant.sandbox.plan_fault(LOOKUP, Fault::DropBeforeActing);
    merchant.dropped(LOOKUP, json!({ "orderId": "abc" })).await;
    assert!(merchant.sandbox.payouts().is_empty());
    assert_eq!(merchant.sandbox.requests()[0].outcome, None);

    merchant.sandbox.advance(Duration::from_secs(120));
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        11_003
    );
    assert_eq!(merchant.sandbox.payouts().len(), 1);
    let held = &merchant.sandbox.requests()[0];
    assert_eq!((held.code, held.outcome), (None, Some(10_000)));
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        10_000
    );
    assert_eq!(
        merchant.call(APPLY, payout("abc", "100")).await["code"],
        11_011
    );
    assert_eq!(merchant.available(1280).await, "900");
}

#[tokio::test]
async fn a_held_request_expires_with_its_signature() {
    let merchant = Merchant::rich().await;
    merchant
        .sandbox
        .plan_fault(APPLY, Fault::DeliverAfterLookup);
    merchant.dropped(APPLY, payout("abc", "100")).await;
    merchant.sandbox.advance(Duration::from_secs(121));
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        11_003
    );
    assert_eq!(merchant.sandbox.requests()[0].outcome, Some(11_006));
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        11_003
    );
    assert_eq!(
        merchant.call(APPLY, payout("abc", "100")).await["code"],
        10_000
    );
}

#[tokio::test]
async fn an_order_can_be_held_too() {
    let merchant = Merchant::rich().await;
    let route = "createAppOrderDepositAddress";
    let order = json!({ "orderId": "abc", "coinId": 1280, "chain": "POLYGON", "price": "1" });
    merchant
        .sandbox
        .plan_fault(route, Fault::DeliverAfterLookup);
    merchant.dropped(route, order).await;
    // The look-up of withdrawals is not the look-up of orders.
    assert_eq!(
        merchant.call(LOOKUP, json!({ "orderId": "abc" })).await["code"],
        11_003
    );
    assert_eq!(
        merchant
            .call("getAppOrderInfo", json!({ "orderId": "abc" }))
            .await["code"],
        11_003
    );
    assert_eq!(
        merchant
            .call("getAppOrderInfo", json!({ "orderId": "abc" }))
            .await["code"],
        10_000
    );
}
