//! A sandbox with something in it, for `cargo xtask conformance`: serves on a free port, prints one
//! line of JSON with its address, its credentials and the ids that it knows, and ends when its
//! standard input does. It is strict, unless it is started with `default`.

#![allow(
    clippy::print_stdout,
    reason = "what this program prints is its purpose"
)]

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use ccpayment::{v1, v2};
use ccpayment_sandbox::{IncomingPayment, Sandbox, Setting};
use ccpayment_tests::sandbox::knows;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

const APP_ID: &str = "conformance-app1";
const APP_SECRET: &str = "conformance-secret";
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
const TRON: &str = "TRPKg7eGMy9aZS2RumSPeWoyVkDqTVwLgL";
const USERS: [&str; 3] = ["user-jane", "user-li", "user-omar"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let is_strict = std::env::args().nth(1).as_deref() != Some("default");
    let mut builder = Sandbox::builder()
        .app(APP_ID, APP_SECRET)
        .seed(5)
        .setting(Setting::Strict(is_strict));
    for coin_id in [1280, 1329, 1482] {
        builder = builder.balance(coin_id, "1000000000");
        for user in USERS {
            builder = builder.user_balance(user, coin_id, "1000000");
        }
    }
    let sandbox = builder.build()?;
    let known = seed(&sandbox).await?;
    let server = sandbox.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let mut versions = Vec::new();
    for (version, routes) in [("v2", &v2::ROUTES[..]), ("v1", &v1::ROUTES[..])] {
        let mut has = 0_usize;
        for route in routes {
            has += usize::from(knows(&sandbox, route.path).await);
        }
        let of = routes.len();
        if has > 0 {
            versions.push(json!({ "version": version, "routes": has, "of": of }));
        }
    }
    let about = json!({
        "origin": server.origin(),
        "app_id": APP_ID,
        "app_secret": APP_SECRET,
        "versions": versions,
        "receivers": [RECEIVER, RECEIVER, RECEIVER, TRON],
        "known": known,
    });
    println!("{about}");
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    ensure!(sandbox.ledger().is_balanced(), "the books don't balance");
    server.shutdown().await;
    Ok(())
}

/// The data of a call that has to succeed.
async fn call(sandbox: &Sandbox, route: &str, body: Value) -> Result<Value> {
    let body = body.to_string();
    let mut request = http::Request::post(format!("/ccpayment/v2/{route}"))
        .header("Content-Type", "application/json");
    for (name, value) in sandbox.sign_v2(body.as_bytes()) {
        request = request.header(name, value);
    }
    let answer = sandbox.respond(request.body(Bytes::from(body))?).await;
    let answer = answer.context("no answer")?;
    let mut envelope: Value = serde_json::from_slice(answer.body())?;
    let is_success = envelope.get("code") == Some(&json!(10_000));
    ensure!(is_success, "{route}: {envelope}");
    Ok(envelope
        .get_mut("data")
        .map(Value::take)
        .unwrap_or_default())
}

fn text(data: &Value, name: &str) -> Result<String> {
    let found = data.get(name).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {name}"))?.to_owned())
}

