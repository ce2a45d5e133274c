//! What is refused, and with which answer.

use std::time::Duration;

use ccpayment_core::{AppId, AppSecret, Credentials};
use ccpayment_webhook::{Acknowledgement, Verifier, VerifyError};
use http::{HeaderMap, HeaderValue};

use crate::delivery::{API_DEPOSIT, APP_ID, Delivery, SECRET, SIGNED_AT, at, verifier};

#[test]
fn a_true_delivery_is_trusted_and_acknowledged() {
    assert_eq!(API_DEPOSIT.len(), 186);
    let verified = Delivery::new(API_DEPOSIT).verify(&verifier()).unwrap();
    assert_eq!(verified.event_type(), Some("ApiDeposit"));
    let key = verified.delivery_key().unwrap();
    assert_eq!(key.to_string(), "20240919035020188328269786624000/Success");

    let response = verified.acknowledge().into_response();
    assert_eq!(response.status(), 200);
    assert_eq!(response.body(), "Success");
    assert_eq!(response.headers().len(), 1);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(Acknowledgement::BODY, "Success");
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let verifier = verifier();
    let delivery = Delivery::new(API_DEPOSIT);
    let parts: [fn(&mut Delivery) -> &mut Vec<u8>; 4] = [
        |delivery| &mut delivery.body,
        |delivery| &mut delivery.timestamp,
        |delivery| &mut delivery.app_id,
        |delivery| &mut delivery.signature,
    ];
    for (number, part) in parts.into_iter().enumerate() {
        let length = part(&mut delivery.clone()).len();
        for bit in 0..length * 8 {
            let mut forged = delivery.clone();
            part(&mut forged)[bit / 8] ^= 1 << (bit % 8);
            let Some(headers) = forged.headers() else {
                continue; // no server would take such a header
            };
            let error = verifier.verify(&headers, &forged.body, at(SIGNED_AT));
            let error = error.unwrap_err();
            let expected = match (number, &error) {
                (1, VerifyError::MalformedTimestamp) => true,
                (2, error) => *error == VerifyError::WrongAppId,
                (_, error) => *error == VerifyError::BadSignature,
            };
            assert!(expected, "part {number}, bit {bit}: {error:?}");
            assert!(matches!(error.status().as_u16(), 400 | 401));
            assert!(!error.is_authentic());
        }
    }
}

#[test]
fn the_app_id_is_signed_too() {
    let mut delivery = Delivery::signed("another", &SIGNED_AT.to_string(), SECRET, b"{}");
    assert_eq!(
        delivery.verify(&verifier()).unwrap_err(),
        VerifyError::WrongAppId
    );
    delivery.app_id = APP_ID.into();
    assert_eq!(
        delivery.verify(&verifier()).unwrap_err(),
        VerifyError::BadSignature
    );
}

#[test]
fn signatures_of_any_other_form_are_refused() {
    let delivery = Delivery::new(API_DEPOSIT);
    let text = String::from_utf8(delivery.signature.clone()).unwrap();
    assert_ne!(text, text.to_uppercase());
    for form in [
        String::new(),
        text.to_uppercase(),
        text[..63].to_owned(),
        format!("{text}0"),
        format!("{text}{text}"),
        format!(" {text}"),
        format!("0x{text}"),
        format!("sha256={text}"),
    ] {
        let mut delivery = delivery.clone();
        delivery.signature = form.into();
        assert_eq!(
            delivery.verify(&verifier()).unwrap_err(),
            VerifyError::BadSignature
        );
    }
}

