//! What the merchant keeps on disk, and all that a process knows after a crash; and beside it what
//! the simulation notes about the history.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ccpayment::Timestamp;

use crate::checks::Broken;
use crate::payment::Payment;
use crate::teller::{SLACK, Teller, Verdict};
use crate::world::World;

/// What the merchant has on disk about one call: written before it, and when it has ended.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) payment: usize,
    pub(crate) worker: usize,
    pub(crate) started: bool,
    pub(crate) verdict: Option<Verdict>,
}

pub(crate) struct Book {
    pub(crate) world: Arc<World>,
    pub(crate) payments: Vec<Payment>,
    state: Mutex<Entries>,
}

struct Entries {
    calls: Vec<Call>,
    /// What the gateway has in the end for each payment that moves no money.
    made: Vec<Option<String>>,
    broken: Vec<Broken>,
}

impl Book {
    pub(crate) fn new(world: &Arc<World>, payments: Vec<Payment>, calls: Vec<Call>) -> Self {
        Self {
            world: Arc::clone(world),
            payments,
            state: Mutex::new(Entries {
                calls,
                made: Vec::new(),
                broken: Vec::new(),
            }),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn made(&self) -> Vec<Option<String>> {
        self.entries().made.clone()
    }

    pub(crate) fn set_made(&self, made: Vec<Option<String>>) {
        self.entries().made = made;
    }

    pub(crate) fn take_broken(&self) -> Vec<Broken> {
        std::mem::take(&mut self.entries().broken)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.entries().calls.clone()
    }

    fn verdict(&self, call: usize, verdict: Option<Verdict>) {
        if let Some(call) = self.entries().calls.get_mut(call) {
            call.started = true;
            call.verdict = verdict;
        }
    }

    pub(crate) fn broken(&self, broken: Broken) {
        self.world.say(format_args!("BROKEN: {broken}"));
        self.entries().broken.push(broken);
    }

    /// Pays or settles, and writes down what came of it.
    pub(crate) async fn carry_out(
        &self,
        teller: &Teller,
        total: Duration,
        call: usize,
        since: Option<Timestamp>,
    ) -> Option<Verdict> {
        let payment = self.entries().calls.get(call)?.payment;
        let request = &self.payments.get(payment)?.request;
        self.verdict(call, None);
        let what = if since.is_some() { "settle" } else { "pay" };
        self.world
            .say(format_args!("call {call}: {what} {payment}"));
        let (began, lost) = (self.world.elapsed(), self.world.time_lost());
        let verdict = teller.carry_out(request, since).await;
        let took = self.world.elapsed().saturating_sub(began);
        self.world.say(format_args!("call {call}: {verdict}"));
        let lost = self.world.time_lost().saturating_sub(lost);
        if took > total + lost + SLACK {
            self.broken(Broken::wrong(format!(
                "call {call} took {took:?} and had {total:?}"
            )));
        }
        self.verdict(call, Some(verdict.clone()));
        Some(verdict)
    }
}
