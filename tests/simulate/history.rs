//! One history, as its seed draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ccpayment::{SETTLE_AFTER, Timeouts};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::checks::{self, Broken, Count};
use crate::clock::{MachineClock, Pauses, pause};
use crate::disk::{Book, Call};
use crate::durable;
use crate::fault_kinds;
use crate::payer::{How, Teller, Verdict, Who};
use crate::payment::Payment;
use crate::plan::{Event, Plan};
use crate::reads;
use crate::spelling::Spelling;
use crate::trace::Trace;
use crate::worker::{Fuse, Worker};
use crate::world::World;

/// How often a settlement is tried once the gateway answers again: it may have been told to refuse
/// more calls than one settlement makes.
pub(crate) const SETTLEMENTS: u32 = 10;

/// The result of a seed.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) trace: Trace,
    pub(crate) hits: BTreeMap<&'static str, u64>,
    pub(crate) count: Count,
    pub(crate) durable: durable::Count,
    pub(crate) broken: Vec<Broken>,
}

impl Run {
    fn add(&mut self, other: Self) {
        self.trace.add(other.trace);
        for (kind, hits) in other.hits {
            *self.hits.entry(kind).or_default() += hits;
        }
        self.durable.add(&other.durable);
        self.broken.extend(other.broken);
    }
}

struct History {
    book: Arc<Book>,
    workers: Vec<Worker>,
    burnt: Arc<Notify>,
    who: Who,
    random: fastrand::Rng,
}

/// Runs one seed to its end. All its chance comes from the seed.
pub(crate) fn run(seed: u64, who: Who, keep_trace: bool) -> Result<Run> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
    };
    let (mut run, mutant) = match who {
        Who::Durable(mutant) => (Run::default(), Some(mutant)),
        _ => (
            runtime()?.block_on(History::run(seed, who, keep_trace))?,
            None,
        ),
    };
    let is_drawn = match who {
        Who::Client => durable::is_drawn(seed),
        Who::ByHand(_) => false,
        Who::Durable(_) => true,
    };
    if is_drawn {
        let durable = durable::run(seed, mutant, keep_trace);
        run.add(runtime()?.block_on(durable)?);
    }
    Ok(run)
}

impl History {
    async fn run(seed: u64, who: Who, keep_trace: bool) -> Result<Run> {
        let plan = Plan::draw(seed)?;
        let world = World::new(seed, &plan, keep_trace)?;
        for _ in 0..plan.others {
            world.hit(fault_kinds::OTHER_PAYOUT);
        }
        for _ in plan.calls.iter().filter(|call| call.again) {
            world.hit(fault_kinds::SECOND_WORKER);
        }
        let calls = (plan.calls.iter()).map(|planned| Call::new(planned.payment, planned.worker));
        let book = Arc::new(Book::new(&world, plan.payments, calls.collect()));
        let burnt = Arc::new(Notify::new());
        let mut workers = Vec::new();
        for (number, planned) in (0..).zip(&plan.workers) {
            let clock = MachineClock::new(&world, seed ^ number, planned.ahead, plan.pauses);
            match planned.ahead {
                1.. => world.hit(fault_kinds::AHEAD),
                0 => {}
                _ => world.hit(fault_kinds::BEHIND),
            }
            workers.push(Worker {
                teller: Some(Teller::new(who, &world, &clock, planned.timeouts)?),
                clock,
                timeouts: planned.timeouts,
                fuse: Fuse::new(&burnt),
                tasks: JoinSet::new(),
                resumed: BTreeSet::new(),
            });
        }
        let mut history = Self {
            book,
            workers,
            burnt,
            who,
            random: fastrand::Rng::with_seed(seed ^ 0x0068_6973_746f),
        };
        history.play(plan.events).await?;
        let in_the_end = history.end().await?;
        let in_unknown_words = history.in_unknown_words(plan.spelling).await?;
        let count = checks::against_the_ledger(&history.book, &in_the_end, &in_unknown_words);
        let broken = history.book.take_broken();
        let (trace, hits) = world.finish();
        Ok(Run {
            trace,
            hits,
            count,
            broken,
            ..Run::default()
        })
    }

