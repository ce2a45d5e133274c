//! The gateway on a socket, or on any other connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::api::sandbox::Sandbox;
use crate::listener::Listener;
use crate::model::fault::Fault;
use crate::socket_faults::{ByteStream, Ending, SharedStream};
#[cfg(feature = "tls")]
use crate::tls::Greeted;
use crate::{clock, socket_faults};

const MAX_BODY: usize = 1024 * 1024;
const PAUSE: Duration = Duration::from_millis(10);
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// A [`Sandbox`] on a socket; see [`Sandbox::serve`]. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: watch::Sender<()>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

/// # Serving on sockets and other streams
impl Sandbox {
    /// Answers on a socket until the [`Server`] is shut down or dropped.
    ///
    /// # Errors
    ///
    /// When the address can't be bound.
    pub async fn serve(&self, addr: SocketAddr) -> io::Result<Server> {
        Server::start(self.clone(), addr, Greeting::Plain).await
    }

    /// As [`serve`](Self::serve), and also `https` on the same port, for clients whose host can't
    /// be changed. They must reach this machine by that host's name, and trust
    /// [`Tls::certificate_pem`](crate::Tls::certificate_pem).
    ///
    /// # Errors
    ///
    /// When the address can't be bound.
    #[cfg(feature = "tls")]
    pub async fn serve_tls(&self, addr: SocketAddr, tls: &crate::tls::Tls) -> io::Result<Server> {
        Server::start(self.clone(), addr, Greeting::Tls(tls.clone())).await
    }

    /// Answers on one connection, of whatever kind, until it ends. Faults strike it as they strike
    /// a socket's.
    ///
    /// It is deterministic: the same bytes at the same (virtual) times of tokio's clock get the
    /// same answers. Pauses within an answer, such as those of
    /// [`SlowBody`](crate::BadResponse::SlowBody), go by that clock, too.
    pub async fn serve_stream(&self, stream: impl ByteStream) {
        let (_open, stopped) = watch::channel(());
        serve_connection(self.clone(), stream, stopped).await;
    }
}

impl Server {
    async fn start(sandbox: Sandbox, addr: SocketAddr, greeting: Greeting) -> io::Result<Self> {
        let (addr, listener) = Listener::open(addr)?;
        let (stop, stopped) = watch::channel(());
        let (commands, received) = mpsc::channel(1);
        let task = tokio::spawn(accept(sandbox, listener, greeting, stopped, received));
        Ok(Self {
            addr,
            stop,
            commands,
            task,
        })
    }

    /// Stops listening and closes all connections. Once this call has returned, the kernel refuses
    /// each new connection, until [`listen_again`](Self::listen_again).
    ///
    /// Requests in progress may end first. Those that take longer than five seconds are cut off.
    pub async fn stop_listening(&self) {
        // It can't fail: nothing is bound.
        let _ = self.command(false).await;
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// When somebody else has taken the port. On Linux, nobody gets it by chance.
    pub async fn listen_again(&self) -> io::Result<()> {
        self.command(true).await
    }

    async fn command(&self, open: bool) -> io::Result<()> {
        let (done, told) = oneshot::channel();
        let gone = || io::Error::other("the server has ended");
        (self.commands.send((open, done)).await).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }

    /// The address that the server listens on.
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
        if clock::within(DRAIN_LIMIT, &mut task).await.is_none() {
            task.abort();
        }
    }
}

/// Whether to listen, and the channel for the result.
type Command = (bool, oneshot::Sender<io::Result<()>>);

/// The protocols that a new connection may begin with.
#[derive(Clone)]
enum Greeting {
    Plain,
    #[cfg(feature = "tls")]
    Tls(crate::tls::Tls),
}

