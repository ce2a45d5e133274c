//! Every fault as a bare socket sees it, and as the books know it.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use ccpayment_sandbox::{BadResponse, Fault, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Merchant, payout};

const APPLY: &str = "applyAppWithdrawToNetwork";
const LOOKUP: &str = "getAppWithdrawRecord";

/// The bytes of a signed request, head and body.
fn request(merchant: &Merchant, route: &str, body: &str) -> (String, String) {
    let mut head = format!("POST /ccpayment/v2/{route} HTTP/1.1\r\nHost: sandbox\r\n");
    for (name, value) in merchant.headers(body) {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    (head, body.to_owned())
}

/// How a conversation ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

async fn connect(merchant: &Merchant) -> TcpStream {
    TcpStream::connect(merchant.server.addr()).await.unwrap()
}

/// Everything up to the end, whichever it is.
async fn rest(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    loop {
        match stream.read_buf(&mut bytes).await {
            Ok(0) => return (bytes, End::Closed),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return (bytes, End::Reset);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A withdrawal of one coin under this fault: what the socket saw.
async fn apply(merchant: &Merchant, fault: Fault, order_id: &str) -> (Vec<u8>, End) {
    merchant.sandbox.plan_fault(APPLY, fault);
    let (head, body) = request(merchant, APPLY, &payout(order_id, "1").to_string());
    let mut stream = connect(merchant).await;
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    // Where the server answers properly it keeps the connection, until we close our side.
    stream.shutdown().await.unwrap();
    rest(&mut stream).await
}

fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let at = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    (head.to_ascii_lowercase(), bytes[at + 4..].to_vec())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn made(sandbox: &Sandbox, order_id: &str) -> usize {
    let payouts = sandbox.payouts();
    payouts.iter().filter(|it| it.order_id == order_id).count()
}

fn record_id(sandbox: &Sandbox) -> String {
    sandbox.payouts().last().unwrap().record_id.clone()
}

const fn reply(acted: bool, with: BadResponse) -> Fault {
    Fault::Reply { acted, with }
}

#[tokio::test]
async fn resets_are_resets_and_say_nothing() {
    let merchant = Merchant::rich().await;
    for (fault, acted) in [
        (Fault::Refused, false),
        (Fault::ResetUnread, false),
        (Fault::ResetMidRequest, false),
        (Fault::Reset { acted: false }, false),
        (Fault::Reset { acted: true }, true),
    ] {
        let order_id = format!("{fault:?}");
        merchant.sandbox.plan_fault(APPLY, fault);
        let (head, body) = request(&merchant, APPLY, &payout(&order_id, "1").to_string());
        let mut stream = connect(&merchant).await;
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, (vec![], End::Reset), "{fault:?}");
        assert_eq!(made(&merchant.sandbox, &order_id) == 1, acted, "{fault:?}");
        let seen = merchant.sandbox.requests().pop().unwrap();
        assert_eq!((seen.fault, seen.code), (Some(fault), None));
        assert_eq!(seen.outcome, acted.then_some(10_000));
    }
}

#[tokio::test]
async fn a_drop_is_no_reset() {
    let merchant = Merchant::rich().await;
    for fault in [
        Fault::DropBeforeActing,
        Fault::ActThenDrop,
        Fault::DeliverAfterLookup,
    ] {
        let seen = apply(&merchant, fault, "abc").await;
        assert_eq!(seen, (vec![], End::Closed), "{fault:?}");
    }
}

#[tokio::test]
async fn early_resets_do_not_wait_for_what_they_do_not_read() {
    let merchant = Merchant::rich().await;
    let (head, body) = request(&merchant, APPLY, &payout("abc", "1").to_string());
    for fault in [Fault::Refused, Fault::ResetUnread] {
        merchant.sandbox.plan_fault(APPLY, fault);
        let mut stream = connect(&merchant).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, (vec![], End::Reset), "{fault:?}");
    }
    merchant.sandbox.plan_fault(APPLY, Fault::ResetMidRequest);
    let mut stream = connect(&merchant).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..7]).await.unwrap();
    assert_eq!(rest(&mut stream).await, (vec![], End::Reset));
    assert!(merchant.sandbox.payouts().is_empty());
    assert_eq!(merchant.sandbox.fault_hits().len(), 3);
}

