//! One durable history, as its seed draws it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ccpayment_durable::{Inbox, MemoryStore, Outbox, Store as _};
use ccpayment_sandbox::{Fault, Setting};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::books::{Books, Code};
use super::checks::Count;
use super::clock::DatabaseClock;
use super::deposits::{self, Post, Way};
use super::disasters::{self, DAYS, Event, Events};
use super::store::{SimStore, Weather};
use super::{Mutant, NEVER_TOLD, PRUNED, SET_BACK, TOLD_AGAIN, TOLD_LATE};
use crate::clock::{MachineClock, pause};
use crate::disk::Book;
use crate::fault_kinds;
use crate::history::Run;
use crate::places::USDT;
use crate::worker::{Fuse, Worker};
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

/// A process of the merchant: it receives, plans and works.
pub(super) struct Process {
    pub(super) machine: Worker,
    pub(super) life: Option<Life>,
}

/// What a process has from its start to its death.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) inbox: Inbox<SimStore>,
    pub(super) store: SimStore,
    pub(super) outbox: Outbox<SimStore>,
}

pub(super) struct History {
    pub(super) book: Arc<Book>,
    pub(super) weather: Arc<Weather>,
    pub(super) store: MemoryStore<Books>,
    pub(super) code: Code,
    pub(super) post: Post,
    pub(super) ways: Vec<Way>,
    pub(super) processes: Vec<Process>,
    pub(super) burnt: Arc<Notify>,
    pub(super) events: Events,
    pub(super) poll: Duration,
    /// Whether the gateway says everything in the words of the requests.
    pub(super) is_plain: bool,
    /// The payouts that the merchant wants to make.
    pub(super) wanted: BTreeSet<usize>,
    pub(super) crashes: u64,
    pub(super) random: fastrand::Rng,
}

/// Runs the durable history of one seed to its end.
pub(crate) async fn run(seed: u64, mutant: Option<Mutant>, keep_trace: bool) -> Result<Run> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x0064_7572_6162_6c65);
    let drawn = disasters::draw(&mut random)?;
    let world = World::new(seed, &drawn.plan, keep_trace)?;
    world.sandbox.set_webhook_url("http://127.0.0.1:9/notify");
    if drawn.reviews {
        world.sandbox.set(Setting::ApprovalAbove {
            coin_id: USDT,
            amount: "21".to_owned(),
        })?;
    }
    world.sandbox.faults_by_seed(0, 0, &[]);
    let ways = deposits::ways(&world, &mut random).await?;
    let per_mille = u16::try_from(drawn.plan.rates.gateway * 10)?;
    world
        .sandbox
        .faults_by_seed(seed, per_mille, &Fault::every());

    let clock = DatabaseClock::new(&world);
    let store = MemoryStore::new(clock.clone());
    let weather = Weather::new(&world, clock, random.fork(), mutant);
    let burnt = Arc::new(Notify::new());
    let mut processes = Vec::new();
    for (number, planned) in (0..).zip(&drawn.plan.workers) {
        let clock = MachineClock::new(&world, seed ^ number, planned.ahead, drawn.plan.pauses);
        processes.push(Process {
            machine: Worker {
                teller: None,
                clock,
                timeouts: planned.timeouts,
                fuse: Fuse::new(&burnt),
                tasks: JoinSet::new(),
                resumed: BTreeSet::new(),
            },
            life: None,
        });
    }
    let mut history = History {
        book: Arc::new(Book::new(&world, drawn.plan.payments, Vec::new())),
        code: Code {
            weather: Arc::clone(&weather),
            apart: Arc::default(),
        },
        weather,
        store,
        post: Post::default(),
        ways,
        processes,
        burnt,
        events: drawn.events,
        poll: drawn.poll,
        is_plain: drawn.plan.spelling.is_plain(),
        wanted: BTreeSet::new(),
        crashes: 0,
        random,
    };
    for process in 0..history.processes.len() {
        history.start(process)?;
    }
    history.play().await?;
    history.calm().await?;
    let pruned = world.has_hit(PRUNED);
    let (count, broken) = (history.check(pruned).await, history.book.take_broken());
    let (trace, hits) = world.finish();
    let takeovers = hits.get(super::TAKEN_OVER).copied().unwrap_or_default();
    Ok(Run {
        durable: Count {
            crashes: history.crashes,
            takeovers,
            ..count
        },
        trace,
        hits,
        broken,
        ..Run::default()
    })
}

impl History {
    pub(super) fn world(&self) -> Arc<World> {
        Arc::clone(&self.book.world)
    }

