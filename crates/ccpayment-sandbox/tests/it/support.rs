//! A merchant with a socket, its own signature, and no help from the sandbox.

use std::net::{Ipv4Addr, SocketAddr};

use ccpayment_sandbox::{Sandbox, SandboxBuilder, Server};
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "testsecret0000000000000000000001";
pub(crate) const START: u64 = 1_750_000_000;
pub(crate) const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
pub(crate) const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

pub(crate) fn builder() -> SandboxBuilder {
    Sandbox::builder()
        .strict()
        .app(APP_ID, SECRET)
        .seed(42)
        .start_time(START)
}

pub(crate) fn sign(secret: &str, app_id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(app_id.as_bytes());
    context.update(timestamp.as_bytes());
    context.update(body);
    context
        .sign()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) struct Merchant {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: Server,
}

impl Merchant {
    pub(crate) async fn new(builder: SandboxBuilder) -> Self {
        let sandbox = builder.build().unwrap();
        let server = sandbox.serve(LOOPBACK).await.unwrap();
        Self { sandbox, server }
    }

    pub(crate) async fn rich() -> Self {
        Self::new(
            builder()
                .balance(1280, "1000")
                .balance(1486, "1000")
                .balance(1891, "100")
                .balance(1482, "500"),
        )
        .await
    }

    /// The headers of a well-made request.
    pub(crate) fn headers(&self, body: &str) -> Vec<(String, String)> {
        let timestamp = self.sandbox.now().to_string();
        let sign = sign(SECRET, APP_ID, &timestamp, body.as_bytes());
        [
            ("Appid", APP_ID),
            ("Timestamp", &timestamp),
            ("Sign", &sign),
            ("Content-Type", "application/json"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The whole answer, or `None` when the connection was closed without one.
    pub(crate) async fn send(
        &self,
        route: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Option<(u16, String, Value)> {
        let mut request = format!(
            "POST /ccpayment/v2/{route} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n"
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = exchange(self.server.addr(), request.as_bytes()).await;
        if answer.is_empty() {
            return None;
        }
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some((
            status,
            head.to_ascii_lowercase(),
            serde_json::from_str(body).unwrap(),
        ))
    }

    /// Sends text as it is, signed.
    pub(crate) async fn text(&self, route: &str, body: &str) -> Value {
        let (status, _, envelope) = self.send(route, &self.headers(body), body).await.unwrap();
        assert_eq!(status, 200);
        envelope
    }

    pub(crate) async fn call(&self, route: &str, body: Value) -> Value {
        self.text(route, &body.to_string()).await
    }

    /// The data of a call that must succeed.
    pub(crate) async fn data(&self, route: &str, body: Value) -> Value {
        let mut envelope = self.call(route, body).await;
        assert_eq!(envelope["code"], 10_000, "{envelope}");
        assert_eq!(envelope["msg"], "success");
        envelope["data"].take()
    }

    /// A call whose connection must be closed without an answer.
    pub(crate) async fn dropped(&self, route: &str, body: Value) {
        let body = body.to_string();
        assert!(
            self.send(route, &self.headers(&body), &body)
                .await
                .is_none()
        );
    }

    pub(crate) async fn available(&self, coin_id: u64) -> String {
        let data = self
            .data("getAppCoinAsset", json!({ "coinId": coin_id }))
            .await;
        data["asset"]["available"].as_str().unwrap().to_owned()
    }

    /// Opens a USDT order on POLYGON and gives its address.
    pub(crate) async fn order(&self, order_id: &str, price: &str) -> String {
        let order =
            json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "price": price });
        let data = self.data("createAppOrderDepositAddress", order).await;
        data["address"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn payout(order_id: &str, amount: &str) -> Value {
    json!({ "orderId": order_id, "coinId": 1280, "chain": "POLYGON", "address": RECEIVER, "amount": amount })
}

/// Everything that comes back until the peer closes; a reset counts as the end.
pub(crate) async fn exchange(addr: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut answer = Vec::new();
    if stream.write_all(request).await.is_ok() {
        let _ = stream.read_to_end(&mut answer).await;
    }
    answer
}

/// A signed request in process; the whole envelope.
pub(crate) async fn ask(sandbox: &Sandbox, route: &str, body: Value) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let timestamp = sandbox.now().to_string();
    let request = http::Request::post(format!("/ccpayment/v2/{route}"))
        .header("Content-Type", "application/json")
        .header("Appid", APP_ID)
        .header("Timestamp", &timestamp)
        .header("Sign", sign(SECRET, APP_ID, &timestamp, body.as_bytes()))
        .body(bytes::Bytes::from(body))
        .unwrap();
    let answer = sandbox.respond(request).await.unwrap();
    serde_json::from_slice(answer.body()).unwrap()
}

/// The data of an answer that must be a success.
pub(crate) async fn data(sandbox: &Sandbox, route: &str, body: Value) -> Value {
    let mut envelope = ask(sandbox, route, body.clone()).await;
    assert_eq!(envelope["code"], 10_000, "{route} {body} {envelope}");
    assert!(sandbox.ledger().is_balanced(), "{route}");
    envelope["data"].take()
}

/// Asks and must be refused with a code.
pub(crate) async fn refused(sandbox: &Sandbox, route: &str, body: Value, code: u32) {
    let envelope = ask(sandbox, route, body.clone()).await;
    assert_eq!(envelope["code"], code, "{route} {body} {envelope}");
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// A gateway with a rich merchant and two users.
pub(crate) fn city() -> Sandbox {
    builder()
        .balance(1280, "1000")
        .balance(1329, "1000")
        .balance(1486, "1000")
        .balance(1482, "1000")
        .user_balance("alice", 1280, "100")
        .user_balance("robert", 1329, "50")
        .build()
        .unwrap()
}
