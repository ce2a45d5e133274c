//! Answers that are not the gateway's own.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::gateway::answer;
use crate::model::fault::{BadResponse, Fault};
use crate::model::refusal::{SUCCESS, success};

mod gzip_bomb;

/// How deep the arrays go. A recursive reader runs out of stack far earlier.
const DEPTH: usize = 10_000;
/// The message of an answer that no gateway made.
pub(crate) const MADE_BY_FAULT: &str = "made by a fault";
const HOUR: i64 = 3600;
/// The same in either version.
const RECORD_IDS: [&str; 2] = ["recordId", "record_id"];

/// The answer to a request, not yet cut; `None` if none is sent. The envelope is null if the
/// gateway did nothing; `nothing` is an envelope that promises nothing.
pub(crate) fn response_of(
    fault: Option<Fault>,
    envelope: Value,
    nothing: &Value,
    now: u64,
) -> Option<Response<Bytes>> {
    match fault {
        None | Some(Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond) => {
            (!envelope.is_null()).then(|| answer(StatusCode::OK, &envelope, now))
        }
        Some(Fault::Reply { with, .. }) => {
            let own = if envelope.is_null() {
                nothing
            } else {
                &envelope
            };
            Some(bad_response(with, own, nothing, now))
        }
        Some(_) => None,
    }
}

/// The answer for a client in process: it has the body that the client would have read from a
/// socket.
pub(crate) fn as_received(
    fault: Option<Fault>,
    response: Response<Bytes>,
) -> Option<Response<Bytes>> {
    let Some(Fault::Reply { with, .. }) = fault else {
        return Some(response);
    };
    match with {
        BadResponse::CutMidChunk | BadResponse::LengthTooLong => None,
        BadResponse::LengthTooShort => Some(response.map(|body| {
            let half = body.len() / 2;
            body.slice(..half)
        })),
        _ => Some(response),
    }
}

fn bad_response(with: BadResponse, own: &Value, nothing: &Value, now: u64) -> Response<Bytes> {
    let ok = |envelope: &Value| answer(StatusCode::OK, envelope, now);
    let body = |body: Vec<u8>| ok(own).map(|_| Bytes::from(body));
    match with {
        BadResponse::Html => page(StatusCode::OK, "Welcome", now),
        BadResponse::Empty => body(Vec::new()),
        BadResponse::Error => ok(nothing),
        BadResponse::DataNull => ok(&json!({ "code": SUCCESS, "msg": "success", "data": null })),
        BadResponse::IdMissing => ok(&success(Value::Object(without_id(own)))),
        BadResponse::RateLimited { retry_after } => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let plain = with_body(status, "text/plain", "Too Many Requests\n".into(), now);
            match retry_after {
                Some(seconds) => with_header(plain, RETRY_AFTER, &seconds.to_string()),
                None => plain,
            }
        }
        BadResponse::BadGateway => page(StatusCode::BAD_GATEWAY, "502 Bad Gateway", now),
        BadResponse::Redirect => {
            let moved = page(StatusCode::FOUND, "302 Found", now);
            with_header(moved, LOCATION, "/elsewhere")
        }
        BadResponse::GzipBomb => with_header(body(gzip_bomb::gzip()), CONTENT_ENCODING, "gzip"),
        BadResponse::InvalidUtf8 => {
            let mut bad = own.clone();
            if let Some(fields) = bad.as_object_mut() {
                fields.insert("msg".to_owned(), json!(MARK));
            }
            body(unreadable(&bad.to_string()))
        }
        BadResponse::CodeTwice => {
            let code = |envelope: &Value| envelope.get("code").and_then(Value::as_u64);
            let success = Some(u64::from(SUCCESS));
            let other = if code(own) == success {
                code(nothing)
            } else {
                success
            };
            let other = other.unwrap_or_default();
            body(before(own, &format!("\"code\":{other}")).into_bytes())
        }
        BadResponse::IdTwice => {
            let envelope = format!(
                "{{\"code\":{SUCCESS},\"msg\":\"success\",\"data\":{}}}",
                id_twice(own)
            );
            body(envelope.into_bytes())
        }
        BadResponse::DeepNesting => {
            let (open, shut) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
            let envelope =
                format!("{{\"code\":{SUCCESS},\"msg\":\"success\",\"data\":{open}{shut}}}");
            body(envelope.into_bytes())
        }
        BadResponse::DateOff { hours } => {
            let off = i64::from(hours).saturating_mul(HOUR);
            answer(StatusCode::OK, own, now.saturating_add_signed(off))
        }
        BadResponse::NoDate => {
            let mut response = ok(own);
            response.headers_mut().remove(DATE);
            response
        }
        // The connection breaks these, not their bytes.
        BadResponse::SlowBody
        | BadResponse::CutMidChunk
        | BadResponse::LengthTooLong
        | BadResponse::LengthTooShort => ok(own),
    }
}

