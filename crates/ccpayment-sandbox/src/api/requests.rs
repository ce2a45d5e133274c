//! A request reaches the gateway, and faults strike it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::api::sandbox::Sandbox;
use crate::bad_response::{self, MADE_BY_FAULT};
use crate::gateway::answer;
use crate::model::fault::{Execution, Fault};
use crate::model::refusal::{BAD_SIGNATURE, INTERNAL, INVALID_ARGUMENT, Refusal};
use crate::ops::Op;
use crate::routes;
use crate::rules::v1::codes;

impl Sandbox {
    /// The gateway's answer, not yet cut by a fault, and the fault that struck the request.
    pub(crate) fn answer(
        &self,
        request: Request<Bytes>,
    ) -> (Option<Response<Bytes>>, Option<Fault>) {
        let (now, signing) = (self.now(), self.signing_time());
        let v1 = request.uri().path().starts_with(routes::v1::BASE);
        let reading = self.engine().state.settings.reading();
        let mut entry = self.new_entry(&request, signing);
        let received = (self.shared.gateway).receive(now, signing, reading, &request);
        let mut warning = None;
        let (mut answer, fault) = match received {
            Ok(mut arrived) => {
                let warnings = arrived.warnings.iter();
                entry.warnings = warnings
                    .map(|it| self.masked(&request, &it.to_string()))
                    .collect();
                warning = warning_header(&entry.warnings);
                let order_id = arrived.order_id.as_ref();
                entry.order_id = order_id.map(|id| self.masked(&request, id));
                if (arrived.checked.as_ref()).is_err_and(|it| it.code == BAD_SIGNATURE) {
                    entry.signing = Some(self.explain_signature(&request, v1));
                }
                let mut engine = self.engine();
                if let Ok(fields) = &mut arrived.checked {
                    engine.state.caller_time.read(fields);
                }
                entry.number = Some(engine.state.requests.next_number());
                // Without a place to keep it, the request can't be carried out.
                let Ok(mut envelope) = engine.apply(Op::Request(arrived)) else {
                    return (None, None);
                };
                let fault = engine.state.faults.take_struck();
                engine.state.caller_time.tell(&mut envelope);
                drop(engine);
                entry.fault = fault;
                if fault.is_none_or(|fault| fault.execution() == Execution::Twice) {
                    entry.note_envelope(&envelope);
                }
                let nothing = if v1 {
                    codes::failed(MADE_BY_FAULT)
                } else {
                    Refusal::new(INTERNAL, MADE_BY_FAULT).envelope()
                };
                (
                    bad_response::response_of(fault, envelope, &nothing, signing),
                    fault,
                )
            }
            Err(answer) => {
                entry.note_answer(&answer);
                (Some(*answer), None)
            }
        };
        entry.status = answer.as_ref().map(|it| it.status().as_u16());
        entry.message = self.line(&request, &entry.message);
        self.log(entry);
        // The answer of a proxy in the gateway's place is not signed.
        if v1 && let Some(answer) = answer.as_mut().filter(|it| is_json(it)) {
            self.signer_v1().sign_response(answer, signing);
        }
        if let (Some(answer), Some(warning)) = (&mut answer, warning) {
            answer.headers_mut().insert(WARNING, warning);
        }
        (answer, fault)
    }

    /// Lets a fault strike that needs no more than the head of a request.
    pub(crate) fn strike_early(&self, path: &str) -> Option<Fault> {
        let route = self.shared.gateway.fault_route(path)?;
        // Looking and striking are one step: another request could take the fault between them.
        let mut engine = self.engine();
        engine.state.faults.peek(route).filter(|it| it.is_early())?;
        let number = engine.state.requests.next_number();
        engine.apply(Op::Cut(route.to_owned())).ok()?;
        let fault = engine.state.faults.take_struck();
        drop(engine);
        let mut entry = self.new_entry(&unread(path), self.signing_time());
        (entry.number, entry.fault) = (Some(number), fault);
        self.log(entry);
        fault
    }

    /// The answer to a body that is too large to read.
    pub(crate) fn too_large(&self, path: &str) -> Response<Bytes> {
        const MESSAGE: &str = "the body is larger than 1 MiB";
        let (now, older) = (self.signing_time(), path.starts_with(routes::v1::BASE));
        let envelope = if older {
            codes::too_large(MESSAGE)
        } else {
            Refusal::new(INVALID_ARGUMENT, MESSAGE).envelope()
        };
        let mut answer = answer(StatusCode::PAYLOAD_TOO_LARGE, &envelope, now);
        if older {
            self.signer_v1().sign_response(&mut answer, now);
        }
        let mut entry = self.new_entry(&unread(path), now);
        entry.note_answer(&answer);
        self.log(entry);
        answer
    }
}

/// A request of which only the path was read.
fn unread(path: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.parse().unwrap_or_default();
    request
}

/// Shows a client's developer what the default reading let pass.
const WARNING: HeaderName = HeaderName::from_static("x-sandbox-warning");

/// In one line; a name from outside may have letters that no header can carry.
fn warning_header(warnings: &[String]) -> Option<HeaderValue> {
    let line = warnings.join("; ");
    let is_shown = |letter: &char| matches!(letter, ' '..='~');
    let line: String = line.chars().filter(is_shown).collect();
    HeaderValue::from_str(&line)
        .ok()
        .filter(|it| !it.is_empty())
}

fn is_json(answer: &Response<Bytes>) -> bool {
    let media = answer.headers().get(CONTENT_TYPE);
    media.is_some_and(|media| media == "application/json")
}
