//! Every span, field and event of a client, and with the feature `metrics` every metric.
//!
//! Never a body, a header, a signature or a secret. The names are listed in the crate's
//! documentation, and tests hold them.

#[cfg(feature = "metrics")]
mod metrics;

use std::time::Duration;

use bytes::Bytes;
use ccpayment_core::{AnswerError, ErrorCode, OrderId, PreparedRequest, RecordId};
use http::uri::Authority;
use http::{Request, Response, Uri};
use tracing::Span;
use tracing::field::{Empty, display};

use crate::clock::Clock;
use crate::error::{Error, Outcome};
use crate::outcome::{Attempts, SubmitError};
use crate::transport::TransportError;

/// The status of a span that failed, as OpenTelemetry calls it. Others keep none.
const FAILED: &str = "ERROR";

/// Around one request with all its attempts and pauses.
pub(crate) fn request(prepared: &PreparedRequest) -> Span {
    tracing::info_span!(
        "ccpayment.request",
        otel.name = prepared.operation(),
        otel.kind = "internal",
        ccpayment.operation = prepared.operation(),
        ccpayment.order_id = prepared.order_id().map(display),
        ccpayment.attempts = Empty,
        ccpayment.outcome = Empty,
        ccpayment.code = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

pub(crate) fn request_ended(
    span: &Span,
    operation: &'static str,
    attempts: u32,
    error: Option<&Error>,
) {
    let outcome = error.map_or("done", |error| match error.outcome() {
        Outcome::NotSent => "not_sent",
        Outcome::Refused => "refused",
        Outcome::Acted => "incomparable",
        Outcome::Unknown(_) => "unknown",
    });
    span.record("ccpayment.attempts", attempts)
        .record("ccpayment.outcome", outcome);
    failed(span, error);
    #[cfg(feature = "metrics")]
    metrics::request_ended(operation, outcome);
    #[cfg(not(feature = "metrics"))]
    let _ = operation;
}

/// Around a payout or an order, with all its submits, lookups and pauses.
pub(crate) fn submit(operation: &'static str, order_id: &OrderId) -> Span {
    tracing::info_span!(
        "ccpayment.submit",
        otel.name = operation,
        otel.kind = "internal",
        ccpayment.operation = operation,
        ccpayment.order_id = display(order_id),
        ccpayment.submits = Empty,
        ccpayment.lookups = Empty,
        ccpayment.outcome = Empty,
        ccpayment.code = Empty,
        otel.status_code = Empty,
    )
}

pub(crate) fn submit_ended(
    span: &Span,
    operation: &'static str,
    attempts: &Attempts,
    error: Option<&SubmitError>,
) {
    let outcome = error.map_or("done", |error| match error {
        SubmitError::Refused { .. } => "refused",
        SubmitError::Conflict { .. } => "conflict",
        SubmitError::Incomparable { .. } => "incomparable",
        SubmitError::Unknown { .. } => "unknown",
    });
    span.record("ccpayment.submits", attempts.submits)
        .record("ccpayment.lookups", attempts.lookups)
        .record("ccpayment.outcome", outcome);
    if error.is_some() {
        span.record("otel.status_code", FAILED);
    }
    if let Some(code) = error.and_then(SubmitError::code) {
        span.record("ccpayment.code", code.code());
    }
    #[cfg(feature = "metrics")]
    metrics::submit_ended(operation, outcome);
    #[cfg(not(feature = "metrics"))]
    let _ = operation;
}

/// Around one attempt, by the names that OpenTelemetry has for an HTTP client.
pub(crate) fn attempt(prepared: &PreparedRequest, sent_before: u32) -> Span {
    tracing::info_span!(
        "ccpayment.attempt",
        otel.name = "POST",
        otel.kind = "client",
        http.request.method = "POST",
        http.request.resend_count = (sent_before > 0).then_some(sent_before),
        server.address = Empty,
        server.port = Empty,
        url.full = Empty,
        http.response.status_code = Empty,
        ccpayment.operation = prepared.operation(),
        ccpayment.attempt = sent_before.saturating_add(1),
        ccpayment.code = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

pub(crate) fn attempt_ended(span: &Span, error: Option<&Error>) {
    failed(span, error);
    match error {
        None => tracing::debug!(parent: span, "answered"),
        Some(_) => tracing::debug!(parent: span, "no value"),
    }
}

fn failed(span: &Span, error: Option<&Error>) {
    let Some(error) = error.filter(|_| !span.is_disabled()) else {
        return;
    };
    span.record("error.type", error_type(error))
        .record("otel.status_code", FAILED);
    if let Some(code) = error.code() {
        span.record("ccpayment.code", code.code());
    }
}

/// A request will be sent again after a pause.
pub(crate) fn repeated(operation: &'static str, pause: Duration, error: &Error) {
    tracing::debug!(pause_ms = pause.as_millis(), "once more");
    #[cfg(feature = "metrics")]
    metrics::repeated(operation, error_type(error));
    #[cfg(not(feature = "metrics"))]
    let _ = (operation, error);
}

/// A request would have been sent again, but too many fail.
pub(crate) fn throttled(operation: &'static str) {
    tracing::debug!("not once more: too many requests fail");
    #[cfg(feature = "metrics")]
    metrics::throttled(operation);
    #[cfg(not(feature = "metrics"))]
    let _ = operation;
}

/// The answer to a submit named one record, and the record under its order id is another.
pub(crate) fn accepted_as_another(accepted: &RecordId, found: &RecordId) {
    tracing::error!(
        accepted = display(accepted),
        found = display(found),
        "the record under this order id is not the one that the gateway's answer named"
    );
}

/// One exchange of bytes.
pub(crate) struct ExchangeSpan<'a> {
    span: &'a Span,
    #[cfg(feature = "metrics")]
    timer: metrics::Timer<'a>,
}

impl<'a> ExchangeSpan<'a> {
    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, reason = "for the timer")
    )]
    pub(crate) fn begin(
        span: &'a Span,
        request: &Request<Bytes>,
        operation: &'static str,
        clock: &'a dyn Clock,
    ) -> Self {
        if !span.is_disabled() {
            let uri = request.uri();
            span.record("server.address", uri.host().unwrap_or_default())
                .record("server.port", port(uri))
                .record("url.full", display(without_query(uri)));
        }
        Self {
            span,
            #[cfg(feature = "metrics")]
            timer: metrics::Timer::start(request.uri(), operation, clock),
        }
    }

    pub(crate) fn end(self, answer: &Result<Response<Bytes>, TransportError>) {
        if let Ok(response) = answer {
            let status = response.status().as_u16();
            self.span.record("http.response.status_code", status);
        }
        #[cfg(feature = "metrics")]
        self.timer.stop(answer);
    }
}

