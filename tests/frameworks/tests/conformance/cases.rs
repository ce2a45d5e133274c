//! The rules for every receiver.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use ccpayment_webhook::{Verifier, Webhook};
use frameworks::{Handler, Receiver, Seen};

use crate::peer::{APP_ID, Answer, Delivery, Peer, SECRET, SIGNED_AT};

type Start = fn(Webhook, Handler) -> io::Result<Receiver>;

/// JSON that no serializer writes.
const ODD: &str = "{\t\"type\" : \"New\",\r\n \"msg\":{\"a\":\"\\u00e9\\/\u{e9}\",\"n\":1.10}}\n";
const PLAIN: &str = "text/plain; charset=utf-8";

fn webhook() -> Webhook {
    let verifier = Verifier::new(APP_ID, SECRET).unwrap();
    Webhook::with_clock(verifier, || UNIX_EPOCH + Duration::from_secs(SIGNED_AT))
}

fn serve(start: Start) -> (Receiver, Seen) {
    let (handler, seen) = Handler::new();
    (start(webhook(), handler).unwrap(), seen)
}

#[track_caller]
fn is_acknowledged(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (200, "Success"));
    assert_eq!(answer.headers["content-type"], PLAIN);
}

/// Checks that the delivery is refused with this status, and never handled.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, seen: &Seen) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(!answer.body.to_lowercase().contains("success"));
    assert_eq!(seen.unasked(), None);
}

pub(crate) fn the_bytes_are_verified_as_they_were_sent(start: Start) {
    let (receiver, seen) = serve(start);
    let mut peer = Peer::new(receiver.address);
    let delivery = Delivery::new(ODD);
    seen.ends(true);
    is_acknowledged(&peer.exchange(&delivery.whole()));
    assert_eq!(seen.begun().unwrap(), ODD.trim_end());

    let mut changed = delivery;
    changed.body.pop();
    let answer = peer.exchange(&changed.whole());
    is_refused(&answer, 401, &seen);
    assert_eq!(answer.headers["content-type"], PLAIN);
    assert_eq!(answer.body, "the signature does not fit");
}

/// The test decides how the handler ends only once it works, so no answer can come before.
pub(crate) fn nothing_is_acknowledged_before_the_handler_succeeded(start: Start) {
    let (receiver, seen) = serve(start);
    for (ends_well, status) in [(false, 503), (true, 200), (false, 503)] {
        let mut peer = Peer::new(receiver.address);
        peer.send(&Delivery::new(ODD).whole());
        assert!(seen.begun().is_some());
        assert!(peer.is_silent());
        seen.ends(ends_well);
        let answer = peer.answer();
        assert_eq!(answer.status, status);
        assert_eq!(answer.body == "Success", ends_well, "{answer:?}");
    }
}

pub(crate) fn what_is_not_trusted_never_reaches_the_handler(start: Start) {
    let (receiver, seen) = serve(start);
    let mut forged = Delivery::new(ODD);
    forged.headers[2].1 = "0".repeat(64);
    let mut other_app = Delivery::new(ODD);
    other_app.headers[0].1 = "testappid0000002".to_owned();
    let mut millis = Delivery::new(ODD);
    millis.headers[1].1 += "000";
    for (delivery, status) in [
        (forged, 401),
        (other_app, 401),
        (millis, 400),
        (Delivery::signed_at(SIGNED_AT - 301, ODD), 401),
        (Delivery::signed_at(SIGNED_AT + 301, ODD), 401),
        (Delivery::new("[\"no object\"]"), 400),
        (Delivery::new(""), 400),
    ] {
        let answer = Peer::new(receiver.address).exchange(&delivery.whole());
        is_refused(&answer, status, &seen);
    }
    for signed_at in [SIGNED_AT - 300, SIGNED_AT + 300] {
        seen.ends(true);
        let delivery = Delivery::signed_at(signed_at, ODD);
        is_acknowledged(&Peer::new(receiver.address).exchange(&delivery.whole()));
    }
}

