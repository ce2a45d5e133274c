//! The page about keys.

use ccpayment::v2::GetCoin;
use ccpayment::{AppId, AppSecret, BoxError, Client};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{FakeTransport, Recorder, Reply};
use serde_json::json;

use crate::house::{House, delivery};
use crate::pages::keys::both::both;
use crate::pages::keys::by_service::{KeyService, by_service};

#[tokio::test]
async fn a_changed_secret_loses_no_notification() {
    let verifier = both(
        &AppId::new("merchant-one"),
        AppSecret::new("the-old-one"),
        AppSecret::new("the-new-one"),
    );
    let verifier = verifier.unwrap();
    for (secret, is_known) in [
        ("the-old-one", true),
        ("the-new-one", true),
        ("another", false),
    ] {
        let house = House::of(Sandbox::builder().app("merchant-one", secret));
        house.paid("order-1", "25").await;
        let (headers, body) = delivery(&house.sandbox.due_notifications()[0]);
        let verified = verifier.verify(&headers, &body, house.client.now());
        assert_eq!(verified.is_ok(), is_known, "{secret}");
    }
}

struct Held;

impl KeyService for Held {
    async fn sign_sha256(&self, digest: [u8; 32]) -> Result<Vec<u8>, BoxError> {
        Ok(digest.repeat(8))
    }
}

#[tokio::test]
async fn a_key_service_signs_each_attempt() {
    let fake = FakeTransport::new();
    let coin = json!({"coin": {"coinId": 1280, "symbol": "USDT"}});
    fake.expect(&GetCoin::new(1280), Reply::data(&coin));
    let recorder = Recorder::new(fake);
    let client = Client::new(by_service("app-id", Held).unwrap(), recorder.clone());
    client.send(&GetCoin::new(1280)).await.unwrap();
    let exchanges = recorder.exchanges();
    assert_eq!(exchanges.len(), 1);
}

#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
#[tokio::test]
async fn an_rsa_key_signs() {
    use crate::pages::keys::by_rsa::by_rsa;
    use ccpayment_testing::SandboxTransport;
    let public =
        include_bytes!("../../crates/ccpayment-core/src/rsa_key/keys/rsa2048.public.spki.pem");
    let sandbox = Sandbox::builder().rsa_public_key(public).build().unwrap();
    let pem =
        include_str!("../../crates/ccpayment-core/src/rsa_key/keys/rsa2048.private.pkcs8.pem");
    let credentials = by_rsa(sandbox.app_id(), pem).unwrap();
    let client = Client::new(credentials, SandboxTransport::new(&sandbox));
    assert_eq!(
        client.send(&GetCoin::new(1280)).await.unwrap().coin.symbol,
        "USDT"
    );
}
