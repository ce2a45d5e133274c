//! Money through the older API, and what is said about it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use ccpayment_sandbox::IncomingPayment;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::shapes::shape;
use crate::support::{APP_ID, LOOPBACK, RECEIVER};
use crate::v1_support::{Older, document, example, sign, validator};

/// A receiver that checks every signature and answers what it was told to.
struct Ear {
    heard: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Mutex<&'static str>>,
}

impl Ear {
    async fn of(shop: &Older) -> Self {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        shop.sandbox.set_webhook_url(url);
        let ear = Self {
            heard: Arc::default(),
            answer: Arc::new(Mutex::new("success")),
        };
        let (heard, answer) = (ear.heard.clone(), ear.answer.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                let mut bytes = [0; 4096];
                while !whole(&text) {
                    let count = stream.read(&mut bytes).await.unwrap();
                    text += std::str::from_utf8(&bytes[..count]).unwrap();
                }
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                let header = |name: &str| {
                    let line = head
                        .lines()
                        .find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
                    line.unwrap()[name.len() + 2..].to_owned()
                };
                assert_eq!(header("appid"), APP_ID);
                assert_eq!(header("sign"), sign(&header("timestamp"), body.as_bytes()));
                heard
                    .lock()
                    .unwrap()
                    .push(serde_json::from_str(body).unwrap());
                let word = *answer.lock().unwrap();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{word}",
                    word.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        ear
    }

    /// What came meanwhile, each as its kind is documented.
    async fn listen(&self, shop: &Older) -> Vec<Value> {
        shop.sandbox.deliver_due().await;
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        let document = document();
        for body in &heard {
            let kind = body["order_type"].as_str().unwrap();
            let schema = &document["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]
                ["schema"];
            assert!(schema.is_object(), "{kind}");
            if let Err(error) = validator(&document, schema).validate(body) {
                panic!("{error}\n{body}");
            }
            as_in_the_example(kind, body);
        }
        heard
    }

    async fn one(&self, shop: &Older) -> Value {
        let mut heard = self.listen(shop).await;
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }
}

/// No name but those of the example, and all of them.
fn as_in_the_example(kind: &str, body: &Value) {
    let name = kind.to_ascii_lowercase().replace(' ', "_");
    let example = example(&format!("webhook-{name}.json"));
    let (mut documented, mut found) = (BTreeSet::new(), BTreeSet::new());
    shape(&example, "", &mut documented);
    shape(body, "", &mut found);
    // Its place is not established.
    found.remove(".extend.custom_value text");
    if body["denominated_currency"] == "token" {
        documented.remove(".fiat_rate text");
    }
    assert_eq!(found, documented, "{kind}");
}

fn whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    body.len() >= length.lines().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_order_is_paid_announced_and_found() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let opened = shop.data("create_order", shop.order("order-1", "20")).await;
    let address = opened["pay_address"].as_str().unwrap();

    let part = shop.sandbox.pay(address, "15").unwrap();
    // Under way is not said, and does not count.
    assert!(ear.listen(&shop).await.is_empty());
    let info = shop.info("order-1").await;
    assert_eq!(info["order_detail"]["status"], "Awaiting payment");
    assert_eq!(info["trade_list"], json!([]));
    shop.sandbox.confirm(&part.record_id).unwrap();
    let said = ear.one(&shop).await;
    assert_eq!(said["order_type"], "API Deposit");
    assert_eq!(said["pay_status"], "success");
    assert_eq!(said["record_id"], part.record_id.as_str());
    assert_eq!(said["order_id"], opened["order_id"]);
    assert_eq!(said["order_amount"], "20");
    assert_eq!(said["paid_amount"], "15");
    assert_eq!(
        said["extend"],
        json!({ "merchant_order_id": "order-1", "custom_value": "shelf 7" })
    );
    let status = |info: &Value| info["order_detail"]["status"].as_str().unwrap().to_owned();
    assert_eq!(status(&shop.info("order-1").await), "Underpayment");
    let rest = shop.sandbox.pay(address, "5").unwrap();
    shop.sandbox.confirm(&rest.record_id).unwrap();
    let info = shop.info("order-1").await;
    assert_eq!(status(&info), "Paid");
    assert_eq!(info["trade_list"].as_array().unwrap().len(), 2);
    assert_eq!(info["trade_list"][0]["service_fee"], "0.075");
    shop.sandbox.advance(std::time::Duration::from_secs(90_000));
    let late = shop.sandbox.pay(address, "1").unwrap();
    shop.sandbox.fail(&late.record_id).unwrap();
    assert_eq!(status(&shop.info("order-1").await), "Paid");
    let late = shop.sandbox.pay(address, "1").unwrap();
    shop.sandbox.confirm(&late.record_id).unwrap();
    assert_eq!(status(&shop.info("order-1").await), "Overpayment(Overdue)");
    let said: Vec<Value> = ear.listen(&shop).await;
    let said: Vec<&str> = said
        .iter()
        .map(|one| one["pay_status"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["success", "failed", "success"]);

    // The same money for v2: 1000 and 21, less half a percent.
    assert_eq!(
        shop.sandbox.ledger().balance("merchant:available", 1280),
        "1020.895"
    );
    assert!(shop.sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn a_checkout_page_is_paid_in_any_coin() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let page = json!({
        "merchant_order_id": "page-1", "product_price": "20", "product_name": "a book",
        "custom_value": "gift",
    });
    shop.data("get_checkout_url", page).await;
    let picked = shop.sandbox.pick_coin("page-1", 1280, "POLYGON").unwrap();
    assert_eq!(picked.amount, "19.996001");
    let payment = shop
        .sandbox
        .send_payment(IncomingPayment::new(&picked.address, &picked.amount).coin(1280, "POLYGON"));
    shop.sandbox.confirm(&payment.unwrap().record_id).unwrap();
    let said = ear.one(&shop).await;
    assert_eq!(said["order_type"], "API Deposit");
    assert_eq!(said["denominated_currency"], "USD");
    assert_eq!(said["product_price"], "20");
    assert_eq!(said["extend"]["custom_value"], "gift");
    let info = shop.info("page-1").await;
    assert_eq!(info["order_detail"]["status"], "Paid");
    assert_eq!(info["order_detail"]["product_name"], "a book");
}

#[tokio::test]
async fn a_permanent_address_names_its_user() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let asked = json!({ "user_id": "user-1", "chain": "XRP" });
    let given = shop.data("get_permanent_address", asked).await;
    assert_ne!(given["memo"], "");
    let incoming =
        IncomingPayment::new(given["address"].as_str().unwrap(), "100").coin(1486, "XRP");
    let payment = shop.sandbox.send_payment(incoming).unwrap();
    shop.sandbox.confirm(&payment.record_id).unwrap();
    let said = ear.one(&shop).await;
    assert_eq!(said["order_type"], "Direct Deposit");
    assert_eq!(said["user_id"], "user-1");
    assert_eq!(said["credit_amount"], "99.5");
    assert_eq!(said["memo"], given["memo"]);
    // In v1 a user has no balance.
    assert_eq!(
        shop.sandbox.ledger().balance("merchant:available", 1486),
        "1099.5"
    );
}

#[tokio::test]
async fn a_withdrawal_is_announced_when_it_ends() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let paid = shop.data("withdraw", shop.payout("out-1", "5")).await;
    shop.data("withdraw", shop.payout("out-2", "7")).await;
    assert!(ear.listen(&shop).await.is_empty());
    let second = shop.sandbox.payouts().remove(1);
    shop.sandbox.fail(&second.record_id).unwrap();
    shop.sandbox.settle_payouts();
    let said = ear.listen(&shop).await;
    let of = |id: &str| {
        said.iter()
            .find(|one| one["merchant_order_id"] == id)
            .unwrap()
    };
    let done = of("out-1");
    assert_eq!(done["pay_status"], "success");
    assert_eq!(done["order_id"], paid["order_id"]);
    assert_eq!(done["record_id"], paid["record_id"]);
    assert_eq!(done["to_address"], RECEIVER);
    assert_eq!(done["withdraw_amount"], "5");
    assert_eq!(done["net_receivable"], "4.95");
    assert_eq!(done["merchant_pays_fee"], false);
    assert_eq!(of("out-2")["pay_status"], "failed");
    assert_eq!(
        shop.info("out-1").await["order_detail"]["status"],
        "Successful"
    );
    assert_eq!(shop.info("out-2").await["order_detail"]["status"], "Failed");

    // To Cwallet it is there at once.
    let mut inside = shop.payout("out-3", "5");
    inside["address"] = json!("9558861");
    let paid = shop.data("withdraw", inside).await;
    assert_eq!(
        (&paid["network_fee"], &paid["net_receivable"]),
        (&json!("0"), &json!("5"))
    );
    let said = ear.one(&shop).await;
    assert_eq!(said["txid"], "internal transfer");
    assert_eq!(said["to_address"], "9558861");
    assert_eq!(shop.info("out-3").await["trade_list"][0]["txid"], "");
    assert_eq!(shop.sandbox.ledger().balance("external:cwallet", 1280), "5");
    assert_eq!(
        shop.sandbox.ledger().balance("merchant:available", 1280),
        "990"
    );
    assert!(shop.sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn the_dashboard_invoices_and_refunds() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let invoice = shop
        .sandbox
        .dashboard_invoice("18", Some("jane@example.com"))
        .unwrap();
    let picked = shop.sandbox.pick_coin(&invoice, 2, "ETH").unwrap();
    let incoming = IncomingPayment::new(&picked.address, &picked.amount).coin(2, "ETH");
    let payment = shop.sandbox.send_payment(incoming).unwrap();
    shop.sandbox.confirm(&payment.record_id).unwrap();
    let said = ear.one(&shop).await;
    assert_eq!(said["order_type"], "Invoice");
    assert_eq!(
        said["extend"],
        json!({ "invoice_id": invoice, "user_email": "jane@example.com" })
    );
    // It is no order of the merchant: no look-up, and nothing to give back by one.
    let ids = json!({ "merchant_order_ids": [invoice] });
    assert_eq!(shop.data("get_order_info", ids).await, json!([]));
    assert!(
        shop.sandbox
            .dashboard_refund(&payment.record_id, "0.001")
            .is_err()
    );

    let opened = shop.data("create_order", shop.order("order-1", "20")).await;
    let incoming =
        IncomingPayment::new(opened["pay_address"].as_str().unwrap(), "20").from(RECEIVER);
    let payment = shop.sandbox.send_payment(incoming).unwrap();
    assert!(
        shop.sandbox
            .dashboard_refund(&payment.record_id, "1")
            .is_err()
    );
    shop.sandbox.confirm(&payment.record_id).unwrap();
    ear.one(&shop).await;
    let refund = shop
        .sandbox
        .dashboard_refund(&payment.record_id, "15")
        .unwrap();
    let said = ear.one(&shop).await;
    assert_eq!(said["order_type"], "Refund");
    assert_eq!(said["record_id"], refund.as_str());
    assert_eq!(said["merchant_order_id"], "order-1");
    assert_eq!(
        (&said["amount"], &said["net_receivable"]),
        (&json!("15"), &json!("14.95"))
    );
    assert_eq!(said["to_address"], RECEIVER);
    for amount in ["5.01", "0.05", "-1", "1.0000001"] {
        assert!(
            shop.sandbox
                .dashboard_refund(&payment.record_id, amount)
                .is_err(),
            "{amount}"
        );
    }
    let info = shop.info("order-1").await;
    assert_eq!(info["refund_list"][0]["actual_received_amount"], "14.95");
    assert!(shop.sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn only_the_word_in_lower_case_ends_the_retries() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    *ear.answer.lock().unwrap() = "Success";
    let opened = shop.data("create_order", shop.order("order-1", "20")).await;
    let payment = shop
        .sandbox
        .pay(opened["pay_address"].as_str().unwrap(), "20")
        .unwrap();
    shop.sandbox.confirm(&payment.record_id).unwrap();
    ear.one(&shop).await;
    assert_eq!(shop.sandbox.pending_notifications(), 1);
    *ear.answer.lock().unwrap() = "success";
    shop.sandbox.advance(std::time::Duration::from_secs(30));
    ear.one(&shop).await;
    assert_eq!(shop.sandbox.pending_notifications(), 0);

    // Asked for again: acknowledged ones only if all are wanted, and not twice in a minute.
    let from = shop.sandbox.now() - 300;
    let again = json!({ "start_timestamp": from, "transaction_type": "API Deposit" });
    shop.data("resend_webhooks", again).await;
    assert!(ear.listen(&shop).await.is_empty());
    let all = json!({ "start_timestamp": from, "webhook_result": "All Result" });
    assert_eq!(shop.code("resend_webhooks", all.clone()).await, 990_008);
    shop.sandbox.advance(std::time::Duration::from_secs(60));
    shop.data("resend_webhooks", all.clone()).await;
    ear.one(&shop).await;
    shop.sandbox.advance(std::time::Duration::from_secs(60));
    let mut long = all;
    long["end_timestamp"] = json!(from + 3_601);
    assert_eq!(shop.code("resend_webhooks", long).await, 990_003);
}

#[tokio::test]
async fn a_risky_payment_is_not_announced() {
    let shop = Older::rich();
    let ear = Ear::of(&shop).await;
    let opened = shop.data("create_order", shop.order("order-1", "20")).await;
    let payment = shop
        .sandbox
        .pay(opened["pay_address"].as_str().unwrap(), "20")
        .unwrap();
    shop.sandbox.flag_risky(&payment.record_id).unwrap();
    shop.sandbox.confirm(&payment.record_id).unwrap();
    assert!(ear.listen(&shop).await.is_empty());
    assert_eq!(
        shop.info("order-1").await["order_detail"]["status"],
        "Awaiting payment"
    );
}
