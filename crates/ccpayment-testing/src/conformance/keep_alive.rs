//! The properties of a transport that uses a connection again.

use super::Rig;
use super::server::{Server, Step, answer};
use super::socket::{exchange, may_have_acted, whole, write};

use Step::{FirstBytes, RequestButLastByte};

pub(super) async fn a_connection_is_kept_and_used_again(rig: Rig) {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let request = || Step::Request;
    let server = Server::start(vec![vec![
        request(),
        whole(answer("ok")),
        request(),
        whole(chunked),
        request(),
        whole(answer("ok")),
    ]]);
    for _ in 0..3 {
        assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "ok");
    }
    assert_eq!(
        server.look(|log| (log.connections, log.requests.len())),
        (1, 3)
    );
}

/// A library may mean well and retry here: the kept connection may just have been too old.
pub(super) async fn a_kept_connection_that_breaks_under_the_next_request_is_not_tried_again(
    rig: Rig,
) {
    for breaks in [
        vec![RequestButLastByte],
        vec![Step::Request],
        vec![Step::Request, write("HTTP/1.1 200 OK\r\n")],
        vec![FirstBytes],
    ] {
        let mut script = vec![Step::Request, whole(answer("ok"))];
        script.extend(breaks);
        let server = Server::start(vec![script]);
        assert_eq!(rig.send(exchange(&server)).await.unwrap().body(), "ok");
        may_have_acted(&rig, &server, exchange(&server)).await;
    }
}
