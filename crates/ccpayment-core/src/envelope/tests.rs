//! Tests of the envelope.

use super::*;
use crate::v2::ApplyAppWithdrawToNetworkResponse as Receipt;

fn read(status: u16, body: &str) -> Result<Receipt, AnswerError> {
    let mut response = http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    decode(&response)
}

/// Reading in one pass skips the fields that it does not need. These may be wrong as well.
#[test]
fn a_success_with_something_wrong_beside_its_data_is_none() {
    for body in [
        &b"{\"code\":10000,\"msg\":\"\",\"data\":{\"recordId\":\"1\",\"more\":\"\xff\"}}"[..],
        b"{\"code\":10000,\"msg\":\"\",\"msg\":\"\",\"data\":{\"recordId\":\"1\"}}",
        b"{\"code\":10000,\"data\":{\"recordId\":\"1\"},\"data\":{\"recordId\":\"1\"}}",
        b"{\"code\":10000,\"code\":10000,\"data\":{\"recordId\":\"1\"}}",
        b"{\"code\":10000,\"data\":{\"recordId\":\"1\"}} {}",
    ] {
        let response = http::Response::new(Bytes::from_static(body));
        let error = decode::<Receipt>(&response).unwrap_err();
        assert!(
            matches!(error, AnswerError::NotAnEnvelope { .. }),
            "{error}"
        );
    }
}

