//! The mistakes of programs that do without inbox and outbox, or misuse them. Each has the story
//! that shows it: kills at named steps, in a fixed order.

use std::str::FromStr;
use std::time::Duration;

use ccpayment_sandbox::Notification;
use ccpayment_sqlx::SqliteStore;

use crate::books;
use crate::shop::Shop;
use crate::world::{Process, TICK, World, post, settle_down, url_of};
use crate::{Arguments, Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    CheckThenInsert,
    AcknowledgeFirst,
    KeyWithStatus,
    HandlerOutside,
    ProcessLease,
    DoneBeforeAnswer,
}

impl Plant {
    pub const ALL: [Self; 6] = [
        Self::CheckThenInsert,
        Self::AcknowledgeFirst,
        Self::KeyWithStatus,
        Self::HandlerOutside,
        Self::ProcessLease,
        Self::DoneBeforeAnswer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::CheckThenInsert => "check-then-insert",
            Self::AcknowledgeFirst => "acknowledge-before-commit",
            Self::KeyWithStatus => "key-with-status",
            Self::HandlerOutside => "handler-outside",
            Self::ProcessLease => "process-lease",
            Self::DoneBeforeAnswer => "done-before-answer",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::CheckThenInsert => "a credit is looked for, and then inserted",
            Self::AcknowledgeFirst => "a notification is acknowledged before it is committed",
            Self::KeyWithStatus => "the credit key has the notification's status",
            Self::HandlerOutside => "the handler writes apart from the transaction",
            Self::ProcessLease => "a lease goes by the process's clock",
            Self::DoneBeforeAnswer => "a payout is marked as done before its answer",
        }
    }

    /// Whether the program does without inbox and outbox.
    pub fn is_naive(self) -> bool {
        !matches!(self, Self::HandlerOutside | Self::ProcessLease)
    }

    /// The step at which the story of this mistake kills or stops a process, in the naive program
    /// or in the right one.
    fn step(self, is_planted: bool) -> &'static str {
        match (self, is_planted) {
            (Self::CheckThenInsert, true) => "credit looked for",
            (Self::CheckThenInsert, false) => "key kept",
            (Self::AcknowledgeFirst, true) => "acknowledged",
            (Self::AcknowledgeFirst, false) => "before an acknowledgement",
            (Self::KeyWithStatus, true) => "credited",
            (Self::KeyWithStatus | Self::HandlerOutside, _) => "deposit handled",
            (Self::ProcessLease, _) => "before a payout is sent",
            (Self::DoneBeforeAnswer, true) => "marked as done",
            (Self::DoneBeforeAnswer, false) => "before a payout is sent",
        }
    }
}

impl FromStr for Plant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|plant| plant.name() == name);
        found.ok_or_else(|| format!("there is no plant called {name}"))
    }
}

/// How long a process has to get to a step, in ticks.
const PATIENCE: u32 = 100;

struct Story {
    world: World,
    shop: SqliteStore,
    plant: Plant,
    is_planted: bool,
    random: fastrand::Rng,
}

pub async fn run(arguments: &Arguments, plant: Plant) -> Result<(), Error> {
    let world = World::new(arguments, None).await?;
    let shop = SqliteStore::open(&world.url).await?;
    shop.create().await?;
    // The store of a handler that writes outside of the transaction.
    let apart = SqliteStore::open(format!("{}.apart", world.url)).await?;
    apart.create().await?;
    let is_planted = !arguments.control;
    let mut story = Story {
        world,
        shop,
        plant,
        is_planted,
        random: fastrand::Rng::with_seed(arguments.seed),
    };
    let title = if is_planted {
        plant.what()
    } else {
        "no mistake"
    };
    println!("{}: {title}", plant.name());
    let overlap = match plant {
        Plant::CheckThenInsert => story.both_look().await?,
        Plant::ProcessLease => story.both_send().await?,
        Plant::DoneBeforeAnswer => story.dies_as_it_pays().await?,
        _ => story.dies_as_it_books().await?,
    };
    let survivor = story.process(0, None, false).await?;
    let ended = if is_planted {
        // An entry that a mistake lost never ends.
        story.calm(&survivor).await?;
        books::compare(&story.world, &story.shop).await?
    } else {
        let processes = [survivor];
        settle_down(&story.world, &story.shop, &processes, &mut story.random).await?
    };
    let mut ended = ended;
    if plant == Plant::HandlerOutside && is_planted {
        ended = books::compare_credits(&story.world, &story.shop, &apart).await?;
    }
    overlap.into_iter().for_each(|it| ended.overlapped(it));
    println!("{ended}");
    println!("kills 1, {}", ended.last_line());
    ended.check()
}

