//! Signatures that were computed elsewhere. Every part of the signed text differs from the others,
//! so that another order gives another text.

use super::{DigestKey, HmacKey, SignText};
use crate::secret::AppSecret;

const TEXT: SignText<'static> = SignText {
    app_id: "app-7",
    timestamp: "1767225600",
    body: br#"{"orderId":"payout-1","amount":"12.50"}"#,
};

/// By `hmac` and `hashlib` of Python 3.
#[test]
fn each_signature_is_what_python_makes_of_the_text() {
    let secret = AppSecret::new("a-secret");
    // HMAC over APP ID, timestamp and body.
    let signature = HmacKey::new(&secret).sign(&TEXT);
    assert_eq!(
        signature.as_str(),
        "f8936387837945c0951d80b93169924307480160210a2d78f3de90cedbddde85"
    );
    // SHA-256 over APP ID, secret, timestamp and body.
    let signature = DigestKey::new(&secret).sign(&TEXT);
    assert_eq!(
        signature.as_str(),
        "f778dd312511c0e25db775e5b625c6a8100ea8ea3399b1a0579da4bdabcbba79"
    );
    // What a key service signs.
    let digest = TEXT.sha256().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(
        digest,
        "70f50172dbbfa0ea7ea928329778c94ab74bd1494b636bcb5c5b653bb3792f96"
    );
}

/// By the facts (`xtask/spec/facts`): `auth.test_vectors` of v2, and `v1-sign-vectors.json`.
#[test]
fn each_signature_is_that_of_the_facts() {
    let secret = AppSecret::new("testsecret0000000000000000000001");
    for (body, expected) in [
        (
            "",
            "19dbaf2a249cb988fabd3221a2ff126b8e8af48e136a7049a717c1cd0a231479",
        ),
        (
            "{}",
            "2de717679608e359706521d6cc9e4cbf29085c19ef54a0c78739d4dfdb9c7465",
        ),
        (
            r#"{"coinId":1280}"#,
            "da499b0a5e5c15f25e961e4c76601209415dbb9e1c02e6bd92bcb8dbe32d3965",
        ),
    ] {
        let text = SignText {
            app_id: "testappid0000001",
            timestamp: "1677152720",
            body: body.as_bytes(),
        };
        assert_eq!(
            HmacKey::new(&secret).sign(&text).as_str(),
            expected,
            "{body}"
        );
    }
    let secret = AppSecret::new("test-secret-0123456789abcdef");
    for (body, expected) in [
        (
            "",
            "c4cb5cf6a9b442c4507fcef2de9fc66e1fb0290c2b940406ff9e473909b38914",
        ),
        (
            r#"{"c_id":"9454818"}"#,
            "3b001abc52e0bec695e6c85c393ae43f9ef59ed146bd5b303b3693fc55f6bd21",
        ),
    ] {
        let text = SignText {
            app_id: "202302010636261620672405236006912",
            timestamp: "1677152490",
            body: body.as_bytes(),
        };
        assert_eq!(
            DigestKey::new(&secret).sign(&text).as_str(),
            expected,
            "{body}"
        );
    }
}