/// Marks the place of bytes that no text can hold.
const MARK: &str = "\u{fffd}";

fn unreadable(text: &str) -> Vec<u8> {
    match text.split_once(MARK) {
        Some((start, end)) => [start.as_bytes(), b"succ\xff\xc3(ess", end.as_bytes()].concat(),
        None => text.as_bytes().to_vec(),
    }
}

fn without_id(own: &Value) -> Map<String, Value> {
    let mut data = match own.get("data") {
        Some(Value::Object(data)) => data.clone(),
        _ => Map::new(),
    };
    let id = record_id(&data).or_else(|| data.keys().next().cloned());
    if let Some(id) = id {
        data.remove(&id);
    }
    data
}

fn record_id(data: &Map<String, Value>) -> Option<String> {
    let id = RECORD_IDS.into_iter().find(|id| data.contains_key(*id))?;
    Some(id.to_owned())
}

fn id_twice(own: &Value) -> String {
    let data = own.get("data").and_then(Value::as_object);
    if let Some(data) = data
        && record_id(data).is_none()
        && let Some(first) = data.keys().next()
    {
        return before(
            &Value::Object(data.clone()),
            &format!("{}:null", json!(first)),
        );
    }
    let mut data = data.cloned().unwrap_or_default();
    let id = record_id(&data).unwrap_or_else(|| {
        let [id, _] = RECORD_IDS;
        data.insert(id.to_owned(), json!("20250101000000000000000000000001"));
        id.to_owned()
    });
    let another = format!("{}:\"20250101000000000000000000000000\"", json!(id));
    before(&Value::Object(data), &another)
}

/// An object's text with a field before its own.
fn before(object: &Value, field: &str) -> String {
    let text = object.to_string();
    let rest = text.strip_prefix('{').unwrap_or("}");
    let comma = if rest == "}" { "" } else { "," };
    format!("{{{field}{comma}{rest}")
}

fn page(status: StatusCode, title: &str, now: u64) -> Response<Bytes> {
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    );
    with_body(status, "text/html", html, now)
}

fn with_body(status: StatusCode, media: &str, body: String, now: u64) -> Response<Bytes> {
    let response = answer(status, &Value::Null, now).map(|_| Bytes::from(body));
    with_header(response, CONTENT_TYPE, media)
}

fn with_header(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::{INTERNAL, Refusal};

    fn body(with: BadResponse, own: &Value) -> Vec<u8> {
        let nothing = Refusal::new(INTERNAL, MADE_BY_FAULT).envelope();
        bad_response(with, own, &nothing, 1_750_000_000)
            .into_body()
            .to_vec()
    }

    fn text(with: BadResponse, own: &Value) -> String {
        String::from_utf8(body(with, own)).unwrap()
    }

    #[test]
    fn what_is_twice_is_twice_and_differs() {
        let own = success(json!({ "recordId": "mine" }));
        let code = text(BadResponse::CodeTwice, &own);
        assert!(
            code.starts_with("{\"code\":11002,\"code\":10000,"),
            "{code}"
        );
        let refused = Refusal::new(INTERNAL, "no").envelope();
        let code = text(BadResponse::CodeTwice, &refused);
        assert!(
            code.starts_with("{\"code\":10000,\"code\":11002,"),
            "{code}"
        );

        let id = text(BadResponse::IdTwice, &own);
        let first = id.find("\"recordId\":\"2025").unwrap();
        assert!(first < id.find("\"recordId\":\"mine\"").unwrap(), "{id}");
        for own in [refused, success(json!({}))] {
            let id = text(BadResponse::IdTwice, &own);
            assert_eq!(id.matches("\"recordId\":").count(), 2, "{id}");
        }
        let other = text(BadResponse::IdTwice, &success(json!({ "coin": {} })));
        assert!(
            other.contains("\"data\":{\"coin\":null,\"coin\":{}}"),
            "{other}"
        );
    }

    #[test]
    fn text_that_is_none_is_inside_an_otherwise_sound_object() {
        let bytes = body(
            BadResponse::InvalidUtf8,
            &success(json!({ "recordId": "mine" })),
        );
        assert!(std::str::from_utf8(&bytes).is_err());
        let lossy: Value = serde_json::from_str(&String::from_utf8_lossy(&bytes)).unwrap();
        assert_eq!(lossy["data"]["recordId"], "mine");
    }

    #[test]
    fn an_id_that_is_missing_leaves_the_rest() {
        let kept = |data: Value| text(BadResponse::IdMissing, &success(data));
        assert!(kept(json!({ "recordId": "mine", "other": 1 })).contains("\"data\":{\"other\":1}"));
        assert!(kept(json!({ "coin": {} })).contains("\"data\":{}"));
        assert!(kept(Value::Null).contains("\"data\":{}"));
    }
}
