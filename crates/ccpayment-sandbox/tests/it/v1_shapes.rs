//! The answers of v1 have the names of the documented examples.

use std::collections::BTreeSet;

use ccpayment_sandbox::IncomingPayment;
use serde_json::{Value, json};

use crate::shapes::shape;
use crate::v1_support::{Older, example};

fn assert_same_shape(name: &str, answer: &Value, only_here: &[&str]) {
    let (mut documented, mut found) = (BTreeSet::new(), BTreeSet::new());
    shape(&example(name), "", &mut documented);
    shape(answer, "", &mut found);
    for path in only_here {
        assert!(found.remove(*path), "{name}: {path}");
    }
    assert_eq!(found, documented, "{name}");
}

#[tokio::test]
async fn answers_of_v1_have_the_names_of_the_examples() {
    let shop = Older::rich();
    let sandbox = &shop.sandbox;
    let token = json!({ "token_id": shop.token(1280, "POLYGON") });
    let of = |name: &str| format!("{name}.response.json");

    let opened = shop.call("create_order", shop.order("order-1", "20")).await;
    assert_same_shape(&of("create_order"), &opened, &[".data.product_price text"]);
    let page =
        json!({ "merchant_order_id": "page-1", "product_price": "20", "product_name": "a book" });
    let page = shop.call("get_checkout_url", page).await;
    assert_same_shape(&of("get_checkout_url"), &page, &[]);
    let picked = sandbox.pick_coin("page-1", 1280, "POLYGON").unwrap();
    let incoming = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    let payment = sandbox.send_payment(incoming).unwrap();
    sandbox.confirm(&payment.record_id).unwrap();
    sandbox.dashboard_refund(&payment.record_id, "5").unwrap();
    let asked = json!({ "merchant_order_ids": ["page-1"] });
    let found = shop.call("get_order_info", asked).await;
    let more = [
        ".data[].order_detail.order_id text",
        ".data[].order_detail.rate text",
        ".data[].trade_list[].status text",
    ];
    assert_same_shape(&of("get_order_info"), &found, &more);
    let paid = shop.call("withdraw", shop.payout("out", "5")).await;
    assert_same_shape(&of("withdraw"), &paid, &[".data.network_fee_crypto text"]);
    let asked = json!({ "merchant_order_ids": ["out"] });
    let found = shop.call("get_order_info", asked).await;
    assert_same_shape(&of("get_order_info.withdrawal"), &found, &[]);

    let user = json!({ "user_id": "user-1", "chain": "TRX" });
    let user = shop.call("get_permanent_address", user).await;
    assert_same_shape(&of("get_permanent_address"), &user, &[]);
    let assets = shop.call("get_assets", json!({})).await;
    assert_same_shape(&of("get_assets"), &assets, &[]);
    let heights = shop.call("get_block_height", json!({})).await;
    assert_same_shape(&of("get_block_height"), &heights, &[]);
    let fee = shop.call("get_network_fee", token.clone()).await;
    assert_same_shape(&of("get_network_fee"), &fee, &[]);
    let rate = json!({ "amount": "10", "token_id": token["token_id"] });
    let rate = shop.call("get_token_rate", rate).await;
    assert_same_shape(&of("get_token_rate"), &rate, &[]);
    let user = shop.call("check_user", json!({ "c_id": "9558861" })).await;
    assert_same_shape(&of("check_user"), &user, &[".data.nickname text"]);
    let tokens = shop.call("list_support_tokens_legacy", json!({})).await;
    assert_same_shape(&of("list_support_tokens_legacy"), &tokens, &[]);
    // Fields of other SDKs than the one with the example.
    let more = [
        ".data.list[].token_id text",
        ".data.list[].is_support_memo bool",
        ".data.list[].status number",
        ".data.list[].network_coin_id text",
        ".data.list[].network_fee_crypto text",
    ];
    let chains = shop.call("list_token_chains_legacy", token).await;
    assert_same_shape(&of("list_token_chains_legacy"), &chains, &more);
    // The example stops before the tokens.
    let mut coins = shop.call("list_coins", json!({})).await;
    for coin in coins["data"]["list"].as_array_mut().unwrap() {
        coin["tokens"] = json!([]);
    }
    assert_same_shape("list_coins.partial.response.json", &coins, &[]);
}

#[tokio::test]
async fn failures_look_as_documented() {
    let shop = Older::rich();
    let nobody = shop.call("check_user", json!({ "c_id": "1" })).await;
    assert_eq!(nobody, example("check_user.error.response.json"));
    for operation in ["create_order", "withdraw"] {
        shop.sandbox.fail_next(operation, 224_066).unwrap();
        let body = if operation == "withdraw" {
            shop.payout("1", "5")
        } else {
            shop.order("1", "5")
        };
        let fault = shop.call(operation, body).await;
        assert_same_shape(&format!("{operation}.error.response.json"), &fault, &[]);
    }
}