    /// Lets everything happen at its time.
    async fn play(&mut self, mut events: BTreeMap<(u64, u64), Event>) -> Result<()> {
        let world = Arc::clone(&self.book.world);
        let burnt = Arc::clone(&self.burnt);
        let mut serial = u64::MAX / 2;
        loop {
            let due = events.first_key_value().map(|((at, _), _)| *at);
            let wait = async {
                match due {
                    Some(at) => {
                        let left = Duration::from_millis(at).saturating_sub(world.elapsed());
                        pause(left).await;
                    }
                    None => Self::all_done(&mut self.workers).await,
                }
            };
            tokio::select! {
                biased;
                () = burnt.notified() => {
                    for worker in 0..self.workers.len() {
                        if self.workers.get(worker).is_some_and(|it| it.fuse.is_burnt()) {
                            serial += 1;
                            let back = self.crash(worker, fault_kinds::CRASH_AT_STEP);
                            events.insert((back, serial), Event::Start { worker });
                        }
                    }
                }
                () = wait => {
                    let Some((_, event)) = events.pop_first() else {
                        return Ok(());
                    };
                    if let Some(worker) = self.happen(event)? {
                        if let Event::HandOver { call, settles, after, .. } = event {
                            serial += 1;
                            let at = due.unwrap_or_default() + after;
                            events.insert((at, serial), Event::TakeOver { call, settles });
                        }
                        serial += 1;
                        let back = self.crash(worker, fault_kinds::CRASH_AT_TIME);
                        events.insert((back, serial), Event::Start { worker });
                    }
                }
            }
        }
    }

    async fn all_done(workers: &mut [Worker]) {
        for worker in workers {
            while worker.tasks.join_next().await.is_some() {}
        }
    }

    /// Lets one event happen; returns the process that crashes, if one does.
    fn happen(&mut self, event: Event) -> Result<Option<usize>> {
        let world = Arc::clone(&self.book.world);
        match event {
            Event::Call { call } => self.start_call(call, None),
            Event::HandOver { call, worker, .. } => return Ok(self.hand_over(call, worker)),
            Event::TakeOver { call, settles } => self.start_call(call, Some(settles)),
            Event::Read { worker, read } => self.start_read(worker, read),
            Event::Fuse { worker, steps } => {
                if let Some(worker) = self.workers.get(worker) {
                    worker.fuse.light(steps);
                }
            }
            Event::Crash { worker } => {
                let alive = self
                    .workers
                    .get(worker)
                    .is_some_and(|it| it.teller.is_some());
                return Ok(alive.then_some(worker));
            }
            Event::Start { worker } => self.start(worker)?,
            Event::Jump { worker, millis } => {
                if let Some(worker) = self.workers.get(worker) {
                    world.hit(if millis < 0 {
                        fault_kinds::JUMP_BACK
                    } else {
                        fault_kinds::JUMP_AHEAD
                    });
                    worker.clock.jump(millis);
                }
                world.say(format_args!("clock {worker} jumps by {millis} ms"));
            }
            Event::ResetAll => world.reset_all(),
            Event::Fail => self.fail_one(),
        }
        Ok(None)
    }

