//! The socket itself.

use bytes::Bytes;
use ccpayment_sandbox::{Fault, Sandbox, SandboxError};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{LOOPBACK, Merchant, builder, exchange};

#[tokio::test]
async fn a_dropped_request_gets_not_one_byte() {
    let merchant = Merchant::new(builder()).await;
    merchant
        .sandbox
        .plan_fault("getCoinList", Fault::DropBeforeActing);
    let request =
        b"POST /ccpayment/v2/getCoinList HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 0\r\n\r\n";
    let mut stream = TcpStream::connect(merchant.server.addr()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = [0; 1];
    assert_eq!(stream.read(&mut answer).await.unwrap(), 0);
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let merchant = Merchant::new(builder()).await;
    let request =
        b"POST /ccpayment/v2/getCoinList HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 0\r\n\r\n";
    let mut stream = TcpStream::connect(merchant.server.addr()).await.unwrap();
    for _ in 0..2 {
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        }
        assert!(String::from_utf8(bytes).unwrap().contains("\"code\":11001"));
    }
}

#[tokio::test]
async fn the_date_is_the_sandbox_clock() {
    let merchant = Merchant::new(builder()).await;
    let (_, head, _) = merchant
        .send("getCoinList", &merchant.headers(""), "")
        .await
        .unwrap();
    assert!(
        head.contains("date: sun, 15 jun 2025 15:06:40 gmt"),
        "{head}"
    );
    assert_eq!(head.matches("date:").count(), 1);
    assert!(head.contains("content-type: application/json"));
}

#[tokio::test]
async fn what_is_no_route_is_refused_by_status() {
    let merchant = Merchant::new(builder()).await;
    let status = async |request: &str| {
        let answer = exchange(merchant.server.addr(), request.as_bytes()).await;
        String::from_utf8(answer)
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .to_owned()
    };
    let end = "Host: sandbox\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        status(&format!("GET /ccpayment/v2/getCoinList HTTP/1.1\r\n{end}")).await,
        "405"
    );
    assert_eq!(
        status(&format!("POST /ccpayment/v2/getNothing HTTP/1.1\r\n{end}")).await,
        "404"
    );
    assert_eq!(
        status(&format!("POST /getCoinList HTTP/1.1\r\n{end}")).await,
        "404"
    );
    let huge = format!(
        "POST /ccpayment/v2/getCoinList HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        1024 * 1024 + 1
    );
    assert_eq!(status(&huge).await, "413");
}

#[tokio::test]
async fn shutting_down_closes_idle_connections() {
    let merchant = Merchant::new(builder()).await;
    let addr = merchant.server.addr();
    assert_eq!(merchant.server.origin(), format!("http://{addr}"));
    assert!(addr.ip().is_loopback());
    let mut idle = TcpStream::connect(addr).await.unwrap();
    merchant.server.shutdown().await;
    assert!(!matches!(idle.read(&mut [0; 1]).await, Ok(1)));
    // The gateway itself lives on.
    let server = merchant.sandbox.serve(LOOPBACK).await.unwrap();
    assert!(TcpStream::connect(server.addr()).await.is_ok());
}

#[tokio::test]
async fn in_process_is_the_same_gateway() {
    let sandbox = builder().build().unwrap();
    let body = json!({ "coinId": 1280 }).to_string();
    let request = || {
        let mut request = http::Request::post("https://ccpayment.com/ccpayment/v2/getCoin");
        for (name, value) in sandbox.sign_v2(body.as_bytes()) {
            request = request.header(name, value);
        }
        request
            .header("Content-Type", "application/json")
            .body(Bytes::from(body.clone()))
            .unwrap()
    };
    assert_eq!(sandbox.respond(request()).await.unwrap().status(), 200);
    sandbox.clone().plan_fault("getCoin", Fault::ActThenDrop);
    assert!(sandbox.respond(request()).await.is_none());
    assert_eq!(sandbox.requests().len(), 2);
}

#[test]
fn setups_that_can_not_be() {
    assert!(matches!(
        Sandbox::builder().strict().balance(9, "1").build(),
        Err(SandboxError::UnknownCoin(9))
    ));
    for amount in ["0", "-1", "1e3", ""] {
        let built = Sandbox::builder().strict().balance(1280, amount).build();
        assert!(
            matches!(built, Err(SandboxError::InvalidAmount { .. })),
            "{amount}"
        );
    }
    assert!(matches!(
        Sandbox::builder().strict().app("", "x").build(),
        Err(SandboxError::Setup(_))
    ));
}

#[test]
fn the_secret_is_not_printed() {
    let builder = Sandbox::builder().strict().app("app", "do-not-print");
    assert!(!format!("{builder:?}").contains("do-not-print"));
    let sandbox = builder.build().unwrap();
    assert!(!format!("{sandbox:?}").contains("do-not-print"));
    assert_eq!(
        (sandbox.app_id(), sandbox.app_secret()),
        ("app", "do-not-print")
    );
}

#[test]
fn without_a_start_the_clock_is_the_real_one() {
    let sandbox = Sandbox::builder().strict().build().unwrap();
    let before = sandbox.now();
    assert!(before > 1_750_000_000);
    sandbox.advance(std::time::Duration::from_secs(1_000_000));
    assert!(sandbox.now() >= before + 1_000_000);
}
