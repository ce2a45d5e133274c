//! RSA signatures against an implementation that is neither of our backends, and the backends
//! against each other.

use std::path::Path;

use ccpayment::raw::{SignText, Signature};
use ccpayment::v2::GetCoin;
use ccpayment::webhook::{Verifier, VerifyError};
use ccpayment::{
    AppId, AppSecret, Client, CoinId, Credentials, RetryPolicy, RsaBackend, RsaPrivateKey,
    RsaPublicKey, Timestamp,
};
use ccpayment_testing::{FakeTransport, Reply};
use http::HeaderMap;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

use super::signing::body;

fn key(name: &str) -> Vec<u8> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ccpayment-core/src/rsa_key/keys");
    std::fs::read(folder.join(name)).unwrap()
}

fn private(backend: RsaBackend, bits: u32) -> RsaPrivateKey {
    let der = key(&format!("rsa{bits}.private.pkcs8.der"));
    RsaPrivateKey::from_der_with(backend, &der).unwrap()
}

#[test]
fn fifty_bodies_are_signed_as_an_independent_implementation_does() {
    const SEED: u64 = 0x5eed;
    let mut random = fastrand::Rng::with_seed(SEED);
    // The independent one signs with up to 4,096 bits, and verifies with up to 8,192.
    for (bits, rounds) in [(2048, 50), (3072, 5), (4096, 5), (8192, 2)] {
        let theirs = RsaKeyPair::from_pkcs8(&key(&format!("rsa{bits}.private.pkcs8.der"))).ok();
        assert_eq!(theirs.is_some(), bits <= 4096);
        let public = key(&format!("rsa{bits}.public.pkcs1.der"));
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        let ours: Vec<_> = (RsaBackend::ALL.iter())
            .map(|&backend| private(backend, bits))
            .collect();

        for round in 0..rounds {
            let body = body(&mut random);
            let timestamp = random.u64(1_000_000_000..10_000_000_000).to_string();
            let text = SignText {
                app_id: "testappid0000001",
                timestamp: &timestamp,
                body: body.as_bytes(),
            };
            let whole = text.parts().concat();
            let context = format!("seed {SEED}, {bits} bits, round {round}");

            let signatures: Vec<_> = ours.iter().map(|key| key.sign(&text).unwrap()).collect();
            for signature in &signatures {
                // This padding has no randomness, so one text has one signature.
                assert_eq!(signature.as_str(), signatures[0].as_str(), "{context}");
                let bytes = from_base64(signature.as_str());
                public.verify(&whole, &bytes).expect(&context);
                for key in &ours {
                    let fits = key
                        .public_key()
                        .verify(&text, signature.as_str().as_bytes());
                    assert!(fits, "{context}");
                }
            }
            if let Some(theirs) = &theirs {
                let mut bytes = vec![0; theirs.public().modulus_len()];
                theirs
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &whole, &mut bytes)
                    .unwrap();
                let expected = Signature::rsa(&bytes).unwrap();
                assert_eq!(signatures[0].as_str(), expected.as_str(), "{context}");
            }
        }
    }
}

/// Decodes by the standard, so that none of our code is on this side.
fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_eq!(text.len() % 4, 0);
    let digits: Vec<_> = text
        .trim_end_matches('=')
        .chars()
        .map(|digit| ALPHABET.find(digit).unwrap())
        .collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let all = (0..4).fold(0, |all, at| all << 6 | group.get(at).unwrap_or(&0));
        let three = [(all >> 16) as u8, (all >> 8) as u8, all as u8];
        bytes.extend(&three[..group.len() - 1]);
    }
    bytes
}

#[tokio::test]
async fn a_client_signs_with_a_local_rsa_key() {
    for &backend in RsaBackend::ALL {
        let credentials = Credentials::rsa(AppId::new("app"), private(backend, 2048)).unwrap();
        let fake = FakeTransport::verifying(&credentials);
        fake.expect_any::<GetCoin>(Reply::lost());
        let client = Client::new(credentials, fake.clone()).with_retry_policy(RetryPolicy::off());
        // The fake checks the signature first. Only a request that passes is lost.
        let error = client
            .send(&GetCoin::new(CoinId::new(1)))
            .await
            .unwrap_err();
        assert!(
            error.report().to_string().contains("connection broke"),
            "{backend:?}: {error}"
        );
        fake.finish().unwrap();
    }
}

#[test]
fn a_request_shows_no_signature() {
    let credentials =
        Credentials::rsa(AppId::new("app"), private(RsaBackend::default(), 2048)).unwrap();
    let prepared = ccpayment::raw::PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
    let request = prepared
        .sign(
            &Default::default(),
            &credentials,
            Timestamp::new(1_677_152_720),
        )
        .unwrap();
    assert!(request.headers()["sign"].is_sensitive());
    assert_eq!(request.headers()["sign"].len(), 344);
}

#[test]
fn a_notification_is_taken_only_by_a_key_that_was_configured() {
    let now = Timestamp::new(1_677_152_720);
    let body = r#"{"type":"New","msg":{}}"#;
    for &backend in RsaBackend::ALL {
        let text = SignText {
            app_id: "app",
            timestamp: "1677152720",
            body: body.as_bytes(),
        };
        let gateway = private(backend, 3072);
        let signature = gateway.sign(&text).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("appid", "app".parse().unwrap());
        headers.insert("timestamp", "1677152720".parse().unwrap());
        headers.insert("sign", signature.as_str().parse().unwrap());
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(now.get());
        let verify = |verifier: &Verifier| verifier.verify(&headers, body.as_bytes(), at).map(drop);

        let plain = Verifier::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
        assert_eq!(verify(&plain), Err(VerifyError::BadSignature));
        // Our own key does not verify notifications.
        let credentials = Credentials::rsa(AppId::new("app"), gateway).unwrap();
        let own = Verifier::from(&credentials);
        assert_eq!(verify(&own), Err(VerifyError::BadSignature));
        let public = |bits: u32| {
            let pem = key(&format!("rsa{bits}.public.spki.pem"));
            RsaPublicKey::from_pem_with(backend, std::str::from_utf8(&pem).unwrap()).unwrap()
        };
        let other = plain.clone().also_accept_rsa(&public(2048));
        assert_eq!(verify(&other), Err(VerifyError::BadSignature));
        assert_eq!(verify(&other.also_accept_rsa(&public(3072))), Ok(()));
    }
}
