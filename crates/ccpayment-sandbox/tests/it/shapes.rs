//! The answers have the names of the documented examples.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Merchant, ask, payout};

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

/// `only_here` are fields of the official clients' types or of a table, which the example lacks.
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
        &[
            ".data.coins[].price text",
            ".data.coins[].networks.*.protocol text",
        ],
    );
    let coin = json!({ "coinId": 1329 });
    assert_same_shape(
        "get_coin.response.json",
        &merchant.call("getCoin", coin.clone()).await,
        &[
            ".data.coin.price text",
            ".data.coin.networks.*.protocol text",
        ],
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
    assert_same_shape(
        "get_app_deposit_record.response.json",
        &record,
        &[".data.record.txIndex number"],
    );

    let applied = merchant
        .call("applyAppWithdrawToNetwork", payout("abc", "1"))
        .await;
    assert_same_shape("apply_app_withdraw_to_network.response.json", &applied, &[]);
    let record = merchant
        .call("getAppWithdrawRecord", json!({ "orderId": "abc" }))
        .await;
    assert_same_shape(
        "get_app_withdraw_record.response.json",
        &record,
        &[".data.record.appId text", ".data.record.coinUSDPrice text"],
    );
}

#[tokio::test]
async fn the_requests_of_the_examples_pass_their_schemas() {
    let document: Value = serde_json::from_str(include_str!("../../schema/v2.json")).unwrap();
    let merchant = Merchant::rich().await;
    let mut sent = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let media = &item["post"]["requestBody"]["content"]["application/json"];
        for example_of in media["examples"].as_object().into_iter().flatten() {
            let file = example_of.1["externalValue"].as_str().unwrap();
            let name = file.rsplit('/').next().unwrap();
            let mut body = example(name);
            if path == "/getUserWithdrawRecordList" {
                // A comment of the sample against the table beside it, which has `toAddress`.
                body.as_object_mut().unwrap().remove("address");
            }
            let envelope = ask(&merchant.sandbox, &path[1..], body).await;
            // The examples ask for little, for long ago, and for records that are not here; their
            // form is right.
            let code = envelope["code"].as_u64().unwrap();
            let fine = [
                10_000, 11_003, 11_008, 11_011, 11_015, 13_000, 13_001, 14_000, 14_005, 17_007,
            ];
            assert!(fine.contains(&code), "{name} {envelope}");
            sent += 1;
        }
    }
    assert!(sent > 45, "{sent}");
}

#[tokio::test]
async fn what_only_some_sources_send_is_taken() {
    let merchant = Merchant::rich().await;
    let quote = json!({
        "coinIdIn": 1280, "amountIn": "1", "coinIdOut": 1329, "orderId": "abc", "userId": "alice",
        "amountOutMinimum": "1", "appId": "app",
    });
    merchant.data("estimate", quote).await;
    let mut by_type = json!({ "orderId": "none", "ty": 1 });
    assert_eq!(
        merchant.call("getSwapRecord", by_type.clone()).await["code"],
        11_003
    );
    by_type["typ"] = json!(1);
    let envelope = merchant.call("getSwapRecord", by_type).await;
    assert_eq!(envelope["code"], 11_000);
    assert!(envelope["msg"].as_str().unwrap().contains("`ty`"));
}
