//! The plan of a history, drawn before anything happens.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use ccpayment::Timeouts;
use ccpayment_sandbox::Sandbox;

use crate::clock::Pauses;
use crate::payment::{KINDS, Payment};
use crate::places::{CHAIN, USDT};
use crate::reads::READS;
use crate::spelling::Spelling;
use crate::world::Rates;

/// Something that happens at its time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// A process begins a call.
    Call {
        call: usize,
    },
    /// The process that has this call dies, and another one takes it over.
    HandOver {
        call: usize,
        worker: usize,
        /// The delay in milliseconds.
        after: u64,
        /// Whether the other process knows that the call was begun.
        settles: bool,
    },
    TakeOver {
        call: usize,
        settles: bool,
    },
    /// A process reads something that it knows the answer to.
    Read {
        worker: usize,
        read: usize,
    },
    /// A process has this many steps left.
    Fuse {
        worker: usize,
        steps: u32,
    },
    Crash {
        worker: usize,
    },
    Start {
        worker: usize,
    },
    /// A wall clock is set.
    Jump {
        worker: usize,
        millis: i64,
    },
    ResetAll,
    /// A payout that was accepted fails.
    Fail,
}

#[derive(Debug)]
pub(crate) struct PlannedWorker {
    /// How far its clock is ahead, in milliseconds.
    pub(crate) ahead: i64,
    pub(crate) timeouts: Timeouts,
}

#[derive(Debug)]
pub(crate) struct PlannedCall {
    pub(crate) payment: usize,
    pub(crate) worker: usize,
    /// Another worker was told to make the same payout.
    pub(crate) again: bool,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rates: Rates,
    pub(crate) pauses: Pauses,
    pub(crate) spelling: Spelling,
    /// Whether the merchant has enough for everything.
    pub(crate) rich: bool,
    /// Whether lists are read. Such a history has no answer that lost its data: by the documents a
    /// missing cursor ends a list, and a list without pages may be missing, so no client could
    /// notice.
    pub(crate) lists: bool,
    /// Whether one of them has more than a page.
    pub(crate) walks: bool,
    /// Whether a list is read from long ago on.
    pub(crate) reads_all: bool,
    pub(crate) workers: Vec<PlannedWorker>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) calls: Vec<PlannedCall>,
    /// Payments that took the order id of the one before them.
    pub(crate) others: u32,
    /// By milliseconds.
    pub(crate) events: BTreeMap<(u64, u64), Event>,
}

const MINUTES: u64 = 60_000;

impl Plan {
    pub(crate) fn draw(seed: u64) -> Result<Self> {
        let mut random = fastrand::Rng::with_seed(seed);
        let rates = Rates {
            link: pick(&mut random, &[0, 10, 20, 35, 50]),
            gateway: pick(&mut random, &[0, 10, 20, 35, 50]),
            refusal: pick(&mut random, &[0, 3, 6, 10]),
        };
        let pauses = Pauses {
            looks: pick(&mut random, &[0, 0, 0, 2, 10, 40]),
            polls: pick(&mut random, &[0, 0, 0, 2, 10, 40]),
        };
        let mut plan = Self {
            rates,
            pauses,
            spelling: Spelling::draw(&mut random),
            rich: random.u32(0..12) > 0,
            lists: random.u32(0..3) == 0,
            walks: false,
            reads_all: false,
            workers: Vec::new(),
            payments: Vec::new(),
            calls: Vec::new(),
            others: 0,
            events: BTreeMap::new(),
        };
        for _ in 0..random.usize(1..=3) {
            plan.workers.push(worker(&mut random));
        }
        plan.payments(&mut random)?;
        plan.disasters(&mut random);
        Ok(plan)
    }

    /// Whether all clocks always agree, so that no moment is shown twice, and a signed request is
    /// sent at once.
    pub(crate) fn clocks_hold(&self) -> bool {
        if self.pauses.looks > 0 || self.pauses.polls > 0 {
            return false;
        }
        let right = |worker: &PlannedWorker| worker.ahead.unsigned_abs() <= 1_000;
        let set = |event: &Event| matches!(event, Event::Jump { .. });
        self.workers.iter().all(right) && !self.events.values().any(set)
    }

    fn at(&mut self, millis: u64, event: Event) {
        let serial = u64::try_from(self.events.len()).unwrap_or(u64::MAX);
        self.events.insert((millis, serial), event);
    }

