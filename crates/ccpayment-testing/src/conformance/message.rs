//! The properties of every transport: a message arrives as it was given.

use bytes::Bytes;
use ccpayment_client::{Exchange, TransportError};
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};

use super::peer::Planned;
use super::{Rig, SHORT, call_to};

/// The headers that HTTP itself adds. Any other header may mean something to a peer on the way.
const HARMLESS: [&str; 5] = [
    "host",
    "content-length",
    "accept",
    "user-agent",
    "connection",
];

fn answer(body: impl Into<Bytes>) -> Response<Vec<Bytes>> {
    Response::new(vec![body.into()])
}

pub(super) async fn the_request_arrives_as_it_was_given(rig: Rig) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    for body in [
        Bytes::from_static(b"{\"coinId\":1280}"),
        Bytes::from_static("{ \"a\" : \"\u{e9}\\u00e9\" }\n".as_bytes()),
        all_bytes.into(),
        vec![b'x'; 1 << 20].into(),
    ] {
        rig.peer.plan(Planned::Answer(answer("ok")));
        let mut exchange = rig.exchange(body);
        *exchange.request.uri_mut() = format!("http://{}/a/b%20c?d=%2F&e", rig.peer.address)
            .parse()
            .unwrap();
        let given = exchange.request.clone();
        assert_eq!(rig.send(exchange).await.unwrap().body(), "ok");
        let [arrived] = &rig.peer.seen()[..] else {
            panic!("it was not sent once");
        };
        assert_eq!(arrived.method(), given.method());
        assert_eq!(arrived.uri().path_and_query(), given.uri().path_and_query());
        assert_eq!(arrived.body(), given.body());
        for name in given.headers().keys() {
            let values = |request: &Request<Bytes>| -> Vec<_> {
                request.headers().get_all(name).iter().cloned().collect()
            };
            assert_eq!(values(arrived), values(&given), "{name}");
        }
    }
}

pub(super) async fn nothing_is_added_to_the_request_that_means_anything(rig: Rig) {
    rig.peer.plan(Planned::Answer(answer("ok")));
    let exchange = rig.exchange("{}");
    let given = exchange.request.clone();
    rig.send(exchange).await.unwrap();
    for (name, value) in rig.peer.seen()[0].headers() {
        assert!(
            given.headers().contains_key(name) || HARMLESS.contains(&name.as_str()),
            "{name}: {value:?}"
        );
    }
}

pub(super) async fn a_request_without_a_body_stays_without(rig: Rig) {
    rig.peer.plan(Planned::Answer(answer("ok")));
    rig.send(rig.exchange("")).await.unwrap();
    let [arrived] = &rig.peer.seen()[..] else {
        panic!("it was not sent once");
    };
    assert!(arrived.body().is_empty());
    assert!(!arrived.headers().contains_key("transfer-encoding"));
}

/// Also a status that asks for a redirect or a retry.
pub(super) async fn every_status_is_an_answer(rig: Rig) {
    for status in [
        200, 201, 202, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 407, 408, 409,
        413, 415, 418, 421, 422, 423, 425, 428, 429, 431, 451, 500, 501, 502, 503, 504, 520, 522,
        524, 599,
    ] {
        let mut planned = answer("body");
        *planned.status_mut() = StatusCode::from_u16(status).unwrap();
        let elsewhere = format!("http://{}/elsewhere", rig.peer.address);
        let headers = planned.headers_mut();
        headers.insert("location", elsewhere.parse().unwrap());
        headers.insert("retry-after", "0".parse().unwrap());
        headers.insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
        rig.peer.plan(Planned::Answer(planned));
        let answer = rig.send(rig.exchange("{}")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.body(), "body", "{status}");
        assert_eq!(rig.peer.seen().len(), 1, "{status}");
    }
}

pub(super) async fn the_answer_arrives_as_it_was_given(rig: Rig) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let pieces = vec![Bytes::from_static(b"{\"co"), Bytes::from_static(b"de\":1}")];
    for pieces in [
        vec![],
        pieces,
        vec![all_bytes.into()],
        vec![vec![b'y'; 1 << 20].into()],
    ] {
        for is_announced in [true, false] {
            let mut planned = Response::new(pieces.clone());
            let headers = planned.headers_mut();
            headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            headers.insert("content-type", "application/json".parse().unwrap());
            headers.append("x-twice", "1".parse().unwrap());
            headers.append("x-twice", "2".parse().unwrap());
            let given = planned.headers().clone();
            rig.peer.plan(if is_announced {
                Planned::Answer(planned)
            } else {
                Planned::Unannounced(planned)
            });
            let answer = rig.send(rig.exchange("{}")).await.unwrap();
            assert_eq!(answer.body()[..], pieces.concat()[..]);
            for name in given.keys() {
                let values = |headers: &http::HeaderMap| -> Vec<_> {
                    headers.get_all(name).iter().cloned().collect()
                };
                assert_eq!(values(answer.headers()), values(&given), "{name}");
            }
        }
    }
}

