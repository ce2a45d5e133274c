//! HTTP/2: which frames of a peer prove that it left a request unread.
//!
//! The peer is written by hand, frame by frame, and speaks HTTP/2 without TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use ccpayment::{Exchange, HyperTransport, ReqwestTransport, Transport, TransportError};
use http::{Request, Uri};
use hyper::rt::{Read as HyperRead, ReadBufCursor, Write as HyperWrite};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tower_service::Service;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
/// The last code that RFC 9113 has.
const LAST_CODE: u32 = 13;
const HIGHEST_STREAM: u32 = (1 << 31) - 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

fn go_away(last: u32, code: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
    frame(GO_AWAY, 0, 0, &payload)
}

/// Status 200, with or without a body to come.
fn head(stream: u32, is_all: bool) -> Vec<u8> {
    let end = if is_all { END_STREAM } else { 0 };
    frame(HEADERS, END_HEADERS | end, stream, &[0x88])
}

/// A peer that serves one connection after the other. Once it has this many whole requests, it
/// writes its words and closes its side.
struct Peer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// The stream of each request that is there whole.
    arrived: mpsc::Receiver<u32>,
}

impl Peer {
    fn start(requests: usize, words: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let (arrives, arrived) = mpsc::channel();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                count.fetch_add(1, Ordering::Relaxed);
                // An error is the client's end of the connection.
                let _ = serve(stream, requests, &words, &arrives);
            }
        });
        Self {
            address,
            connections,
            arrived,
        }
    }

    fn exchange(&self) -> Exchange {
        let request = Request::post(format!("http://{}/ccpayment/v2/getCoin", self.address));
        let request = request.body(Bytes::from_static(b"{\"coinId\":1280}"));
        Exchange::new(request.unwrap(), "getCoin")
    }
}

fn serve(
    mut stream: TcpStream,
    requests: usize,
    words: &[u8],
    arrives: &mpsc::Sender<u32>,
) -> io::Result<()> {
    let mut preface = [0; PREFACE.len()];
    stream.read_exact(&mut preface)?;
    assert_eq!(preface, PREFACE);
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let mut whole = 0;
    while whole < requests {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            PING if flags & ACK == 0 => stream.write_all(&frame(PING, ACK, 0, &payload))?,
            // The last frame of a request, with headers or with its body.
            0 | HEADERS if flags & END_STREAM != 0 => {
                whole += 1;
                let _ = arrives.send(u32::from_be_bytes(id));
            }
            _ => {}
        }
    }
    stream.write_all(words)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// A connection that speaks HTTP/2 from its first byte.
struct Http2(TokioIo<tokio::net::TcpStream>);

impl Connection for Http2 {
    fn connected(&self) -> Connected {
        Connected::new().negotiated_h2()
    }
}

impl HyperRead for Http2 {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl HyperWrite for Http2 {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[derive(Clone)]
struct PriorKnowledge(HttpConnector);

impl Service<Uri> for PriorKnowledge {
    type Response = Http2;
    type Error = ccpayment::BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Http2, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async { Ok(Http2(connecting.await?)) })
    }
}

fn transports() -> [(&'static str, Arc<dyn Transport>); 2] {
    let reqwest = super::reqwest_of_your_own::builder().http2_prior_knowledge();
    let hyper = HyperTransport::with_connector(PriorKnowledge(HttpConnector::new()));
    [
        (
            "reqwest",
            Arc::new(ReqwestTransport::from(reqwest.build().unwrap())),
        ),
        ("hyper", Arc::new(hyper)),
    ]
}

/// The result of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    NotSent,
    InDoubt,
}

impl Fate {
    fn of(answer: Result<http::Response<Bytes>, TransportError>) -> Self {
        match answer {
            Ok(_) => Self::Answered,
            Err(TransportError::NotSent(_)) => Self::NotSent,
            Err(error) => {
                assert!(matches!(error, TransportError::MaybeSent(_)), "{error:?}");
                Self::InDoubt
            }
        }
    }
}

use Fate::{Answered, InDoubt, NotSent};

#[tokio::test]
async fn only_a_refused_stream_and_a_goaway_that_leaves_it_out_prove_that_a_request_was_unread() {
    let mut rows = vec![
        ("an answer", head(1, true), Answered),
        ("nothing", vec![], InDoubt),
        ("a GOAWAY that has it", go_away(1, NO_ERROR), InDoubt),
        (
            "a GOAWAY that has whatever comes",
            go_away(HIGHEST_STREAM, NO_ERROR),
            InDoubt,
        ),
        (
            "a GOAWAY that has whatever comes, and another that does not",
            [go_away(HIGHEST_STREAM, NO_ERROR), go_away(0, NO_ERROR)].concat(),
            NotSent,
        ),
        (
            "a GOAWAY that has it, and an answer",
            [go_away(1, NO_ERROR), head(1, true)].concat(),
            Answered,
        ),
        (
            "refused in the middle of its answer",
            [head(1, false), reset(1, REFUSED_STREAM)].concat(),
            InDoubt,
        ),
        (
            "left out in the middle of its answer",
            [head(1, false), go_away(0, INTERNAL_ERROR)].concat(),
            InDoubt,
        ),
        // hyper takes this for the end of the answer. Truncated JSON can't be read, so the client
        // is in doubt.
        (
            "left out in the middle of its answer, without an error",
            [head(1, false), go_away(0, NO_ERROR)].concat(),
            Answered,
        ),
        // The client ends the connection by itself, with a GOAWAY of its own.
        ("headers of no stream", head(0, true), InDoubt),
    ];
    for code in 0..=LAST_CODE {
        let fate = match code {
            REFUSED_STREAM => NotSent,
            _ => InDoubt,
        };
        rows.push(("a reset", reset(1, code), fate));
        rows.push(("a GOAWAY that leaves it out", go_away(0, code), NotSent));
        rows.push(("a GOAWAY that has it", go_away(1, code), InDoubt));
    }
    for (name, transport) in transports() {
        for (says, words, fate) in &rows {
            let peer = Peer::start(1, words.clone());
            let got = Fate::of(transport.send(peer.exchange()).await);
            assert_eq!(got, *fate, "{name}: {says}: {words:?}");
            let seen: Vec<u32> = peer.arrived.try_iter().collect();
            assert_eq!(seen, [1], "{name}: {says}: sent again");
            assert_eq!(peer.connections.load(Ordering::Relaxed), 1, "{name}");
        }
    }
}

/// Two requests at once. The peer names the first as the last one that it took up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goaway_proves_something_of_the_requests_after_the_last_that_it_has() {
    for (words, fate) in [
        (go_away(1, NO_ERROR), InDoubt),
        ([go_away(1, NO_ERROR), head(1, true)].concat(), Answered),
        (
            [go_away(1, INTERNAL_ERROR), reset(1, INTERNAL_ERROR)].concat(),
            InDoubt,
        ),
    ] {
        for (name, transport) in transports() {
            let peer = Peer::start(2, words.clone());
            let send = || {
                let (transport, exchange) = (Arc::clone(&transport), peer.exchange());
                tokio::spawn(async move { Fate::of(transport.send(exchange).await) })
            };
            let first = send();
            assert_eq!(peer.arrived.recv(), Ok(1));
            let second = send();
            assert_eq!(peer.arrived.recv(), Ok(3));
            let fates = (first.await.unwrap(), second.await.unwrap());
            assert_eq!(fates, (fate, NotSent), "{name}: {words:?}");
            assert_eq!(peer.connections.load(Ordering::Relaxed), 1, "{name}");
        }
    }
}
