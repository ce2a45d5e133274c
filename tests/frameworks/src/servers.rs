//! The four servers. Each has its receiver at `/notify`, on a port of its own.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use ::axum::Router;
use ::axum::extract::{FromRef, State};
use ::axum::http::StatusCode;
use ::axum::routing::post;
use ::hyper::server::conn::http1;
use ::hyper::service::service_fn;
use ::tower::Layer;
use actix_web::error::ErrorServiceUnavailable;
use actix_web::{App, Error, HttpServer, web};
use ccpayment_actix::{Acknowledged, Notification};
use ccpayment_webhook::{Acknowledgement, Event, Verified, Webhook, WebhookLayer};
use http::Request;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::handler::Handler;

#[allow(unreachable_pub, reason = "it is shown as a merchant's own file")]
#[path = "../../../crates/ccpayment-webhook/recipes/hyper.rs"]
mod recipe;

/// A server in a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Receiver {
    fn start(
        serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(std::thread::spawn(|| serve(listener, stopped))),
        })
    }

    /// A server on tokio, which ends with all its connections.
    fn on_tokio<F: Future<Output = io::Result<()>>>(
        serve: impl FnOnce(tokio::net::TcpListener) -> F + Send + 'static,
    ) -> io::Result<Self> {
        Self::start(|listener, stopped| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => Ok(()),
                    ended = serve(tokio::net::TcpListener::from_std(listener)?) => ended,
                }
            })
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
            }
        }
    }
}

#[derive(Clone)]
struct Shop {
    webhook: Webhook,
    handler: Handler,
}

impl FromRef<Shop> for Webhook {
    fn from_ref(shop: &Shop) -> Self {
        shop.webhook.clone()
    }
}

/// The extractor of axum.
///
/// # Errors
///
/// When there is no port.
pub fn axum(webhook: Webhook, handler: Handler) -> io::Result<Receiver> {
    async fn notify(
        State(shop): State<Shop>,
        event: Verified<Event>,
    ) -> Result<Acknowledgement, StatusCode> {
        let handled = shop.handler.handle(event.event()).await;
        handled.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        Ok(event.acknowledge())
    }
    Receiver::on_tokio(async move |listener| {
        let router = Router::new().route("/notify", post(notify));
        ::axum::serve(listener, router.with_state(Shop { webhook, handler })).await
    })
}

/// The layer of tower, below hyper.
///
/// # Errors
///
/// When there is no port.
pub fn tower(webhook: Webhook, handler: Handler) -> io::Result<Receiver> {
    Receiver::on_tokio(async move |listener| {
        let inner = ::tower::service_fn(move |request: Request<Verified<Event>>| {
            let handler = handler.clone();
            async move {
                let event = request.into_body();
                handler.handle(event.event()).await?;
                Ok::<_, ::tower::BoxError>(event.acknowledge())
            }
        });
        let service = TowerToHyperService::new(WebhookLayer::new(webhook).layer(inner));
        loop {
            let (stream, _) = listener.accept().await?;
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
            // A peer that goes away is no fault of the server.
            tokio::spawn(async { drop(connection.await) });
        }
    })
}

/// The recipe for hyper alone.
///
/// # Errors
///
/// When there is no port.
pub fn hyper(webhook: Webhook, handler: Handler) -> io::Result<Receiver> {
    Receiver::on_tokio(async move |listener| {
        loop {
            let (stream, _) = listener.accept().await?;
            let (webhook, handler) = (webhook.clone(), handler.clone());
            let service = service_fn(move |request| {
                let (webhook, handler) = (webhook.clone(), handler.clone());
                async move {
                    let handle = async |event: &Event| Ok(handler.handle(event).await?);
                    let answered: Result<_, Infallible> =
                        recipe::serve(webhook, request, handle).await;
                    answered
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async { drop(connection.await) });
        }
    })
}

/// The extractor of actix-web.
///
/// # Errors
///
/// When there is no port.
pub fn actix(webhook: Webhook, handler: Handler) -> io::Result<Receiver> {
    async fn notify(
        handler: web::Data<Handler>,
        Notification(event): Notification,
    ) -> Result<Acknowledged, Error> {
        let handled = handler.handle(event.event()).await;
        handled.map_err(ErrorServiceUnavailable)?;
        Ok(Acknowledged(event.acknowledge()))
    }
    Receiver::start(|listener, stopped| {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let receiver = web::resource("/notify").route(web::post().to(notify));
                let handler = web::Data::new(handler.clone());
                App::new()
                    .app_data(webhook.clone())
                    .app_data(handler)
                    .service(receiver)
            });
            // How long actix reads on from a peer that was refused while it sent. A time below half
            // a second can be over before actix begins to wait for it, and then actix waits for
            // ever.
            let server = server.client_disconnect_timeout(Duration::from_secs(1));
            let server = server.workers(1).disable_signals().listen(listener)?.run();
            let handle = server.handle();
            actix_web::rt::spawn(async move {
                // Sent or dropped: either stops the server.
                let _ = stopped.await;
                handle.stop(false).await;
            });
            server.await
        })
    })
}
