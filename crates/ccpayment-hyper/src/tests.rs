//! Properties of this backend alone; the conformance suite has those of every backend. Connections
//! are in memory and time is virtual.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::{Exchange, Transport, TransportError};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::{Barrier, mpsc};
use tower_service::Service;

use super::HyperTransport;

struct Pipe {
    stream: DuplexStream,
    is_http2: bool,
}

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        if self.is_http2 {
            Connected::new().negotiated_h2()
        } else {
            Connected::new()
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Gives the other end of each connection to the test.
#[derive(Clone)]
struct Network {
    ends: mpsc::UnboundedSender<DuplexStream>,
    is_http2: bool,
}

fn network(is_http2: bool) -> (HyperTransport, mpsc::UnboundedReceiver<DuplexStream>) {
    let (ends, server) = mpsc::unbounded_channel();
    let transport = HyperTransport::with_connector(Network { ends, is_http2 });
    (transport, server)
}

impl Service<Uri> for Network {
    type Response = TokioIo<Pipe>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<TokioIo<Pipe>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (stream, end) = tokio::io::duplex(1 << 16);
        self.ends.send(end).unwrap();
        let is_http2 = self.is_http2;
        ready(Ok(TokioIo::new(Pipe { stream, is_http2 })))
    }
}

fn exchange() -> Exchange {
    let request = Request::post("http://gateway/ccpayment/v2/getCoin")
        .body(Bytes::from_static(b"{\"coinId\":1280}"))
        .unwrap();
    Exchange::new(request, "getCoin")
}

async fn read_request(end: &mut DuplexStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"{\"coinId\":1280}") {
        assert_ne!(end.read_buf(&mut request).await.unwrap(), 0);
    }
}

async fn answer(end: &mut DuplexStream) {
    read_request(end).await;
    end.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
#[allow(clippy::disallowed_methods, reason = "time is virtual here")]
async fn a_connection_that_is_not_made_in_time_has_sent_nothing() {
    #[derive(Clone)]
    struct Never;

    impl Service<Uri> for Never {
        type Response = TokioIo<Pipe>;
        type Error = Infallible;
        type Future = std::future::Pending<Result<TokioIo<Pipe>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            pending()
        }
    }

    let (began, exchange) = (tokio::time::Instant::now(), exchange());
    let timeout = exchange.timeout;
    let error = HyperTransport::with_connector(Never)
        .send(exchange)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    // If the client gave up first, it could not tell that nothing was sent.
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(began.elapsed() < timeout);
}

/// The pool has not seen yet that the connection was closed, so the request gets it.
#[tokio::test(start_paused = true)]
async fn a_connection_that_was_closed_while_idle_has_sent_nothing() {
    let (transport, mut server) = network(false);
    let serve = async {
        let mut end = server.recv().await.unwrap();
        answer(&mut end).await;
        end
    };
    let (response, mut end) = tokio::join!(transport.send(exchange()), serve);
    assert_eq!(&response.unwrap().body()[..], b"ok");

    end.shutdown().await.unwrap();
    let error = transport.send(exchange()).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    let mut sent = Vec::new();
    end.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, b"");
    assert!(server.try_recv().is_err(), "sent again by itself");

    // The next one gets a new connection.
    let serve = async {
        let mut end = server.recv().await.unwrap();
        answer(&mut end).await;
    };
    let (response, ()) = tokio::join!(transport.send(exchange()), serve);
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_waits_for_closes_its_connection() {
    let (transport, mut server) = network(false);
    let calling = tokio::spawn(async move { transport.send(exchange()).await.is_ok() });
    let mut end = server.recv().await.unwrap();
    read_request(&mut end).await;
    calling.abort();
    assert_eq!(end.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn over_http2_calls_share_one_connection() {
    let (transport, mut server) = network(true);
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    // Nobody is answered before all have asked.
    let all = Arc::new(Barrier::new(3));
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, all) = (Arc::clone(&seen), Arc::clone(&all));
        async move {
            let body = http_body_util::BodyExt::collect(request.into_body()).await?;
            seen.lock().unwrap().push(body.to_bytes());
            all.wait().await;
            Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from_static(b"ok"))))
        }
    });
    tokio::spawn(async move {
        let end = server.recv().await.unwrap();
        http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(end), service)
            .await
            .unwrap();
        panic!("a second connection: {:?}", server.recv().await);
    });
    let answers = tokio::join!(
        transport.send(exchange()),
        transport.send(exchange()),
        transport.send(exchange())
    );
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(&answer.unwrap().body()[..], b"ok");
    }
    assert_eq!(*bodies.lock().unwrap(), [&b"{\"coinId\":1280}"[..]; 3]);
}

/// If it were kept, each later call would wait in vain as well.
#[tokio::test(start_paused = true)]
#[allow(clippy::disallowed_methods, reason = "time is virtual here")]
async fn an_http2_connection_that_gives_no_sign_of_life_is_given_up_before_the_call() {
    let (transport, mut server) = network(true);
    let exchange = exchange();
    let time = tokio::time::Instant::now();
    let timeout = exchange.timeout;
    let error = transport.send(exchange).await.unwrap_err();
    assert!(matches!(error, TransportError::MaybeSent(_)), "{error:?}");
    assert!(time.elapsed() < timeout, "{:?}", time.elapsed());
    server.recv().await.unwrap();
}
