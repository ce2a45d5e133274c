//! The stories of v1, one for each group.

use ccpayment_sandbox::IncomingPayment;
use serde_json::json;

use super::Story;
use super::merchant::{Merchant, START, text};

pub(super) const STORIES: &[(&str, Story)] = &[
    ("coin", |merchant| Box::pin(coin(merchant))),
    ("order", |merchant| Box::pin(order(merchant))),
    ("deposit", |merchant| Box::pin(deposit(merchant))),
    ("withdrawal", |merchant| Box::pin(withdrawal(merchant))),
];

const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const CWALLET: &str = "35255142";

fn usdt(merchant: &Merchant) -> &'static str {
    merchant.sandbox.v1_token_id(1280, "POLYGON").unwrap()
}

async fn coin(merchant: &mut Merchant) {
    let coins = merchant.call("list_coins", json!({})).await;
    assert!(coins["list"].as_array().unwrap().len() > 5);
    let token = usdt(merchant);
    let ten = json!({ "amount": "10.002", "token_id": token });
    let rate = merchant.call("get_token_rate", ten).await;
    assert_eq!(rate["value"], "10");
    let chains = merchant.call("get_block_height", json!({})).await;
    assert!(chains.as_array().unwrap().len() > 5);
    let tokens = merchant.call("list_support_tokens_legacy", json!({})).await;
    assert_eq!(
        tokens["list"].as_array().unwrap().len(),
        coins["list"].as_array().unwrap().len()
    );
    let chains = json!({ "token_id": token });
    let chains = merchant.call("list_token_chains_legacy", chains).await;
    assert_eq!(chains["list"].as_array().unwrap().len(), 8);
}

async fn order(merchant: &mut Merchant) {
    let order = json!({
        "merchant_order_id": "order-1", "product_price": "20.01", "denominated_currency": "USD",
        "token_id": usdt(merchant), "remark": "two pens", "order_valid_period": 3_600,
        "custom_value": "shelf 7", "notify_url": "https://shop.example/notify",
    });
    let opened = merchant.call("create_order", order).await;
    let page = json!({
        "merchant_order_id": "page-1", "product_price": "9.99", "product_name": "a book",
        "order_valid_period": 3_600, "return_url": "https://shop.example/thanks",
        "notify_url": "https://shop.example/notify", "custom_value": "gift",
    });
    merchant.call("get_checkout_url", page).await;
    // 20.01 dollars, rounded up to what the chain carries.
    let sandbox = &merchant.sandbox;
    let paid = sandbox.pay(&text(&opened, "/pay_address"), "20.005999");
    sandbox.confirm(&paid.unwrap().record_id).unwrap();
    let picked = sandbox.pick_coin("page-1", 1280, "POLYGON").unwrap();
    let money = IncomingPayment::new(picked.address, picked.amount).coin(1280, "POLYGON");
    let paid = sandbox.send_payment(money).unwrap();
    sandbox.confirm(&paid.record_id).unwrap();
    sandbox.dashboard_refund(&paid.record_id, "5").unwrap();
    let both = json!({ "merchant_order_ids": ["order-1", "page-1"] });
    let found = merchant.call("get_order_info", both).await;
    for (place, id) in ["order-1", "page-1"].into_iter().enumerate() {
        let detail = &found[place]["order_detail"];
        assert_eq!(detail["merchant_order_id"], id);
        assert_eq!(detail["status"], "Paid");
    }
    assert_eq!(found[1]["refund_list"][0]["refund_amount"], "5");
    let hour = json!({
        "start_timestamp": START - 60, "end_timestamp": START + 60,
        "webhook_result": "All Result", "transaction_type": "All Type",
    });
    merchant.call("resend_webhooks", hour).await;
}

async fn deposit(merchant: &mut Merchant) {
    let user = json!({
        "user_id": "user-jane", "chain": "XRP", "notify_url": "https://shop.example/notify",
    });
    let given = merchant.call("get_permanent_address", user.clone()).await;
    let again = merchant.call("get_permanent_address", user).await;
    assert_eq!(given, again);
    let money = IncomingPayment::new(text(&given, "/address"), "100").coin(1486, "XRP");
    let paid = merchant.sandbox.send_payment(money).unwrap();
    merchant.sandbox.confirm(&paid.record_id).unwrap();
    let assets = merchant.call("get_assets", json!({})).await;
    let assets = assets["list"].as_array().unwrap();
    let xrp = assets
        .iter()
        .find(|asset| asset["crypto"] == "XRP")
        .unwrap();
    assert_eq!(xrp["value"], "99.5");
    let one = json!({ "coin_id": xrp["coin_id"] });
    let one = merchant.call("get_assets", one).await;
    assert_eq!(one["list"].as_array().unwrap().len(), 1);
}

async fn withdrawal(merchant: &mut Merchant) {
    let token = usdt(merchant);
    let fee = json!({ "token_id": token, "address": RECEIVER });
    let fee = merchant.call("get_network_fee", fee).await;
    assert_eq!(fee["fee"], "0.05");
    let user = json!({ "c_id": CWALLET });
    let user = merchant.call("check_user", user).await;
    assert_eq!(user["c_id"], CWALLET);
    for (id, target, received) in [("out-1", RECEIVER, "5"), ("out-2", CWALLET, "5")] {
        let payout = json!({
            "merchant_order_id": id, "address": target, "token_id": token, "value": "5",
            "merchant_pays_fee": true,
        });
        let paid = merchant.call("withdraw", payout).await;
        assert_eq!(paid["net_receivable"], received);
    }
    merchant.sandbox.settle_payouts();
    let both = json!({ "merchant_order_ids": ["out-1", "out-2"] });
    let found = merchant.call("get_order_info", both).await;
    for place in [0, 1] {
        assert_eq!(found[place]["order_detail"]["status"], "Successful");
    }
}
