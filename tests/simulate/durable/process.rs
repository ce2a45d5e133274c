//! A process of the merchant, from its start to its death.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use ccpayment_durable::{Inbox, Outbox, PlanError, Settings, Store as _, Worker as Durable};
use tokio::task::JoinSet;

use super::books::PATIENCE;
use super::disasters::Event;
use super::history::{History, Life, Process};
use super::store::SimStore;
use crate::checks::Broken;
use crate::clock::pause;
use crate::payer::{Teller, Who, credentials};
use crate::payment::{Payment, with_payout};
use crate::worker::Fuse;

/// How often a process tries to plan something. The process that starts after it goes on.
const TRIES: u32 = 5;

impl Process {
    /// Stops everything at once. Returns whether anything ran.
    pub(super) fn kill(&mut self) -> bool {
        self.machine.tasks = JoinSet::new();
        let life = self.life.take();
        if let Some(life) = &life {
            life.store.is_dead.store(true, Ordering::SeqCst);
        }
        life.is_some()
    }
}

impl History {
    /// Starts the process with only what is in the store.
    pub(super) fn start(&mut self, number: usize) -> Result<()> {
        let world = self.world();
        world.say(format_args!("process {number} starts"));
        let Some(process) = self.processes.get_mut(number) else {
            return Ok(());
        };
        let machine = &mut process.machine;
        let clock = machine.clock.clone();
        let teller = Teller::new(Who::Client, &world, &clock, machine.timeouts)?;
        let client = teller.client().context("it is a client")?.clone();
        let store = SimStore {
            inner: self.store.clone(),
            weather: Arc::clone(&self.weather),
            clock: clock.clone(),
            is_dead: Arc::new(AtomicBool::new(false)),
        };
        let credentials = credentials(&world.sandbox)?;
        let by = client.clone();
        process.life = Some(Life {
            inbox: Inbox::with_clock(store.clone(), &credentials, move || by.now()),
            outbox: Outbox::new(store.clone(), credentials.app_id().clone()),
            store: store.clone(),
        });
        let lease = machine.timeouts.total + PATIENCE + Duration::from_secs(5);
        let settings = Settings::default()
            .lease(lease)
            .poll(self.poll)
            .handler_timeout(PATIENCE);
        let worker = Durable::new(store, self.code.clone()).merchant(client);
        let worker = worker.settings(settings).clock(clock);
        machine.spawn(async move { worker.run(pending()).await });
        for payment in self.wanted.clone() {
            self.plan(number, payment);
        }
        Ok(())
    }

    /// Stops everything at once, and starts it again later.
    pub(super) fn crash(&mut self, number: usize, kind: &'static str) {
        let world = self.world();
        let Some(process) = self.processes.get_mut(number) else {
            return;
        };
        process.machine.fuse = Fuse::new(&self.burnt);
        if !process.kill() {
            return;
        }
        world.hit(kind);
        world.say(format_args!("process {number} crashes: {kind}"));
        self.crashes += 1;
        let now = u64::try_from(world.elapsed().as_millis()).unwrap_or(u64::MAX);
        let down = self.random.u64(100..200_000);
        let back = now.saturating_add(down);
        self.events.at(back, Event::Start { process: number });
    }

    /// Plans a payout, which may be planned already.
    pub(super) fn plan(&mut self, process: usize, number: usize) {
        let Some(payment) = self.book.payments.get(number).cloned() else {
            return;
        };
        let book = Arc::clone(&self.book);
        self.spawn(process, async move |life| {
            for _ in 0..TRIES {
                match plan(&life, number, &payment).await {
                    Ok(()) => return,
                    Err(PlanError::Store(_)) => pause(Duration::from_secs(2)).await,
                    Err(error) => {
                        let what = format!("payout {number} can't be planned: {error}");
                        return book.broken(Broken::wrong(what));
                    }
                }
            }
        });
    }

    /// Makes a payout again, if it was refused.
    pub(super) fn again(&mut self, number: usize) {
        let Some(payment) = self.book.payments.get(number).cloned() else {
            return;
        };
        if let Some(process) = self.any_alive() {
            self.spawn(process, async move |life| {
                // A person sees whether it was made again.
                let _ = again(&life, number, &payment).await;
            });
        }
    }

    pub(super) fn deliver(&mut self, process: usize, message: usize) {
        let (world, post) = (self.world(), self.post.clone());
        self.spawn(process, async move |life| {
            post.deliver(world, life.inbox, message).await;
        });
    }
}

/// The merchant's own mark and the payout, in one commit.
async fn plan(life: &Life, number: usize, payment: &Payment) -> Result<(), PlanError> {
    let mut tx = life.store.begin().await?;
    tx.planned.insert(number);
    let planned = with_payout!(
        &payment.request,
        it => (life.outbox.plan(&mut tx, it).await?, operation(it))
    );
    if let Some((true, operation)) = planned {
        life.store.weather.world.hit(operation);
    }
    life.store.commit(tx).await?;
    Ok(())
}

fn operation<P: ccpayment::Request>(_: &P) -> &'static str {
    P::OPERATION
}

async fn again(life: &Life, number: usize, payment: &Payment) -> Result<(), PlanError> {
    let mut tx = life.store.begin().await?;
    let is_open = with_payout!(
        &payment.request,
        it => life.outbox.make_again(&mut tx, it).await?
    );
    if is_open == Some(true) {
        tx.made_again.push(number);
    }
    life.store.commit(tx).await?;
    Ok(())
}
