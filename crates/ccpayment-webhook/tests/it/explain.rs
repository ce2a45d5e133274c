//! Each mistake by its name, and nothing where it can't be told.

use std::time::SystemTime;

use ccpayment_core::{AppSecret, DigestKey, HmacKey, SignText};
use ccpayment_webhook::{Cause, Explanation, Verifier, VerifyError};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use crate::delivery::{API_DEPOSIT, APP_ID, Delivery, SECRET, SIGNED_AT, at, verifier};

fn now() -> SystemTime {
    at(SIGNED_AT)
}

/// Explains, and holds the explanation to what it may show.
fn explain(verifier: &Verifier, delivery: &Delivery) -> Explanation {
    let explanation = verifier.explain(&delivery.headers().unwrap(), &delivery.body, now());
    let shown = format!("{explanation} {explanation:?}");
    let signature = String::from_utf8_lossy(&delivery.signature);
    let expected = HmacKey::new(&AppSecret::new(SECRET)).sign(&SignText {
        app_id: APP_ID,
        timestamp: &SIGNED_AT.to_string(),
        body: &delivery.body,
    });
    for hidden in [SECRET, APP_ID, &signature, expected.as_str(), "recordId"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    explanation
}

fn causes(delivery: &Delivery) -> Vec<Cause> {
    explain(&verifier(), delivery).causes().to_vec()
}

/// What was signed, and arrived as another program wrote it.
macro_rules! arrived {
    ($signed:literal, $arrived:literal) => {{
        let signed = include_bytes!(concat!("../fixtures/explain/", $signed));
        let mut delivery = Delivery::signed(APP_ID, &SIGNED_AT.to_string(), SECRET, signed);
        assert!(delivery.verify(&verifier()).is_ok() || signed.starts_with(b"\xef\xbb\xbf"));
        delivery.body = include_bytes!(concat!("../fixtures/explain/", $arrived)).to_vec();
        assert_eq!(delivery.verify(&verifier()), Err(VerifyError::BadSignature));
        causes(&delivery)
    }};
}

#[test]
fn a_body_that_was_parsed_and_written_again() {
    for found in [
        arrived!("signed.json", "js-pretty.json"),
        arrived!("signed-by-go.json", "js-go-escapes-gone.json"),
        arrived!("signed.json", "php-default.json"),
        arrived!("signed.json", "php-pretty.json"),
        arrived!("signed.json", "py-default.json"),
        arrived!("signed.json", "py-indent.json"),
        // And where the gateway's own words are in one of those forms.
        arrived!("php-default.json", "js-pretty.json"),
        arrived!("php-default.json", "py-default.json"),
    ] {
        assert_eq!(found, [Cause::RewrittenBody]);
    }
}

#[test]
fn what_was_lost_can_not_be_told() {
    for found in [
        arrived!("signed-number.json", "js-digits-lost.json"),
        arrived!("signed.json", "py-sorted.json"),
    ] {
        assert_eq!(found, []);
    }
    let mut forged = Delivery::new(API_DEPOSIT);
    forged.body = API_DEPOSIT.replace("false", "true").into();
    let explanation = explain(&verifier(), &forged);
    assert_eq!(explanation.error(), Some(&VerifyError::BadSignature));
    assert!(explanation.to_string().contains("can't tell why"));
}

#[test]
fn a_byte_order_mark() {
    let added = arrived!("signed.json", "js-mark-added.json");
    assert_eq!(added, [Cause::ByteOrderMark { added: true }]);
    let gone = arrived!("signed-with-mark.json", "js-mark-gone.json");
    assert_eq!(gone, [Cause::ByteOrderMark { added: false }]);
}

#[test]
fn a_newline_behind_the_body() {
    for added in [
        arrived!("signed.json", "py-newline-added.json"),
        arrived!("signed.json", "php-crlf-added.json"),
    ] {
        assert_eq!(added, [Cause::Newline { added: true }]);
    }
    let gone = arrived!("signed-with-newline.json", "php-newline-gone.json");
    assert_eq!(gone, [Cause::Newline { added: false }]);
}

#[test]
fn a_wrong_app_id() {
    let delivery = Delivery::new(API_DEPOSIT);
    let other = Verifier::new("another-app", SECRET).unwrap();
    assert_eq!(explain(&other, &delivery).causes(), [Cause::WrongAppId]);

    // The other app's secret as well: then nothing says that the program is wrong.
    let other = Verifier::new("another-app", "another-secret").unwrap();
    let explanation = explain(&other, &delivery);
    assert_eq!(explanation.error(), Some(&VerifyError::WrongAppId));
    assert_eq!(explanation.causes(), []);
    assert!(
        explanation
            .to_string()
            .contains("another app's notification")
    );
}

#[test]
fn app_id_and_secret_swapped() {
    let swapped = Verifier::new(SECRET, APP_ID).unwrap();
    let explanation = explain(&swapped, &Delivery::new(API_DEPOSIT));
    assert_eq!(explanation.causes(), [Cause::Swapped]);
}

/// The APP ID is no secret: a signature with it proves nothing.
#[test]
fn a_forgery_that_is_signed_with_the_app_id_is_no_mistake() {
    for app_id in ["x", SECRET, "another-app"] {
        let timestamp = SIGNED_AT.to_string();
        let forged = Delivery::signed(app_id, &timestamp, APP_ID, API_DEPOSIT.as_bytes());
        // Whoever has the secret as well is no forger.
        let expected: &[Cause] = if app_id == SECRET {
            &[Cause::Swapped]
        } else {
            &[]
        };
        assert_eq!(causes(&forged), expected);
    }
}

#[test]
fn a_timestamp_in_milliseconds() {
    let millis = (SIGNED_AT * 1000 + 999).to_string();
    let signed = Delivery::signed(APP_ID, &millis, SECRET, API_DEPOSIT.as_bytes());
    assert_eq!(causes(&signed), [Cause::Milliseconds]);

    // In the header alone.
    let mut sent = Delivery::new(API_DEPOSIT);
    sent.timestamp = millis.clone().into();
    assert_eq!(causes(&sent), [Cause::Milliseconds]);

    let old = ((SIGNED_AT - 400) * 1000).to_string();
    let old = Delivery::signed(APP_ID, &old, SECRET, API_DEPOSIT.as_bytes());
    let expected = [Cause::Milliseconds, Cause::Clock { seconds: 400 }];
    assert_eq!(causes(&old), expected);

    sent.body.push(b'x');
    let explanation = explain(&verifier(), &sent);
    assert_eq!(explanation.error(), Some(&VerifyError::MalformedTimestamp));
    assert_eq!(explanation.causes(), []);
}

#[test]
fn a_clock_that_is_wrong() {
    for (signed_at, seconds, told) in [
        (SIGNED_AT - 7_200, 7_200, "7200 s behind this machine's"),
        (SIGNED_AT + 600, -600, "600 s ahead of this machine's"),
    ] {
        let body = API_DEPOSIT.as_bytes();
        let delivery = Delivery::signed(APP_ID, &signed_at.to_string(), SECRET, body);
        let explanation = explain(&verifier(), &delivery);
        assert_eq!(explanation.causes(), [Cause::Clock { seconds }]);
        assert!(explanation.to_string().contains(told), "{explanation}");
    }
    // Beside another mistake, whose signature proves the time.
    let timestamp = (SIGNED_AT - 301).to_string();
    let mut both = Delivery::signed(APP_ID, &timestamp, SECRET, API_DEPOSIT.as_bytes());
    both.body.push(b'\n');
    let expected = [
        Cause::Newline { added: true },
        Cause::Clock { seconds: 301 },
    ];
    assert_eq!(causes(&both), expected);
}

fn v1_delivery() -> Delivery {
    let body = r#"{"order_type":"API Deposit","recordId":"1"}"#;
    let mut delivery = Delivery::new(body);
    let text = SignText {
        app_id: APP_ID,
        timestamp: &SIGNED_AT.to_string(),
        body: body.as_bytes(),
    };
    let signature = DigestKey::new(&AppSecret::new(SECRET)).sign(&text);
    delivery.signature = signature.as_str().into();
    delivery
}

#[test]
fn a_notification_of_v1_at_a_verifier_of_v2() {
    assert_eq!(causes(&v1_delivery()), [Cause::SignedAsV1]);
}

#[cfg(feature = "v1")]
#[test]
fn a_verifier_of_v1_explains_as_well() {
    use ccpayment_webhook::v1;

    let verifier = v1::Verifier::new(APP_ID, SECRET).unwrap();
    let explain =
        |delivery: &Delivery| verifier.explain(&delivery.headers().unwrap(), &delivery.body, now());
    let v2 = explain(&Delivery::new(API_DEPOSIT));
    assert_eq!(v2.causes(), [Cause::SignedAsV2]);
    let mut changed = v1_delivery();
    changed.body.splice(1..1, *b" ");
    assert_eq!(explain(&changed).causes(), [Cause::RewrittenBody]);
    assert_eq!(explain(&v1_delivery()).to_string(), "the delivery is good");
}

#[test]
fn capital_hex_digits() {
    let mut delivery = Delivery::new(API_DEPOSIT);
    delivery.signature.make_ascii_uppercase();
    assert_eq!(causes(&delivery), [Cause::CapitalHex]);
}

#[test]
fn an_rsa_signature_without_an_rsa_key() {
    let mut delivery = Delivery::new(API_DEPOSIT);
    delivery.signature = [&b"+/A9".repeat(85)[..], b"aa=="].concat();
    assert_eq!(causes(&delivery), [Cause::SignedByRsa]);
    delivery.signature.pop();
    assert_eq!(causes(&delivery), []);
}

/// Calls that are signed elsewhere leave the verifier without a secret.
#[test]
fn an_hmac_signature_without_a_secret() {
    use ccpayment_core::{Credentials, Signature, Signer, SigningError, SigningFuture};

    struct Elsewhere;
    impl Signer for Elsewhere {
        fn sign<'a>(&'a self, _: SignText<'a>) -> SigningFuture<'a> {
            Box::pin(async { Err::<Signature, _>(SigningError::Remote) })
        }
    }
    let credentials = Credentials::with_signer(APP_ID, Elsewhere).unwrap();
    let explanation = explain(&Verifier::from(&credentials), &Delivery::new(API_DEPOSIT));
    assert_eq!(explanation.causes(), [Cause::SignedByHmac]);
}

/// A secret in quotation marks can't be a cause: no verifier takes one.
#[test]
fn a_badly_copied_secret_is_refused_before() {
    for secret in [
        format!(" {SECRET}"),
        format!("\"{SECRET}\""),
        format!("{SECRET}\n"),
    ] {
        assert!(Verifier::new(APP_ID, secret).is_err());
    }
}

#[test]
fn what_needs_no_key_is_told_by_its_refusal() {
    let good = Delivery::new(API_DEPOSIT);
    let explanation = explain(&verifier(), &good);
    assert_eq!(explanation.error(), None);
    assert_eq!(explanation.to_string(), "the delivery is good");

    let mut headers = good.headers().unwrap();
    headers.append("sign", HeaderValue::from_static("x"));
    let explain = |headers: &HeaderMap| verifier().explain(headers, &good.body, now());
    assert_eq!(
        explain(&headers).to_string(),
        "the header Sign is there more than once; look for a proxy that adds headers"
    );
    headers.remove("sign");
    let missing = explain(&headers);
    assert!(
        missing
            .to_string()
            .starts_with("the header Sign is missing; ")
    );
    assert_eq!(missing.causes(), []);
}

proptest! {
    #[test]
    fn nothing_is_claimed_about_random_bytes(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        signature in "[ -~]{0,100}|[0-9a-f]{64}|[0-9A-F]{64}",
        app_id in prop_oneof![Just(APP_ID.to_owned()), "[!-~]{1,20}"],
        timestamp in prop_oneof![Just(SIGNED_AT.to_string()), "[0-9]{9,14}", "[ -~]{0,20}"],
    ) {
        let delivery = Delivery {
            app_id: app_id.into(),
            timestamp: timestamp.into(),
            signature: signature.into(),
            body,
        };
        let headers = delivery.headers().unwrap();
        let explanation = verifier().explain(&headers, &delivery.body, now());
        prop_assert_eq!(explanation.causes(), []);
        prop_assert!(explanation.error().is_some());
    }

    /// Bytes that were signed and then changed otherwise than by a known mistake.
    #[test]
    fn nothing_is_claimed_about_a_changed_byte(place in 0..API_DEPOSIT.len(), bit in 0..8_u8) {
        let mut delivery = Delivery::new(API_DEPOSIT);
        delivery.body[place] ^= 1_u8 << bit;
        prop_assert_eq!(causes(&delivery), []);
    }
}