#[test]
fn the_window_has_two_sides_that_are_exact() {
    let headers = Delivery::new(API_DEPOSIT).headers().unwrap();
    let verify = |verifier: &Verifier, seconds: i64| {
        let now = at(SIGNED_AT.checked_add_signed(seconds).unwrap());
        verifier.verify(&headers, API_DEPOSIT.as_bytes(), now)
    };
    let by_default = verifier();
    let wider = verifier().tolerance(Verifier::TOLERANCE_OF_REPEATS);
    let least = verifier().tolerance(Duration::ZERO);
    for (verifier, tolerance) in [(by_default, 300), (wider, 3_900), (least, 1)] {
        for seconds in [-tolerance, -1, 0, 1, tolerance] {
            assert!(verify(&verifier, seconds).is_ok(), "{tolerance} {seconds}");
        }
        for seconds in [-tolerance - 1, tolerance + 1] {
            let error = verify(&verifier, seconds).unwrap_err();
            assert_eq!(error, VerifyError::OutsideWindow { seconds });
            assert_eq!(error.status(), 401);
            assert!(error.is_authentic());
        }
    }
    assert!(
        verify(&verifier(), 301)
            .unwrap_err()
            .to_string()
            .ends_with("301 s before our time")
    );
    assert!(
        verify(&verifier(), -301)
            .unwrap_err()
            .to_string()
            .ends_with("301 s ahead of our time")
    );
    // A clock before 1970 is refused like any other wrong one.
    let before = std::time::SystemTime::UNIX_EPOCH - Duration::from_secs(SIGNED_AT);
    assert!(matches!(
        verifier().verify(&headers, API_DEPOSIT.as_bytes(), before),
        Err(VerifyError::OutsideWindow { .. })
    ));
}

#[test]
fn the_signature_comes_before_the_window() {
    let mut delivery = Delivery::signed(APP_ID, "1000000000", SECRET, b"{}");
    delivery.body = b"{ }".into();
    assert_eq!(
        delivery.verify(&verifier()).unwrap_err(),
        VerifyError::BadSignature
    );
}

#[test]
fn a_timestamp_is_ten_digits() {
    for timestamp in [
        "",
        "172671750",
        "01726717500",
        "1726717500000",
        " 1726717500",
        "+726717500",
        "172671750x",
        "0x66eb9c9c",
        "1726717e00",
    ] {
        let delivery = Delivery::signed(APP_ID, timestamp, SECRET, b"{}");
        let error = delivery.verify(&verifier()).unwrap_err();
        assert_eq!(error, VerifyError::MalformedTimestamp, "{timestamp}");
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn each_header_is_there_exactly_once() {
    let headers = Delivery::new(API_DEPOSIT).headers().unwrap();
    let verify =
        |headers: &HeaderMap| verifier().verify(headers, API_DEPOSIT.as_bytes(), at(SIGNED_AT));
    for name in ["Appid", "Timestamp", "Sign"] {
        let mut without = headers.clone();
        without.remove(name);
        let error = verify(&without).unwrap_err();
        assert_eq!(error, VerifyError::MissingHeader { name });
        assert_eq!(error.status(), 400);

        let mut twice = headers.clone();
        twice.append(name, headers[name].clone());
        let error = verify(&twice).unwrap_err();
        assert_eq!(error, VerifyError::RepeatedHeader { name });
        assert_eq!(error.status(), 400);
    }
    let mut more = headers;
    more.insert("content-type", HeaderValue::from_static("text/plain"));
    assert!(verify(&more).is_ok());
}

#[test]
fn any_of_several_secrets_may_fit() {
    let new = Delivery::signed(APP_ID, &SIGNED_AT.to_string(), "new-secret", b"{}");
    let old = Delivery::signed(APP_ID, &SIGNED_AT.to_string(), SECRET, b"{}");
    assert!(new.verify(&verifier()).is_err());
    let both = verifier()
        .also_accept(AppSecret::new("new-secret"))
        .unwrap();
    assert!(new.verify(&both).is_ok());
    assert!(old.verify(&both).is_ok());
    let neither = Delivery::signed(APP_ID, &SIGNED_AT.to_string(), "third", b"{}");
    assert!(neither.verify(&both).is_err());
}

#[test]
fn a_badly_copied_secret_is_named_at_the_start_and_never_shown() {
    let new = |secret: &str| Verifier::new(AppId::new(APP_ID), AppSecret::new(secret)).map(drop);
    let also = |secret: &str| verifier().also_accept(AppSecret::new(secret)).map(drop);
    #[cfg(feature = "v1")]
    let v1 = |secret: &str| {
        let (id, secret) = (AppId::new(APP_ID), AppSecret::new(secret));
        let good = AppSecret::new(SECRET);
        let also = ccpayment_webhook::v1::Verifier::new(id.clone(), &good)
            .and_then(|it| it.also_accept(&secret));
        let new = ccpayment_webhook::v1::Verifier::new(id, &secret);
        assert_eq!(new.as_ref().err(), also.as_ref().err());
        new.map(drop)
    };
    assert_eq!(new("s3cr3t"), Ok(()));
    for bad in [
        "",
        "s3cr3t\n",
        "\u{feff}s3cr3t",
        "s3cr\u{200b}3t",
        "s3cr3t\0",
        "\"s3cr3t\"",
        "'s3cr3t'",
        "${s3cr3t}",
        "s3cr\u{e9}t",
    ] {
        let error = new(bad).unwrap_err();
        assert_eq!(error.field, "AppSecret");
        assert_eq!(also(bad), Err(error.clone()));
        #[cfg(feature = "v1")]
        assert_eq!(v1(bad), Err(error.clone()));
        assert!(!format!("{error} {error:?}").contains("s3cr"), "{error}");
    }
    let no_id = Verifier::new(AppId::new("app\n"), AppSecret::new(SECRET)).unwrap_err();
    assert_eq!(no_id.field, "Appid");
}

#[test]
fn credentials_are_enough() {
    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET)).unwrap();
    let delivery = Delivery::new(API_DEPOSIT);
    assert!(delivery.verify(&Verifier::from(&credentials)).is_ok());
}

