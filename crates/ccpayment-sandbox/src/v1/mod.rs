//! The older API over the same books: its routes, its digest, its answers, its notifications.

mod assets;
mod auth;
mod dashboard;
mod notices;
mod orders;
mod payouts;
mod permanent;
mod records;
mod resend;
mod tokens;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::SandboxError;
use crate::fields::Fields;
use crate::ops::Arrived;
use crate::refusal::{self, Refusal, SUCCESS};
use crate::routes::Handler;
use crate::schema;
use crate::state::State;

pub(crate) use auth::Digest;
pub(crate) use dashboard::{invoice, refund};
pub(crate) use notices::{deposit, is_kind, payout};
pub(crate) use orders::Made;
pub(crate) use payouts::Paid;

pub(crate) const BASE: &str = "/ccpayment/v1/";

/// A fault on the gateway's side.
const SERVICE: u32 = 224_066;
/// No Cwallet account has the id.
const NO_SUCH_USER: u32 = 224_083;

// Nobody has published what v1 answers in these cases, so the numbers are made up, far from those
// of either version: a client that knows one of them has learnt it here.
const UNSIGNED: u32 = 990_001;
const EXPIRED: u32 = 990_002;
const ARGUMENT: u32 = 990_003;
const TAKEN: u32 = 990_004;
const BALANCE: u32 = 990_005;
const NOT_FOUND: u32 = 990_006;
const REFUSED: u32 = 990_007;
const TOO_OFTEN: u32 = 990_008;

/// What was made through v1, and what only v1 remembers of it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Orders, checkout pages and invoices of the dashboard, by the merchant's id.
    pub(crate) orders: BTreeMap<String, Made>,
    /// Withdrawals, by the merchant's id.
    pub(crate) payouts: BTreeMap<String, Paid>,
    /// How many permanent addresses its users have.
    pub(crate) addresses: usize,
    /// When notifications were asked for again.
    resends: Vec<u64>,
}

/// The code of a route.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    HANDLERS
        .iter()
        .find(|(name, _)| *name == operation)
        .map(|(_, handler)| *handler)
}

static HANDLERS: &[(&str, Handler)] = &[
    ("check_user", payouts::check_user),
    ("create_order", orders::create),
    ("get_assets", assets::list),
    ("get_block_height", tokens::heights),
    ("get_checkout_url", orders::checkout),
    ("get_network_fee", payouts::fee),
    ("get_order_info", records::info),
    ("get_permanent_address", permanent::address),
    ("get_token_rate", tokens::rate),
    ("list_coins", tokens::list),
    ("list_support_tokens_legacy", tokens::legacy_tokens),
    ("list_token_chains_legacy", tokens::legacy_networks),
    ("resend_webhooks", resend::resend),
    ("withdraw", payouts::withdraw),
];

/// An answer that does not say whether anything happened.
pub(crate) fn failed(message: &str) -> Value {
    envelope(SERVICE, message)
}

/// Carries a request out; the code and the envelope of the answer.
pub(crate) fn act(state: &mut State, request: &Arrived) -> (u32, Value) {
    match carry_out(state, request) {
        Ok(data) => (SUCCESS, refusal::success(data)),
        Err(refusal) => {
            let code = code_of(refusal.code);
            (code, envelope(code, &refusal.message))
        }
    }
}

fn carry_out(state: &mut State, request: &Arrived) -> Result<Value, Refusal> {
    state.books.check()?;
    let fields = Fields(request.checked.clone()?);
    if state.settings.refuse.is_some() {
        return Err(Refusal::new(REFUSED, "every call is refused by a setting"));
    }
    if let Some(codes) = state.instructed.get_mut(&request.operation)
        && !codes.is_empty()
    {
        let code = codes.remove(0);
        if code == SUCCESS {
            return Ok(json!({}));
        }
        return Err(Refusal::new(code, "refused as instructed"));
    }
    match handler(&request.operation) {
        Some(handler) => handler(state, &fields),
        None => Err(Refusal::new(SERVICE, "the route has a schema but no code")),
    }
}

/// Checks are shared with v2 and speak its codes; none of them may reach a client of v1.
fn code_of(code: u32) -> u32 {
    match code {
        refusal::HEADER | refusal::UNKNOWN_APP | refusal::BAD_SIGNATURE => UNSIGNED,
        refusal::EXPIRED => EXPIRED,
        refusal::INVALID_ARGUMENT | refusal::PRECISION => ARGUMENT,
        refusal::DUPLICATE => TAKEN,
        refusal::BALANCE | refusal::FEE_BALANCE => BALANCE,
        refusal::NOT_FOUND | refusal::UNKNOWN_COIN | refusal::UNKNOWN_CHAIN => NOT_FOUND,
        refusal::INTERNAL => SERVICE,
        code if name_of(code).is_some() => code,
        _ => REFUSED,
    }
}