#[test]
fn success_needs_its_data() {
    let ok = read(
        200,
        r#"{"code":10000,"msg":"success","data":{"recordId":"1"}}"#,
    )
    .unwrap();
    assert_eq!(ok.record_id.as_str(), "1");
    assert!(read(200, r#"{"code":"10000","data":{"recordId":"1","more":[]}}"#).is_ok());
    for data in [
        "",
        ",\"data\":null",
        ",\"data\":{}",
        ",\"data\":{\"recordId\":\"\"}",
        ",\"data\":{\"recordId\":null}",
        ",\"data\":[]",
        ",\"data\":[\"1\"]",
        ",\"data\":\"\"",
    ] {
        let body = format!(r#"{{"code":10000,"msg":"success"{data}}}"#);
        let error = read(200, &body).unwrap_err();
        assert!(
            matches!(error, AnswerError::Undecodable { .. }),
            "{body}: {error}"
        );
        assert_eq!(error.body().bytes(), body.as_bytes());
    }
}

/// The answer needs no field, so no data and `null` are as good as an empty object.
#[test]
fn a_route_that_answers_nothing_needs_no_data() {
    for data in ["", r#","data":null"#, r#","data":{}"#] {
        let body = format!(r#"{{"code":10000,"msg":"success"{data}}}"#);
        let response = http::Response::new(Bytes::from(body.clone()));
        let read = decode::<crate::v2::AddressUnbindingResponse>(&response);
        assert!(read.is_ok(), "{body}: {read:?}");
    }
}

#[test]
fn the_trouble_is_named_and_no_value_is_shown() {
    let error = read(200, r#"{"code":10000,"data":{"x":1,"recordId":["hush"]}}"#).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("near `recordId`") && !text.contains("hush"),
        "{text}"
    );
    assert!(!format!("{error:?}").contains("hush"));
}

#[test]
fn a_key_that_nobody_knows_is_not_shown() {
    let body = r#"{"code":10000,"data":{"jane@example.org":{"jane@example.net":1},"recordId":[]}}"#;
    let text = read(200, body).unwrap_err().to_string();
    assert!(
        text.contains("near `recordId`") && !text.contains("jane"),
        "{text}"
    );
    let body = r#"{"code":10000,"data":{"jane@example.org":{"jane@example.net":1}}}"#;
    let text = read(200, body).unwrap_err().to_string();
    assert!(
        text.contains("near `data`") && !text.contains("jane"),
        "{text}"
    );
}

#[test]
fn the_reason_of_a_refusal_is_kept_whatever_it_is() {
    for (reason, kept) in [
        (r#""ToUserNotFound""#, Some("ToUserNotFound")),
        ("7", Some("7")),
        (r#""""#, None),
        ("null", None),
    ] {
        let body = format!(r#"{{"code":10001,"msg":"x","reason":{reason}}}"#);
        let AnswerError::Refused(refusal) = read(200, &body).unwrap_err() else {
            panic!("{body}")
        };
        assert_eq!(refusal.reason.as_deref(), kept);
        assert_eq!(refusal.message, "x");
    }
}

#[test]
fn no_value_is_in_the_words_of_serde() {
    let of = |json: &str| match serde_json::from_str::<Vec<Option<()>>>(json) {
        Ok(_) => panic!("{json}"),
        Err(error) => describe(&error),
    };
    for (json, word) in [
        (r#"["a\"jane@example.org"]"#, "string \"\""),
        (r#"["jane\\"]"#, "string \"\""),
        (r#"[4711]"#, "integer ``"),
        (r#"[-4711]"#, "integer ``"),
        (r#"[47.11]"#, "floating point ``"),
        (r#"[true]"#, "boolean ``"),
    ] {
        let words = of(json);
        assert!(words.contains(word), "{json}: {words}");
        assert!(words.contains("expected unit"), "{json}: {words}");
        for value in ["jane", "47", "true"] {
            assert!(!words.contains(value), "{json}: {words}");
        }
    }
    let missing = serde_json::from_str::<Receipt>("{}").unwrap_err();
    assert!(describe(&missing).contains("`recordId`"));
}

#[test]
fn the_envelope_counts_before_the_status() {
    let error = read(502, r#"{"code":14000,"msg":"short"}"#).unwrap_err();
    let AnswerError::Refused(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.code, ErrorCode::BalanceInsufficient);
    assert_eq!(refusal.status, StatusCode::BAD_GATEWAY);
    // The code counts before the words.
    let error = read(
        200,
        r#"{"code":14000,"msg":"success","data":{"recordId":"1"}}"#,
    )
    .unwrap_err();
    assert!(matches!(error, AnswerError::Refused(_)), "{error}");
    assert!(
        read(
            200,
            r#"{"code":10000,"msg":"Success","data":{"recordId":"1"}}"#
        )
        .is_ok()
    );
    for body in [
        "",
        "<html>502</html>",
        "null",
        "[]",
        r#"{"msg":"x"}"#,
        r#"{"code":10000"#,
        r#"{"code":1e4}"#,
        r#"{"code":10000,"code":14000}"#,
    ] {
        let error = read(502, body).unwrap_err();
        assert!(
            matches!(error, AnswerError::NotAnEnvelope { .. }),
            "{body}: {error}"
        );
        assert_eq!(error.status(), StatusCode::BAD_GATEWAY);
    }
}

#[test]
fn a_refusal_is_read_whatever_its_message_is() {
    let cases: [(&[u8], &str); 12] = [
        (br#"7"#, "7"),
        (br#"{}"#, "{}"),
        (br#"["x"]"#, r#"["x"]"#),
        (br#"true"#, "true"),
        (br#"null"#, ""),
        (br#""\ud800""#, r#""\ud800""#),
        (b"\"cut \xe4\xbd\"", "cut \u{fffd}"),
        (b"\"two\tlines\n\"", "two lines "),
        (br#""""#, ""),
        (br#""plain""#, "plain"),
        (br#"1.5"#, "1.5"),
        ("\"\u{4f59}\u{989d}\"".as_bytes(), "\u{4f59}\u{989d}"),
    ];
    for (msg, shown) in cases {
        for (before, code) in [("", "code"), ("\u{feff}", "code"), ("", "Errorcode")] {
            let mut body = format!(r#"{before}{{"{code}":"14000","msg":"#).into_bytes();
            body.extend_from_slice(msg);
            body.extend_from_slice(b"}");
            let response = http::Response::new(Bytes::from(body));
            let error = decode::<Receipt>(&response).unwrap_err();
            let AnswerError::Refused(refusal) = error else {
                panic!("{shown}: {error}")
            };
            assert_eq!(refusal.code, ErrorCode::BalanceInsufficient);
            assert_eq!(refusal.message, shown);
        }
    }
}

#[test]
fn a_success_is_read_after_a_byte_order_mark_and_not_from_a_broken_text() {
    let read = |body: &[u8]| decode::<Receipt>(&http::Response::new(Bytes::copy_from_slice(body)));
    let marked = "\u{feff}{\"code\":10000,\"msg\":\"\",\"data\":{\"recordId\":\"r\"}}";
    assert_eq!(read(marked.as_bytes()).unwrap().record_id.as_str(), "r");
    let broken = b"{\"code\":10000,\"msg\":\"\xe4\xbd\",\"data\":{\"recordId\":\"r\"}}";
    assert!(read(broken).is_err());
    for not_one in [
        r#"[10000,"success",{"recordId":"r"}]"#,
        r#"[14000]"#,
        r#"{"code":"+10000","data":{"recordId":"r"}}"#,
        r#"{"code":"010000","data":{"recordId":"r"}}"#,
        r#"{"code":"","data":{"recordId":"r"}}"#,
        r#"{"code":10000,"Errorcode":"14000","data":{"recordId":"r"}}"#,
    ] {
        let error = read(not_one.as_bytes()).unwrap_err();
        assert!(
            matches!(error, AnswerError::NotAnEnvelope { .. }),
            "{not_one}: {error}"
        );
    }
}

#[test]
fn a_message_makes_no_lines_of_its_own_and_is_short() {
    let body = "{\"code\":14000,\"msg\":\"m\\u001b[31m\\nERROR fake\\u2028line\"}";
    let error = read(200, body).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the gateway answered 14000 BalanceInsufficient: m [31m ERROR fake line"
    );
    let long = format!(r#"{{"code":14000,"msg":"{}"}}"#, "\u{e4}".repeat(1 << 20));
    let error = read(200, &long).unwrap_err();
    assert!(error.to_string().len() < 1_000);
    let AnswerError::Refused(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.message.len(), RawBody::MAX);
}

#[test]
fn a_long_body_is_cut() {
    let body = Bytes::from("x".repeat(RawBody::MAX + 1));
    let raw = RawBody::new(&body);
    assert_eq!(
        (raw.bytes().len(), raw.full_length()),
        (RawBody::MAX, RawBody::MAX + 1)
    );
}
