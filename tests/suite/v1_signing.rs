//! The digest of the v1 API, on the way out and on the way in.

use bytes::Bytes;
use ccpayment::raw::{DigestKey, HmacKey, SignText, Unverified, decode_signed};
use ccpayment::{AnswerError, AppId, AppSecret, Credentials, ErrorCode};
use ring::digest;
use serde_json::Value;
use sha2::block_api::compress256;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../xtask/spec/facts/v1-sign-vectors.json")).unwrap()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap()
}

fn signed(vector: &Value) -> SignText<'_> {
    SignText {
        app_id: text(vector, "app_id"),
        timestamp: text(vector, "timestamp"),
        body: text(vector, "body").as_bytes(),
    }
}

fn credentials_of(vector: &Value) -> Credentials {
    Credentials::new(
        AppId::new(text(vector, "app_id")),
        AppSecret::new(text(vector, "app_secret")),
    )
    .unwrap()
}

#[test]
fn every_vector_holds() {
    let all = vectors();
    let (mut by_direction, mut count) = (std::collections::BTreeSet::new(), 0);
    for vector in all["vectors"].as_array().unwrap() {
        let name = text(vector, "name");
        let key = DigestKey::new(&AppSecret::new(text(vector, "app_secret")));
        let signature = key.sign(&signed(vector));
        assert_eq!(signature.as_str(), text(vector, "sign"), "{name}");
        assert!(key.verify(&signed(vector), text(vector, "sign").as_bytes()));
        let credentials = credentials_of(vector);
        let by_credentials = credentials.sign_v1(&signed(vector)).unwrap();
        assert_eq!(by_credentials.as_str(), text(vector, "sign"), "{name}");
        by_direction.insert(text(vector, "direction").to_owned());
        count += 1;
    }
    assert_eq!(count, 16);
    assert_eq!(by_direction.len(), 3, "{by_direction:?}");

    let negative = all["negative_vectors"].as_array().unwrap();
    assert_eq!(negative.len(), 7);
    for vector in negative {
        let name = text(vector, "name");
        let key = DigestKey::new(&AppSecret::new(text(vector, "app_secret")));
        assert_eq!(
            key.verify(&signed(vector), text(vector, "sign").as_bytes()),
            vector["verifies"],
            "{name}"
        );
    }
}