async fn accept(
    sandbox: Sandbox,
    mut listener: Listener,
    greeting: Greeting,
    mut stopped: watch::Receiver<()>,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut connections = JoinSet::new();
    // Nothing is ever sent on this channel; the connections end when it is dropped.
    let (mut epoch, mut over) = watch::channel(());
    loop {
        tokio::select! {
            biased;
            _ = stopped.changed() => break,
            Some((open, done)) = commands.recv() => {
                let result = if open {
                    listener.reopen()
                } else {
                    listener.close();
                    (epoch, over) = watch::channel(());
                    drain(&mut connections).await;
                    Ok(())
                };
                // A caller that no longer waits need not know.
                let _ = done.send(result);
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    // Small answers must not wait for the peer's delayed acknowledgement. The
                    // server works without this, too.
                    let _ = stream.set_nodelay(true);
                    let greeting = greeting.clone();
                    connections.spawn(greet(sandbox.clone(), stream, greeting, over.clone()));
                }
                // Out of descriptors, most likely: let the others end first, and take turns with them.
                Err(_) => clock::pause(PAUSE).await,
            },
        }
    }
    drop((listener, epoch));
    while connections.join_next().await.is_some() {}
}

async fn drain(connections: &mut JoinSet<()>) {
    let all = async { while connections.join_next().await.is_some() {} };
    if clock::within(DRAIN_LIMIT, all).await.is_none() {
        connections.shutdown().await;
    }
}

async fn greet(
    sandbox: Sandbox,
    stream: TcpStream,
    greeting: Greeting,
    stopped: watch::Receiver<()>,
) {
    match greeting {
        Greeting::Plain => serve_connection(sandbox, stream, stopped).await,
        #[cfg(feature = "tls")]
        Greeting::Tls(tls) => {
            let mut over = stopped.clone();
            let greeted = tokio::select! {
                biased;
                greeted = tls.greet(stream) => greeted,
                // A silent peer must not outlast the server.
                _ = over.changed() => return,
            };
            match greeted {
                Ok(Greeted::Plain(stream)) => serve_connection(sandbox, stream, stopped).await,
                Ok(Greeted::Tls(stream)) => serve_connection(sandbox, stream, stopped).await,
                // Most likely the client does not trust the certificate.
                Err(_) => {}
            }
        }
    }
}

async fn serve_connection(
    sandbox: Sandbox,
    stream: impl ByteStream,
    mut stopped: watch::Receiver<()>,
) {
    let shared = SharedStream::new(stream);
    let ending = Mutex::new(None);
    {
        let service = service_fn(|request| handle(&sandbox, request, &ending));
        let connection = http1::Builder::new()
            .auto_date_header(false)
            .serve_connection(TokioIo::new(shared.clone()), service);
        let mut connection = std::pin::pin!(connection);
        // An error is a peer that went away, or a fault that was asked for.
        let stopping = tokio::select! {
            biased;
            _ = connection.as_mut() => false,
            _ = stopped.changed() => true,
        };
        if stopping {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    let ending = ending.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let (Some(ending), Some(stream)) = (ending, shared.into_stream()) {
        tokio::select! {
            biased;
            () = socket_faults::end(stream, ending) => {}
            // Silence must not outlast the server.
            _ = stopped.changed() => {}
        }
    }
}

/// Answers a request. After an error, hyper drops the connection without an answer, and `ending`
/// says what becomes of it.
async fn handle(
    sandbox: &Sandbox,
    request: Request<Incoming>,
    ending: &Mutex<Option<Ending>>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let drop_with = |how| {
        *ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        Dropped
    };
    let (parts, mut body) = request.into_parts();
    if let Some(fault) = sandbox.strike_early(parts.uri.path()) {
        if fault == Fault::ResetMidRequest && !body.is_end_stream() {
            let _ = body.frame().await;
        }
        return Err(drop_with(Ending::Reset));
    }
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
    let exchange = sandbox
        .exchange_whole(Request::from_parts(parts, body))
        .await;
    socket_faults::ending(exchange)
        .map(|response| response.map(Full::new))
        .map_err(drop_with)
}

#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}
