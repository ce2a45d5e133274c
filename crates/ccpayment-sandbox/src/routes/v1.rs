//! Which code serves which operation of v1, and how its calls are carried out.

use serde_json::{Value, json};

use crate::model::refusal::ReceivedRequest;
use crate::model::refusal::{self, Refusal, SUCCESS};
use crate::rules::fields::{Fields, Handler};
use crate::rules::v1::codes::{REFUSED, SERVICE, code_of, envelope};
use crate::rules::v1::{addresses, assets, orders, payouts, records, resend, tokens};
use crate::schema;
use crate::state::State;

pub(crate) const BASE: &str = "/ccpayment/v1/";

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
    ("get_permanent_address", addresses::permanent),
    ("get_token_rate", tokens::rate),
    ("list_coins", tokens::list),
    ("list_support_tokens_legacy", tokens::legacy_tokens),
    ("list_token_chains_legacy", tokens::legacy_networks),
    ("resend_webhooks", resend::resend),
    ("withdraw", payouts::withdraw),
];

/// Carries a request out; returns the code and the envelope of the answer.
pub(crate) fn act(state: &mut State, request: &ReceivedRequest) -> (u32, Value) {
    match carry_out(state, request) {
        Ok(data) => (SUCCESS, refusal::success(data)),
        Err(refusal) => {
            let code = code_of(refusal.code);
            (code, envelope(code, &refusal.message))
        }
    }
}

fn carry_out(state: &mut State, request: &ReceivedRequest) -> Result<Value, Refusal> {
    state.books.check()?;
    let fields = Fields(request.checked.clone()?);
    if state.settings.refuse.is_some() {
        return Err(Refusal::new(REFUSED, "every call is refused by a setting"));
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
    match handler(&request.operation) {
        Some(handler) => handler(state, &fields),
        None => Err(Refusal::new(SERVICE, "the route has a schema but no code")),
    }
}

/// The id of a v1 operation that is named by its id or its route.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    schema::v1().ok()?.named(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::views::IncomingPayment;
    use crate::ops::Op;
    use crate::rules::v1::codes::NO_SUCH_USER;

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
            Op::Request(ReceivedRequest {
                route: operation.to_owned(),
                operation: operation.to_owned(),
                order_id: None,
                v1: true,
                signed_at: 1_750_000_000,
                checked: Ok(fields),
                warnings: Vec::new(),
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
        let usdt = crate::model::coins::Coin::find(1280).unwrap();
        let token = tokens::token_id(usdt, usdt.network("POLYGON").unwrap());
        let order = json!({
            "merchant_order_id": "1", "product_price": "20", "token_id": token,
            "denominated_currency": "USD",
        });
        let opened = go(&mut live, request("create_order", order));
        let address = opened["data"]["pay_address"].as_str().unwrap();
        let paid = go(&mut live, Op::Pay(IncomingPayment::new(address, "20")));
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
