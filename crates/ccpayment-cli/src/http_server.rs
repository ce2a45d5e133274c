//! `HttpServer`, the small HTTP server that `listen` receives with.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ccpayment::{Clock, SystemClock};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::exit::CliError;

/// How long a body may take to come, and a connection to end.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct HttpServer {
    listener: TcpListener,
    addr: SocketAddr,
}

impl HttpServer {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Self, CliError> {
        let failed = || format!("can't listen on {addr}");
        let listener = TcpListener::bind(addr)
            .await
            .map_err(CliError::io(failed()))?;
        let addr = listener.local_addr().map_err(CliError::io(failed()))?;
        Ok(Self { listener, addr })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until `end` resolves. Requests that are under way then are still answered.
    pub(crate) async fn serve<A, F>(self, max_body: usize, answer: A, end: impl Future<Output = ()>)
    where
        A: Fn(http::HeaderMap, Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let answer = Arc::new(answer);
        let (stop, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let service = Arc::clone(&answer);
                        let stopped = stopped.clone();
                        connections.spawn(connection(stream, max_body, service, stopped));
                    }
                    // Out of descriptors, most likely: let the others end first.
                    Err(_) => tokio::task::yield_now().await,
                },
            }
        }
        drop((self.listener, stop));
        let rest = async { while connections.join_next().await.is_some() {} };
        let clock = SystemClock::new();
        tokio::select! {
            biased;
            () = rest => {}
            () = clock.deadline(PATIENCE) => {}
        }
    }
}

async fn connection<A, F>(
    stream: tokio::net::TcpStream,
    max_body: usize,
    answer: Arc<A>,
    mut stopped: watch::Receiver<()>,
) where
    A: Fn(http::HeaderMap, Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(respond(request, max_body, &*answer).await.map(Full::new)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        // An error is a peer that went away.
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn respond<F: Future<Output = Response<Bytes>>>(
    request: Request<Incoming>,
    max_body: usize,
    answer: impl Fn(http::HeaderMap, Bytes) -> F,
) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    if parts.method != http::Method::POST {
        return status(StatusCode::METHOD_NOT_ALLOWED);
    }
    let clock = SystemClock::new();
    let body = tokio::select! {
        biased;
        body = Limited::new(body, max_body).collect() => body,
        () = clock.deadline(PATIENCE) => return status(StatusCode::REQUEST_TIMEOUT),
    };
    match body {
        Ok(body) => answer(parts.headers, body.to_bytes()).await,
        Err(_) => status(StatusCode::PAYLOAD_TOO_LARGE),
    }
}

/// An answer without words.
pub(crate) fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