pub(crate) fn a_header_that_is_there_twice_is_refused(start: Start) {
    let (receiver, seen) = serve(start);
    for index in 0..3 {
        let delivery = Delivery::new(ODD);
        let (name, value) = &delivery.headers[index];
        for (name, value) in [
            (name.clone(), value.clone()),
            (name.to_ascii_uppercase(), value.clone()),
            (name.clone(), "other".to_owned()),
            (name.clone(), String::new()),
        ] {
            for place in [0, 3] {
                let mut doubled = delivery.clone();
                doubled.headers.insert(place, (name.clone(), value.clone()));
                let answer = Peer::new(receiver.address).exchange(&doubled.whole());
                is_refused(&answer, 400, &seen);
                assert!(answer.body.ends_with("is there more than once"));
            }
        }
    }
}

pub(crate) fn a_header_that_is_missing_is_refused(start: Start) {
    let (receiver, seen) = serve(start);
    for index in 0..3 {
        let mut delivery = Delivery::new(ODD);
        let (name, _) = delivery.headers.remove(index);
        let answer = Peer::new(receiver.address).exchange(&delivery.whole());
        is_refused(&answer, 400, &seen);
        assert_eq!(answer.body, format!("the header {name} is missing"));
    }
}

pub(crate) fn header_names_may_have_any_case(start: Start) {
    let (receiver, seen) = serve(start);
    for change in [
        str::to_ascii_lowercase,
        str::to_ascii_uppercase,
        |name: &str| {
            let (first, rest) = name.split_at(1);
            first.to_ascii_lowercase() + &rest.to_ascii_uppercase()
        },
    ] {
        let mut delivery = Delivery::new(ODD);
        for (name, _) in &mut delivery.headers {
            *name = change(name);
        }
        seen.ends(true);
        is_acknowledged(&Peer::new(receiver.address).exchange(&delivery.whole()));
    }
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

pub(crate) fn a_body_may_come_in_chunks_and_pieces(start: Start) {
    let (receiver, seen) = serve(start);
    let delivery = Delivery::new(ODD);
    let mut peer = Peer::new(receiver.address);
    peer.send(&delivery.head_of_chunks());
    for bytes in delivery.body.chunks(7) {
        // Splits each chunk, and a character, between two writes.
        let chunk = chunk(bytes);
        let (first, rest) = chunk.split_at(chunk.len() / 2);
        peer.send(first);
        peer.send(rest);
    }
    seen.ends(true);
    is_acknowledged(&peer.exchange(LAST_CHUNK));
    assert_eq!(seen.begun().unwrap(), ODD.trim_end());

    let mut peer = Peer::new(receiver.address);
    for byte in delivery.whole().chunks(1) {
        peer.send(byte);
    }
    seen.ends(true);
    is_acknowledged(&peer.answer());
}

/// A notification of this many bytes.
fn of_length(length: usize) -> Delivery {
    let mut body = br#"{"type":"New","msg":""#.to_vec();
    body.resize(length - 2, b'x');
    body.extend(b"\"}");
    Delivery::new(body)
}

pub(crate) fn a_body_may_be_as_long_as_the_limit_and_no_longer(start: Start) {
    let (receiver, seen) = serve(start);
    let longest = of_length(Verifier::MAX_BODY);
    let longer = of_length(Verifier::MAX_BODY + 1);
    let in_chunks = |delivery: &Delivery| {
        let chunks = delivery.body.chunks(10_000).flat_map(chunk).collect();
        [delivery.head_of_chunks(), chunks, LAST_CHUNK.to_vec()].concat()
    };
    for sent in [longest.whole(), in_chunks(&longest)] {
        seen.ends(true);
        is_acknowledged(&Peer::new(receiver.address).exchange(&sent));
        assert!(seen.begun().is_some());
    }
    for sent in [longer.whole(), in_chunks(&longer)] {
        let answer = Peer::new(receiver.address).exchange(&sent);
        is_refused(&answer, 413, &seen);
        assert_eq!(answer.body, "the body is longer than 65536 bytes");
    }
}

pub(crate) fn an_endless_body_is_not_read_to_its_end(start: Start) {
    /// More than any server reads in the moment in which it closes.
    const ENDLESS: usize = 8 << 30;
    let (receiver, seen) = serve(start);
    let mut peer = Peer::new(receiver.address);
    let mut sender = peer.clone();
    let sending = std::thread::spawn(move || {
        sender.send(&Delivery::new(ODD).head_of_chunks());
        let chunk = chunk(&[b' '; 65_536]);
        let mut sent = 0;
        while sent < ENDLESS && sender.try_send(&chunk).is_ok() {
            sent += chunk.len();
        }
        sent
    });
    is_refused(&peer.answer(), 413, &seen);
    let sent = sending.join().unwrap();
    assert!(sent < ENDLESS, "the server read {sent} bytes");
}

pub(crate) fn a_body_that_stops_is_refused_in_time(start: Start) {
    let (handler, seen) = Handler::new();
    let webhook = webhook().body_timeout(Duration::from_millis(200));
    let receiver = start(webhook, handler).unwrap();
    let delivery = Delivery::new(ODD);
    for sent in [
        delivery.head_with_length(),
        [delivery.head_with_length(), delivery.body[..20].to_vec()].concat(),
        [delivery.head_of_chunks(), chunk(&delivery.body)].concat(),
    ] {
        let mut peer = Peer::new(receiver.address);
        let answer = peer.exchange(&sent);
        is_refused(&answer, 408, &seen);
        assert_eq!(answer.body, "the body was not whole within 0.2 s");
        // Nor does it hold its connection any longer.
        peer.wait_for_the_end();
    }
    // A delivery that comes in time is handled, however long that takes.
    let mut peer = Peer::new(receiver.address);
    peer.send(&delivery.whole());
    assert!(seen.begun().is_some());
    seen.ends(true);
    is_acknowledged(&peer.answer());
}

pub(crate) fn a_body_that_breaks_off_is_not_handled(start: Start) {
    let (receiver, seen) = serve(start);
    let delivery = Delivery::new(ODD);
    // Only the last byte, or the last chunk, is missing.
    let short = delivery.whole();
    for sent in [
        short[..short.len() - 1].to_vec(),
        [delivery.head_of_chunks(), chunk(&delivery.body)].concat(),
    ] {
        let mut peer = Peer::new(receiver.address);
        peer.send(&sent);
        peer.close_sending();
        peer.wait_for_the_end();
    }
    // The server still runs, and this is the first delivery that it handles.
    seen.ends(true);
    is_acknowledged(&Peer::new(receiver.address).exchange(&Delivery::new("{}").whole()));
    assert_eq!(seen.begun().unwrap(), "{}");
    assert_eq!(seen.unasked(), None);
}

pub(crate) fn other_methods_are_refused(start: Start) {
    let (receiver, seen) = serve(start);
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let mut delivery = Delivery::new(ODD);
        delivery.method = method;
        let answer = Peer::new(receiver.address).exchange(&delivery.whole());
        is_refused(&answer, 405, &seen);
    }
}

pub(crate) fn a_connection_carries_several_deliveries(start: Start) {
    let (receiver, seen) = serve(start);
    let mut peer = Peer::new(receiver.address);
    let bodies = ["{\"type\":\"1\"}", "{\"type\":\"2\"}", "{\"type\":\"3\"}"];
    let [first, second, third] = bodies.map(|body| Delivery::new(body).whole());
    seen.ends(true);
    is_acknowledged(&peer.exchange(&first));
    // Two at once; the first fails.
    seen.ends(false);
    seen.ends(true);
    peer.send(&[second, third].concat());
    assert_eq!(peer.answer().status, 503);
    is_acknowledged(&peer.answer());
    for body in bodies {
        assert_eq!(seen.begun().unwrap(), body);
    }
}
