//! The properties of a transport that opens connections: what it must not do on one by itself.

use ccpayment_client::{Exchange, TransportError};

use super::server::{Log, Server, Step, answer};
use super::{Rig, SHORT, call_to};

use Step::{FirstBytes, RequestButLastByte, Silence, UntilClosed};

/// `hello`, compressed.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
];
const DEFLATE: &[u8] = &[120, 156, 203, 72, 205, 201, 201, 7, 0, 6, 44, 2, 21];

pub(super) fn write(bytes: impl AsRef<[u8]>) -> Step {
    Step::Write(bytes.as_ref().to_vec())
}

/// A whole answer.
pub(super) fn whole(bytes: impl AsRef<[u8]>) -> Step {
    Step::Answer(bytes.as_ref().to_vec())
}

pub(super) fn exchange(server: &Server) -> Exchange {
    call_to(server.address, "{\"coinId\":1280}")
}

/// Longer than all buffers on the way, so that a part is unsent when the connection breaks.
fn long_call(server: &Server) -> Exchange {
    call_to(server.address, vec![b'x'; 32 << 20])
}

pub(super) async fn the_request_on_the_wire_has_one_host_and_one_length(rig: Rig) {
    let server = Server::start(vec![]);
    rig.send(exchange(&server)).await.unwrap();
    let request = server.look(|log| log.requests[0].clone());
    let values = |name| -> Vec<_> { request.headers().get_all(name).iter().collect() };
    assert_eq!(request.uri(), "/ccpayment/v2/getCoin");
    assert_eq!(values("host"), [&*server.address.to_string()]);
    assert_eq!(values("content-length"), ["15"]);
    for never in ["transfer-encoding", "expect", "accept-encoding", "upgrade"] {
        assert!(values(never).is_empty(), "{never}");
    }
}

pub(super) async fn no_redirect_is_followed(rig: Rig) {
    let elsewhere = Server::start(vec![]);
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://{}/\r\ncontent-length: 4\r\n\r\nbody",
            elsewhere.address
        );
        let server = Server::start(vec![vec![Step::Request, whole(answer)]]);
        let answer = rig.send(exchange(&server)).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.body()[..]),
            (status, &b"body"[..])
        );
        assert_eq!(server.look(|log| log.requests.len()), 1, "{status}");
    }
    assert_eq!(elsewhere.look(|log| log.connections), 0);
}

pub(super) async fn nothing_is_decompressed(rig: Rig) {
    for (encoding, body) in [
        ("gzip", GZIP),
        ("deflate", DEFLATE),
        ("br", b"\x0b\x02\x80hello\x03"),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let server = Server::start(vec![vec![
            Step::Request,
            whole([head.as_bytes(), body].concat()),
        ]]);
        let answer = rig.send(exchange(&server)).await.unwrap();
        assert_eq!(answer.body(), body, "{encoding}");
        assert_eq!(answer.headers()["content-encoding"], encoding);
    }
}

pub(super) async fn a_connection_that_the_server_gives_up_is_not_used_again(rig: Rig) {
    let last = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::start(vec![vec![Step::Request, whole(last), UntilClosed]]);
    assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "ok");
    assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "again");
}

pub(super) async fn an_interim_answer_is_not_the_answer(rig: Rig) {
    let server = Server::start(vec![vec![
        Step::Request,
        write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
        whole(answer("ok")),
    ]]);
    let answer = rig.send(exchange(&server)).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (200, &b"ok"[..])
    );
}

pub(super) async fn a_refused_connection_has_sent_nothing(rig: Rig) {
    let error = rig.send(call_to(rig.peer.closed, "{}")).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
}

pub(super) async fn a_connection_closed_before_the_request_is_no_answer(rig: Rig) {
    let server = Server::start(vec![vec![]]);
    let error = rig.send(exchange(&server)).await.unwrap_err();
    // The class of the error is a race. Whether the request goes out again is not.
    assert_eq!(
        server.look(|log| (log.connections, log.requests.len())),
        (1, 0),
        "{error:?}"
    );
}

pub(super) async fn a_reset_during_the_request_may_have_sent_it(rig: Rig) {
    let server = Server::start(vec![vec![FirstBytes]]);
    may_have_acted(&rig, &server, long_call(&server)).await;
}

pub(super) async fn a_reset_after_the_request_may_have_sent_it(rig: Rig) {
    let server = Server::start(vec![vec![RequestButLastByte]]);
    may_have_acted(&rig, &server, exchange(&server)).await;
}

pub(super) async fn a_reset_within_the_answer_may_have_sent_the_request(rig: Rig) {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"co";
    let server = Server::start(vec![vec![RequestButLastByte, write(cut)]]);
    may_have_acted(&rig, &server, exchange(&server)).await;
}

