//! What becomes of the attempts to deliver: side by side, and with what they met.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::receiver::{Receiver, merchant};
use crate::support::{LOOPBACK, Merchant, payout};

/// Three receivers that take a notification and never answer, and one that does.
#[tokio::test]
#[allow(
    clippy::disallowed_methods,
    reason = "sockets know the real time alone"
)]
async fn a_receiver_that_never_answers_delays_nobody_else() {
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpListener::bind(LOOPBACK).await.unwrap());
    }
    let fine = Receiver::new(&[]).await;
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    for (number, listener) in silent.iter().enumerate() {
        let mut own = payout(&format!("silent-{number}"), "1");
        own["notifyUrl"] = json!(format!("http://{}/", listener.local_addr().unwrap()));
        merchant.data("applyAppWithdrawToNetwork", own).await;
    }
    sandbox.settle_payouts();
    let delivering = {
        let sandbox = sandbox.clone();
        tokio::spawn(async move { sandbox.keep_delivering().await })
    };
    // Each of them has its notification, and holds it.
    let mut held = Vec::new();
    for listener in &silent {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read_u8().await.is_ok());
        held.push(stream);
    }
    let began = std::time::Instant::now();
    sandbox.set_webhook_url(&fine.url);
    merchant
        .data("applyAppWithdrawToNetwork", payout("fine", "1"))
        .await;
    sandbox.settle_payouts();
    while fine.received().is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fine.received()[0].msg()["orderId"], "fine");
    delivering.abort();
}

#[tokio::test]
async fn an_attempt_says_what_was_sent_answered_and_broken() {
    let script = [
        "204 No Content|",
        "200 OK|thanks",
        "200 OK|success",
        "200 OK|<p>Success</p>",
    ];
    let receiver = Receiver::new(&script).await;
    let (merchant, ..) = merchant(&receiver).await;
    let sandbox = &merchant.sandbox;
    for _ in 0..4 {
        sandbox.deliver_due().await;
        sandbox.advance(Duration::from_secs(1_000));
    }
    let attempts = sandbox.delivery_attempts();
    let rules: Vec<_> = attempts
        .iter()
        .map(|tried| tried.failed_rule.as_deref())
        .collect();
    assert_eq!(
        rules,
        [
            Some("the status must be 200, and was 204"),
            Some("the body must have `Success` in it"),
            Some("the body must have `Success` in it, in these very letter cases"),
            None,
        ]
    );
    let received = receiver.received();
    for (tried, received) in attempts.iter().zip(&received) {
        assert_eq!((&tried.url, &tried.body), (&receiver.url, &received.body));
        let names: Vec<_> = tried
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["Appid", "Timestamp", "Sign"]);
        assert_eq!(tried.headers[1].1, received.headers["timestamp"]);
    }
    assert_eq!(attempts[2].answer.as_deref(), Some("success"));
}
