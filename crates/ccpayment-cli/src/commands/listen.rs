//! `ccpay listen`: receives notifications, and verifies, prints, saves and forwards them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use ccpayment::webhook::Verifier;
use ccpayment::{Clock, HyperTransport, SystemClock};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::args::{Api, Listen};
use crate::context::{self, Context};
use crate::delivery::{AnyVerifier, Delivery, Refused, Trusted, is_acknowledged, saved_name};
use crate::exit::CliError;
use crate::http_server::{HttpServer, status};
use crate::signals;
use crate::terminal::{Mood, plain};

/// Shorter than the ten seconds after which the gateway hangs up, so that it still gets our answer.
const FORWARD_LIMIT: Duration = Duration::from_secs(8);

pub(crate) async fn run(context: &mut Context<'_>, options: Listen) -> Result<(), CliError> {
    if let Some(url) = &options.forward {
        context::url(url).map_err(|why| CliError::Usage(format!("--forward: {why}")))?;
    }
    let verifier = AnyVerifier::new(options.api, &context.credentials()?);
    if let Some(folder) = &options.save {
        let made = std::fs::create_dir_all(folder);
        made.map_err(CliError::io(format!("{} can't be made", folder.display())))?;
    }
    let mut ended = signals::ended()?;
    let server = HttpServer::open(options.listen).await?;
    announce(context, &server)?;
    let (told, mut reports) = mpsc::channel(64);
    let receiver = Arc::new(Receiver {
        api: options.api,
        verifier: verifier.clone(),
        forward: options.forward,
        save: options.save,
        saved: AtomicU64::new(0),
        transport: context::transport()?,
        clock: SystemClock::new(),
        told,
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server.serve(
        Verifier::MAX_BODY,
        move |headers, body| {
            let receiver = Arc::clone(&receiver);
            // A task of its own, so that a sender that hangs up does not end it.
            let received = tokio::spawn(async move { receiver.receive(headers, body).await });
            async move {
                let answer = received.await;
                answer.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
            }
        },
        async {
            let _ = stopped.await;
        },
    );
    let mut serving = std::pin::pin!(serving);
    let mut is_serving = true;
    let mut left = options.count;
    let mut printed = Ok(());
    while printed.is_ok() && left != Some(0) {
        tokio::select! {
            biased;
            () = &mut ended => break,
            Some((report, seen)) = reports.recv() => {
                printed = print(context, &verifier, &report);
                if printed.is_ok() {
                    let _ = seen.send(());
                }
                left = left.map(|it| it.saturating_sub(u64::from(report.acknowledged)));
            }
            () = &mut serving => {
                is_serving = false;
                break;
            }
        }
    }
    // Deliveries under way are still answered and shown. The reports end when the server and all
    // tasks have ended.
    drop(stop);
    loop {
        tokio::select! {
            biased;
            report = reports.recv() => {
                let Some((report, seen)) = report else {
                    return printed;
                };
                printed = printed.and_then(|()| print(context, &verifier, &report));
                if printed.is_ok() {
                    let _ = seen.send(());
                }
            }
            () = &mut serving, if is_serving => is_serving = false,
        }
    }
}

fn announce(context: &mut Context<'_>, server: &HttpServer) -> Result<(), CliError> {
    let url = format!("http://{}", server.addr());
    if context.terminal.is_json() {
        return context.terminal.json(&json!({ "listening": url }));
    }
    context.terminal.line(format_args!("listening on {url}"))
}

/// The parts that a connection needs, all of them thread-safe.
struct Receiver {
    api: Api,
    verifier: AnyVerifier,
    forward: Option<String>,
    save: Option<PathBuf>,
    saved: AtomicU64,
    transport: HyperTransport,
    clock: SystemClock,
    told: mpsc::Sender<(Report, oneshot::Sender<()>)>,
}

/// The result of a delivery.
struct Report {
    outcome: Result<Shown, Refused>,
    saved: Option<PathBuf>,
    forwarded: Option<Result<u16, String>>,
    trouble: Option<String>,
    acknowledged: bool,
}

/// A verified notification.
struct Shown {
    event: Box<RawValue>,
    kind: String,
    id: String,
    status: String,
}

impl Receiver {
    async fn receive(&self, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
        let delivery = Delivery { headers, body };
        let at = self.clock.now();
        let (report, answer) = match self.verifier.verify(&delivery, at) {
            Err(error) => {
                let answer = status(error.status());
                let refused = Refused {
                    error,
                    delivery,
                    at,
                };
                (Report::of(Err(refused)), answer)
            }
            Ok(trusted) => self.handle(&delivery.kept(), trusted).await,
        };
        let (shown, seen) = oneshot::channel();
        let is_shown = self.told.send((report, shown)).await.is_ok() && seen.await.is_ok();
        // A delivery that was neither shown nor kept has to come again.
        match is_shown || self.forward.is_some() || self.save.is_some() {
            true => answer,
            false => status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    async fn handle(&self, delivery: &Delivery, trusted: Trusted) -> (Report, Response<Bytes>) {
        let is_activation = trusted.kind == "ActivateWebhookURL";
        let mut report = Report::of(Ok(Shown {
            event: trusted.event,
            kind: trusted.kind,
            id: trusted.id,
            status: trusted.status,
        }));
        if let Some(folder) = &self.save {
            match self.save_in(folder, delivery) {
                Ok(path) => report.saved = Some(path),
                Err(error) => {
                    report.trouble = Some(format!("not saved: {error}"));
                    return (report, status(StatusCode::INTERNAL_SERVER_ERROR));
                }
            }
        }
        let Some(url) = &self.forward else {
            report.acknowledged = true;
            return (report, trusted.acknowledgement.into_response());
        };
        let (headers, body) = (delivery.headers.clone(), delivery.body.clone());
        let (transport, clock) = (&self.transport, &self.clock);
        match context::post_within(transport, clock, url, headers, body, FORWARD_LIMIT).await {
            Ok(answer) => {
                report.forwarded = Some(Ok(answer.status().as_u16()));
                report.acknowledged = is_acknowledged(self.api, is_activation, &answer);
                (report, handed_back(&answer))
            }
            Err(error) => {
                report.forwarded = Some(Err(error));
                (report, status(StatusCode::BAD_GATEWAY))
            }
        }
    }

    fn save_in(&self, folder: &Path, delivery: &Delivery) -> std::io::Result<PathBuf> {
        let now = self
            .clock
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let number = self.saved.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(saved_name(now, number));
        delivery.save(&path)?;
        Ok(path)
    }
}

/// Only status, type and body: the other headers belong to the other connection.
fn handed_back(answer: &Response<Bytes>) -> Response<Bytes> {
    let mut response = status(answer.status());
    *response.body_mut() = answer.body().clone();
    if let Some(value) = answer.headers().get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, value.clone());
    }
    response
}

impl Report {
    fn of(outcome: Result<Shown, Refused>) -> Self {
        Self {
            outcome,
            saved: None,
            forwarded: None,
            trouble: None,
            acknowledged: false,
        }
    }

    fn show(&self, context: &mut Context<'_>, verifier: &AnyVerifier) -> Result<(), CliError> {
        let shown = match &self.outcome {
            Ok(shown) => shown,
            Err(refused) => return context.terminal.json(&refused.json(verifier)),
        };
        context.terminal.json(&Told {
            verified: true,
            acknowledged: self.acknowledged,
            event: &shown.event,
            saved: self.saved.as_deref(),
            forwarded: self.forwarded.as_ref().map(|it| match it {
                Ok(status) => json!({ "status": status }),
                Err(error) => json!({ "error": error }),
            }),
            trouble: self.trouble.as_deref(),
        })
    }
}

/// The same for a machine.
#[derive(Serialize)]
struct Told<'a> {
    verified: bool,
    acknowledged: bool,
    event: &'a RawValue,
    saved: Option<&'a Path>,
    forwarded: Option<Value>,
    trouble: Option<&'a str>,
}

fn print(
    context: &mut Context<'_>,
    verifier: &AnyVerifier,
    report: &Report,
) -> Result<(), CliError> {
    if context.terminal.is_json() {
        return report.show(context, verifier);
    }
    let shown = match &report.outcome {
        Ok(shown) => shown,
        Err(refused) => {
            let word = Mood::Bad.paint("refused");
            context
                .terminal
                .line(format_args!("{word} {}", refused.error))?;
            for cause in verifier.causes(refused) {
                context.terminal.line(format_args!("  {cause}"))?;
            }
            return Ok(());
        }
    };
    let word = match report.acknowledged {
        true => Mood::Good.paint("acknowledged"),
        false => Mood::Bad.paint("not acknowledged"),
    };
    let words = [&shown.kind, &shown.id, &shown.status].map(|it| plain(it));
    let mut line = words.join(" ").trim_end().to_owned();
    match &report.forwarded {
        Some(Ok(status)) => line = format!("{line}, forwarded: {status}"),
        Some(Err(error)) => line = format!("{line}, not forwarded: {}", plain(error)),
        None => {}
    }
    if let Some(trouble) = &report.trouble {
        line = format!("{line}, {trouble}");
    }
    context.terminal.line(format_args!("{line}, {word}"))
}
