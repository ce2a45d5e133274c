//! `ccpay doctor`: looks for everything that is wrong, and names all of it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ccpayment::raw::{PreparedRequest, decode, decode_signed};
use ccpayment::{
    AnswerError, Clock, Credentials, Exchange, HyperTransport, Origin, Timestamp, TransportError,
    v1, v2,
};
use http::Response;
use http::header::DATE;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::trigger;
use crate::args::{Api, Doctor};
use crate::context::{self, Context};
use crate::delivery::{Delivery, is_acknowledged};
use crate::exit::CliError;
use crate::terminal::Mood;

/// How far our clock may be off, in seconds, before we mention it.
const WORTH_A_WORD: i64 = 10;
/// How far off the gateway accepts.
const TOO_FAR: i64 = ccpayment::raw::TIMESTAMP_WINDOW.as_secs() as i64;

/// The most seconds that the two clocks may differ for the second read, which is signed for the
/// time in the answer. A server that lies about the time gets no signature for another day.
const DAY: i64 = 86_400;

/// The result of one check.
struct Finding {
    about: &'static str,
    state: State,
    detail: String,
    advice: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fine,
    Wrong,
    NotLookedAt,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Wrong => "wrong",
            Self::NotLookedAt => "skipped",
        }
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, about: &'static str, state: State, detail: String, advice: &'static str) {
        self.0.push(Finding {
            about,
            state,
            detail,
            advice,
        });
    }

    fn fine(&mut self, about: &'static str, detail: impl Into<String>) {
        self.add(about, State::Fine, detail.into(), "");
    }

    fn wrong(&mut self, about: &'static str, detail: impl Into<String>, advice: &'static str) {
        self.add(about, State::Wrong, detail.into(), advice);
    }

    fn skip(&mut self, about: &'static str, detail: impl Into<String>) {
        self.add(about, State::NotLookedAt, detail.into(), "");
    }
}

pub(crate) async fn run(context: &mut Context<'_>, options: &Doctor) -> Result<(), CliError> {
    if let Some(url) = &options.webhook_url {
        context::url(url).map_err(|why| CliError::Usage(format!("--webhook-url: {why}")))?;
    }
    let credentials = context.credentials()?;
    let origin = context.origin_of(options.api.into())?;
    let patient = Patient {
        api: options.api,
        origin,
        credentials,
        transport: context::transport()?,
        context,
    };
    let mut findings = Findings::default();
    let is_reached = patient.network(&mut findings).await;
    match is_reached {
        true => patient.gateway(&mut findings).await?,
        false => {
            for about in ["tls and http", "clock", "credentials"] {
                findings.skip(about, "the gateway was not reached");
            }
        }
    }
    match &options.webhook_url {
        Some(url) => patient.webhook(url, &mut findings).await?,
        None => findings.skip("webhook", "no --webhook-url was given"),
    }
    show(context, &findings)
}

/// The subject of the checks, and the means to check it.
struct Patient<'a, 'b> {
    api: Api,
    origin: Origin,
    credentials: Credentials,
    transport: HyperTransport,
    context: &'a Context<'b>,
}