impl Story {
    /// A process of this story, which dies or holds at its step.
    async fn process(
        &self,
        wrong_by: i64,
        fate: Option<&str>,
        holds: bool,
    ) -> Result<Process, Error> {
        let plant = self.is_planted.then(|| self.plant.name().to_owned());
        let started = self.world.start(|it| {
            it.wrong_by = wrong_by;
            it.fate = fate.map(|at| (at.to_owned(), 1));
            it.holds = holds;
            it.plant = plant;
            it.reconciles = false;
        });
        started.await
    }

    /// Makes a payment that the chain confirms; returns its notifications.
    async fn confirmed(&mut self) -> Result<Vec<Notification>, Error> {
        self.world.pay().await?;
        let mut told = self.world.sandbox.due_notifications();
        self.world.advance(300)?;
        told.extend(self.world.sandbox.due_notifications());
        Ok(told)
    }

    /// Delivers to a process, and does not wait for the answer.
    fn tell(&self, process: &Process, notification: &Notification) {
        let url = url_of(&process.address, notification);
        let (headers, body) = (notification.headers.clone(), notification.body.clone());
        let (sandbox, notification) = (self.world.sandbox.clone(), notification.clone());
        tokio::spawn(async move {
            let answer = post(&url, &headers, body).await.ok();
            let _ = sandbox.record_answer(notification, answer.as_ref());
        });
    }

    /// Waits until the process is at its step; false if it does not get there.
    async fn is_at_step(&self, process: &mut Process, patience: u32) -> bool {
        for _ in 0..patience {
            if process.step().is_some() {
                return true;
            }
            tokio::time::sleep(TICK / 2).await;
        }
        false
    }

    /// Tells two processes of one payment. Both stop after they have looked for its credit.
    async fn both_look(&mut self) -> Result<Option<String>, Error> {
        let step = self.plant.step(self.is_planted);
        let (mut one, mut other) = (
            self.process(0, Some(step), true).await?,
            self.process(0, Some(step), true).await?,
        );
        let told = self.confirmed().await?;
        let last = told.last().ok_or("nothing is told")?;
        self.tell(&one, last);
        self.tell(&other, last);
        self.is_at_step(&mut one, PATIENCE / 2).await;
        self.is_at_step(&mut other, PATIENCE / 2).await;
        one.go_on().await?;
        other.go_on().await?;
        tokio::time::sleep(10 * TICK).await;
        one.kill().await?;
        other.kill().await?;
        Ok(None)
    }

    /// A process dies at its step while it handles a payment.
    async fn dies_as_it_books(&mut self) -> Result<Option<String>, Error> {
        let step = self.plant.step(self.is_planted);
        let mut process = self.process(0, Some(step), false).await?;
        let told = self.confirmed().await?;
        for notification in &told {
            self.tell(&process, notification);
            // One after the other, so that the first is handled when the second comes. But a
            // notification that was acknowledged too early is only lost if no other one follows.
            if self.plant != Plant::AcknowledgeFirst
                && self.is_at_step(&mut process, PATIENCE / 2).await
            {
                break;
            }
        }
        self.is_at_step(&mut process, PATIENCE / 2).await;
        tokio::time::sleep(TICK).await;
        process.kill().await?;
        Ok(None)
    }

    /// A process dies at its step while it pays out.
    async fn dies_as_it_pays(&mut self) -> Result<Option<String>, Error> {
        let step = self.plant.step(self.is_planted);
        let mut process = self.process(0, Some(step), false).await?;
        // It may die before it has answered.
        self.world.plan(&process, "payout-1").await;
        self.world.planned.insert("payout-1".to_owned());
        if !self.is_at_step(&mut process, PATIENCE).await {
            return Err("the process did not come to its step".into());
        }
        process.kill().await?;
        Ok(None)
    }

    /// Two processes whose clocks are hours apart, and one payout. The first stops while it holds
    /// the payout; nobody else may take the payout before its lease ends.
    async fn both_send(&mut self) -> Result<Option<String>, Error> {
        let step = self.plant.step(self.is_planted);
        let mut one = self.process(0, Some(step), true).await?;
        self.world.plan(&one, "payout-1").await;
        if !self.is_at_step(&mut one, PATIENCE).await {
            return Err("the process did not come to its step".into());
        }
        let mut ahead = self
            .process(3 * 3_600, Some("entries claimed"), true)
            .await?;
        // Shorter than the lease of four seconds.
        let is_taken = self.is_at_step(&mut ahead, 20).await;
        ahead.kill().await?;
        one.kill().await?;
        Ok(is_taken.then(|| "payout-1 is worked on by two processes at once".to_owned()))
    }

    /// Delivers all notifications once more.
    async fn calm(&mut self, survivor: &Process) -> Result<(), Error> {
        for _ in 0..60 {
            self.world.advance(5)?;
            for notification in self.world.sandbox.due_notifications() {
                let url = url_of(&survivor.address, &notification);
                let body = notification.body.clone();
                let answer = post(&url, &notification.headers, body).await.ok();
                let _ = self
                    .world
                    .sandbox
                    .record_answer(notification, answer.as_ref());
            }
            tokio::time::sleep(TICK).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}
