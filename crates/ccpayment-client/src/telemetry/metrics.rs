//! Every metric: counters and a histogram, through the `metrics` facade. Labels are from short
//! lists: operations, outcomes, kinds of error, and the hosts that a client is set to.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri};
use metrics::{Label, counter, histogram};

use super::{port, transport_error_type};
use crate::clock::Clock;
use crate::transport::TransportError;

const OPERATION: &str = "ccpayment.operation";
const OUTCOME: &str = "ccpayment.outcome";
const ERROR: &str = "error.type";

pub(super) fn request_ended(operation: &'static str, outcome: &'static str) {
    counter!("ccpayment.client.requests", OPERATION => operation, OUTCOME => outcome).increment(1);
}

pub(super) fn submit_ended(operation: &'static str, outcome: &'static str) {
    counter!("ccpayment.client.submits", OPERATION => operation, OUTCOME => outcome).increment(1);
}

pub(super) fn repeated(operation: &'static str, error_type: &'static str) {
    counter!("ccpayment.client.retries", OPERATION => operation, ERROR => error_type).increment(1);
}

pub(super) fn throttled(operation: &'static str) {
    counter!("ccpayment.client.retries.throttled", OPERATION => operation).increment(1);
}

/// Times an exchange by the client's own clock.
pub(super) struct Timer<'a> {
    clock: &'a dyn Clock,
    began: Duration,
    uri: Uri,
    operation: &'static str,
}

impl<'a> Timer<'a> {
    pub(super) fn start(uri: &Uri, operation: &'static str, clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            began: clock.elapsed(),
            uri: uri.clone(),
            operation,
        }
    }

    pub(super) fn stop(self, answer: &Result<Response<Bytes>, TransportError>) {
        let took = self.clock.elapsed().saturating_sub(self.began);
        let mut labels = vec![
            Label::from_static_parts("http.request.method", "POST"),
            Label::new(
                "server.address",
                self.uri.host().unwrap_or_default().to_owned(),
            ),
            Label::new("server.port", port(&self.uri).to_string()),
            Label::from_static_parts(OPERATION, self.operation),
        ];
        labels.push(match answer {
            Ok(response) => {
                let status = response.status().as_str().to_owned();
                Label::new("http.response.status_code", status)
            }
            Err(error) => Label::from_static_parts(ERROR, transport_error_type(error)),
        });
        histogram!("http.client.request.duration", labels).record(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests;