impl Patient<'_, '_> {
    /// Whether there is a way to the gateway at all.
    async fn network(&self, findings: &mut Findings) -> bool {
        let uri: Option<http::Uri> = self.origin.to_string().parse().ok();
        let Some((host, port)) = uri.as_ref().and_then(|it| {
            let default = if it.scheme_str() == Some("http") {
                80
            } else {
                443
            };
            Some((it.host()?, it.port_u16().unwrap_or(default)))
        }) else {
            findings.wrong(
                "dns",
                "the origin names no host",
                "Give --origin http://HOST:PORT.",
            );
            return false;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port)).await;
        let addresses: Vec<_> = match found {
            Ok(found) => found.collect(),
            Err(error) => {
                findings.wrong(
                    "dns",
                    format!("{bare} has no address: {error}"),
                    "Look at the name and at the resolver of this machine.",
                );
                findings.skip("tcp", "there is no address");
                return false;
            }
        };
        let ips: Vec<_> = addresses.iter().map(|it| it.ip().to_string()).collect();
        findings.fine("dns", format!("{bare} is {}", ips.join(", ")));
        let connected = tokio::select! {
            biased;
            connected = TcpStream::connect(&*addresses) => connected.map_err(|it| it.to_string()),
            () = self.context.clock.deadline(Duration::from_secs(5)) => Err("no answer in 5 s".into()),
        };
        match connected {
            Ok(_) => {
                findings.fine("tcp", format!("port {port} answers"));
                true
            }
            Err(error) => {
                findings.wrong(
                    "tcp",
                    format!("port {port} can't be reached: {error}"),
                    "Look at firewalls and proxies between here and there.",
                );
                false
            }
        }
    }

    /// Sends a read signed by our clock. Where the gateway's clock differs, it sends one more, signed
    /// by that, unless the two are more than a day apart.
    ///
    /// It sends no more than these two, because the gateway blocks a caller that goes on with wrong
    /// credentials.
    async fn gateway(&self, findings: &mut Findings) -> Result<(), CliError> {
        let sent_at = self.context.now();
        let first = self.read(sent_at).await?;
        let answered_at = self.context.now();
        let answer = match first {
            Ok(answer) => answer,
            Err(error) => {
                let report = ccpayment::ErrorReport::new(&error).to_string();
                let advice = "A proxy that opens TLS, or an outdated system, is the usual reason.";
                findings.wrong("tls and http", report, advice);
                findings.skip("clock", "there was no answer");
                findings.skip("credentials", "there was no answer");
                return Ok(());
            }
        };
        findings.fine(
            "tls and http",
            format!("{} answers: HTTP {}", self.origin, answer.status()),
        );
        let theirs = date(&answer);
        // The answer was most likely dated in the middle of the exchange.
        let half = answered_at.duration_since(sent_at).unwrap_or_default() / 2;
        let ours = sent_at.checked_add(half).unwrap_or(sent_at);
        let behind = theirs.map(|theirs| seconds_between(ours, theirs));
        clock(findings, behind);
        let mut judged = self.judge(&answer);
        let is_expired = |it: &Result<(), AnswerError>| refusal(it) == Some(11006);
        let is_near = behind.is_some_and(|behind| behind.abs() <= DAY);
        if let Some(theirs) = theirs.filter(|_| is_near && is_expired(&judged)) {
            judged = match self.read(theirs).await? {
                Ok(answer) => self.judge(&answer),
                Err(_) => judged,
            };
        }
        self.key(findings, &judged, behind);
        Ok(())
    }

    async fn read(
        &self,
        at: SystemTime,
    ) -> Result<Result<Response<Bytes>, TransportError>, CliError> {
        let failed = |error| CliError::Failed(ccpayment::ErrorReport::new(&error).to_string());
        let prepared = match self.api {
            Api::V1 => PreparedRequest::new(&v1::ListCoins::new()),
            Api::V2 => PreparedRequest::new(&v2::GetCoinList::new()),
        };
        let prepared = prepared.map_err(failed)?;
        let at = Timestamp::from_system(at);
        let signed = prepared
            .sign_async(&self.origin, &self.credentials, at)
            .await;
        let exchange = Exchange::new(signed.map_err(failed)?, "doctor");
        Ok(context::carry(&self.transport, &self.context.clock, exchange).await)
    }

    fn judge(&self, answer: &Response<Bytes>) -> Result<(), AnswerError> {
        match self.api {
            Api::V1 => decode_signed::<Box<RawValue>>(answer, &self.credentials).map(drop),
            Api::V2 => decode::<Box<RawValue>>(answer).map(drop),
        }
    }

    fn key(&self, findings: &mut Findings, judged: &Result<(), AnswerError>, behind: Option<i64>) {
        const ABOUT: &str = "credentials";
        let app_id = self.credentials.app_id();
        let error = match judged {
            Ok(()) => {
                findings.fine(
                    ABOUT,
                    format!("the gateway takes the signature of {app_id}"),
                );
                return;
            }
            Err(error) => error.to_string(),
        };
        let advice = match refusal(judged) {
            Some(11005) => {
                "The secret is not the one of this APP ID. Compare it with the dashboard \
                 (Developer); a copied secret often has a space or a line end too many."
            }
            Some(11006) if behind.is_none() => {
                "The clock is wrong, and the answer has no date to measure it by."
            }
            Some(11006) => "The clock is wrong.",
            Some(11014) => {
                "This address is blocked. Stop sending, find the cause, then ask CCPayment."
            }
            Some(12001) => {
                "The gateway does not know the APP ID. Compare it with the dashboard; don't try \
                 others, since the gateway blocks who does."
            }
            Some(12002) => {
                "This machine's address is not on the allow-list of the dashboard (Developer)."
            }
            _ => "The answer names the reason.",
        };
        findings.wrong(ABOUT, error, advice);
    }

    /// Checks that the receiver acknowledges a signed notification, and refuses an unsigned one.
    async fn webhook(&self, url: &str, findings: &mut Findings) -> Result<(), CliError> {
        const ABOUT: &str = "webhook";
        let body = match self.api {
            Api::V1 => json!({ "order_type": "Test" }),
            Api::V2 => json!({ "type": "ActivateWebhookURL" }),
        };
        let at = self.context.timestamp().get();
        let body = Bytes::from(body.to_string());
        let delivery = Delivery::signed(&self.credentials, self.api, at, body)?;
        let post = |delivery: Delivery| {
            let (headers, body) = (delivery.headers, delivery.body);
            context::post(&self.transport, &self.context.clock, url, headers, body)
        };
        let answer = match post(delivery.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                let advice = "Start the receiver, and look at its address and its firewall.";
                findings.wrong(ABOUT, format!("{url} can't be reached: {error}"), advice);
                return Ok(());
            }
        };
        let (status, words) = (answer.status(), trigger::beginning(&answer));
        match is_acknowledged(self.api, true, &answer) {
            true => findings.fine(ABOUT, format!("{url} acknowledges: HTTP {status} {words}")),
            false => findings.wrong(
                ABOUT,
                format!("{url} does not acknowledge: HTTP {status} {words}"),
                "The gateway waits for HTTP 200 with the word Success (v1: success). A receiver \
                 that answers 401 has another secret or another clock.",
            ),
        }
        let mut forged = delivery;
        forged.headers.remove("sign");
        forged
            .headers
            .insert("sign", http::HeaderValue::from_static(NO_SIGNATURE));
        if let Ok(answer) = post(forged).await {
            match is_acknowledged(self.api, true, &answer) {
                true => findings.wrong(
                    "webhook forgery",
                    "the receiver acknowledges a notification that is not signed",
                    "Verify each delivery before anything else: anybody can send one.",
                ),
                false => findings.fine(
                    "webhook forgery",
                    format!("refused: HTTP {}", answer.status()),
                ),
            }
        }
        Ok(())
    }
}

