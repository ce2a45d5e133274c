//! RSA between the client, the verifier and the sandbox, which uses neither of our backends.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use bytes::Bytes;
use ccpayment::v2::{CreateAppOrderDepositAddress, GetCoin};
use ccpayment::webhook::{Event, Verifier};
use ccpayment::{
    Amount, AppId, AppSecret, Chain, Client, CoinId, Credentials, ErrorCode, OrderId,
    ReqwestTransport, RsaBackend, RsaPrivateKey, RsaPublicKey,
};
use ccpayment_sandbox::{Sandbox, Setting};
use ccpayment_testing::SandboxClock;

fn key(name: &str) -> Vec<u8> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ccpayment-core/src/rsa_key/keys");
    std::fs::read(folder.join(name)).unwrap()
}

fn sandbox(bits: u32) -> Sandbox {
    Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .start_time(1_767_225_600)
        .setting(Setting::ManualChain(true))
        .rsa_public_key(key(&format!("rsa{bits}.public.spki.pem")))
        .rsa_notification_key(key("rsa3072.private.pkcs8.pem"))
        .build()
        .unwrap()
}

fn client(sandbox: &Sandbox, origin: &str, backend: RsaBackend, bits: u32) -> Client {
    let der = key(&format!("rsa{bits}.private.pkcs8.der"));
    let own = RsaPrivateKey::from_der_with(backend, &der).unwrap();
    let credentials = Credentials::rsa(AppId::new("app-id"), own).unwrap();
    Client::new(credentials, ReqwestTransport::new().unwrap())
        .with_origin(origin.parse().unwrap())
        .with_clock(SandboxClock::new(sandbox))
}

#[tokio::test]
async fn the_merchants_key_opens_the_sandbox_and_no_other_does() {
    for &backend in RsaBackend::ALL {
        for bits in [2048, 4096] {
            let sandbox = sandbox(bits);
            let server = sandbox
                .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
                .await
                .unwrap();
            let usdt = GetCoin::new(CoinId::new(1280));
            let own = client(&sandbox, &server.origin(), backend, bits);
            assert_eq!(own.send(&usdt).await.unwrap().coin.symbol, "USDT");
            let other = client(&sandbox, &server.origin(), backend, 3072);
            let error = other.send(&usdt).await.unwrap_err();
            assert_eq!(error.code(), Some(ErrorCode::VerifySignFailed));
            server.shutdown().await;
        }
    }
}

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn hear(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> &'static str {
    heard.lock().unwrap().push((headers, body));
    "Success"
}

#[tokio::test]
async fn the_sandboxs_key_is_verified_and_the_secret_is_not_used() {
    let sandbox = sandbox(2048);
    let server = sandbox
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let heard = Heard::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    sandbox.set_webhook_url(format!("http://{}/", listener.local_addr().unwrap()));
    let router = Router::new()
        .route("/", post(hear))
        .with_state(Arc::clone(&heard));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let order = CreateAppOrderDepositAddress::new(
        OrderId::new("order-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        "20".parse::<Amount>().unwrap(),
    );
    let client = client(&sandbox, &server.origin(), RsaBackend::default(), 2048);
    let opened = client.send_unsettled(&order).await.unwrap();
    sandbox.pay(opened.address.as_str(), "20").unwrap();
    assert!(sandbox.deliver_due().await.iter().all(|it| it.acknowledged));

    let heard = heard.lock().unwrap().clone();
    let (headers, body) = &heard[0];
    let now = UNIX_EPOCH + Duration::from_secs(sandbox.now());
    let by_secret = Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    assert!(by_secret.verify(headers, body, now).is_err());
    for &backend in RsaBackend::ALL {
        let public = |bits: u32| {
            let pem = key(&format!("rsa{bits}.public.spki.pem"));
            RsaPublicKey::from_pem_with(backend, std::str::from_utf8(&pem).unwrap()).unwrap()
        };
        let by_other = by_secret.clone().also_accept_rsa(&public(2048));
        assert!(by_other.verify(headers, body, now).is_err());
        let by_key = by_secret.clone().also_accept_rsa(&public(3072));
        let event = by_key.verify(headers, body, now).unwrap();
        assert!(matches!(event.event(), Event::ApiDeposit(_)));
    }
    server.shutdown().await;
}
