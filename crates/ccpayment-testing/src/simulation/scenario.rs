//! The events around the merchant: customers, the chain, the gateway's people, and crashes.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::checks::{self, Breach, breach};
use super::merchant::{Merchant, SaleOutcome};
use super::plan::{Event, Fate, Payment};
use super::report::Invariant;
use super::run::{Due, Kind, ROUND, Run, SHIFT, read};
use super::tasks::guarded;

const MOST_CRASHES: u64 = 5;

impl<M: Merchant> Run<M> {
    pub(super) fn happen(&mut self, due: Due) -> Result<(), Breach> {
        // A round that finds nothing due changes nothing.
        self.dirty |= !matches!(due, Due::Planned(Event::Deliver) | Due::GiveUp(..));
        match due {
            Due::Planned(event) => return self.planned(event),
            Due::Pay { address, payment } => self.pay(&address, &payment),
            Due::PayBill(place, choice) => self.pay_bill(place, choice)?,
            Due::Flag(record_id) => {
                if self.sandbox.flag_risky(&record_id).is_ok() {
                    self.shared()
                        .say("gateway", format_args!("flags {record_id} as risky"));
                }
            }
            Due::FailRecord(record_id) => {
                if self.sandbox.fail(&record_id).is_ok() {
                    self.shared()
                        .say("chain", format_args!("rejects {record_id}"));
                }
            }
            Due::Arrive(delivery) => self.arrive(delivery),
            Due::GiveUp(serial, number) => self.give_up(serial, number),
        }
        Ok(())
    }

    fn planned(&mut self, event: Event) -> Result<(), Breach> {
        match event {
            Event::Deliver => {
                self.deliver();
                self.after(ROUND, Due::Planned(event));
            }
            Event::Work => {
                checks::ledger(&self.sandbox)?;
                self.after(SHIFT, Due::Planned(event));
                let at_work = self
                    .tasks
                    .iter()
                    .any(|task| matches!(task.kind, Kind::Work));
                if !self.down && !at_work {
                    self.start(Kind::Work);
                }
            }
            // Customers wait until the shop opens again.
            Event::Sell(_) | Event::Bill(_) | Event::PayOut(_) if self.down => {
                self.soon(1_000, 10_000, Due::Planned(event));
            }
            Event::Sell(place) => {
                self.shared()
                    .say("customer", format_args!("buys sale-{}", place + 1));
                self.start(Kind::Sell(place));
            }
            Event::Bill(place) => {
                self.shared()
                    .say("customer", format_args!("wants bill-{}", place + 1));
                self.start(Kind::Bill(place));
            }
            Event::PayOut(place) => {
                let same = |kind: &Kind| matches!(kind, Kind::PayOut(other) if *other == place);
                if !self.tasks.iter().any(|task| same(&task.kind)) {
                    self.shared()
                        .say("customer", format_args!("asks for request-{}", place + 1));
                    self.start(Kind::PayOut(place));
                }
            }
            Event::Forge => self.forge(),
            Event::Crash => self.crash()?,
            Event::Resend => {
                let deposits = self.sandbox.deposits();
                let chosen = self.shared().random.usize(..);
                let chosen = deposits.get(chosen.checked_rem(deposits.len()).unwrap_or(0));
                if let Some(deposit) = chosen {
                    let _ = self.sandbox.resend_notification(&deposit.record_id);
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), Breach> {
        if self.down || self.faults_over || self.shared().counts.crashes >= MOST_CRASHES {
            return Ok(());
        }
        self.shared().counts.crashes += 1;
        self.shared().say("merchant", "crashes");
        let killed = guarded(|| self.tasks.kill())
            .or_else(|panic| breach(Invariant::NoPanic, "a crash", panic))?;
        for kind in killed {
            match kind {
                Kind::Notified(delivery) => {
                    if let Some((serial, number)) = delivery.answers {
                        self.give_up(serial, number);
                    }
                }
                // The same payout request comes again after a crash.
                Kind::PayOut(place) => {
                    self.soon(1_000, 60_000, Due::Planned(Event::PayOut(place)));
                }
                _ => {}
            }
        }
        self.down = true;
        self.start(Kind::Restart);
        Ok(())
    }

    pub(super) fn sale_ended(&mut self, place: usize, outcome: SaleOutcome) -> Result<(), Breach> {
        let address = match outcome {
            SaleOutcome::PayTo(address) => address.to_string(),
            SaleOutcome::Failed | SaleOutcome::Billed => {
                self.shared().say("customer", "gets no address and leaves");
                return Ok(());
            }
            SaleOutcome::Elsewhere => self.open(place)?,
        };
        let payments = self
            .plan
            .sales
            .get(place)
            .map(|(_, payments)| payments.clone());
        for payment in payments.unwrap_or_default() {
            let address = address.clone();
            self.after(payment.after, Due::Pay { address, payment });
        }
        Ok(())
    }

    /// Opens an order in the merchant's name, past the network.
    fn open(&self, place: usize) -> Result<String, Breach> {
        let Some((sale, _)) = self.plan.sales.get(place) else {
            return breach(Invariant::SimulationWorks, "a sale", "it is not planned");
        };
        let body = json!({
            "orderId": sale.order_id.as_str(), "coinId": sale.coin_id.get(),
            "chain": sale.chain.as_str(), "price": sale.price.as_str(),
            "expiredAt": sale.expires_at.get(),
        });
        let about = sale.order_id.as_str();
        let answer = self.ask("createAppOrderDepositAddress", about, &body)?;
        match answer.pointer("/data/address").and_then(Value::as_str) {
            Some(address) => Ok(address.to_owned()),
            None => breach(Invariant::SimulationWorks, about, answer.to_string()),
        }
    }

    /// A request in the merchant's name, past the network.
    pub(super) fn ask(&self, route: &str, about: &str, body: &Value) -> Result<Value, Breach> {
        let body = body.to_string();
        let mut request = Request::post(format!("/ccpayment/v2/{route}"))
            .header("Content-Type", "application/json");
        for (name, value) in self.sandbox.sign_v2(body.as_bytes()) {
            request = request.header(name, value);
        }
        let request = request
            .body(Bytes::from(body))
            .or_else(|error| breach(Invariant::SimulationWorks, about, error.to_string()))?;
        // It answers at once: nothing in it waits.
        let answer = futures_now(self.sandbox.respond(request)).flatten();
        Ok(answer.map(|answer| read(answer.body())).unwrap_or_default())
    }

    fn pay(&mut self, address: &str, payment: &Payment) {
        let amount = &payment.amount;
        let paid = match self.sandbox.pay(address, amount) {
            Ok(paid) => paid.record_id,
            Err(error) => {
                let line = format!("can't pay {amount}: {error}");
                return self.shared().say("customer", line);
            }
        };
        self.paid(paid, amount, payment.fate);
    }

    /// Money has arrived, and its fate is sealed.
    pub(super) fn paid(&mut self, paid: String, amount: &str, fate: Fate) {
        self.shared().counts.deposits += 1;
        self.shared()
            .say("customer", format_args!("pays {amount}: {paid}"));
        match fate {
            Fate::Confirmed => {}
            Fate::Flagged => self.soon(0, 60_000, Due::Flag(paid)),
            Fate::Failed => self.soon(0, 90_000, Due::FailRecord(paid)),
        }
    }
}

/// The value of a future that is ready at once.
fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
