//! Operations: the only way to change the state. Each happens at a moment.
//!
//! The same seed and the same operations lead to the same state, ids and answers, so a journal of
//! operations is all that has to be kept.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::error::SandboxError;
use crate::model::fault::Fault;
use crate::model::fault_plan::RandomFaults;
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, parse};
use crate::model::refusal::ReceivedRequest;
use crate::model::settings::{self, Setting};
use crate::model::views::{DeliveryAttempt, IncomingPayment};
use crate::rules::v1::{codes, dashboard};
use crate::rules::{
    addresses, assets, batches, deposits, invoices, notifications, orders, payouts,
};
use crate::schema::known_code;
use crate::state::{State, Timer};
use crate::{gateway, routes};

/// Everything that can happen to a gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Op {
    /// Nothing but the time that has passed.
    Tick,
    Request(ReceivedRequest),
    Fund {
        user_id: Option<String>,
        coin_id: u64,
        amount: String,
    },
    Set(Setting),
    Pay(IncomingPayment),
    Pick {
        order_id: String,
        coin_id: u64,
        chain: String,
    },
    /// Ages an order or invoice until it has just expired.
    Expire(String),
    Confirm(String),
    ConfirmAll,
    FlagRisky(String),
    RefundRisky(String),
    RiskAddress(String),
    Fail(String),
    SettlePayouts,
    Approve(String),
    Reject {
        record_id: String,
        reason: String,
    },
    AutoPayout {
        coin_id: u64,
        chain: String,
        address: String,
        amount: String,
    },
    Sweep {
        address: String,
        coin_id: u64,
        fee: String,
    },
    Plan {
        route: String,
        fault: Fault,
    },
    Chance(RandomFaults),
    /// A request for this route was cut off before it was whole.
    Cut(String),
    Instruct {
        operation: String,
        code: u32,
    },
    DashboardInvoice {
        price: String,
        email: Option<String>,
    },
    DashboardRefund {
        record_id: String,
        amount: String,
    },
    WebhookUrl(String),
    ActivateWebhook,
    Resend(String),
    ReverseDue,
    ShuffleDue(u64),
    Delivered {
        serial: u64,
        signed_at: u64,
        attempt: DeliveryAttempt,
    },
}

impl State {
    /// Lets the time pass, then applies the operation. Time never goes back.
    pub(crate) fn apply(&mut self, at: u64, op: Op) -> Result<Value, SandboxError> {
        self.pass(at.max(self.now));
        if let Op::Request(arrived) = op {
            // Broken books are an answer here.
            return Ok(gateway::serve(self, arrived));
        }
        self.books.check()?;
        match op {
            Op::Tick | Op::Request(_) => {}
            Op::Fund {
                user_id,
                coin_id,
                amount,
            } => self.fund(user_id, coin_id, &amount)?,
            Op::Set(setting) => {
                // The codes stand in the document, which the settings don't know.
                if let Setting::RefuseEverything(Some(code)) = setting {
                    known_code(code)?;
                }
                self.settings.set(setting)?;
            }
            Op::Pay(incoming) => return deposits::lifecycle::arrive(self, &incoming),
            Op::Pick {
                order_id,
                coin_id,
                chain,
            } => return invoices::pick(self, &order_id, coin_id, &chain),
            Op::Expire(order_id) => orders::expire(self, &order_id)?,
            Op::Confirm(record_id) => deposits::lifecycle::confirm(self, &record_id)?,
            Op::ConfirmAll => return Ok(json!(deposits::lifecycle::confirm_all(self))),
            Op::FlagRisky(record_id) => deposits::lifecycle::flag_risky(self, &record_id)?,
            Op::RefundRisky(record_id) => return deposits::lifecycle::refund(self, &record_id),
            Op::RiskAddress(address) => addresses::routes::flag_risky(self, &address)?,
            Op::Fail(id) => self.fail(&id)?,
            Op::SettlePayouts => {
                let rows = batches::lifecycle::settle_all(self);
                return Ok(json!(
                    payouts::lifecycle::settle_all(self).saturating_add(rows)
                ));
            }
            Op::Approve(id) => self.approve(&id)?,
            Op::Reject { record_id, reason } => self.reject(&record_id, &reason)?,
            Op::AutoPayout {
                coin_id,
                chain,
                address,
                amount,
            } => return payouts::lifecycle::automatic(self, coin_id, &chain, &address, &amount),
            Op::Sweep {
                address,
                coin_id,
                fee,
            } => assets::sweep(self, &address, coin_id, &fee)?,
            Op::Plan { route, fault } => self.faults.plan(&route, fault),
            Op::Chance(random) => self.faults.set_random(random),
            Op::Cut(route) => gateway::strike_early(self, &route),
            Op::Instruct { operation, code } => {
                let code = match routes::v1::handler(&operation) {
                    Some(_) => codes::known_code(code)?,
                    None => known_code(code)?,
                };
                self.planned_codes.entry(operation).or_default().push(code);
            }
            Op::DashboardInvoice { price, email } => {
                return dashboard::invoice(self, &price, email);
            }
            Op::DashboardRefund { record_id, amount } => {
                return dashboard::refund(self, &record_id, &amount);
            }
            Op::WebhookUrl(url) => self.outbox.webhook_url = Some(url),
            Op::ActivateWebhook => notifications::activation(self),
            Op::Resend(record_id) => {
                if !self.outbox.resend(&record_id, self.now) {
                    return Err(SandboxError::NothingAnnounced(record_id));
                }
            }
            Op::ReverseDue => self.outbox.reverse_due(self.now),
            Op::ShuffleDue(seed) => self.outbox.shuffle_due(self.now, seed),
            Op::Delivered {
                serial,
                signed_at,
                attempt,
            } => {
                let retries = self.settings.retries;
                self.outbox.settle(serial, signed_at, attempt, retries);
            }
        }
        Ok(Value::Null)
    }

