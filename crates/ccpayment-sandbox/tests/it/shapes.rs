//! The answers have the names of the documented examples.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Merchant, payout};

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/v2")
        .join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Every path of names with the kind of its value; lists and the map of networks by their items.
pub(crate) fn shape(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = if at.ends_with(".networks") { "*" } else { name };
                shape(field, &format!("{at}.{name}"), into);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| shape(item, &format!("{at}[]"), into)),
        Value::String(_) => _ = into.insert(format!("{at} text")),
        Value::Number(_) => _ = into.insert(format!("{at} number")),
        Value::Bool(_) => _ = into.insert(format!("{at} bool")),
        Value::Null => _ = into.insert(format!("{at} null")),
    }
}

fn assert_same_shape(name: &str, answer: &Value, only_here: &[&str]) {
    let (mut documented, mut found) = (BTreeSet::new(), BTreeSet::new());
    shape(&example(name), "", &mut documented);
    shape(answer, "", &mut found);
    documented.extend(only_here.iter().map(|path| (*path).to_owned()));
    assert_eq!(found, documented, "{name}");
}

#[tokio::test]
async fn answers_have_the_names_of_the_examples() {
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    assert_same_shape(
        "get_coin_list.response.json",
        &merchant.text("getCoinList", "").await,
        &[],
    );
    let coin = json!({ "coinId": 1329 });
    assert_same_shape(
        "get_coin.response.json",
        &merchant.call("getCoin", coin.clone()).await,
        &[],
    );
    assert_same_shape(
        "get_app_coin_asset.response.json",
        &merchant.call("getAppCoinAsset", coin).await,
        &[],
    );

    let order = json!({
        "orderId": "order-1", "coinId": 1329, "chain": "POLYGON", "price": "0.01", "fiatId": 1033,
        "generateCheckoutURL": true,
    });
    let created = merchant.call("createAppOrderDepositAddress", order).await;
    assert_same_shape(
        "create_app_order_deposit_address.response.json",
        &created,
        &[],
    );
    assert_eq!(
        created["data"]["amount"],
        example("create_app_order_deposit_address.response.json")["data"]["amount"]
    );

    let payment = sandbox
        .pay(created["data"]["address"].as_str().unwrap(), "0.001")
        .unwrap();
    let info = merchant
        .call("getAppOrderInfo", json!({ "orderId": "order-1" }))
        .await;
    // In the table but not in the example, which is older.
    assert_same_shape(
        "get_app_order_info.response.json",
        &info,
        &[".data.paidList[].isFlaggedAsRisky bool"],
    );
    let record = merchant
        .call(
            "getAppDepositRecord",
            json!({ "recordId": payment.record_id }),
        )
        .await;
    assert_same_shape("get_app_deposit_record.response.json", &record, &[]);

    let applied = merchant
        .call("applyAppWithdrawToNetwork", payout("abc", "1"))
        .await;
    assert_same_shape("apply_app_withdraw_to_network.response.json", &applied, &[]);
    let record = merchant
        .call("getAppWithdrawRecord", json!({ "orderId": "abc" }))
        .await;
    assert_same_shape("get_app_withdraw_record.response.json", &record, &[]);
}

#[tokio::test]
async fn the_requests_of_the_examples_pass_their_schemas() {
    let merchant = Merchant::rich().await;
    for (name, route) in [
        ("get_coin.request.json", "getCoin"),
        ("get_app_coin_asset.request.json", "getAppCoinAsset"),
        (
            "create_app_order_deposit_address.request.json",
            "createAppOrderDepositAddress",
        ),
        ("get_app_order_info.request.json", "getAppOrderInfo"),
        ("get_app_deposit_record.request.json", "getAppDepositRecord"),
        (
            "apply_app_withdraw_to_network.request.json",
            "applyAppWithdrawToNetwork",
        ),
        (
            "apply_app_withdraw_to_network.with-optional.request.json",
            "applyAppWithdrawToNetwork",
        ),
        (
            "get_app_withdraw_record.request.json",
            "getAppWithdrawRecord",
        ),
        (
            "get_app_withdraw_record.with-optional.request.json",
            "getAppWithdrawRecord",
        ),
    ] {
        let envelope = merchant.call(route, example(name)).await;
        // The examples ask for little and for records that are not here; their form is right.
        let code = envelope["code"].as_u64().unwrap();
        assert!(
            [10_000, 11_003, 14_005].contains(&code),
            "{name} {envelope}"
        );
    }
}