#[test]
fn a_thousand_bodies_are_digested_as_an_independent_implementation_does() {
    const SEED: u64 = 0x51;
    let mut random = fastrand::Rng::with_seed(SEED);
    for round in 0..1_000 {
        let secret: String = (0..random.usize(1..150))
            .map(|_| random.char('!'..='~'))
            .collect();
        let body = super::signing::body(&mut random);
        let timestamp = random.u64(1_000_000_000..10_000_000_000).to_string();
        let whole = format!("app{secret}{timestamp}{body}");
        let expected: String = (digest::digest(&digest::SHA256, whole.as_bytes())
            .as_ref()
            .iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
        let ours = DigestKey::new(&AppSecret::new(secret)).sign(&SignText {
            app_id: "app",
            timestamp: &timestamp,
            body: body.as_bytes(),
        });
        assert_eq!(ours.as_str(), expected, "seed {SEED}, round {round}");
    }
}

/// From a signature anybody can make one for a longer text, because it is no HMAC. But that text is
/// never JSON.
#[test]
fn a_lengthened_body_has_a_signature_and_is_still_refused() {
    let all = vectors();
    let vector = (all["vectors"].as_array().unwrap().iter())
        .find(|it| it["name"] == "response_success")
        .unwrap();
    let credentials = credentials_of(vector);
    let body = text(vector, "body");

    // Beside the signature, the forger knows only the length of the hidden part.
    let hidden = text(vector, "app_id").len() + text(vector, "app_secret").len() + 10;
    let length = hidden + body.len();
    let mut forged = body.as_bytes().to_vec();
    forged.push(0x80);
    while (hidden + forged.len()) % 64 != 56 {
        forged.push(0);
    }
    forged.extend(u64::try_from(length * 8).unwrap().to_be_bytes());
    let padded = hidden + forged.len();
    let extra = br#"{"code":10000,"data":{"price":"1"}}"#;
    forged.extend(extra);

    let sign = text(vector, "sign");
    let mut state = [0_u32; 8];
    for (word, digits) in state.iter_mut().zip(sign.as_bytes().chunks(8)) {
        *word = u32::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    }
    let mut block = [0_u8; 64];
    block[..extra.len()].copy_from_slice(extra);
    block[extra.len()] = 0x80;
    let bits = u64::try_from((padded + extra.len()) * 8).unwrap();
    block[56..].copy_from_slice(&bits.to_be_bytes());
    compress256(&mut state, &[block]);
    let forged_sign: String = state.iter().map(|word| format!("{word:08x}")).collect();

    let timestamp = text(vector, "timestamp");
    let over_forgery = SignText {
        app_id: text(vector, "app_id"),
        timestamp,
        body: &forged,
    };
    assert_eq!(
        credentials.verify_v1(&over_forgery, forged_sign.as_bytes()),
        Some(true),
        "the forgery itself is made wrongly, so this test says nothing"
    );
    let error = decode_signed::<Value>(&answer(&forged, timestamp, &forged_sign), &credentials)
        .unwrap_err();
    assert!(
        matches!(error, AnswerError::NotAnEnvelope { .. }),
        "{error}"
    );
}

fn answer(body: &[u8], timestamp: &str, sign: &str) -> http::Response<Bytes> {
    http::Response::builder()
        .header("Timestamp", timestamp)
        .header("Sign", sign)
        .body(Bytes::copy_from_slice(body))
        .unwrap()
}

#[test]
fn an_answer_is_believed_only_with_its_signature() {
    let all = vectors();
    let find = |name: &str| -> Value {
        let mut vectors = all["vectors"].as_array().unwrap().iter();
        vectors.find(|it| it["name"] == name).unwrap().clone()
    };
    let success = find("response_success");
    let credentials = credentials_of(&success);
    let read = |response: &http::Response<Bytes>| decode_signed::<Value>(response, &credentials);
    let of = |vector: &Value| {
        answer(
            text(vector, "body").as_bytes(),
            text(vector, "timestamp"),
            text(vector, "sign"),
        )
    };
    assert_eq!(read(&of(&success)).unwrap()["price"], "16944.3");
    assert!(read(&of(&find("response_trailing_newline"))).is_ok());
    // Our own APP ID counts, whatever the answer names.
    let mut named = of(&success);
    let another = "another".parse().unwrap();
    named.headers_mut().insert("Appid", another);
    assert!(read(&named).is_ok());

    // One byte of the body, of the time or of the signature.
    for (from, to) in [("16944.3", "16944.4"), ("success", "Success")] {
        let mut changed = success.clone();
        changed["body"] = text(&success, "body").replace(from, to).into();
        assert_unverified(read(&of(&changed)), Unverified::WrongSignature);
    }
    for (key, value) in [
        ("timestamp", "1677152491"),
        ("timestamp", "167715249"),
        ("sign", ""),
        ("sign", &text(&success, "sign")[..63]),
        ("sign", &text(&success, "sign").to_uppercase()),
    ] {
        let mut changed = success.clone();
        changed[key] = value.into();
        assert_unverified(read(&of(&changed)), Unverified::WrongSignature);
    }

    // A part of the body is moved into the header: the hash is the same, but the meaning is
    // another.
    let body = text(&success, "body");
    let at = body.find("{\"price\"").unwrap();
    let timestamp = format!("{}{}", text(&success, "timestamp"), &body[..at]);
    let moved = answer(&body.as_bytes()[at..], &timestamp, text(&success, "sign"));
    assert_unverified(read(&moved), Unverified::WrongSignature);

    // Without a signature, a success is not believed, but a refusal is.
    let bare = |body: &str| http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    assert_unverified(read(&bare(body)), Unverified::Unsigned);
    // This holds for odd forms, too: the check of the signature reads the code as the reader of the
    // value does.
    for odd in [
        r#"{"code":10000,"msg":{"a":[1]},"data":{"price":"1"}}"#,
        r#"{"code":"10000","msg":null,"data":{"price":"1"}}"#,
        r#"{"msg":7,"data":{"price":"1"},"code":10000,"more":[]}"#,
        r#"{"code":10000,"msg":"a","msg":"b","data":{"price":"1"}}"#,
        r#"{"code":10000,"data":{"price":"1"},"data":{"price":"2"}}"#,
    ] {
        assert!(read(&bare(odd)).is_err(), "{odd}");
    }
    let failure = find("response_failure");
    for refused in [bare(text(&failure, "body")), of(&failure)] {
        let error = read(&refused).unwrap_err();
        let AnswerError::Refused(refusal) = error else {
            panic!("{error}")
        };
        assert_eq!(refusal.code.code(), 224_066);
    }
    let mut forged = failure.clone();
    forged["body"] = text(&failure, "body").replace("224066", "224083").into();
    assert_unverified(read(&of(&forged)), Unverified::WrongSignature);
    // Codes of v2 are not borrowed.
    let error = read(&bare(r#"{"code":14000,"msg":"?"}"#)).unwrap_err();
    assert!(
        matches!(&error, AnswerError::Refused(it) if it.code == ErrorCode::Unknown(14_000)),
        "{error}"
    );
    assert!(matches!(
        read(&bare("<html>")),
        Err(AnswerError::NotAnEnvelope { .. })
    ));
}

#[track_caller]
fn assert_unverified(result: Result<Value, AnswerError>, expected: Unverified) {
    match result {
        Err(AnswerError::Unverified { why, body, .. }) => {
            assert_eq!(why, expected);
            assert!(body.full_length() > 0);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_versions_do_not_sign_alike() {
    let secret = AppSecret::new("secret");
    let signed = SignText {
        app_id: "app",
        timestamp: "1677152490",
        body: b"{}",
    };
    let (v1, v2) = (DigestKey::new(&secret), HmacKey::new(&secret));
    assert_ne!(v1.sign(&signed).as_str(), v2.sign(&signed).as_str());
    assert!(!v1.verify(&signed, v2.sign(&signed).as_str().as_bytes()));
    assert!(!v2.verify(&signed, v1.sign(&signed).as_str().as_bytes()));
    assert!(!format!("{v1:?}").contains("secret\""));
}
