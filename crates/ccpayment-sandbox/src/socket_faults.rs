//! Faults that an HTTP library would never commit on a connection: resets, silence, wrong lengths.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_LENGTH;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::clock;
use crate::in_process::Exchange;
use crate::model::fault::{BadResponse, Fault};

/// How many pieces a slow body comes in, and how long each takes.
const PIECES: usize = 40;
const PAUSE: Duration = Duration::from_millis(50);
const TOO_LONG: usize = 10;

/// A connection that a [`Sandbox`](crate::Sandbox) can answer on: a socket, or a test's substitute
/// for one.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin {
    /// From now on, dropping this resets the connection instead of closing it: the peer must meet
    /// an error, and never a clean end.
    ///
    /// # Errors
    ///
    /// When the connection can't be set so.
    fn reset(&mut self) -> io::Result<()>;
}

impl ByteStream for TcpStream {
    fn reset(&mut self) -> io::Result<()> {
        // Nothing lingers: the kernel resets the connection when the socket is closed.
        self.set_zero_linger()
    }
}

/// A stream that hyper reads and writes, and that is still there when hyper is done with it.
#[derive(Debug)]
pub(crate) struct SharedStream<S>(Arc<Mutex<S>>);

impl<S> Clone for SharedStream<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> SharedStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// The stream, once every other handle is gone.
    pub(crate) fn into_stream(self) -> Option<S> {
        let stream = Arc::into_inner(self.0)?;
        Some(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn stream(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ByteStream> AsyncRead for SharedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_read(context, buffer)
    }
}

impl<S: ByteStream> AsyncWrite for SharedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream()).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream().is_write_vectored()
    }
}

/// What is left to do with a connection that hyper has dropped.
#[derive(Debug)]
pub(crate) enum Ending {
    Close,
    Reset,
    Silence,
    Bytes(Vec<u8>),
    Slowly(Vec<u8>, Bytes),
}

/// The answer if hyper can send it; else what to do with the connection.
pub(crate) fn ending(exchange: Exchange) -> Result<Response<Bytes>, Ending> {
    let Some(response) = exchange.response else {
        return Err(match exchange.fault {
            Some(
                Fault::Refused | Fault::ResetUnread | Fault::ResetMidRequest | Fault::Reset { .. },
            ) => Ending::Reset,
            Some(Fault::Silence { .. }) => Ending::Silence,
            _ => Ending::Close,
        });
    };
    let Some(Fault::Reply { with, .. }) = exchange.fault else {
        return Ok(response);
    };
    let body = response.body();
    Err(match with {
        BadResponse::SlowBody => Ending::Slowly(sized(&response, body.len()), body.clone()),
        BadResponse::CutMidChunk => {
            let mut bytes = head(&response, "transfer-encoding: chunked");
            bytes.extend(format!("{:x}\r\n", body.len()).into_bytes());
            let half = body.len() / 2;
            bytes.extend(body.iter().take(half));
            Ending::Bytes(bytes)
        }
        BadResponse::LengthTooLong => {
            let mut bytes = sized(&response, body.len().saturating_add(TOO_LONG));
            bytes.extend(body);
            Ending::Bytes(bytes)
        }
        BadResponse::LengthTooShort => {
            let mut bytes = sized(&response, body.len() / 2);
            bytes.extend(body);
            Ending::Bytes(bytes)
        }
        _ => return Ok(response),
    })
}

fn sized(response: &Response<Bytes>, length: usize) -> Vec<u8> {
    head(response, &format!("{CONTENT_LENGTH}: {length}"))
}

fn head(response: &Response<Bytes>, framing: &str) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend(name.as_str().as_bytes());
        bytes.extend(b": ");
        bytes.extend(value.as_bytes());
        bytes.extend(b"\r\n");
    }
    bytes.extend(framing.as_bytes());
    bytes.extend(b"\r\n\r\n");
    bytes
}

/// Ends the connection in this way. Any error means that the peer went away.
pub(crate) async fn end(mut stream: impl ByteStream, ending: Ending) {
    let _ = match ending {
        Ending::Close => Ok(()),
        Ending::Reset => stream.reset(),
        Ending::Silence => discard_until_closed(&mut stream).await,
        Ending::Bytes(bytes) => send(&mut stream, &bytes).await,
        Ending::Slowly(head, body) => slowly(&mut stream, &head, &body).await,
    };
}

async fn send(stream: &mut impl ByteStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await
}

async fn slowly(stream: &mut impl ByteStream, head: &[u8], body: &[u8]) -> io::Result<()> {
    stream.write_all(head).await?;
    for piece in body.chunks(body.len().div_ceil(PIECES).max(1)) {
        clock::pause(PAUSE).await;
        stream.write_all(piece).await?;
    }
    stream.shutdown().await
}

async fn discard_until_closed(stream: &mut impl ByteStream) -> io::Result<()> {
    let mut waste = [0; 1024];
    while stream.read(&mut waste).await? != 0 {}
    Ok(())
}
