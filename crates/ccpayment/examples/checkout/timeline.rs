//! What happened, line by line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ccpayment_sandbox::Sandbox;

use crate::merchant::ORDER_ID;

/// Prints each event with the seconds since the start, and with the order or payout that it is
/// about.
#[derive(Clone)]
pub struct Timeline {
    sandbox: Sandbox,
    start: u64,
    /// The records of the payments, in the order in which they were sent.
    payments: Arc<Mutex<Vec<String>>>,
}

impl Timeline {
    pub fn new(sandbox: Sandbox) -> Self {
        let start = sandbox.now();
        Self {
            sandbox,
            start,
            payments: Arc::default(),
        }
    }

    pub fn say(&self, who: &str, about: &str, what: impl std::fmt::Display) {
        let seconds = self.sandbox.now() - self.start;
        println!("{seconds:>4}s  {who:<8}  {about:<20}  {what}");
    }

    /// Numbers the payment of this record, and names it.
    pub fn add_payment(&self, record_id: String) -> String {
        let name = {
            let mut payments = self.payments();
            payments.push(record_id);
            payments.len()
        };
        format!("{ORDER_ID} payment {name}")
    }

    /// The payment of this record, as the lines name it.
    pub fn payment(&self, record_id: &str) -> String {
        let number = self.payments().iter().position(|it| it == record_id);
        match number {
            Some(number) => format!("{ORDER_ID} payment {}", number + 1),
            None => format!("{ORDER_ID} forgery"),
        }
    }

    /// What a line is about: an order or a payout by its id, a payment by its record.
    pub fn name(&self, about: &str) -> String {
        let is_record = about != ORDER_ID && !about.starts_with("payout-");
        let payouts = self.sandbox.payouts();
        match payouts.iter().find(|it| it.record_id == about) {
            Some(payout) => payout.order_id.clone(),
            None if is_record => self.payment(about),
            None => about.to_owned(),
        }
    }

    fn payments(&self) -> MutexGuard<'_, Vec<String>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