    /// Starts a call: settles it if it takes over, else makes it as if it were the first.
    fn start_call(&mut self, call: usize, takes_over: Option<bool>) {
        let Some(worker) = self.book.calls().get(call).map(|it| it.worker) else {
            return;
        };
        let random = &mut self.random;
        let retries = random.u32(0..3);
        let waits: Vec<u64> = (0..retries).map(|_| random.u64(5..400)).collect();
        let anew = random.bool();
        let is_batch = (self.book.calls().get(call))
            .and_then(|call| self.book.payments.get(call.payment))
            .is_some_and(Payment::is_batch);
        let mut again = Vec::new();
        // A batch comes again, whatever its result.
        while is_batch && again.len() < 3 && random.bool() {
            again.push((random.u64(0..200), random.bool()));
        }
        let book = Arc::clone(&self.book);
        let Some(worker) = self.workers.get_mut(worker) else {
            return;
        };
        // A process that is down starts nothing: what it was asked for comes again when it is up.
        let Some(teller) = worker.teller.clone() else {
            return;
        };
        // The process was restarted after the call was handed over, so it works on the call
        // already.
        if takes_over.is_some() && worker.resumed.contains(&call) {
            return;
        }
        let how = match takes_over {
            // The process does not know when the other one died, but that was before now.
            Some(true) => How::Settle(Some(worker.clock.timestamp())),
            _ => How::Pay,
        };
        worker.spawn(async move {
            let mut verdict = book.carry_out(&teller, call, how).await;
            for wait in waits {
                let Some(Verdict::Unknown(Some(since))) = verdict else {
                    break;
                };
                pause(Duration::from_secs(wait)).await;
                verdict = book
                    .carry_out(&teller, call, How::Settle(Some(since)))
                    .await;
            }
            if anew {
                verdict = book.make_anew(&teller, call).await.or(verdict);
            }
            for (wait, settles) in again {
                let how = match &verdict {
                    Some(Verdict::Unknown(since)) if settles => How::Settle(*since),
                    _ if settles => How::Settle(None),
                    _ => How::Pay,
                };
                pause(Duration::from_secs(wait)).await;
                book.world.hit(fault_kinds::BATCH_AGAIN);
                verdict = book.carry_out(&teller, call, how).await;
            }
        });
    }

    /// A process dies with a call under way, and another one takes it over.
    fn hand_over(&mut self, call: usize, to: usize) -> Option<usize> {
        let entry = self.book.calls().get(call).cloned()?;
        let alive =
            |worker: usize| (self.workers.get(worker)).is_some_and(|it| it.teller.is_some());
        // A call that has ended needs no process, and a process that is down starts again.
        let open = entry.started && entry.verdict.is_none();
        if !open || entry.worker == to || !alive(to) || !alive(entry.worker) {
            return None;
        }
        self.book.world.hit(fault_kinds::TAKEN_OVER);
        self.book.hand_over(call, to);
        Some(entry.worker)
    }

    fn start_read(&mut self, worker: usize, read: usize) {
        let book = Arc::clone(&self.book);
        if let Some(worker) = self.workers.get_mut(worker)
            && let Some(teller) = worker.teller.clone()
        {
            worker.spawn(async move {
                reads::read(&book, &teller, read).await;
            });
        }
    }