pub(super) async fn an_answer_that_breaks_off_or_is_none_may_have_sent_the_request(rig: Rig) {
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for broken in [
        String::new(),
        "HT".to_owned(),
        head.to_owned(),
        format!("{head}content-le"),
        format!("{head}content-length: 10\r\n\r\n"),
        format!("{head}content-length: 10\r\n\r\n{{\"co"),
        chunked.to_owned(),
        format!("{chunked}5\r\nab"),
        format!("{chunked}2\r\nok\r\n"),
        format!("{chunked}2\r\nok\r\n0"),
        format!("{chunked}zz\r\nok\r\n0\r\n\r\n"),
        format!("{chunked}2\r\nokay\r\n0\r\n\r\n"),
        format!("{chunked}fffffffffffffffff\r\nok\r\n0\r\n\r\n"),
        "nonsense\r\n\r\n".to_owned(),
        "\0\0\0\0".to_owned(),
        "HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.1 2x0 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        format!("{head}content-length: two\r\n\r\nok"),
        format!("{head}content-length: -2\r\n\r\nok"),
        format!("{head}content-length: 99999999999999999999\r\n\r\nok"),
        format!("{head}content-length: 2\r\ncontent-length: 3\r\n\r\nok!"),
        format!("{head}x: {}", "y".repeat(4 << 20)),
    ] {
        let server = Server::start(vec![vec![Step::Request, write(&broken)]]);
        let start = &broken[..broken.len().min(80)];
        let error = match rig.send(exchange(&server)).await {
            Err(error) => error,
            Ok(answer) => panic!("{start:?} is taken for {answer:?}"),
        };
        assert!(error.could_have_acted(), "{start:?}: {error:?}");
        let seen = server.look(|log| (log.connections, log.requests.len()));
        assert_eq!(seen, (1, 1), "{start:?} was repeated");
    }
}

pub(super) async fn a_kept_connection_that_was_closed_is_replaced_or_an_honest_error(rig: Rig) {
    let server = Server::start(vec![vec![Step::Request, whole(answer("ok"))]]);
    assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "ok");
    assert!(rig.wait(&server, |log| log.done == 1).await);
    let second = rig.send(exchange(&server)).await;
    let arrived = server.look(|log| log.requests.len()) - 1;
    match second {
        Ok(answer) => assert_eq!((answer.body().as_ref(), arrived), (&b"again"[..], 1)),
        Err(_) => assert_eq!(arrived, 0, "it arrived, and failed"),
    }
}

/// A stray answer must not count as the answer to the next request, which may be a payout.
pub(super) async fn an_answer_that_nobody_asked_for_is_nobodys(rig: Rig) {
    let timeout =
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 5\r\n\r\nstray";
    for stray in [answer("stray"), timeout.into()] {
        let at_once = whole([answer("ok"), stray.clone()].concat());
        let later = vec![
            Step::Request,
            whole(answer("ok")),
            write(stray),
            UntilClosed,
        ];
        for script in [vec![Step::Request, at_once, UntilClosed], later] {
            let written = script.len() - 1;
            let server = Server::start(vec![script]);
            assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "ok");
            // The stray answer comes before the next request, or nobody could tell the two apart.
            let is_over = move |log: &Log| log.steps >= written || log.done == 1;
            assert!(rig.wait(&server, is_over).await);
            match rig.send(exchange(&server)).await {
                Ok(answer) => assert_eq!(answer.body(), "again"),
                Err(error) => assert!(matches!(error, TransportError::NotSent(_)), "{error:?}"),
            }
        }
    }
}

pub(super) async fn what_was_refused_is_not_read_as_the_next_answer(rig: Rig) {
    let too_long = answer(&String::from_utf8_lossy(&answer("stray").repeat(10_000)));
    let server = Server::start(vec![vec![
        Step::Request,
        whole(too_long),
        Step::Request,
        whole(answer("kept")),
    ]]);
    let mut first = exchange(&server);
    first.max_response_bytes = 4;
    let error = rig.send(first).await.unwrap_err();
    assert!(
        matches!(error, TransportError::TooLarge { limit: 4 }),
        "{error:?}"
    );
    let second = rig.send(exchange(&server)).await.unwrap();
    assert!(
        ["kept", "again"].iter().any(|body| second.body() == body),
        "{second:?}"
    );
}

pub(super) async fn a_silent_server_is_given_up_in_time_and_the_connection_closed(rig: Rig) {
    let slow = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"co";
    for silence in [
        vec![Step::Request, UntilClosed],
        vec![Step::Request, write(slow), UntilClosed],
        vec![Step::Request, write("HTTP/1.1 200 OK\r\n"), UntilClosed],
    ] {
        let server = Server::start(vec![silence]);
        let mut exchange = exchange(&server);
        exchange.timeout = SHORT;
        let error = rig.send(exchange).await.unwrap_err();
        assert!(error.could_have_acted(), "{error:?}");
        assert!(
            rig.wait(&server, |log| log.closed == 1).await,
            "the connection stays open"
        );
        assert_eq!(
            server.look(|log| (log.connections, log.requests.len())),
            (1, 1)
        );
    }
}

pub(super) async fn a_server_that_takes_nothing_is_given_up_in_time(rig: Rig) {
    let server = Server::start(vec![vec![FirstBytes, Silence]]);
    let mut exchange = long_call(&server);
    exchange.timeout = SHORT;
    let error = rig.send(exchange).await.unwrap_err();
    assert!(error.could_have_acted(), "{error:?}");
    assert_eq!(
        server.look(|log| (log.connections, log.requests.len())),
        (1, 0)
    );
    server.change(|log| log.closed = 1);
}

/// What arrived before this call is not counted.
pub(super) async fn may_have_acted(rig: &Rig, server: &Server, exchange: Exchange) {
    let error = rig.send(exchange).await.unwrap_err();
    assert!(
        matches!(error, TransportError::MaybeSent(_)),
        "{error:?} claims to know"
    );
    assert_eq!(server.look(|log| log.connections), 1, "it was sent again");
}