pub(super) async fn an_answer_at_the_limit_passes_and_one_byte_more_is_refused(rig: Rig) {
    for is_announced in [true, false] {
        for (length, passes) in [(8, true), (9, false), (1 << 20, false)] {
            let planned = answer(vec![b'z'; length]);
            rig.peer.plan(if is_announced {
                Planned::Answer(planned)
            } else {
                Planned::Unannounced(planned)
            });
            let mut exchange = rig.exchange("{}");
            exchange.max_response_bytes = 8;
            match rig.send(exchange).await {
                Ok(answer) => assert!(passes && answer.body().len() == length, "{length}"),
                Err(TransportError::TooLarge { limit: 8 }) => assert!(!passes, "{length}"),
                Err(error) => panic!("{length}: {error:?}"),
            }
            assert_eq!(rig.peer.seen().len(), 1);
        }
    }
    // The unread rest of these bodies is in no later answer.
    rig.peer.plan(Planned::Answer(answer("after")));
    assert_eq!(rig.send(rig.exchange("{}")).await.unwrap().body(), "after");
}

pub(super) async fn an_endless_answer_is_refused_and_not_kept(rig: Rig) {
    rig.peer.plan(Planned::Endless);
    let mut exchange = rig.exchange("{}");
    exchange.max_response_bytes = 1 << 10;
    let error = rig.send(exchange).await.unwrap_err();
    assert!(
        matches!(error, TransportError::TooLarge { limit: 1024 }),
        "{error:?}"
    );
    // On a socket, the machine's buffers hold a part as well.
    assert!(rig.peer.pulled() < 64 << 20, "{}", rig.peer.pulled());
}

pub(super) async fn what_reached_nobody_was_not_sent(rig: Rig) {
    let error = rig.send(call_to(rig.peer.closed, "{}")).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
}

pub(super) async fn what_broke_after_the_request_may_have_been_sent_and_is_not_repeated(rig: Rig) {
    rig.peer.plan(Planned::Lost);
    let error = rig.send(rig.exchange("{}")).await.unwrap_err();
    assert!(error.could_have_acted(), "{error:?}");
    assert_eq!(rig.peer.seen().len(), 1);
}

pub(super) async fn a_silent_peer_is_given_up_at_the_deadline_and_the_next_call_is_answered(
    rig: Rig,
) {
    rig.peer.plan(Planned::Silent);
    let mut exchange = rig.exchange("{}");
    exchange.timeout = SHORT;
    let error = rig.send(exchange).await.unwrap_err();
    assert!(error.could_have_acted(), "{error:?}");
    assert_eq!(rig.peer.seen().len(), 1);

    rig.peer.plan(Planned::Answer(answer("next")));
    assert_eq!(rig.send(rig.exchange("{}")).await.unwrap().body(), "next");
    assert_eq!(rig.peer.seen().len(), 1);
}

pub(super) async fn calls_at_once_are_all_sent_once(rig: Rig) {
    let calls: Vec<Exchange> = (0..16)
        .map(|number| rig.exchange(format!("{{\"a\":{number}}}")))
        .collect();
    for _ in &calls {
        rig.peer.plan(Planned::Answer(answer("ok")));
    }
    for answer in join_all(calls.into_iter().map(|exchange| rig.send(exchange))).await {
        assert_eq!(answer.unwrap().body(), "ok");
    }
    let mut bodies: Vec<_> = (rig.peer.seen().into_iter().map(Request::into_body)).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 16);
}

pub(super) async fn no_error_and_no_debug_output_has_the_signature(rig: Rig) {
    for planned in [Planned::Lost, Planned::Endless] {
        rig.peer.plan(planned);
        let mut exchange = rig.exchange("{\"memo\":\"a-secret-memo\"}");
        exchange.max_response_bytes = 8;
        let error = rig.send(exchange).await.unwrap_err();
        let shown = format!("{error:?} {error}");
        assert!(
            !shown.contains("a-signature") && !shown.contains("a-secret-memo"),
            "{shown}"
        );
    }
}
