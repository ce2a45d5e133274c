//! From a request to its answer: routing, checks, faults, and the route itself.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::model::fault::{Execution, Fault};
use crate::model::fault_plan::HeldRequest;
use crate::model::refusal::ReceivedRequest;
use crate::model::refusal::{INVALID_ARGUMENT, NOT_FOUND, Refusal, SUCCESS};
use crate::model::settings::Reading;
use crate::model::views::RequestView;
use crate::model::{calendar, refusal};
use crate::rules::fields::Fields;
use crate::rules::v1::codes;
use crate::rules::{orders, spellings};
use crate::schema::Schemas;
use crate::sign::headers::TOLERANCE;
use crate::sign::rsa::PrivateKey;
use crate::state::State;
use crate::{routes, sign};

const BASE: &str = "/ccpayment/v2/";

/// The parts of the gateway that never change.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) signer: sign::v2::Signer,
    pub(crate) schemas: &'static Schemas,
    pub(crate) signer_v1: sign::v1::Signer,
    pub(crate) schemas_v1: &'static Schemas,
    pub(crate) notification_key: Option<PrivateKey>,
}

impl Gateway {
    /// Runs the checks that need no state. Answers at once if there is no such route.
    pub(crate) fn receive(
        &self,
        now: u64,
        signing: u64,
        reading: Reading,
        request: &Request<Bytes>,
    ) -> Result<ReceivedRequest, Box<Response<Bytes>>> {
        let (headers, body) = (request.headers(), request.body());
        let path = request.uri().path();
        let v1 = path.starts_with(routes::v1::BASE);
        let refuse = |status: StatusCode, message: &str| {
            let envelope = if v1 {
                codes::no_route(message)
            } else {
                Refusal::new(INVALID_ARGUMENT, message).envelope()
            };
            // The caller's time: a client may set its clock by it.
            Box::new(answer(status, &envelope, signing))
        };
        let Some((route, operation)) = self.find_route(path) else {
            return Err(refuse(
                StatusCode::NOT_FOUND,
                "the sandbox has no such route",
            ));
        };
        if request.method() != Method::POST {
            return Err(refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "every route is POST",
            ));
        }
        let signed = if v1 {
            self.signer_v1.check(headers, body, now, signing)
        } else {
            self.signer.check(headers, body, now, signing)
        };
        let mut warnings = Vec::new();
        let checked = signed.as_ref().map_err(Clone::clone).and_then(|_| {
            let schemas = if v1 { self.schemas_v1 } else { self.schemas };
            schemas.read(route, body, (signing, reading), &mut warnings)
        });
        Ok(ReceivedRequest {
            // Paths of v1 and v2 can be the same, operations can't.
            route: if v1 { operation } else { route }.to_owned(),
            operation: operation.to_owned(),
            order_id: order_id_in(body),
            v1,
            signed_at: signed.unwrap_or_default(),
            checked,
            warnings,
        })
    }
}

impl Gateway {
    /// A path's route and its operation.
    fn find_route<'a>(&'a self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let (route, schemas) = match path.strip_prefix(routes::v1::BASE) {
            Some(route) => (route, self.schemas_v1),
            None => (path.strip_prefix(BASE)?, self.schemas),
        };
        Some((route, schemas.operation(route)?))
    }

    /// The name by which a path's faults are planned. Paths of v1 and v2 can be the same,
    /// operations can't.
    pub(crate) fn fault_route<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        let (route, operation) = self.find_route(path)?;
        Some(if path.starts_with(routes::v1::BASE) {
            operation
        } else {
            route
        })
    }
}

/// The envelope of the answer, or null if nothing was done. A fault may still keep it from the
/// merchant.
pub(crate) fn serve(state: &mut State, request: ReceivedRequest) -> Value {
    let fault = state.faults.next(&request.route);
    let order_id = request.order_id.clone();
    let logged = log_request(state, &request.route, order_id, fault);
    note_warnings(state, logged, &request);
    let (answered, (code, envelope)) = match fault.map_or(Execution::Once, Fault::execution) {
        Execution::Nothing => return Value::Null,
        Execution::Hold => {
            if let Some(order_id) = request.order_id.clone() {
                state.faults.hold(HeldRequest {
                    request,
                    order_id,
                    logged,
                });
            }
            return Value::Null;
        }
        Execution::Once => (logged, act(state, &request, logged)),
        Execution::Twice => {
            let before = planned_codes(state, &request.operation);
            let first = act(state, &request, logged);
            let again = log_request(state, &request.route, request.order_id.clone(), fault);
            note_warnings(state, again, &request);
            // Both copies are one call, so a planned code holds for both.
            if planned_codes(state, &request.operation).len() < before.len() {
                state
                    .planned_codes
                    .insert(request.operation.clone(), before);
            }
            let second = act(state, &request, again);
            if fault == Some(Fault::DeliveredTwiceAnswerSecond) {
                (again, second)
            } else {
                (logged, first)
            }
        }
    };
    // After such a fault, the merchant is told something else, or nothing.
    if fault.is_some_and(|fault| fault.execution() != Execution::Twice) {
        return envelope;
    }
    if let Some(view) = state.requests.get_mut(answered) {
        view.code = Some(code);
    }
    // The held request arrives only after a look-up that really looked; a refused one told nothing.
    if code == SUCCESS || code == NOT_FOUND {
        for mut held in state
            .faults
            .release(&request.operation, &named_in(&request))
        {
            if held.request.checked.is_ok()
                && state.now.abs_diff(held.request.signed_at) > TOLERANCE
            {
                held.request.checked = Err(Refusal::new(
                    refusal::EXPIRED,
                    "the signature expired on the way",
                ));
            }
            act(state, &held.request, held.logged);
        }
    }
    envelope
}