/// No route has a query, but whoever calls one by its path might put anything there.
fn without_query(uri: &Uri) -> String {
    let (scheme, authority) = (uri.scheme_str(), uri.authority());
    let authority = authority.map_or("", Authority::as_str);
    format!("{}://{authority}{}", scheme.unwrap_or_default(), uri.path())
}

fn port(uri: &Uri) -> u16 {
    let usual = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(usual)
}

/// One of few words; for what the gateway refuses, the name of its code.
fn error_type(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } => "invalid",
        Error::Throttled { .. } => "throttled",
        Error::Halted { .. } => "halted",
        Error::NoTime { .. } => "no_time",
        Error::Transport { source, .. } => transport_error_type(source),
        Error::Answer { source, .. } => match source {
            AnswerError::Refused(refusal) => refusal.code.name(),
            AnswerError::NotAnEnvelope { .. } => "no_envelope",
            AnswerError::Undecodable { .. } => "undecodable",
            AnswerError::Unverified { .. } => "unverified",
            _ => "_OTHER",
        },
        Error::Clock { .. } => ErrorCode::ReqExpired.name(),
    }
}

fn transport_error_type(error: &TransportError) -> &'static str {
    match error {
        TransportError::NotSent(_) => "not_sent",
        TransportError::MaybeSent(_) => "maybe_sent",
        TransportError::TimedOut { .. } => "timeout",
        TransportError::TooLarge { .. } => "too_large",
    }
}