    /// Lets everything happen at its time.
    async fn play(&mut self) -> Result<()> {
        let (world, burnt) = (self.world(), Arc::clone(&self.burnt));
        while let Some(at) = self.events.next_at() {
            let left = Duration::from_millis(at).saturating_sub(world.elapsed());
            tokio::select! {
                biased;
                () = burnt.notified() => {
                    for process in 0..self.processes.len() {
                        if self.processes.get(process).is_some_and(|it| it.machine.fuse.is_burnt()) {
                            self.crash(process, fault_kinds::CRASH_AT_STEP);
                        }
                    }
                }
                () = pause(left) => {
                    if let Some(event) = self.events.pop() {
                        self.happen(event)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        let world = self.world();
        match event {
            Event::Plan { payment } => {
                self.wanted.insert(payment);
                if let Some(process) = self.any_alive() {
                    self.plan(process, payment);
                }
            }
            Event::Again { payment } => self.again(payment),
            Event::PayIn { way } => {
                if let Some(way) = self.ways.get(way % self.ways.len().max(1)) {
                    deposits::pay(&world, way, &mut self.random)?;
                }
            }
            Event::Collect => self.collect(),
            Event::Deliver { message } => {
                if let Some(process) = self.any_alive() {
                    self.deliver(process, message);
                }
            }
            Event::Fuse { process, steps } => {
                if let Some(process) = self.processes.get(process) {
                    process.machine.fuse.light(steps);
                }
            }
            Event::Crash { process } => self.crash(process, fault_kinds::CRASH_AT_TIME),
            Event::Start { process } => self.start(process)?,
            Event::Jump { process, millis } => {
                world.hit(match millis {
                    0.. => fault_kinds::JUMP_AHEAD,
                    _ => fault_kinds::JUMP_BACK,
                });
                world.say(format_args!("clock {process} jumps by {millis} ms"));
                if let Some(process) = self.processes.get(process) {
                    process.machine.clock.jump(millis);
                }
            }
            Event::SetBack => {
                world.hit(SET_BACK);
                world.say(format_args!("{SET_BACK}"));
                self.weather.clock.set_back(HOUR);
            }
            Event::Prune { older_than } => {
                if let Some(process) = self.any_alive() {
                    self.spawn(process, async move |life| {
                        // An error does not matter: the pruning comes again.
                        let _ = life.store.prune(older_than, 100).await;
                    });
                }
            }
            Event::ResetAll => world.reset_all(),
            Event::Fail => {
                world.sync();
                let open = world.sandbox.payouts();
                let open = open.iter().find(|payout| payout.status == "Processing");
                if let Some(payout) = open
                    && world.sandbox.fail(&payout.record_id).is_ok()
                {
                    world.hit(fault_kinds::FAILS_LATER);
                    world.say(format_args!("{} fails", payout.record_id));
                }
            }
            Event::Review { approves } => self.review(approves),
        }
        Ok(())
    }

    pub(super) fn review(&self, approves: bool) {
        let world = self.world();
        world.sync();
        for payout in world.sandbox.payouts() {
            if payout.status != "WaitingApproval" {
                continue;
            }
            world.say(format_args!("{}: {approves}", payout.record_id));
            // A withdrawal that has ended since is left as it is.
            let _ = match approves {
                true => world.sandbox.approve(&payout.record_id),
                false => world.sandbox.reject(&payout.record_id, "unknown receiver"),
            };
        }
    }

    /// Delivers the gateway's notifications at any time, more than once, or never.
    fn collect(&mut self) {
        let world = self.world();
        let now = u64::try_from(world.elapsed().as_millis()).unwrap_or(u64::MAX);
        for message in self.post.collect(&world) {
            let copies = self.random.u32(0..4);
            match copies {
                0 => world.hit(NEVER_TOLD),
                1 => {}
                _ => world.hit(TOLD_AGAIN),
            }
            for _ in 0..copies {
                let most = 1 << self.random.u32(8..23);
                let late = self.random.u32(0..12) == 0;
                let by = match late {
                    true => self.random.u64(DAYS / 2..2 * DAYS),
                    false => self.random.u64(0..most),
                };
                if late {
                    world.hit(TOLD_LATE);
                }
                self.events
                    .at(now.saturating_add(by), Event::Deliver { message });
            }
        }
    }

    pub(super) fn any_alive(&mut self) -> Option<usize> {
        let alive = (0..)
            .zip(&self.processes)
            .filter(|(_, it)| it.life.is_some());
        let alive: Vec<usize> = alive.map(|(number, _)| number).collect();
        self.random.choice(alive)
    }

    /// Lets a process do something, unless it is down.
    pub(super) fn spawn<W>(&mut self, process: usize, work: impl FnOnce(Life) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        if let Some(process) = self.processes.get_mut(process)
            && let Some(life) = process.life.clone()
        {
            process.machine.spawn(work(life));
        }
    }
}