#[tokio::test]
async fn silence_lasts_until_somebody_leaves() {
    for acted in [true, false] {
        let merchant = Merchant::rich().await;
        let fault = Fault::Silence { acted };
        // The client leaves.
        let seen = apply(&merchant, fault, "abc").await;
        assert_eq!(seen, (vec![], End::Closed));
        assert_eq!(made(&merchant.sandbox, "abc") == 1, acted);
        // The server leaves; until then there is no byte and no end.
        merchant.sandbox.plan_fault(APPLY, fault);
        let (head, body) = request(&merchant, APPLY, &payout("def", "1").to_string());
        let mut stream = connect(&merchant).await;
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        while merchant.sandbox.fault_hits()[&fault] < 2 {
            tokio::task::yield_now().await;
        }
        // Another connection's answer shows that the first was not starved but kept waiting.
        merchant.data("getCoin", json!({ "coinId": 1280 })).await;
        let nothing = stream.try_read(&mut [0; 1]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        merchant.server.shutdown().await;
        assert_eq!(rest(&mut stream).await, (vec![], End::Closed));
    }
}

#[tokio::test]
async fn a_request_that_arrives_twice_debits_once() {
    let merchant = Merchant::rich().await;
    for (fault, code, place) in [
        (Fault::DeliveredTwice, 10_000, 0),
        (Fault::DeliveredTwiceAnswerSecond, 11_011, 1),
    ] {
        let order_id = format!("{fault:?}");
        let before = merchant.sandbox.requests().len();
        let (bytes, _) = apply(&merchant, fault, &order_id).await;
        let envelope: Value = serde_json::from_slice(&split(&bytes).1).unwrap();
        assert_eq!(envelope["code"], code);
        assert_eq!(made(&merchant.sandbox, &order_id), 1);
        let seen = merchant.sandbox.requests().split_off(before);
        let outcomes: Vec<_> = seen.iter().map(|it| it.outcome.unwrap()).collect();
        assert_eq!(outcomes, [10_000, 11_011]);
        assert_eq!(seen[place].code, Some(code));
        assert_eq!(seen[1 - place].code, None);
    }
    assert_eq!(merchant.available(1280).await, "998");
    assert!(merchant.sandbox.ledger().is_balanced());
}

/// Heads and bodies, for each answer that comes whole.
#[tokio::test]
async fn answers_that_are_not_the_gateways_own() {
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    for acted in [true, false] {
        let order_id = |with: BadResponse| format!("{with:?} {acted}");
        let meet = async |with: BadResponse| {
            let (bytes, end) = apply(&merchant, reply(acted, with), &order_id(with)).await;
            assert_eq!(end, End::Closed);
            assert_eq!(made(sandbox, &order_id(with)) == 1, acted, "{with:?}");
            assert_eq!(sandbox.requests().last().unwrap().code, None);
            let (head, body) = split(&bytes);
            let length = header(&head, "content-length").unwrap();
            assert_eq!(length, body.len().to_string(), "{with:?}");
            (head, body)
        };
        let text = async |with| {
            let (head, body) = meet(with).await;
            assert!(head.starts_with("http/1.1 200 "), "{head}");
            String::from_utf8(body).unwrap()
        };

        let (head, body) = meet(BadResponse::Html).await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(header(&head, "content-type"), Some("text/html"));
        assert!(body.starts_with(b"<html>"));
        assert_eq!(text(BadResponse::Empty).await, "");
        let error: Value = serde_json::from_str(&text(BadResponse::Error).await).unwrap();
        assert_eq!(error["code"], 11_002);
        assert!(text(BadResponse::DataNull).await.contains("\"data\":null"));
        let missing = text(BadResponse::IdMissing).await;
        assert!(missing.contains("\"code\":10000") && missing.contains("\"data\":{}"));

        let (head, _) = meet(BadResponse::RateLimited { retry_after: None }).await;
        assert!(head.starts_with("http/1.1 429 "), "{head}");
        assert_eq!(header(&head, "retry-after"), None);
        let retry_after = Some(30);
        let (head, _) = meet(BadResponse::RateLimited { retry_after }).await;
        assert_eq!(header(&head, "retry-after"), Some("30"));
        let (head, body) = meet(BadResponse::BadGateway).await;
        assert!(head.starts_with("http/1.1 502 "), "{head}");
        assert!(body.starts_with(b"<html>"));
        let (head, _) = meet(BadResponse::Redirect).await;
        assert!(head.starts_with("http/1.1 302 "), "{head}");
        assert_eq!(header(&head, "location"), Some("/elsewhere"));

        let (head, body) = meet(BadResponse::GzipBomb).await;
        assert_eq!(header(&head, "content-encoding"), Some("gzip"));
        assert!(body.starts_with(&[0x1f, 0x8b, 8]) && body.len() < 110_000);
        let inflated = u32::from_le_bytes(*body.last_chunk().unwrap());
        assert!(inflated > 100 << 20);

        let (_, body) = meet(BadResponse::InvalidUtf8).await;
        assert!(std::str::from_utf8(&body).is_err());
        let lossy = String::from_utf8_lossy(&body);
        let lossy: Value = serde_json::from_str(&lossy).unwrap();
        assert_eq!(lossy["code"], if acted { 10_000 } else { 11_002 });
        let codes = text(BadResponse::CodeTwice).await;
        assert_eq!(codes.matches("\"code\":").count(), 2, "{codes}");
        let ids = text(BadResponse::IdTwice).await;
        assert_eq!(ids.matches("\"recordId\":").count(), 2, "{ids}");
        assert_eq!(ids.contains(&record_id(sandbox)), acted, "{ids}");
        let deep = text(BadResponse::DeepNesting).await;
        assert!(deep.contains(&"[".repeat(10_000)) && deep.contains(&"]".repeat(10_000)));

        // The clock stands at Sun, 15 Jun 2025 15:06:40 GMT.
        for (hours, date) in [
            (5, "sun, 15 jun 2025 20:06:40 gmt"),
            (-20, "sat, 14 jun 2025 19:06:40 gmt"),
        ] {
            let (head, _) = meet(BadResponse::DateOff { hours }).await;
            assert_eq!(header(&head, "date"), Some(date));
        }
        let (head, body) = meet(BadResponse::NoDate).await;
        assert_eq!(header(&head, "date"), None);
        let own = String::from_utf8(body).unwrap();
        assert_eq!(own.contains(&record_id(sandbox)), acted, "{own}");
    }
    assert!(sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn framing_that_lies() {
    let merchant = Merchant::rich().await;
    let sandbox = &merchant.sandbox;
    for acted in [true, false] {
        let meet = async |with: BadResponse| {
            let order_id = format!("{with:?} {acted}");
            let (bytes, end) = apply(&merchant, reply(acted, with), &order_id).await;
            assert_eq!(end, End::Closed);
            assert_eq!(made(sandbox, &order_id) == 1, acted, "{with:?}");
            let (head, body) = split(&bytes);
            assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
            assert_eq!(header(&head, "content-type"), Some("application/json"));
            (head, String::from_utf8(body).unwrap())
        };
        let length =
            |head: &str| -> usize { header(head, "content-length").unwrap().parse().unwrap() };
        let is_whole = |body: &str| {
            let envelope: Value = serde_json::from_str(body).unwrap();
            assert_eq!(envelope["code"], if acted { 10_000 } else { 11_002 });
        };

        let (head, body) = meet(BadResponse::CutMidChunk).await;
        assert_eq!(header(&head, "transfer-encoding"), Some("chunked"));
        assert_eq!(header(&head, "content-length"), None);
        let (size, chunk) = body.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        assert_eq!(chunk.len(), size / 2);
        assert!(chunk.starts_with("{\"code\":"));

        let (head, body) = meet(BadResponse::LengthTooLong).await;
        assert_eq!(length(&head), body.len() + 10);
        is_whole(&body);
        let (head, body) = meet(BadResponse::LengthTooShort).await;
        assert_eq!(length(&head), body.len() / 2);
        is_whole(&body);
        let (head, body) = meet(BadResponse::SlowBody).await;
        assert_eq!(length(&head), body.len());
        is_whole(&body);
    }
}

#[tokio::test]
async fn a_slow_body_comes_in_many_pieces() {
    let merchant = Merchant::rich().await;
    merchant
        .sandbox
        .plan_fault("*", reply(true, BadResponse::SlowBody));
    let (head, body) = request(&merchant, "getCoin", "{\"coinId\":1280}");
    let mut stream = connect(&merchant).await;
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut reads = 0;
    while stream.read(&mut [0; 8192]).await.unwrap() != 0 {
        reads += 1;
    }
    assert!(reads > 10, "{reads}");
}

#[tokio::test]
async fn a_closed_port_refuses_and_comes_back() {
    let merchant = Merchant::rich().await;
    let addr = merchant.server.addr();
    let mut idle = connect(&merchant).await;
    for _ in 0..2 {
        merchant.server.stop_listening().await;
        assert!(rest(&mut idle).await.0.is_empty());
        for _ in 0..3 {
            let error = TcpStream::connect(addr).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
        merchant.server.listen_again().await.unwrap();
        merchant.server.listen_again().await.unwrap();
        merchant.data("getCoin", json!({ "coinId": 1280 })).await;
        idle = connect(&merchant).await;
    }
    merchant.server.shutdown().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_silent_line_ends_when_the_port_is_closed() {
    let merchant = Merchant::rich().await;
    merchant
        .sandbox
        .plan_fault("*", Fault::Silence { acted: true });
    let (head, body) = request(&merchant, APPLY, &payout("abc", "1").to_string());
    let mut stream = connect(&merchant).await;
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    while merchant.sandbox.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    merchant.server.stop_listening().await;
    assert_eq!(rest(&mut stream).await, (vec![], End::Closed));
    assert_eq!(made(&merchant.sandbox, "abc"), 1);
}

#[tokio::test]
async fn any_route_means_the_next_request_at_all() {
    let merchant = Merchant::rich().await;
    merchant.sandbox.plan_fault("*", Fault::DropBeforeActing);
    merchant.sandbox.plan_fault("getCoin", Fault::ActThenDrop);
    // Its own plan comes first.
    merchant.dropped("getCoin", json!({ "coinId": 1280 })).await;
    merchant.dropped(LOOKUP, json!({ "orderId": "abc" })).await;
    merchant.data("getCoin", json!({ "coinId": 1280 })).await;
    let hits = BTreeMap::from([(Fault::DropBeforeActing, 1), (Fault::ActThenDrop, 1)]);
    assert_eq!(merchant.sandbox.fault_hits(), hits);
}

#[tokio::test]
async fn the_same_seed_strikes_the_same_requests_in_process_and_on_a_socket() {
    let faults = || async {
        let merchant = Merchant::rich().await;
        merchant.sandbox.faults_by_seed(7, 300, &[]);
        merchant
    };
    let served = faults().await;
    for number in 0..60 {
        let order_id = format!("order-{number}");
        let (head, body) = request(&served, APPLY, &payout(&order_id, "1").to_string());
        let mut stream = connect(&served).await;
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        // The peer may have reset it by now.
        let _ = stream.shutdown().await;
        rest(&mut stream).await;
    }
    let local = faults().await;
    let mut struck = 0;
    for number in 0..60 {
        let body = payout(&format!("order-{number}"), "1").to_string();
        let mut request = http::Request::post(format!("/ccpayment/v2/{APPLY}"));
        for (name, value) in local.headers(&body) {
            request = request.header(name, value);
        }
        let request = request.body(bytes::Bytes::from(body)).unwrap();
        let exchange = local.sandbox.exchange(request).await;
        struck += usize::from(exchange.fault.is_some());
        assert_eq!(
            exchange.fault,
            local.sandbox.requests().last().unwrap().fault
        );
    }
    assert!((8..30).contains(&struck), "{struck}");
    assert_eq!(served.sandbox.fault_hits(), local.sandbox.fault_hits());
    assert_eq!(served.sandbox.payouts(), local.sandbox.payouts());
    assert_eq!(
        served.sandbox.ledger().entries(),
        local.sandbox.ledger().entries()
    );
    local.sandbox.faults_by_seed(7, 0, &[]);
    local.data("getCoin", json!({ "coinId": 1280 })).await;
}

#[tokio::test]
async fn every_fault_has_a_name_that_the_admin_api_takes() {
    let merchant = Merchant::rich().await;
    let every = Fault::every();
    let ask = async |name: &str, body: &Value| {
        let request = http::Request::post(format!("/sandbox/{name}"))
            .header("Host", "localhost")
            .header("Content-Type", "application/json")
            .body(bytes::Bytes::from(body.to_string()))
            .unwrap();
        let answer = merchant.sandbox.respond(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
    };
    let document: Value = serde_json::from_str(include_str!("../../openapi/admin.json")).unwrap();
    let mut schema = document["components"]["schemas"]["Fault"].clone();
    schema["components"] = document["components"].clone();
    let described = jsonschema::draft202012::new(&schema).unwrap();
    for fault in &every {
        let name = serde_json::to_value(fault).unwrap();
        assert!(described.is_valid(&name), "{name}");
        ask("faults", &json!({ "route": "getCoin", "fault": name })).await;
    }
    for fault in every {
        let body = json!({ "coinId": 1280 }).to_string();
        let mut request = http::Request::post("/ccpayment/v2/getCoin");
        for (name, value) in merchant.headers(&body) {
            request = request.header(name, value);
        }
        let request = request.body(bytes::Bytes::from(body)).unwrap();
        let exchange = merchant.sandbox.exchange(request).await;
        assert_eq!(exchange.fault, Some(fault));
        let answered = match fault {
            Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond => true,
            Fault::Reply { with, .. } => {
                !matches!(with, BadResponse::CutMidChunk | BadResponse::LengthTooLong)
            }
            _ => false,
        };
        assert_eq!(exchange.response.is_some(), answered, "{fault:?}");
    }
    let seed = json!({ "seed": 1, "perMille": 1000, "among": ["Twice"] });
    ask("faults-by-seed", &seed).await;
    merchant.data("getCoin", json!({ "coinId": 1280 })).await;
    assert_eq!(merchant.sandbox.fault_hits()[&Fault::DeliveredTwice], 2);
}