/// A signature of the right form that no key made.
const NO_SIGNATURE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn refusal(judged: &Result<(), AnswerError>) -> Option<u64> {
    match judged {
        Err(AnswerError::Refused(refusal)) => Some(refusal.code.code()),
        _ => None,
    }
}

fn date(answer: &Response<Bytes>) -> Option<SystemTime> {
    httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok()
}

/// How many seconds the first moment is behind the second.
fn seconds_between(ours: SystemTime, theirs: SystemTime) -> i64 {
    let seconds = |it: Duration| i64::try_from(it.as_secs()).unwrap_or(i64::MAX);
    match theirs.duration_since(ours) {
        Ok(behind) => seconds(behind),
        Err(ahead) => -seconds(ahead.duration()),
    }
}

fn clock(findings: &mut Findings, behind: Option<i64>) {
    let Some(behind) = behind else {
        findings.skip("clock", "the answer has no date");
        return;
    };
    let direction = if behind > 0 { "behind" } else { "ahead of" };
    let detail = format!("{} s {direction} the gateway's", behind.unsigned_abs());
    match behind.abs() {
        off if off >= TOO_FAR => findings.wrong(
            "clock",
            detail,
            "The gateway refuses what is signed more than 120 s from its time. Set the clock by NTP.",
        ),
        off if off >= WORTH_A_WORD => findings.fine("clock", format!("{detail}: set it by NTP")),
        _ => findings.fine("clock", "as the gateway's"),
    }
}

fn show(context: &mut Context<'_>, findings: &Findings) -> Result<(), CliError> {
    let wrong = findings
        .0
        .iter()
        .filter(|it| it.state == State::Wrong)
        .count();
    if context.terminal.is_json() {
        let rows = findings.0.iter().map(|it| {
            json!({
                "about": it.about,
                "state": it.state.as_str(),
                "detail": it.detail,
                "advice": Some(it.advice).filter(|it| !it.is_empty()),
            })
        });
        let rows: Vec<Value> = rows.collect();
        context
            .terminal
            .json(&json!({ "wrong": wrong, "findings": rows }))?;
    } else {
        for it in &findings.0 {
            let mood = match it.state {
                State::Fine => Mood::Good,
                State::Wrong => Mood::Bad,
                State::NotLookedAt => Mood::Dim,
            };
            let word = mood.paint(format_args!("{:<7}", it.state.as_str()));
            let detail = crate::terminal::plain(&it.detail);
            context
                .terminal
                .line(format_args!("{word} {:<16} {detail}", it.about))?;
            if !it.advice.is_empty() {
                context
                    .terminal
                    .line(format_args!("{:24} {}", "", it.advice))?;
            }
        }
    }
    match wrong {
        0 => Ok(()),
        1 => Err(CliError::CheckFailed("one thing is wrong".to_owned())),
        _ => Err(CliError::CheckFailed(format!("{wrong} things are wrong"))),
    }
}