#[test]
fn a_long_body_is_refused_before_anything_else() {
    let small = verifier().max_body(API_DEPOSIT.len());
    assert!(Delivery::new(API_DEPOSIT).verify(&small).is_ok());
    let smaller = verifier().max_body(API_DEPOSIT.len() - 1);
    let error = (smaller.verify(&HeaderMap::new(), API_DEPOSIT.as_bytes(), at(0))).unwrap_err();
    let limit = API_DEPOSIT.len() - 1;
    assert_eq!(error, VerifyError::TooLarge { limit });
    assert_eq!(error.status(), 413);

    let padded = |length| format!("{{}}{}", " ".repeat(length - 2));
    let largest = Delivery::new(&padded(Verifier::MAX_BODY));
    assert!(largest.verify(&verifier()).is_ok());
    let too_large = Delivery::new(&padded(Verifier::MAX_BODY + 1));
    assert!(too_large.verify(&verifier()).is_err());
}

#[test]
fn what_is_signed_but_no_object_is_malformed() {
    for body in [
        &b""[..],
        b"null",
        b"7",
        b"\"text\"",
        b"[{\"type\":\"ApiDeposit\"}]",
        b"[\"ApiDeposit\",{}]",
        b"{",
        b"{} {}",
        b"{\"type\":\"\xff\"}",
        b"<html></html>",
    ] {
        let delivery = Delivery::signed(APP_ID, &SIGNED_AT.to_string(), SECRET, body);
        let error = delivery.verify(&verifier()).unwrap_err();
        let VerifyError::Malformed { body: kept } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(kept.bytes(), body);
        assert_eq!(error.status(), 400);
        assert!(error.is_authentic());
    }
}

#[test]
fn nothing_secret_is_printed() {
    let delivery = Delivery::new(r#""hush, this is no object""#);
    let malformed = delivery.verify(&verifier()).unwrap_err();
    let mut forged = delivery.clone();
    forged.body.push(b' ');
    let bad_signature = forged.verify(&verifier()).unwrap_err();
    let unknown = Delivery::new(r#"{"type":"New","msg":"hush"}"#);
    let unknown = unknown.verify(&verifier()).unwrap();
    let shown = format!(
        "{:?} {malformed} {malformed:?} {bad_signature} {bad_signature:?} {unknown:?} {:?}",
        verifier()
            .also_accept(AppSecret::new("sentinel-too"))
            .unwrap(),
        Delivery::new("{}")
            .verify(&verifier())
            .unwrap()
            .acknowledge(),
    );
    let signature = String::from_utf8(delivery.signature).unwrap();
    for hidden in ["sentinel", "hush", &signature] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains(APP_ID));
}