    /// Carries out everything that fell due meanwhile, each at its own moment.
    fn pass(&mut self, until: u64) {
        while let Some((at, timer)) = self.next_timer(until) {
            self.now = at.max(self.now);
            // An error means that the record has ended meanwhile, or that the books are broken:
            // they refuse the next call, too.
            let _ = match timer {
                Timer::Confirm(record_id) => deposits::lifecycle::confirm(self, &record_id),
                Timer::Broadcast(record_id) => payouts::lifecycle::broadcast(self, &record_id),
                Timer::Settle(record_id) => payouts::lifecycle::settle(self, &record_id),
                Timer::Batch(batch_order_id) => batches::lifecycle::proceed(self, &batch_order_id),
            };
        }
        self.now = until;
    }

    fn fund(
        &mut self,
        user_id: Option<String>,
        coin_id: u64,
        amount: &str,
    ) -> Result<(), SandboxError> {
        if crate::model::coins::Coin::find(coin_id).is_none() {
            return Err(SandboxError::UnknownCoin(coin_id));
        }
        let value = parse(amount)
            .map_err(|rule| settings::invalid(amount, rule))?
            .value;
        if value <= Money::default() {
            return Err(settings::invalid(amount, "must be above zero"));
        }
        let holder = match user_id {
            Some(user_id) => {
                let account = Account::user(&user_id);
                self.users.insert(user_id);
                account
            }
            None => Account::Merchant,
        };
        let lines = vec![
            (Account::Chain, coin_id, -value.clone()),
            (holder, coin_id, value),
        ];
        self.books.post(EntryKind::Opening, "", lines)
    }

    fn fail(&mut self, id: &str) -> Result<(), SandboxError> {
        if self
            .deposits
            .has(&crate::model::indexed_list::by_record(id))
        {
            return deposits::lifecycle::fail(self, id);
        }
        if batches::rows::is_row(self, id) {
            return batches::rows::fail(self, id);
        }
        payouts::lifecycle::fail(self, id)
    }

    fn approve(&mut self, id: &str) -> Result<(), SandboxError> {
        if self.batches.has(&crate::model::indexed_list::by_order(id)) {
            return batches::lifecycle::approve(self, id);
        }
        payouts::lifecycle::approve(self, id)
    }

    fn reject(&mut self, id: &str, reason: &str) -> Result<(), SandboxError> {
        if self.batches.has(&crate::model::indexed_list::by_order(id)) {
            return batches::lifecycle::reject(self, id, reason);
        }
        payouts::lifecycle::reject(self, id, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operation: &str, body: Value) -> Op {
        let Value::Object(fields) = body else {
            panic!("no object")
        };
        Op::Request(ReceivedRequest {
            route: operation.to_owned(),
            operation: operation.to_owned(),
            order_id: None,
            v1: false,
            signed_at: 1_750_000_000,
            checked: Ok(fields),
            warnings: Vec::new(),
        })
    }

    /// A journal is text; the operations read back from it must lead to the same answers and books.
    #[test]
    fn a_journal_replays() {
        let order =
            json!({ "orderId": "order-1", "coinId": 1280, "chain": "POLYGON", "price": "5" });
        let payout = json!({
            "orderId": "out-1", "coinId": 1280, "chain": "POLYGON", "amount": "1",
            "address": "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
        });
        let fund = Op::Fund {
            user_id: None,
            coin_id: 1280,
            amount: "9".to_owned(),
        };
        let mut live = State::new("app".to_owned(), 7);
        let mut journal = Vec::new();
        let mut answers = Vec::new();
        let mut at = 1_750_000_000;
        let mut go = |state: &mut State, op: Op| {
            at += 40;
            journal.push(serde_json::to_string(&(at, &op)).unwrap());
            let answer = state.apply(at, op).unwrap();
            answers.push(answer.clone());
            answer
        };
        go(&mut live, fund);
        let opened = go(&mut live, request("createAppOrderDepositAddress", order));
        let address = opened["data"]["address"].as_str().unwrap().to_owned();
        go(&mut live, Op::Pay(IncomingPayment::new(address, "5")));
        go(&mut live, request("applyAppWithdrawToNetwork", payout));
        for _ in 0..10 {
            go(&mut live, Op::Tick);
        }
        let list = request("getAppWithdrawRecordList", json!({}));
        let listed = go(&mut live, list);
        assert_eq!(listed["data"]["records"][0]["status"], "Success");
        assert_eq!(
            live.books.snapshot().balance("merchant:available", 1280),
            "12.975"
        );

        let mut again = State::new("app".to_owned(), 7);
        for (line, answer) in journal.iter().zip(&answers) {
            let (at, op): (u64, Op) = serde_json::from_str(line).unwrap();
            assert_eq!(&again.apply(at, op).unwrap(), answer);
        }
        assert_eq!(
            again.books.snapshot().entries(),
            live.books.snapshot().entries()
        );
    }
}
