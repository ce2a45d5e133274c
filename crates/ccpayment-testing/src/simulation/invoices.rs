//! Invoices, which customers pay in a coin of their own choice.

use ccpayment_client::core::PriceIn;
use ccpayment_sandbox::IncomingPayment;
use serde_json::{Value, json};

use super::checks::{Breach, breach};
use super::merchant::{Merchant, SaleOutcome};
use super::plan::Choice;
use super::report::Invariant;
use super::run::{Due, Run};

impl<M: Merchant> Run<M> {
    pub(super) fn bill_ended(&mut self, place: usize, outcome: &SaleOutcome) -> Result<(), Breach> {
        match outcome {
            SaleOutcome::Billed => {}
            SaleOutcome::Elsewhere => self.issue(place)?,
            SaleOutcome::Failed | SaleOutcome::PayTo(_) => {
                self.shared().say("customer", "gets no invoice and leaves");
                return Ok(());
            }
        }
        let choices = self.plan.bills.get(place).map(|(_, it)| it.clone());
        for choice in choices.unwrap_or_default() {
            self.after(choice.after, Due::PayBill(place, choice));
        }
        Ok(())
    }

    /// Makes an invoice in the merchant's name, past the network.
    fn issue(&self, place: usize) -> Result<(), Breach> {
        let Some((bill, _)) = self.plan.bills.get(place) else {
            return breach(Invariant::SimulationWorks, "a bill", "it is not planned");
        };
        let about = bill.order_id.as_str();
        let (currency, id) = match bill.price_in {
            PriceIn::Fiat(id) | PriceIn::FiatText(id) => ("priceFiatId", id.get()),
            PriceIn::Coin(id) | PriceIn::CoinText(id) => ("priceCoinId", id.get()),
        };
        let body = json!({
            "orderId": about, "price": bill.price.as_str(), "expiredAt": bill.expires_at.get(),
            "product": "a bill", currency: id,
        });
        let answer = self.ask("createInvoiceUrl", about, &body)?;
        if answer.pointer("/data/invoiceUrl").is_none() {
            return breach(Invariant::SimulationWorks, about, answer.to_string());
        }
        Ok(())
    }

    /// The customer picks a coin and pays what the page shows.
    pub(super) fn pay_bill(&mut self, place: usize, choice: Choice) -> Result<(), Breach> {
        let Some((bill, _)) = self.plan.bills.get(place).cloned() else {
            return Ok(());
        };
        let order_id = bill.order_id.as_str();
        let (coin_id, chain) = choice.coin;
        let sent = self
            .sandbox
            .pick_coin(order_id, coin_id, chain)
            .and_then(|picked| {
                let incoming = IncomingPayment::new(picked.address, &*picked.amount);
                let payment = self.sandbox.send_payment(incoming.coin(coin_id, chain))?;
                Ok((payment.record_id, picked.amount))
            });
        let (record_id, amount) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                let line = format!("can't pay {order_id}: {error}");
                self.shared().say("customer", line);
                return Ok(());
            }
        };
        let info = self.ask(
            "getInvoiceOrderInfo",
            order_id,
            &json!({ "orderId": order_id }),
        )?;
        let rows = info.pointer("/data/paidList").and_then(Value::as_array);
        let row = rows.and_then(|rows| {
            rows.iter()
                .find(|it| it.get("recordId") == Some(&json!(record_id)))
        });
        let Some(worth) = row.and_then(|row| row.get("paidValue")?.as_str()) else {
            return breach(Invariant::SimulationWorks, order_id, info.to_string());
        };
        let worth = (bill.price_in, worth.to_owned());
        self.worths.insert(record_id.clone(), worth);
        self.shared().counts.invoiced += 1;
        let amount = format!("{amount} of coin {coin_id} for {order_id}");
        self.paid(record_id, &amount, choice.fate);
        Ok(())
    }
}
