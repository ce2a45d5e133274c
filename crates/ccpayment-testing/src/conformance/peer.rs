//! `Peer`, the other end for transports that open no sockets.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};

use super::server::{head, read_request, wants_close};

/// The other end of a transport under test. It listens on loopback; a transport that reaches its
/// peer in some other way asks [`Peer::answer`] instead.
#[derive(Debug, Clone)]
pub struct Peer {
    pub(super) address: SocketAddr,
    /// Where nobody listens.
    pub(super) closed: SocketAddr,
    state: Arc<Mutex<State>>,
    pulled: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    plan: VecDeque<Planned>,
    seen: Vec<Request<Bytes>>,
}

/// What becomes of the next request.
#[derive(Debug)]
pub(super) enum Planned {
    Answer(Response<Vec<Bytes>>),
    /// The same, without an announced length.
    Unannounced(Response<Vec<Bytes>>),
    /// More than a transport may take, without an announced length.
    Endless,
    /// The connection breaks after the request.
    Lost,
    /// Nothing comes.
    Silent,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// Nobody is there: not a byte was sent.
    #[error("nobody is there")]
    Unreachable,
    /// The connection broke after the request had arrived.
    #[error("the connection broke after the request")]
    Lost,
}

/// Where an endless answer ends after all, if a transport takes all of it.
const ENDLESS: usize = 128 << 20;
const PIECE: Bytes = Bytes::from_static(&[b'x'; 1 << 16]);

impl Peer {
    pub(super) fn start() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let (listener, closed) = (bind(), bind());
        let peer = Self {
            address: listener.local_addr().expect("it is bound"),
            closed: closed.local_addr().expect("it is bound"),
            state: Arc::default(),
            pulled: Arc::default(),
        };
        let it = peer.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let it = it.clone();
                thread::spawn(move || it.serve(stream));
            }
        });
        peer
    }

    /// Answers a request, for a transport that does not carry it here by a socket. The answer may
    /// never come: then the deadline has to end the call.
    ///
    /// # Errors
    ///
    /// [`PeerError`], which says whether the request has arrived.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<PeerBody>, PeerError> {
        if (request.uri().authority()).is_some_and(|to| to.as_str() == self.closed.to_string()) {
            return Err(PeerError::Unreachable);
        }
        let body = |pieces: Vec<Bytes>, is_announced| PeerBody {
            pieces: pieces.into(),
            is_announced,
            pulled: Arc::clone(&self.pulled),
        };
        match self.take(request) {
            Planned::Answer(answer) => Ok(answer.map(|pieces| body(pieces, true))),
            Planned::Unannounced(answer) => Ok(answer.map(|pieces| body(pieces, false))),
            Planned::Endless => {
                let pieces = vec![PIECE; ENDLESS / PIECE.len()];
                Ok(Response::new(body(pieces, false)))
            }
            Planned::Lost => Err(PeerError::Lost),
            Planned::Silent => pending().await,
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        while let Some(request) = read_request(&mut stream) {
            let is_last = wants_close(&request);
            let written = match self.take(request) {
                Planned::Answer(answer) => {
                    let mut bytes = head(&answer);
                    let body = answer.into_body().concat();
                    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
                    stream.write_all(&[bytes, body].concat())
                }
                Planned::Unannounced(answer) => {
                    let head = head(&answer);
                    self.write_chunks(&mut stream, head, answer.into_body())
                }
                Planned::Endless => {
                    let pieces = std::iter::repeat_n(PIECE, ENDLESS / PIECE.len());
                    let head = head(&Response::new(()));
                    self.write_chunks(&mut stream, head, pieces)
                }
                Planned::Lost => return,
                // A client that has given up closes.
                Planned::Silent => {
                    drop(read_request(&mut stream));
                    return;
                }
            };
            if written.is_err() || is_last {
                return;
            }
        }
    }

    fn write_chunks(
        &self,
        stream: &mut TcpStream,
        mut head: Vec<u8>,
        pieces: impl IntoIterator<Item = Bytes>,
    ) -> std::io::Result<()> {
        head.extend(b"transfer-encoding: chunked\r\n\r\n");
        stream.write_all(&head)?;
        for piece in pieces {
            let size = format!("{:x}\r\n", piece.len());
            stream.write_all(&[size.as_bytes(), &piece, b"\r\n"].concat())?;
            self.pulled.fetch_add(piece.len(), Ordering::Relaxed);
        }
        stream.write_all(b"0\r\n\r\n")
    }

    fn take(&self, request: Request<Bytes>) -> Planned {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.seen.push(request);
        // A request too many gets an answer, so that it is seen.
        state.plan.pop_front().unwrap_or_else(|| {
            Planned::Answer(Response::new(vec![Bytes::from_static(b"one too many")]))
        })
    }

    pub(super) fn plan(&self, planned: Planned) {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.plan.push_back(planned);
    }

    /// The requests since the last look.
    pub(super) fn seen(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.state.lock().expect("nobody panics with it").seen)
    }

    /// How much of unannounced bodies was taken.
    pub(super) fn pulled(&self) -> usize {
        self.pulled.load(Ordering::Relaxed)
    }
}

/// The body of an answer of [`Peer::answer`].
#[derive(Debug)]
pub struct PeerBody {
    pieces: VecDeque<Bytes>,
    is_announced: bool,
    pulled: Arc<AtomicUsize>,
}

impl Body for PeerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        if let Some(piece) = &piece {
            self.pulled.fetch_add(piece.len(), Ordering::Relaxed);
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_announced {
            SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
        } else {
            SizeHint::default()
        }
    }
}
