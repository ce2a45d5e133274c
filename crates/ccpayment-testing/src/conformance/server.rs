//! `Server`, a loopback server on threads of its own, so that a transport that blocks is served
//! too.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

/// More than any property needs, and less than the bound of a property.
const PATIENCE: Duration = Duration::from_secs(10);

/// One step of a connection. The connection is closed after its last step, which is a reset where
/// bytes of the client are unread.
#[derive(Clone)]
pub(super) enum Step {
    /// Reads a request.
    Request,
    /// Reads a request but for its last byte.
    RequestButLastByte,
    /// Reads some first bytes.
    FirstBytes,
    Write(Vec<u8>),
    /// Writes a whole answer. The connection is over then, if the client has asked for that.
    Answer(Vec<u8>),
    /// Waits until the client closes, without reading anything.
    Silence,
    /// Waits until the client closes, and reads what it sends.
    UntilClosed,
}

#[derive(Default)]
pub(super) struct Log {
    pub(super) connections: usize,
    pub(super) requests: Vec<Request<Bytes>>,
    /// How many connections the client has closed.
    pub(super) closed: usize,
    /// How many steps are done.
    pub(super) steps: usize,
    /// How many connections are over on our side.
    pub(super) done: usize,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    log: Arc<(Mutex<Log>, Condvar)>,
}

impl Server {
    /// Each connection gets the next script. Connections after the last script answer every
    /// request, so that a request too many succeeds and is seen.
    pub(super) fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let server = Self {
            address: listener.local_addr().expect("it is bound"),
            log: Arc::default(),
        };
        let it = server.clone();
        let mut scripts = scripts.into_iter();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                it.change(|log| log.connections += 1);
                let script = scripts.next();
                let it = it.clone();
                thread::spawn(move || {
                    it.serve(stream, script);
                    it.change(|log| log.done += 1);
                });
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream, script: Option<Vec<Step>>) {
        let Some(script) = script else {
            while let Some(request) = read_request(&mut stream) {
                let is_last = wants_close(&request);
                self.change(|log| log.requests.push(request));
                if stream.write_all(&answer("again")).is_err() || is_last {
                    return;
                }
            }
            return;
        };
        let mut is_last = false;
        for step in script {
            match step {
                Step::Request => match read_request(&mut stream) {
                    Some(request) => {
                        is_last = wants_close(&request);
                        self.change(|log| log.requests.push(request));
                    }
                    None => return self.change(|log| log.closed += 1),
                },
                Step::RequestButLastByte => {
                    if read_but(&mut stream, 1).is_none() {
                        return;
                    }
                }
                Step::FirstBytes => {
                    if stream.read_exact(&mut [0; 16]).is_err() {
                        return;
                    }
                }
                Step::Write(bytes) => {
                    if stream.write_all(&bytes).is_err() {
                        return;
                    }
                }
                Step::Answer(bytes) => {
                    if stream.write_all(&bytes).is_err() || is_last {
                        return;
                    }
                }
                Step::Silence => {
                    // Without reading, the client's close can't be seen, so the property has to
                    // tell it.
                    self.wait(|log| log.closed > 0);
                }
                Step::UntilClosed => {
                    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
                    self.change(|log| log.closed += 1);
                }
            }
            self.change(|log| log.steps += 1);
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.log.0.lock().expect("nobody panics with it"));
        self.log.1.notify_all();
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.log.0.lock().expect("nobody panics with it"))
    }

    /// Blocks until the condition holds. False, when it takes too long.
    pub(super) fn wait(&self, holds: impl Fn(&Log) -> bool) -> bool {
        let log = self.log.0.lock().expect("nobody panics with it");
        let waited = self
            .log
            .1
            .wait_timeout_while(log, PATIENCE, |log| !holds(log))
            .expect("nobody panics with it");
        !waited.1.timed_out()
    }
}

/// A whole answer with a stated length.
pub(super) fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The head of an answer, without a header that says where its body ends.
pub(super) fn head<B>(answer: &Response<B>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Answer\r\n", answer.status().as_u16());
    for (name, value) in answer.headers() {
        let value = value.to_str().expect("our own headers are text");
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.into_bytes()
}

/// Whether the client wants no more answers on its connection (RFC 9112, 9.6).
pub(super) fn wants_close(request: &Request<Bytes>) -> bool {
    let mut options = (request.headers().get_all("connection").iter())
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    options.any(|option| option.trim().eq_ignore_ascii_case("close"))
}

pub(super) fn read_request(stream: &mut TcpStream) -> Option<Request<Bytes>> {
    read_but(stream, 0)
}

/// A request, but for so many bytes at its end. None, when the client closes before.
fn read_but(stream: &mut TcpStream, unread: usize) -> Option<Request<Bytes>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("the head of a request is text");
    let mut lines = head.trim_end().split("\r\n");
    let mut line = lines.next()?.split(' ');
    let (method, target, version) = (line.next()?, line.next()?, line.next()?);
    assert_eq!(version, "HTTP/1.1");
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line
            .split_once(": ")
            .expect("a header is a name and a value");
        request = request.header(name, value);
    }
    let mut request = request.body(Bytes::new()).expect("it can be read");
    if let Some(length) = request.headers().get("content-length") {
        let length: usize = length.to_str().ok()?.parse().expect("a length");
        let mut body = vec![0; length - unread];
        stream.read_exact(&mut body).ok()?;
        *request.body_mut() = body.into();
    }
    Some(request)
}
