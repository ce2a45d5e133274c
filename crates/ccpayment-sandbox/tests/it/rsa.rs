//! Requests and notifications under RSA keys.

use std::path::Path;

use bytes::Bytes;
use ccpayment_sandbox::{Sandbox, SandboxBuilder};
use http::Request;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{APP_ID, LOOPBACK, SECRET, builder, sign};

fn key(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ccpayment-core/src/rsa_key/keys");
    std::fs::read(folder.join(name)).unwrap()
}

/// Written a second time, the slow way: the sandbox's own is under test.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1))
        .collect();
    let mut text: String = bits
        .chunks(6)
        .map(|six| {
            let six = six.iter().chain(std::iter::repeat(&0)).take(6);
            char::from(LETTERS[usize::from(six.fold(0, |sum, bit| sum << 1 | bit))])
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn rsa_sign(bits: u32, timestamp: &str, body: &str) -> String {
    let pair = RsaKeyPair::from_pkcs8(&key(&format!("rsa{bits}.private.pkcs8.der"))).unwrap();
    let mut sign = vec![0; pair.public().modulus_len()];
    let text = format!("{APP_ID}{timestamp}{body}");
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut sign,
    )
    .unwrap();
    base64(&sign)
}

async fn code(sandbox: &Sandbox, timestamp: &str, sign: &str, body: &str) -> u64 {
    let request = Request::post("/ccpayment/v2/getCoin")
        .header("Content-Type", "application/json")
        .header("Appid", APP_ID)
        .header("Timestamp", timestamp)
        .header("Sign", sign)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let answer = sandbox.respond(request).await.unwrap();
    let envelope: Value = serde_json::from_slice(answer.body()).unwrap();
    envelope["code"].as_u64().unwrap()
}

const BODY: &str = "{\"coinId\":1280}";

#[tokio::test]
async fn each_form_of_the_public_key_lets_its_owner_in() {
    for bits in [2048, 3072, 4096] {
        for form in ["spki.pem", "spki.der", "pkcs1.pem", "pkcs1.der"] {
            let public = key(&format!("rsa{bits}.public.{form}"));
            let sandbox = builder().rsa_public_key(public).build().unwrap();
            let now = sandbox.now().to_string();
            let right = rsa_sign(bits, &now, BODY);
            assert_eq!(
                code(&sandbox, &now, &right, BODY).await,
                10_000,
                "{bits} {form}"
            );
        }
    }
    // Nobody here can sign with this one, but it is read.
    assert!(
        builder()
            .rsa_public_key(key("rsa8192.public.spki.pem"))
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn nothing_but_the_right_key_over_the_right_text_will_do() {
    let public = || builder().rsa_public_key(key("rsa2048.public.spki.pem"));
    let sandbox = public().build().unwrap();
    let now = sandbox.now().to_string();
    let right = rsa_sign(2048, &now, BODY);
    let by_secret = sign(SECRET, APP_ID, &now, BODY.as_bytes());
    for (sign, body) in [
        (rsa_sign(3072, &now, BODY), BODY),
        (right.clone(), "{\"coinId\": 1280}"),
        (rsa_sign(2048, "1750000001", BODY), BODY),
        (right.trim_end_matches('=').to_owned(), BODY),
        (right.to_ascii_lowercase(), BODY),
        (format!("{right}AAAA"), BODY),
        ("AAAA".to_owned(), BODY),
    ] {
        assert_eq!(code(&sandbox, &now, &sign, body).await, 11_005, "{sign}");
    }
    // One door is open, or both.
    assert_eq!(code(&sandbox, &now, &right, BODY).await, 10_000);
    assert_eq!(code(&sandbox, &now, &by_secret, BODY).await, 11_005);
    let both = public().accept_secret_too().build().unwrap();
    assert_eq!(code(&both, &now, &right, BODY).await, 10_000);
    assert_eq!(code(&both, &now, &by_secret, BODY).await, 10_000);
    let plain = builder().build().unwrap();
    assert_eq!(code(&plain, &now, &right, BODY).await, 11_005);
    // A good signature that is too old is too old.
    let old = "1749999879";
    let late = rsa_sign(2048, old, BODY);
    assert_eq!(code(&sandbox, old, &late, BODY).await, 11_006);
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let refused = |builder: SandboxBuilder| builder.build().unwrap_err().to_string();
    for name in [
        "p256.public.spki.pem",
        "rsa1024.public.spki.pem",
        "rsa1024.public.pkcs1.der",
        "rsa2048.private.pkcs8.pem",
        "rsa2048.private.pkcs8.der",
        "README.md",
    ] {
        refused(builder().rsa_public_key(key(name)));
    }
    for name in [
        "p256.private.pkcs8.pem",
        "rsa1024.private.pkcs8.pem",
        "rsa2048.encrypted.pkcs8.pem",
        "rsa2048.private.pkcs1.pem",
        "rsa2048pss.private.pkcs8.pem",
        "rsa2048.public.spki.pem",
    ] {
        refused(builder().rsa_notification_key(key(name)));
    }
}

#[tokio::test]
async fn notifications_go_out_under_the_sandboxs_own_key() {
    let sandbox = builder()
        .rsa_notification_key(key("rsa2048.private.pkcs8.pem"))
        .build()
        .unwrap();
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    sandbox.set_webhook_url(format!("http://{}/", listener.local_addr().unwrap()));
    sandbox.activate_webhook();
    let receiver = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        let mut bytes = [0; 4096];
        while !text.ends_with('}') {
            let count = stream.read(&mut bytes).await.unwrap();
            text += std::str::from_utf8(&bytes[..count]).unwrap();
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nSuccess";
        stream.write_all(answer.as_bytes()).await.unwrap();
        text
    };
    let (text, attempts) = tokio::join!(receiver, sandbox.deliver_due());
    assert!(attempts[0].acknowledged);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let mut lines = head.lines();
        let line = lines.find(|line| line.to_ascii_lowercase().starts_with(name));
        line.unwrap().split_once(": ").unwrap().1.to_owned()
    };
    let timestamp = header("timestamp");
    assert_eq!(header("sign"), rsa_sign(2048, &timestamp, body));
    // And by ring's other half, from the published key.
    let public = key("rsa2048.public.pkcs1.der");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    let pair = RsaKeyPair::from_pkcs8(&key("rsa2048.private.pkcs8.der")).unwrap();
    let mut made = vec![0; pair.public().modulus_len()];
    let signed = format!("{APP_ID}{timestamp}{body}");
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut made,
    )
    .unwrap();
    assert_eq!(header("sign"), base64(&made));
    assert!(public.verify(signed.as_bytes(), &made).is_ok());
}