    fn payments(&mut self, random: &mut fastrand::Rng) -> Result<()> {
        let token = token()?;
        for number in 0..random.u64(2..=6) {
            let order_id = format!("order-{number}");
            let kind = random.usize(0..KINDS);
            let payment = Payment::new(kind, number, &order_id, token, random)?;
            let begins = random.u64(0..MINUTES);
            let worker = random.usize(0..self.workers.len());
            self.call(begins, payment.clone(), worker, false);
            if payment.is_batch() {
                // A batch has one process at a time, and no other batch has its id.
                if self.workers.len() > 1 && random.bool() {
                    let call = self.calls.len() - 1;
                    let worker = (worker + 1) % self.workers.len();
                    let (after, settles) = (random.u64(0..20_000), random.bool());
                    let event = Event::HandOver {
                        call,
                        worker,
                        after,
                        settles,
                    };
                    self.at(begins + random.u64(50..20_000), event);
                }
                continue;
            }
            if self.workers.len() > 1 && random.u32(0..8) == 0 {
                // The same payout again: by a worker that was restarted, or a queue that delivers
                // twice.
                let other = (worker + 1) % self.workers.len();
                let begins = begins + random.u64(0..30_000);
                let payment = self.payments.len() - 1;
                self.calls.push(PlannedCall {
                    payment,
                    worker: other,
                    again: true,
                });
                let call = self.calls.len() - 1;
                self.at(begins, Event::Call { call });
            } else if !payment.is_older() && random.u32(0..12) == 0 {
                // Not for v1: only the amount tells two withdrawals apart in its records.
                let payment = Payment::new(kind, number + 10, &order_id, token, random)?;
                let begins = begins + random.u64(0..30_000);
                let worker = random.usize(0..self.workers.len());
                self.call(begins, payment, worker, false);
                self.others += 1;
            }
        }
        for _ in 0..random.u32(0..4) {
            let worker = random.usize(0..self.workers.len());
            let read = if self.lists {
                random.usize(0..=READS + 1)
            } else {
                0
            };
            self.walks |= read == READS;
            self.reads_all |= read > READS;
            let at = random.u64(0..2 * MINUTES);
            self.at(at, Event::Read { worker, read });
        }
        Ok(())
    }

    fn call(&mut self, at: u64, payment: Payment, worker: usize, again: bool) {
        self.payments.push(payment);
        self.calls.push(PlannedCall {
            payment: self.payments.len() - 1,
            worker,
            again,
        });
        let call = self.calls.len() - 1;
        self.at(at, Event::Call { call });
    }

    /// One of the calls, and when it begins.
    fn any_call(&self, random: &mut fastrand::Rng) -> Option<((u64, u64), usize)> {
        let calls = self.events.iter().filter_map(|(at, event)| match event {
            Event::Call { call } => Some((*at, *call)),
            _ => None,
        });
        let calls: Vec<_> = calls.collect();
        random.choice(calls)
    }

    fn disasters(&mut self, random: &mut fastrand::Rng) {
        let worker = random.usize(0..self.workers.len());
        match random.u32(0..4) {
            0 => {
                let steps = random.u32(1..60);
                self.at(random.u64(0..MINUTES), Event::Fuse { worker, steps });
            }
            1 => self.at(random.u64(0..2 * MINUTES), Event::Crash { worker }),
            _ => {}
        }
        // While a call is under way.
        if random.u32(0..3) == 0
            && let Some(((begins, _), call)) = self.any_call(random)
        {
            let at = begins + random.u64(200..40_000);
            let worker = self.calls.get(call).map_or(0, |call| call.worker);
            let most = pick(random, &[90_000, 900_000, 900_000, 7_200_000, 86_400_000]);
            let millis = random.i64(-most..most);
            self.at(at, Event::Jump { worker, millis });
            if random.bool() {
                let back = at + random.u64(0..2 * MINUTES);
                let millis = -millis;
                self.at(back, Event::Jump { worker, millis });
            }
        }
        if random.u32(0..10) == 0 {
            self.at(random.u64(0..2 * MINUTES), Event::ResetAll);
        }
        if random.u32(0..10) == 0 {
            self.at(random.u64(0..2 * MINUTES), Event::Fail);
        }
    }
}

pub(crate) fn worker(random: &mut fastrand::Rng) -> PlannedWorker {
    // Nearly right, as far off as a gateway takes, or further.
    let most = pick(random, &[0, 0, 0, 2_000, 60_000, 118_000, 82_800_000]);
    let attempt = Duration::from_secs(random.u64(5..25));
    let total = Duration::from_secs(pick(random, &[15, 30, 60, 120, 500]));
    PlannedWorker {
        ahead: random.i64(-most..=most),
        timeouts: Timeouts::new(attempt, total),
    }
}

pub(crate) fn pick<T: Copy + Default>(random: &mut fastrand::Rng, from: &[T]) -> T {
    random.choice(from).copied().unwrap_or_default()
}

/// The `token_id` of a coin on a chain in v1; the same in every sandbox.
pub(crate) fn token() -> Result<&'static str> {
    static TOKEN: OnceLock<&str> = OnceLock::new();
    if let Some(token) = TOKEN.get() {
        return Ok(token);
    }
    let token = Sandbox::builder()
        .strict()
        .build()?
        .v1_token_id(USDT, CHAIN);
    let token = token.context("the coin is on the chain")?;
    Ok(TOKEN.get_or_init(|| token))
}
