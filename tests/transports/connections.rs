//! The costs of connections: how many there are, and which calls wait for one.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "real sockets are in real time, and a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ccpayment::{Exchange, HyperTransport, ReqwestTransport, Transport};
use http::Request;
use tokio::runtime::Runtime;

const CALLERS: usize = 32;
const CALLS: usize = 10_000;
/// Calls, each of which once waited for [`A_WAIT`]. The tests allow all of them half of that sum,
/// more than ten times what an idle machine takes.
const MANY: u32 = 40;
const A_WAIT: Duration = Duration::from_millis(100);

const REQUEST: &[u8] = b"{\"coinId\":1280}";

/// Counts its connections, and treats each request as told.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keeps,
    Closes,
    /// Gives its first request no answer, and keeps all others.
    SilentOnce,
}

impl Server {
    fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let asked = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                count.fetch_add(1, Ordering::Relaxed);
                let asked = Arc::clone(&asked);
                thread::spawn(move || serve(stream, kind, &asked));
            }
        });
        Self { address, accepted }
    }

    fn exchange(&self) -> Exchange {
        let request = Request::post(format!("http://{}/ccpayment/v2/getCoin", self.address));
        let request = request.body(Bytes::from_static(REQUEST)).unwrap();
        Exchange::new(request, "getCoin")
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, kind: Kind, asked: &AtomicUsize) {
    let mut unread = Vec::new();
    let mut piece = [0; 4_096];
    stream.set_nodelay(true).unwrap();
    while let Ok(read) = stream.read(&mut piece) {
        unread.extend_from_slice(&piece[..read]);
        if read == 0 {
            return;
        }
        if !unread.ends_with(REQUEST) {
            continue;
        }
        unread.clear();
        let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        let (connection, closes) = match kind {
            Kind::Closes => ("connection: close\r\n", true),
            Kind::SilentOnce if is_first => continue,
            Kind::Keeps | Kind::SilentOnce => ("", false),
        };
        let answer = format!("HTTP/1.1 200 OK\r\n{connection}content-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).is_err() || closes {
            return;
        }
    }
}

type Shared = Arc<dyn Transport>;

fn transports() -> [(&'static str, Shared); 2] {
    [
        ("reqwest", Arc::new(ReqwestTransport::new().unwrap())),
        ("hyper", Arc::new(HyperTransport::new().unwrap())),
    ]
}

async fn answered(transport: &Shared, server: &Server) {
    let answer = transport.send(server.exchange()).await.unwrap();
    assert_eq!(&answer.body()[..], b"ok");
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_need_few_connections() {
    for (name, transport) in transports() {
        let server = Arc::new(Server::start(Kind::Keeps));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (transport, server) = (Arc::clone(&transport), Arc::clone(&server));
                tokio::spawn(async move {
                    for _ in 0..CALLS / CALLERS {
                        answered(&transport, &server).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        // On an idle machine, 32 to 64.
        let accepted = server.accepted();
        assert!(accepted <= 4 * CALLERS, "{name}: {accepted}");
    }
}

#[tokio::test]
async fn a_peer_that_keeps_no_connection_makes_nobody_wait() {
    for (name, transport) in transports() {
        let server = Server::start(Kind::Closes);
        let began = Instant::now();
        for _ in 0..MANY {
            answered(&transport, &server).await;
        }
        assert!(
            began.elapsed() < A_WAIT * MANY / 2,
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn another_runtime_makes_nobody_wait() {
    for (name, transport) in transports() {
        let server = Server::start(Kind::Keeps);
        let began = Instant::now();
        for _ in 0..MANY {
            runtime().block_on(answered(&transport, &server));
        }
        assert!(
            began.elapsed() < A_WAIT * MANY / 2,
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_call_that_was_given_up_makes_nobody_wait() {
    for (name, transport) in transports() {
        let server = Server::start(Kind::SilentOnce);
        let silent = transport.send(server.exchange());
        tokio::time::timeout(Duration::from_millis(50), silent)
            .await
            .unwrap_err();
        let mut in_time = 0;
        for _ in 0..MANY {
            let next = tokio::time::timeout(A_WAIT * 9 / 10, answered(&transport, &server));
            in_time += u32::from(next.await.is_ok());
        }
        // A busy machine may be late now and then.
        assert!(in_time > MANY / 2, "{name}: {in_time}");
    }
}

#[test]
fn a_runtime_that_stands_still_holds_up_no_other() {
    for (name, transport) in transports() {
        let server = Server::start(Kind::Keeps);
        let idle = runtime();
        idle.block_on(answered(&transport, &server));
        let next = async {
            let next = answered(&transport, &server);
            tokio::time::timeout(Duration::from_secs(10), next).await
        };
        assert!(runtime().block_on(next).is_ok(), "{name}");
        assert_eq!(server.accepted(), 2, "{name}");
        // The first one still has its own.
        idle.block_on(answered(&transport, &server));
        assert_eq!(server.accepted(), 2, "{name}");
    }
}