/// Makes something of every kind. Returns its ids, under the names that requests have for them.
async fn seed(sandbox: &Sandbox) -> Result<Value> {
    let mut records = Vec::new();
    let mut addresses = vec![RECEIVER.to_owned(), TRON.to_owned()];
    let mut transactions = Vec::new();
    let mut orders = Vec::new();
    for number in 0..3 {
        let order_id = format!("order-{number}");
        let order =
            json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": "20" });
        let opened = call(sandbox, "createAppOrderDepositAddress", order).await?;
        let address = text(&opened, "address")?;
        let paid = sandbox.pay(&address, "20")?;
        if number > 0 {
            sandbox.confirm(&paid.record_id)?;
        }
        records.push(paid.record_id);
        transactions.push(paid.tx_id);
        addresses.push(address);
        orders.push(order_id);
    }
    let invoice = json!({ "orderId": "invoice-1", "price": "5", "priceFiatId": 1033 });
    call(sandbox, "createInvoiceUrl", invoice).await?;
    orders.push("invoice-1".to_owned());

    let shop = json!({ "referenceId": "shop-1", "chain": "POLYGON" });
    let shop = call(sandbox, "getOrCreateAppDepositAddress", shop).await?;
    let jane = json!({ "userId": "user-jane", "chain": "POLYGON" });
    let jane = call(sandbox, "getOrCreateUserDepositAddress", jane).await?;
    for address in [text(&shop, "address")?, text(&jane, "address")?] {
        let money = IncomingPayment::new(&*address, "7").coin(1280, "POLYGON");
        let paid = sandbox.send_payment(money.clone())?;
        sandbox.confirm(&paid.record_id)?;
        records.push(paid.record_id);
        transactions.push(sandbox.send_payment(money.overlooked())?.tx_id);
        sandbox.sweep_address(&address, 1280, "0.1")?;
        addresses.push(address);
    }

    let moves = [
        (
            "applyAppWithdrawToNetwork",
            json!({
                "orderId": "out-1", "coinId": 1280, "chain": "POLYGON", "address": RECEIVER,
                "amount": "3",
            }),
        ),
        (
            "applyUserWithdrawToNetwork",
            json!({
                "userId": "user-jane", "orderId": "user-out-1", "coinId": 1280,
                "chain": "POLYGON", "address": RECEIVER, "amount": "3",
            }),
        ),
        (
            "swap",
            json!({ "orderId": "swap-1", "coinIdIn": 1280, "amountIn": "10", "coinIdOut": 1329 }),
        ),
        (
            "userSwap",
            json!({
                "orderId": "user-swap-1", "userId": "user-jane", "coinIdIn": 1280,
                "amountIn": "10", "coinIdOut": 1329,
            }),
        ),
        (
            "userTransfer",
            json!({
                "orderId": "gift-1", "fromUserId": "user-jane", "toUserId": "user-li",
                "coinId": 1280, "amount": "1",
            }),
        ),
        (
            "userBatchTransfer",
            json!({
                "orderId": "gifts-1", "userId": "user-jane", "coinId": 1280,
                "toUsers": [{ "userId": "user-li", "amount": "1" }],
            }),
        ),
    ];
    for (route, body) in moves {
        orders.push(text(&body, "orderId")?);
        records.push(text(&call(sandbox, route, body).await?, "recordId")?);
    }
    records.push(sandbox.auto_payout(1280, "POLYGON", RECEIVER, "2")?);
    let mut batches = Vec::new();
    for number in 0..4 {
        let id = format!("batch-{number}");
        let apply = json!({
            "batchOrderId": id, "coinId": 1280, "chain": "POLYGON", "mode": "Single",
            "orders": [
                { "seq": 1, "orderId": "row-1", "address": RECEIVER, "amount": "1" },
                { "seq": 2, "orderId": "row-2", "address": RECEIVER, "amount": "2" },
            ],
        });
        call(sandbox, "applyBatchWithdraw", apply).await?;
        batches.push(id);
    }
    let tokens = [
        sandbox
            .v1_token_id(1280, "POLYGON")
            .context("no such token")?,
        sandbox.v1_token_id(1329, "BSC").context("no such token")?,
    ];
    Ok(json!({
        "coinId": [1280, 1280, 1280, 1280, 1329, 1482],
        "mode": ["Single", "Batch"],
        "transactionType": ["AllType", "ApiDeposit"],
        "webhookResult": ["AllResult", "Failed"],
        "appId": [APP_ID],
        // The same things by their names in v1.
        "token_id": tokens,
        "merchant_order_id": orders,
        "user_id": USERS,
        "c_id": ["35255142", "9558861"],
        "coinIdIn": [1280, 1329],
        "coinIdOut": [1329, 1482],
        "priceCoinId": [1280, 1329],
        "fiatId": [1033],
        "priceFiatId": [1033],
        "chain": ["POLYGON", "POLYGON", "POLYGON", "POLYGON", "BSC", "ETH", "TRX"],
        "recordId": records,
        "record_id": records,
        "userId": USERS,
        "fromUserId": USERS,
        "toUserId": USERS,
        "referenceId": ["shop-1", "shop-2", "shop-3"],
        "address": addresses,
        "toAddress": addresses,
        "txId": transactions,
        "cwalletUser": ["35255142", "35255143"],
        "cwalletUserId": ["35255142", "35255143"],
        "batchOrderId": batches,
        "orderId": orders,
    }))
}
