//! From a request to its answer: routing, faults, checks, and the route itself.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Map, Value};

use crate::auth::Account;
use crate::calendar;
use crate::fault::{Fault, Held};
use crate::fields::Fields;
use crate::refusal::{self, INVALID_ARGUMENT, NOT_FOUND, Refusal, SUCCESS};
use crate::schema::Schemas;
use crate::state::State;
use crate::views::RequestView;
use crate::{coins, orders, payouts};

const BASE: &str = "/ccpayment/v2/";

/// The parts of the gateway that never change.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) account: Account,
    pub(crate) schemas: Schemas,
}

impl Gateway {
    /// `None` closes the connection without an answer.
    pub(crate) fn respond(
        &self,
        state: &mut State,
        request: Request<Bytes>,
    ) -> Option<Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let now = state.clock.now();
        let Some(route) = parts
            .uri
            .path()
            .strip_prefix(BASE)
            .filter(|route| self.schemas.knows(route))
        else {
            let refusal = Refusal::new(INVALID_ARGUMENT, "the sandbox has no such route");
            return Some(answer(StatusCode::NOT_FOUND, &refusal.envelope(), now));
        };
        if parts.method != Method::POST {
            let refusal = Refusal::new(INVALID_ARGUMENT, "every route is POST");
            return Some(answer(
                StatusCode::METHOD_NOT_ALLOWED,
                &refusal.envelope(),
                now,
            ));
        }
        let order_id = order_id_in(&body);
        let logged = state.requests.len();
        state.requests.push(RequestView {
            route: route.to_owned(),
            order_id: order_id.clone(),
            code: None,
            outcome: None,
        });
        match state.faults.next(route) {
            Some(Fault::DropBeforeActing) => return None,
            Some(Fault::DeliverAfterLookup) => {
                if let Some(order_id) = order_id {
                    let headers = parts.headers;
                    state.faults.hold(Held {
                        route: route.to_owned(),
                        order_id,
                        headers,
                        body,
                        logged,
                    });
                }
                return None;
            }
            Some(Fault::ActThenDrop) => {
                self.act(state, route, &parts.headers, &body, logged);
                return None;
            }
            None => {}
        }
        let (code, envelope) = self.act(state, route, &parts.headers, &body, logged);
        if let Some(view) = state.requests.get_mut(logged) {
            view.code = Some(code);
        }
        // Only a look-up that really looked lets the held request arrive; a refused one told nothing.
        if let Some(order_id) = order_id.filter(|_| code == SUCCESS || code == NOT_FOUND) {
            for held in state.faults.release(route, &order_id) {
                self.act(state, &held.route, &held.headers, &held.body, held.logged);
            }
        }
        Some(answer(StatusCode::OK, &envelope, now))
    }

    /// Carries a request out and notes what came of it.
    fn act(
        &self,
        state: &mut State,
        route: &str,
        headers: &HeaderMap,
        body: &Bytes,
        logged: usize,
    ) -> (u32, Value) {
        let (code, envelope) = match self.carry_out(state, route, headers, body) {
            Ok(data) => (SUCCESS, refusal::success(&data)),
            Err(refusal) => (refusal.code, refusal.envelope()),
        };
        if let Some(view) = state.requests.get_mut(logged) {
            view.outcome = Some(code);
        }
        (code, envelope)
    }

    fn carry_out(
        &self,
        state: &mut State,
        route: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Value, Refusal> {
        state.books.check()?;
        self.account.check(headers, body, state.clock.now())?;
        let fields = Fields(self.schemas.read(route, body)?);
        match route {
            "getCoinList" => Ok(coins::list()),
            "getCoin" => coins::one(&fields),
            "getAppCoinAsset" => coins::asset(state, &fields),
            "createAppOrderDepositAddress" => orders::create(state, &fields),
            "getAppOrderInfo" => orders::info(state, &fields),
            "getAppDepositRecord" => orders::deposit_record(state, &fields),
            "applyAppWithdrawToNetwork" => payouts::apply(state, &fields),
            "getAppWithdrawRecord" => payouts::record(state, &fields),
            _ => Err(Refusal::new(
                refusal::INTERNAL,
                format!("{route} has a schema but no code"),
            )),
        }
    }
}

/// For the log and the faults only, before anything is checked.
fn order_id_in(body: &[u8]) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    fields.get("orderId")?.as_str().map(str::to_owned)
}

pub(crate) fn answer(status: StatusCode, envelope: &Value, now: u64) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(envelope.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The sandbox's own time: a client may set its clock by it.
    if let Ok(date) = HeaderValue::from_str(&calendar::http_date(now)) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
