//! The merchant's disk, which is all that a process knows after a crash, and beside it the
//! simulation's notes about the history.

use crate::checks::{self, Broken};
use crate::payer::{How, SLACK, Teller, Verdict};
use crate::payment::{Payment, Request};
use crate::world::World;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The merchant's entry on disk about one call, written before it and when it has ended.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) payment: usize,
    pub(crate) worker: usize,
    pub(crate) started: bool,
    pub(crate) verdict: Option<Verdict>,
    /// Whether it is made under a new id, because the client said that it was not made under its
    /// own.
    pub(crate) anew: bool,
}

impl Call {
    pub(crate) fn new(payment: usize, worker: usize) -> Self {
        Self {
            payment,
            worker,
            started: false,
            verdict: None,
            anew: false,
        }
    }
}

pub(crate) struct Book {
    pub(crate) world: Arc<World>,
    pub(crate) payments: Vec<Payment>,
    state: Mutex<Entries>,
}

struct Entries {
    calls: Vec<Call>,
    /// The gateway's final result for each payment that moves no money.
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

    /// Another process takes a call over.
    pub(crate) fn hand_over(&self, call: usize, worker: usize) {
        if let Some(call) = self.entries().calls.get_mut(call) {
            call.worker = worker;
        }
    }

    /// A payment as it was asked for last.
    pub(crate) fn current(&self, number: usize) -> Option<Payment> {
        let anew = (self.entries().calls.iter()).any(|it| it.payment == number && it.anew);
        let payment = self.payments.get(number)?;
        Some(if anew {
            payment.made_anew(number)
        } else {
            payment.clone()
        })
    }

    /// Pays or settles, and writes down what came of it.
    pub(crate) async fn carry_out(
        &self,
        teller: &Teller,
        call: usize,
        how: How,
    ) -> Option<Verdict> {
        let payment = self.entries().calls.get(call)?.payment;
        let request = self.current(payment)?.request;
        self.verdict(call, None);
        let what = match how {
            How::Pay => "pay",
            How::Settle(_) => "settle",
        };
        self.world
            .say(format_args!("call {call}: {what} {payment}"));
        let (began, lost) = (self.world.elapsed(), self.world.time_lost());
        let verdict = teller.carry_out(&request, how).await;
        let took = self.world.elapsed().saturating_sub(began);
        self.world.say(format_args!("call {call}: {verdict}"));
        let lost = self.world.time_lost().saturating_sub(lost);
        let total = teller.total;
        if took > total + lost + SLACK {
            self.broken(Broken::wrong(format!(
                "call {call} took {took:?} and had {total:?}"
            )));
        }
        // The call before may have paid a batch.
        if matches!((how, &verdict), (How::Pay, Verdict::Unknown(None)))
            && self.is_alone(call)
            && !matches!(request, Request::Batch(_))
        {
            let debits = checks::debits(self, payment);
            if debits > 0 {
                let what = format!("call {call} is unknown since no time, and was made");
                self.broken(Broken::wrong(what));
            }
        }
        self.verdict(call, Some(verdict.clone()));
        Some(verdict)
    }

    /// Whether nobody else has the same payment to make.
    fn is_alone(&self, call: usize) -> bool {
        let entries = self.entries();
        let payment = entries.calls.get(call).map(|it| it.payment);
        let same = entries
            .calls
            .iter()
            .filter(|it| Some(it.payment) == payment);
        same.count() == 1
    }

    /// Makes a payment under a new id, as people do who are told that it was not made and can't be.
    /// It does not if another process may have made it.
    pub(crate) async fn make_anew(&self, teller: &Teller, call: usize) -> Option<Verdict> {
        if !self.is_alone(call) {
            return None;
        }
        let refused = (self.entries().calls.get_mut(call)).is_some_and(|call| {
            let refused = matches!(call.verdict, Some(Verdict::Refused(_) | Verdict::Conflict));
            let first = refused && !call.anew;
            call.anew |= first;
            first
        });
        if !refused {
            return None;
        }
        self.world
            .say(format_args!("call {call}: once more, under a new id"));
        self.carry_out(teller, call, How::Pay).await
    }
}
