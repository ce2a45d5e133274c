//! A request reaches the gateway, and faults strike it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::api::sandbox::Sandbox;
use crate::bad_response::{self, MADE_BY_FAULT};
use crate::gateway::answer;
use crate::model::fault::Fault;
use crate::model::refusal::{INTERNAL, INVALID_ARGUMENT, Refusal};
use crate::model::warning::RequestWarning;
use crate::ops::Op;
use crate::routes;
use crate::rules::v1::codes;

impl Sandbox {
    /// What the gateway answers, whole as yet, and what struck the request.
    pub(crate) fn answer(
        &self,
        request: Request<Bytes>,
    ) -> (Option<Response<Bytes>>, Option<Fault>) {
        let (now, signing) = (self.now(), self.signing_time());
        let v1 = request.uri().path().starts_with(routes::v1::BASE);
        let reading = self.engine().state.settings.reading();
        let received = self.shared.gateway.receive(now, signing, reading, request);
        let mut warning = None;
        let (mut answer, fault) = match received {
            Ok(arrived) => {
                warning = warning_header(&arrived.warnings);
                let mut engine = self.engine();
                // Without a place to keep it, the request can't be carried out.
                let Ok(envelope) = engine.apply(Op::Request(arrived)) else {
                    return (None, None);
                };
                let fault = engine.state.faults.take_struck();
                drop(engine);
                let nothing = if v1 {
                    codes::failed(MADE_BY_FAULT)
                } else {
                    Refusal::new(INTERNAL, MADE_BY_FAULT).envelope()
                };
                (
                    bad_response::response_of(fault, envelope, &nothing, now),
                    fault,
                )
            }
            Err(answer) => (Some(*answer), None),
        };
        // What a proxy answers in the gateway's place is not signed.
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
        engine.apply(Op::Cut(route.to_owned())).ok()?;
        engine.state.faults.take_struck()
    }

    /// The answer to a body that is too large to read.
    pub(crate) fn too_large(&self, path: &str) -> Response<Bytes> {
        const MESSAGE: &str = "the body is larger than 1 MiB";
        let (now, older) = (self.now(), path.starts_with(routes::v1::BASE));
        let envelope = if older {
            codes::too_large(MESSAGE)
        } else {
            Refusal::new(INVALID_ARGUMENT, MESSAGE).envelope()
        };
        let mut answer = answer(StatusCode::PAYLOAD_TOO_LARGE, &envelope, now);
        if older {
            self.signer_v1()
                .sign_response(&mut answer, self.signing_time());
        }
        answer
    }
}

/// What the default reading let pass, for a client's developer to see.
const WARNING: HeaderName = HeaderName::from_static("x-sandbox-warning");

/// In one line; a name from outside may have letters that no header can carry.
fn warning_header(warnings: &[RequestWarning]) -> Option<HeaderValue> {
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let line = texts.join("; ");
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
