//! The stories of v1, one for each group.

use serde_json::{Value, json};

use super::Story;
use super::merchant::{Merchant, START, text};

pub(super) const STORIES: &[(&str, Story)] = &[
    ("coin", |merchant| Box::pin(coin(merchant))),
    ("order", |merchant| Box::pin(order(merchant))),
    ("deposit", |merchant| Box::pin(deposit(merchant))),
    ("withdrawal", |merchant| Box::pin(withdrawal(merchant))),
    ("utility", |merchant| Box::pin(utility(merchant))),
];

fn usdt(merchant: &Merchant) -> Value {
    json!(merchant.sandbox.v1_token_id(1280, "POLYGON").unwrap())
}

async fn coin(merchant: &mut Merchant) {
    let token = usdt(merchant);
    let coins = merchant.call("list_coins", json!({})).await;
    assert!(coins["list"].as_array().unwrap().len() > 2);
    let asked = json!({ "amount": "10.002", "token_id": token });
    let rate = merchant.call("get_token_rate", asked).await;
    assert_eq!(rate["value"], "10");
    let heights = merchant.call("get_block_height", json!({})).await;
    assert!(heights.as_array().unwrap().len() > 2);
    let assets = merchant.call("get_assets", json!({})).await;
    assert_eq!(assets["list"].as_array().unwrap().len(), 2);
    let tokens = merchant.call("list_support_tokens_legacy", json!({})).await;
    assert!(tokens["list"].as_array().unwrap().len() > 2);
    let asked = json!({ "token_id": token });
    let chains = merchant.call("list_token_chains_legacy", asked).await;
    assert_eq!(chains["list"].as_array().unwrap().len(), 4);
}

async fn order(merchant: &mut Merchant) {
    let order = json!({
        "merchant_order_id": "order-1", "product_price": "20", "token_id": usdt(merchant),
        "denominated_currency": "token",
    });
    let opened = merchant.call("create_order", order).await;
    let address = text(&opened, "/pay_address");
    let paid = merchant.sandbox.pay(&address, "20").unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let asked = json!({ "merchant_order_ids": ["order-1"] });
    let found = merchant.call("get_order_info", asked).await;
    assert_eq!(found[0]["order_detail"]["status"], "Paid");
    let page = json!({
        "merchant_order_id": "order-2", "product_price": "9.99", "product_name": "a book",
    });
    merchant.call("get_checkout_url", page).await;
}

async fn deposit(merchant: &mut Merchant) {
    let asked = json!({ "user_id": "user-1", "chain": "POLYGON" });
    let address = merchant.call("get_permanent_address", asked.clone()).await;
    let again = merchant.call("get_permanent_address", asked).await;
    assert_eq!(address, again);
}

async fn withdrawal(merchant: &mut Merchant) {
    let token = usdt(merchant);
    let asked = json!({ "token_id": token });
    let fee = merchant.call("get_network_fee", asked).await;
    assert_eq!(fee["fee"], "0.05");
    merchant
        .call("check_user", json!({ "c_id": "9558861" }))
        .await;
    let payout = json!({
        "merchant_order_id": "out-1", "token_id": token, "value": "10",
        "address": "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
    });
    let paid = merchant.call("withdraw", payout).await;
    assert_eq!(paid["net_receivable"], "9.95");
    merchant.sandbox.settle_payouts();
    let asked = json!({ "merchant_order_ids": ["out-1"] });
    let found = merchant.call("get_order_info", asked).await;
    assert_eq!(found[0]["order_detail"]["status"], "Successful");
}

async fn utility(merchant: &mut Merchant) {
    let since = json!({ "start_timestamp": START - 600 });
    merchant.call("resend_webhooks", since).await;
}
