//! The gateway on a socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock;
use crate::sandbox::Sandbox;

const MAX_BODY: usize = 1024 * 1024;
const FAREWELL: Duration = Duration::from_secs(5);

/// A [`Sandbox`] on a socket; see [`Sandbox::serve`]. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Answers on a socket until the [`Server`] is shut down or dropped.
    ///
    /// # Errors
    ///
    /// When the address can't be bound.
    pub async fn serve(&self, addr: SocketAddr) -> io::Result<Server> {
        Server::start(self.clone(), addr).await
    }
}

impl Server {
    async fn start(sandbox: Sandbox, addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(accept(sandbox, listener, stopped));
        Ok(Self { addr, stop, task })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Scheme, host and port, such as `http://127.0.0.1:8080`; the routes are below
    /// `/ccpayment/v2/` and `/ccpayment/v1/`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops listening, lets the requests in progress end, and closes all connections.
    pub async fn shutdown(self) {
        let Self { stop, mut task, .. } = self;
        drop(stop);
        if clock::within(FAREWELL, &mut task).await.is_none() {
            task.abort();
        }
    }
}

async fn accept(sandbox: Sandbox, listener: TcpListener, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Nothing is ever sent; it resolves when the server lets go of its end.
            _ = stopped.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(sandbox.clone(), stream, stopped.clone()));
                }
                // Out of descriptors, most likely: let the others end first.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn converse(sandbox: Sandbox, stream: TcpStream, mut stopped: watch::Receiver<()>) {
    // Small answers must not wait for the peer's delayed acknowledgement; it works without, too.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| handle(&sandbox, request));
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error is a peer that went away, or a fault that was asked for.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// An error of the service makes hyper close the connection without an answer.
async fn handle(
    sandbox: &Sandbox,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    // An announced size is refused before the body is read.
    if body.size_hint().lower() > u64::try_from(MAX_BODY).unwrap_or(u64::MAX) {
        return Ok(sandbox.too_large(parts.uri.path()).map(Full::new));
    }
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(sandbox.too_large(parts.uri.path()).map(Full::new));
        }
        Err(_) => return Err(Dropped),
    };
    let response = sandbox
        .respond(Request::from_parts(parts, body))
        .await
        .ok_or(Dropped)?;
    Ok(response.map(Full::new))
}

#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}
