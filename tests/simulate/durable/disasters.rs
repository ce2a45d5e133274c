//! The events of a durable history, and their times.

use std::collections::BTreeMap;

use anyhow::Result;
use ccpayment::Timeouts;
use std::time::Duration;

use crate::clock::Pauses;
use crate::payment::Payment;
use crate::plan::{Plan, pick, token, worker};
use crate::spelling::Spelling;
use crate::world::Rates;

const MINUTES: u64 = 60_000;
const HOURS: u64 = 60 * MINUTES;
pub(super) const DAYS: u64 = 24 * HOURS;
/// How many of the payments are payouts that an outbox takes.
const PAYOUTS: usize = 9;

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// The merchant wants to pay something out.
    Plan {
        payment: usize,
    },
    /// A refused payout is tried again.
    Again {
        payment: usize,
    },
    /// Somebody pays in.
    PayIn {
        way: usize,
    },
    /// The gateway collects its notifications.
    Collect,
    Deliver {
        message: usize,
    },
    /// A process has this many steps left.
    Fuse {
        process: usize,
        steps: u32,
    },
    Crash {
        process: usize,
    },
    Start {
        process: usize,
    },
    /// The clock of a process's machine is set.
    Jump {
        process: usize,
        millis: i64,
    },
    /// The database's clock is set back by an hour.
    SetBack,
    Prune {
        older_than: Duration,
    },
    ResetAll,
    /// A payout that was accepted fails.
    Fail,
    /// A person approves what waits for it, or rejects it.
    Review {
        approves: bool,
    },
}

/// By milliseconds, and within one in the order of drawing.
#[derive(Debug, Default)]
pub(super) struct Events {
    events: BTreeMap<(u64, u64), Event>,
    serial: u64,
}

impl Events {
    pub(super) fn at(&mut self, millis: u64, event: Event) {
        self.serial += 1;
        self.events.insert((millis, self.serial), event);
    }

    pub(super) fn next_at(&self) -> Option<u64> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.events.pop_first().map(|(_, event)| event)
    }
}

pub(super) struct Drawn {
    /// The plan of the gateway, of the way to it, and of the processes.
    pub(super) plan: Plan,
    pub(super) reviews: bool,
    pub(super) poll: Duration,
    pub(super) events: Events,
}

pub(super) fn draw(random: &mut fastrand::Rng) -> Result<Drawn> {
    let rates = Rates {
        link: pick(random, &[0, 10, 20, 35]),
        gateway: pick(random, &[0, 10, 20, 35]),
        refusal: pick(random, &[0, 3, 6, 10]),
    };
    let pauses = Pauses {
        looks: pick(random, &[0, 0, 2, 10]),
        polls: pick(random, &[0, 0, 1, 3]),
    };
    let mut plan = Plan {
        rates,
        pauses,
        spelling: Spelling::draw(random),
        rich: random.u32(0..12) > 0,
        lists: false,
        walks: false,
        reads_all: false,
        workers: Vec::new(),
        payments: Vec::new(),
        calls: Vec::new(),
        others: 0,
        events: BTreeMap::new(),
    };
    for _ in 0..random.usize(1..=3) {
        let mut drawn = worker(random);
        let total = Duration::from_secs(pick(random, &[15, 30, 60]));
        drawn.timeouts = Timeouts::new(drawn.timeouts.attempt, total);
        plan.workers.push(drawn);
    }
    let mut events = Events::default();
    for number in 0..random.u64(1..=4) {
        let order_id = format!("order-{number}");
        let kind = random.usize(0..PAYOUTS);
        plan.payments
            .push(Payment::new(kind, number, &order_id, token()?, random)?);
        let payment = plan.payments.len() - 1;
        let at = random.u64(0..5 * MINUTES);
        events.at(at, Event::Plan { payment });
        if random.bool() {
            events.at(at + random.u64(0..2 * HOURS), Event::Again { payment });
        }
    }
    for _ in 0..random.u32(1..=4) {
        let way = random.usize(0..3);
        events.at(random.u64(0..5 * MINUTES), Event::PayIn { way });
    }
    let mut at = 0;
    while at < 2 * HOURS {
        events.at(at, Event::Collect);
        at += random.u64(1_000..20_000) * (1 + at / MINUTES);
    }
    disasters(&plan, random, &mut events);
    Ok(Drawn {
        plan,
        reviews: random.u32(0..6) == 0,
        poll: Duration::from_secs(pick(random, &[20, 60, 180])),
        events,
    })
}

fn disasters(plan: &Plan, random: &mut fastrand::Rng, events: &mut Events) {
    for _ in 0..random.u32(0..5) {
        let process = random.usize(0..plan.workers.len());
        let at = random.u64(0..10 * MINUTES);
        match random.u32(0..3) {
            0 => events.at(at, Event::Crash { process }),
            _ => {
                let steps = 1 << random.u32(0..9);
                let steps = random.u32(steps / 2..=steps);
                events.at(at, Event::Fuse { process, steps });
            }
        }
    }
    if random.u32(0..3) == 0 {
        let process = random.usize(0..plan.workers.len());
        let most = pick(random, &[90_000, 900_000, 7_200_000, 86_400_000]);
        let millis = random.i64(-most..most);
        events.at(random.u64(0..10 * MINUTES), Event::Jump { process, millis });
    }
    if random.u32(0..4) == 0 {
        events.at(random.u64(0..15 * MINUTES), Event::SetBack);
    }
    if random.u32(0..3) == 0 {
        let older_than = Duration::from_secs(pick(random, &[60, 600, 3_600]));
        let at = random.u64(10 * MINUTES..2 * HOURS);
        events.at(at, Event::Prune { older_than });
    }
    if random.u32(0..10) == 0 {
        events.at(random.u64(0..10 * MINUTES), Event::ResetAll);
    }
    if random.u32(0..5) == 0 {
        events.at(random.u64(0..15 * MINUTES), Event::Fail);
    }
    for _ in 0..random.u32(0..3) {
        let approves = random.bool();
        events.at(random.u64(0..HOURS), Event::Review { approves });
    }
}