    /// Stops everything of a process. Returns when it starts again, in milliseconds.
    fn crash(&mut self, worker: usize, kind: &'static str) -> u64 {
        let world = &self.book.world;
        world.hit(kind);
        world.say(format_args!("worker {worker} crashes: {kind}"));
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.fuse = Fuse::new(&self.burnt);
            worker.tasks = JoinSet::new();
            worker.teller = None;
        }
        let down = self.random.u64(100..90_000);
        let now = u64::try_from(world.elapsed().as_millis()).unwrap_or(u64::MAX);
        now.saturating_add(down)
    }

    /// Starts a process, which settles the calls that its book has as begun and not ended.
    fn start(&mut self, number: usize) -> Result<()> {
        let book = Arc::clone(&self.book);
        book.world.say(format_args!("worker {number} starts again"));
        let again = self.random.bool();
        let Some(worker) = self.workers.get_mut(number) else {
            return Ok(());
        };
        let teller = Teller::new(self.who, &book.world, &worker.clock, worker.timeouts)?;
        worker.teller = Some(teller.clone());
        worker.resumed.clear();
        // The process does not know when it died, but that was before now.
        let since = worker.clock.timestamp();
        for (call, entry) in (0..).zip(book.calls()) {
            if entry.worker != number || !entry.started || entry.verdict.is_some() {
                continue;
            }
            worker.resumed.insert(call);
            let (book, teller) = (Arc::clone(&book), teller.clone());
            worker.spawn(async move {
                let settle = How::Settle(Some(since));
                let verdict = book.carry_out(&teller, call, settle).await;
                // Provably not made: it may be made now, under the same id.
                if again && matches!(verdict, Some(Verdict::Refused(_))) {
                    book.carry_out(&teller, call, How::Pay).await;
                } else {
                    book.make_anew(&teller, call).await;
                }
            });
        }
        Ok(())
    }

    /// Something that was accepted fails on its chain.
    fn fail_one(&mut self) {
        let world = &self.book.world;
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

    /// The gateway answers again: every unknown call has to be settled, and to stay as it is.
    /// Returns the verdict on each payment, long after.
    async fn end(&mut self) -> Result<Vec<Option<Verdict>>> {
        let world = Arc::clone(&self.book.world);
        world.calm();
        let clock = MachineClock::new(&world, 0, 0, Pauses::default());
        let total = Duration::from_secs(60);
        let timeouts = Timeouts::new(Duration::from_secs(20), total);
        let teller = Teller::new(self.who, &world, &clock, timeouts)?;
        // Long enough for everything that was signed, whatever the clock showed.
        let latest = (self.book.calls().iter())
            .filter_map(|call| match call.verdict {
                Some(Verdict::Unknown(since)) => since,
                _ => None,
            })
            .max();
        let now = clock.timestamp();
        let past = latest.map_or(0, |latest| latest.get().saturating_sub(now.get()));
        pause(Duration::from_secs(past + 2 * SETTLE_AFTER.as_secs())).await;
        for (call, entry) in (0..).zip(self.book.calls()) {
            let since = match entry.verdict {
                Some(Verdict::Unknown(since)) => since.unwrap_or(now),
                None if entry.started => now,
                _ => continue,
            };
            for _ in 0..SETTLEMENTS {
                let settle = How::Settle(Some(since));
                let verdict = self.book.carry_out(&teller, call, settle).await;
                if !matches!(verdict, Some(Verdict::Unknown(_))) {
                    break;
                }
            }
        }
        // Long after.
        pause(Duration::from_secs(2 * SETTLE_AFTER.as_secs())).await;
        world.sync();
        let mut all_made = Vec::new();
        for (number, payment) in (0..).zip(&self.book.payments) {
            let mut made = None;
            if !payment.pays() {
                let current = self.book.current(number);
                let current = current.filter(|it| it.order_key() != payment.order_key());
                made = payment.made(&world.sandbox).await;
                if let Some(current) = current {
                    if made.is_some() {
                        let what = format!("payment {number} was refused and was made");
                        self.book.broken(Broken::wrong(what));
                    }
                    made = current.made(&world.sandbox).await;
                }
            }
            all_made.push(made);
        }
        self.book.set_made(all_made);
        let mut in_the_end = Vec::new();
        for (number, payment) in (0_usize..).zip(self.current()) {
            // To look up a batch means to go on with it.
            if payment.is_batch() {
                in_the_end.push(None);
                continue;
            }
            let mut verdict = Verdict::Unknown(None);
            for _ in 0..SETTLEMENTS {
                verdict = teller
                    .carry_out(&payment.request, How::Settle(Some(now)))
                    .await;
                if !matches!(verdict, Verdict::Unknown(_)) {
                    break;
                }
            }
            world.say(format_args!("payment {number} in the end: {verdict}"));
            in_the_end.push(Some(verdict));
        }
        self.workers.clear();
        Ok(in_the_end)
    }

    /// All payments as they were asked for last.
    fn current(&self) -> Vec<Payment> {
        let payments = 0..self.book.payments.len();
        payments
            .filter_map(|number| self.book.current(number))
            .collect()
    }

    /// The verdict on each payment while the gateway has unknown words for its state.
    async fn in_unknown_words(&mut self, spelling: Spelling) -> Result<Vec<Option<Verdict>>> {
        let world = Arc::clone(&self.book.world);
        if !spelling.hides_statuses() {
            return Ok(Vec::new());
        }
        world.set_spelling(spelling);
        let clock = MachineClock::new(&world, 0, 0, Pauses::default());
        let timeouts = Timeouts::new(Duration::from_secs(5), Duration::from_secs(10));
        let teller = Teller::new(self.who, &world, &clock, timeouts)?;
        let mut said = Vec::new();
        for payment in self.current() {
            let settle = How::Settle(Some(clock.timestamp()));
            let verdict = match payment.is_batch() {
                true => None,
                false => Some(teller.carry_out(&payment.request, settle).await),
            };
            said.push(verdict);
        }
        Ok(said)
    }
}