/// Cuts a request off before it is whole, if its fault does that.
pub(crate) fn strike_early(state: &mut State, route: &str) {
    if state.faults.peek(route).is_some_and(Fault::is_early) {
        let fault = state.faults.next(route);
        log_request(state, route, None, fault);
    }
}

/// Adds a request to the log; returns its place there.
fn log_request(
    state: &mut State,
    route: &str,
    order_id: Option<String>,
    fault: Option<Fault>,
) -> usize {
    state.requests.push(RequestView {
        route: route.to_owned(),
        order_id,
        code: None,
        outcome: None,
        fault,
        warnings: Vec::new(),
    })
}

fn note_warnings(state: &mut State, logged: usize, request: &ReceivedRequest) {
    if let Some(view) = state.requests.get_mut(logged) {
        view.warnings.clone_from(&request.warnings);
    }
}

fn planned_codes(state: &State, operation: &str) -> Vec<u32> {
    state
        .planned_codes
        .get(operation)
        .cloned()
        .unwrap_or_default()
}

/// Carries a request out and notes what came of it.
fn act(state: &mut State, request: &ReceivedRequest, logged: usize) -> (u32, Value) {
    let (code, envelope) = if request.v1 {
        routes::v1::act(state, request)
    } else {
        match carry_out(state, request) {
            Ok(data) => (SUCCESS, refusal::success(data)),
            Err(refusal) => (refusal.code, refusal.envelope()),
        }
    };
    if let Some(view) = state.requests.get_mut(logged) {
        view.outcome = Some(code);
    }
    (code, envelope)
}

fn carry_out(state: &mut State, request: &ReceivedRequest) -> Result<Value, Refusal> {
    state.books.check()?;
    let fields = Fields(request.checked.clone()?);
    keep_pace(state)?;
    if let Some(code) = state.settings.refuse {
        return Err(Refusal::new(code, "every call is refused by a setting"));
    }
    if let Some(codes) = state.planned_codes.get_mut(&request.operation)
        && !codes.is_empty()
    {
        let code = codes.remove(0);
        if code == SUCCESS {
            return Ok(json!({}));
        }
        return Err(Refusal::new(code, "refused as instructed"));
    }
    match routes::v2::handler(&request.operation) {
        Some(handler) => {
            let mut data = handler(state, &fields)?;
            spellings::rewrite(&state.settings, &mut data);
            Ok(data)
        }
        None => Err(Refusal::new(
            refusal::INTERNAL,
            format!("{} has a schema but no code", request.operation),
        )),
    }
}

/// Counts a call that passed its checks, and refuses one that is too many for its second or its
/// day.
fn keep_pace(state: &mut State) -> Result<(), Refusal> {
    let limits = [
        (1, state.settings.per_second, refusal::RATE_LIMIT, "second"),
        (
            orders::DAY,
            state.settings.per_day,
            refusal::DAILY_LIMIT,
            "day",
        ),
    ];
    for ((span, most, code, name), (last, count)) in limits.into_iter().zip(&mut state.pace) {
        let current = state.now / span;
        if *last != current {
            (*last, *count) = (current, 0);
        }
        if most.is_some_and(|most| *count >= most) {
            return Err(Refusal::new(code, format!("too many calls in one {name}")));
        }
        *count = count.saturating_add(1);
    }
    Ok(())
}

/// For the log and the faults only, before anything is checked. A text longer than any order id is
/// cut: an unsigned request must not fill the memory.
fn order_id_in(body: &[u8]) -> Option<String> {
    const MOST: usize = 128;
    let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let id = fields
        .get("orderId")
        .or_else(|| fields.get("merchant_order_id"))
        .or_else(|| fields.get("batchOrderId"));
    Some(id?.as_str()?.chars().take(MOST).collect())
}

/// The order ids that a request names, one by one or in the list of v1.
fn named_in(request: &ReceivedRequest) -> Vec<String> {
    let listed = request
        .checked
        .as_ref()
        .ok()
        .and_then(|fields| fields.get("merchant_order_ids")?.as_array());
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let listed = listed.map(str::to_owned);
    request.order_id.iter().cloned().chain(listed).collect()
}

pub(crate) fn answer(status: StatusCode, envelope: &Value, now: u64) -> Response<Bytes> {
    // Straight to bytes: `to_string` goes through the formatter. A value can always be written.
    let body = serde_json::to_vec(envelope).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(date) = HeaderValue::from_str(&calendar::http_date(now)) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