/// The codes that v1 answers with here, the made-up ones included.
fn name_of(code: u32) -> Option<&'static str> {
    Some(match code {
        SUCCESS => "Success",
        SERVICE => "ServiceError",
        NO_SUCH_USER => "ToUserNotFound",
        UNSIGNED => "SandboxUnsigned",
        EXPIRED => "SandboxExpired",
        ARGUMENT => "SandboxArgument",
        TAKEN => "SandboxTaken",
        BALANCE => "SandboxBalance",
        NOT_FOUND => "SandboxNotFound",
        REFUSED => "SandboxRefused",
        TOO_OFTEN => "SandboxTooOften",
        _ => return None,
    })
}

pub(crate) fn known_code(code: u32) -> Result<u32, SandboxError> {
    match name_of(code) {
        Some(_) => Ok(code),
        None => Err(SandboxError::UnknownCode(code)),
    }
}

/// The id of a v1 operation that is named by its id or its route.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    schema::v1().ok()?.named(name)
}

/// As the documented failures look: with `data: null`, or with a reason and no data.
fn envelope(code: u32, message: &str) -> Value {
    match name_of(code) {
        Some("ToUserNotFound") => {
            json!({ "code": code, "reason": "ToUserNotFound", "msg": "users do not exist" })
        }
        // The text is documented; the rest helps whoever broke the books.
        Some("ServiceError") => {
            let msg = format!("Service error, please try again ({message})");
            json!({ "code": code, "msg": msg, "data": null })
        }
        name => {
            let name = name.unwrap_or("SandboxRefused");
            json!({ "code": code, "msg": format!("{name}: {message}"), "data": null })
        }
    }
}

/// The answer to what never gets as far as a route.
pub(crate) fn no_route(message: &str) -> Value {
    envelope(NOT_FOUND, message)
}

/// The answer to a body that is too large to read.
pub(crate) fn too_large(message: &str) -> Value {
    envelope(ARGUMENT, message)
}

fn not_found(what: &str, id: &str) -> Refusal {
    Refusal::new(NOT_FOUND, format!("there is no {what} {id}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ops::Op;
    use crate::views::Incoming;

    #[test]
    fn every_operation_has_code_and_all_code_has_an_operation() {
        let documented: BTreeSet<&str> = schema::v1().unwrap().ids().collect();
        let coded: BTreeSet<&str> = HANDLERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(HANDLERS.len(), 14);
        assert_eq!(coded, documented);
    }

    /// What was made through v1 comes back from a journal like everything else.
    #[test]
    fn a_journal_replays() {
        let request = |operation: &str, body: Value| {
            let Value::Object(fields) = body else {
                panic!("no object")
            };
            Op::Request(Arrived {
                route: operation.to_owned(),
                operation: operation.to_owned(),
                order_id: None,
                v1: true,
                signed_at: 1_750_000_000,
                checked: Ok(fields),
            })
        };
        let mut live = State::new("app".to_owned(), 7);
        let (mut journal, mut answers, mut at) = (Vec::new(), Vec::new(), 1_750_000_000);
        let mut go = |state: &mut State, op: Op| {
            at += 400;
            journal.push(serde_json::to_string(&(at, &op)).unwrap());
            let answer = state.apply(at, op).unwrap();
            answers.push(answer.clone());
            answer
        };
        let usdt = crate::catalogue::Coin::find(1280).unwrap();
        let token = tokens::token_id(usdt, usdt.network("POLYGON").unwrap());
        let order = json!({
            "merchant_order_id": "1", "product_price": "20", "token_id": token,
            "denominated_currency": "USD",
        });
        let opened = go(&mut live, request("create_order", order));
        let address = opened["data"]["pay_address"].as_str().unwrap();
        let paid = go(&mut live, Op::Pay(Incoming::new(address, "20")));
        go(&mut live, Op::Tick);
        let record_id = paid["recordId"].as_str().unwrap().to_owned();
        let amount = "5".to_owned();
        go(&mut live, Op::DashboardRefund { record_id, amount });
        let invoice = Op::DashboardInvoice {
            price: "18".to_owned(),
            email: None,
        };
        go(&mut live, invoice);
        let payout = json!({
            "merchant_order_id": "2", "value": "5", "token_id": token,
            "address": "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
        });
        go(&mut live, request("withdraw", payout));
        go(&mut live, Op::Tick);
        let ids = json!({ "merchant_order_ids": ["2"] });
        let found = go(&mut live, request("get_order_info", ids));
        assert_eq!(found["data"][0]["order_detail"]["status"], "Successful");

        let mut again = State::new("app".to_owned(), 7);
        for (line, answer) in journal.iter().zip(&answers) {
            let (at, op): (u64, Op) = serde_json::from_str(line).unwrap();
            assert_eq!(&again.apply(at, op).unwrap(), answer);
        }
        assert_eq!(again.outbox.waiting(), live.outbox.waiting());
        assert_eq!(
            again.books.snapshot().entries(),
            live.books.snapshot().entries()
        );
    }

    #[test]
    fn no_code_of_v2_gets_out() {
        for code in 10_001..20_000 {
            let made = code_of(code);
            assert!(made == SERVICE || made > 990_000, "{code} became {made}");
        }
        assert_eq!(code_of(NO_SUCH_USER), NO_SUCH_USER);
    }
}
