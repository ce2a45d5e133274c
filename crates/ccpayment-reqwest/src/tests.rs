//! What leaves and what comes, on real sockets.

use std::net::SocketAddr;

use bytes::Bytes;
use ccpayment_client::{Call, Transport, TransportError};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::ReqwestTransport;

/// Answers each connection by the next script, and reports every request it has read.
async fn server(scripts: Vec<Vec<&'static str>>) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (report, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for answers in scripts {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in answers {
                let Some(request) = read_request(&mut stream).await else {
                    break;
                };
                report.send(request).unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (address, requests)
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
        let text = String::from_utf8_lossy(&bytes);
        if text.ends_with("{\"coinId\":1280}") {
            return Some(text.into_owned());
        }
    }
}

fn call(address: SocketAddr) -> Call {
    let request = Request::post(format!("http://{address}/ccpayment/v2/getCoin"))
        .header("appid", "app")
        .header("sign", "signature")
        .body(Bytes::from_static(b"{\"coinId\":1280}"))
        .unwrap();
    Call::new(request, "getCoin")
}

async fn send(address: SocketAddr) -> Result<Response<Bytes>, TransportError> {
    ReqwestTransport::new().unwrap().send(call(address)).await
}

#[tokio::test]
async fn the_request_goes_out_as_it_is_and_nothing_is_added_that_invites_surprises() {
    let (address, mut requests) =
        server(vec![vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]]).await;
    let response = send(address).await.unwrap();
    assert_eq!(&response.body()[..], b"ok");
    let request = requests.recv().await.unwrap();
    assert!(
        request.starts_with("POST /ccpayment/v2/getCoin HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n{\"coinId\":1280}"), "{request}");
    let lower = request.to_lowercase();
    assert!(
        lower.contains("\r\nsign: signature\r\n") && lower.contains("\r\ncontent-length: 15\r\n")
    );
    for unwanted in ["accept-encoding", "referer", "cookie", "transfer-encoding"] {
        assert!(!lower.contains(unwanted), "{request}");
    }
}

#[tokio::test]
async fn a_redirect_and_an_error_page_are_answers() {
    for (head, status) in [
        (
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\n",
            307,
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n", 502),
        ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n", 429),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n", 200),
    ] {
        let answer: &'static str = format!("{head}content-length: 4\r\n\r\nbody").leak();
        let (address, mut requests) = server(vec![vec![answer], vec![answer]]).await;
        let response = send(address).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(&response.body()[..], b"body");
        requests.recv().await.unwrap();
        assert!(requests.try_recv().is_err(), "sent twice");
    }
}

#[tokio::test]
async fn no_connection_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = send(address).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    assert!(!error.could_have_acted());
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_acted_and_is_not_repeated() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"co",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        "nonsense\r\n\r\n",
    ] {
        let (address, mut requests) = server(vec![vec![answer], vec![answer]]).await;
        let error = send(address).await.unwrap_err();
        assert!(
            matches!(error, TransportError::MaybeSent(_)),
            "{answer:?}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("127.0.0.1:"), "{error:?}");
        requests.recv().await.unwrap();
        assert!(requests.try_recv().is_err(), "sent twice after {answer:?}");
    }
}

#[tokio::test]
async fn a_long_answer_is_refused_with_and_without_a_stated_length() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n",
    ] {
        let (address, _requests) = server(vec![vec![answer, answer]]).await;
        let mut call = call(address);
        call.max_response_bytes = 8;
        let transport = ReqwestTransport::new().unwrap();
        let error = transport.send(call).await.unwrap_err();
        assert!(
            matches!(error, TransportError::TooLarge { limit: 8 }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    // The server accepts one connection only, so a second one would hang.
    let (address, mut requests) = server(vec![vec![ok, ok]]).await;
    let transport = ReqwestTransport::new().unwrap();
    for _ in 0..2 {
        assert_eq!(
            &transport.send(call(address)).await.unwrap().body()[..],
            b"ok"
        );
        requests.recv().await.unwrap();
    }
}
