//! The end of a durable history: nothing goes wrong any more, and everything has to end.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use ccpayment::{AppId, Timeouts, Version};
use ccpayment_durable::{
    EntryKey, NewEntry, Queue, Row, State, Step, Store as _, StoreError, kind,
};
use std::sync::PoisonError;

use super::checks::{self, Count, is_explained, is_incomparable};
use super::history::History;
use crate::checks::Broken;
use crate::clock::{MachineClock, Pauses, pause};
use crate::history::SETTLEMENTS;
use crate::spelling::Spelling;
use crate::worker::Fuse;

const MINUTE: Duration = Duration::from_secs(60);
/// How long everything may take to end: a clock may have been an hour ahead when a payout was sent,
/// and the database's clock an hour ahead when the payout was put off.
const LONGEST: u32 = 240;

impl History {
    pub(super) async fn calm(&mut self) -> Result<()> {
        let world = self.world();
        world.calm();
        for process in &mut self.processes {
            process.machine.fuse = Fuse::new(&self.burnt);
            process.kill();
        }
        // One process starts, on a machine without faults.
        if let Some(process) = self.processes.first_mut() {
            process.machine.clock = MachineClock::new(&world, 0, 0, Pauses::default());
            process.machine.timeouts = Timeouts::new(Duration::from_secs(20), MINUTE);
        }
        self.start(0)?;
        self.until_all_has_ended().await?;
        world.set_spelling(Spelling::default());
        for row in self.rows(State::Parked).await {
            world.say(format_args!("parked: {} {:?}", row.key, row.reason));
            if !is_explained(&row, self.is_plain) {
                let what = format!("{} is parked: {:?}", row.key, row.reason);
                self.book.broken(Broken::wrong(what));
            }
            if !is_incomparable(&row) {
                let mut tx = self.store.begin().await?;
                self.store.release(&mut tx, &row.key).await?;
                self.store.commit(tx).await?;
            }
        }
        self.until_all_has_ended().await?;
        // Messages that are still on their way arrive, and change nothing.
        pause(10 * MINUTE).await;
        world.sync();
        for row in self.rows(State::Open).await {
            let what = format!("{} is open: {:?}", row.key, row.reason);
            self.book.broken(Broken::lost(what));
        }
        for row in self.rows(State::Parked).await {
            if !is_incomparable(&row) {
                let what = format!("{} is parked: {:?}", row.key, row.reason);
                self.book.broken(Broken::wrong(what));
            }
        }
        for what in self.weather.take_broken() {
            self.book.broken(Broken::wrong(what));
        }
        for process in &mut self.processes {
            process.kill();
        }
        Ok(())
    }

    async fn rows(&self, state: State) -> Vec<Row> {
        let mut rows = Vec::new();
        for queue in [Queue::Inbox, Queue::Outbox] {
            // A store in memory does not fail.
            rows.extend(
                self.store
                    .list(queue, state, 1_000)
                    .await
                    .unwrap_or_default(),
            );
        }
        rows
    }

    async fn until_all_has_ended(&mut self) -> Result<()> {
        let world = self.world();
        let mut quiet = 0;
        for _ in 0..LONGEST {
            self.review(true);
            for message in self.post.collect(&world) {
                self.deliver(0, message);
            }
            let is_told = self.tell_the_rest().await?;
            pause(MINUTE).await;
            let is_done = is_told && self.rows(State::Open).await.is_empty();
            quiet = if is_done { quiet + 1 } else { 0 };
            if quiet > SETTLEMENTS {
                break;
            }
        }
        Ok(())
    }

    /// Delivers what was never acknowledged, or finds it in a list. Returns whether nothing is
    /// left.
    async fn tell_the_rest(&mut self) -> Result<bool> {
        let world = self.world();
        let app_id = AppId::new(world.sandbox.app_id());
        let mut is_told = true;
        for deposit in world.sandbox.deposits() {
            let id = deposit.record_id.as_str();
            if self.post.is_heard(id) {
                continue;
            }
            match self.post.last_of(id) {
                // Its record can't be read, so the final notification has to come.
                Some((message, true)) => {
                    is_told = false;
                    self.deliver(0, message);
                }
                _ => {
                    let kind = match deposit.user_id {
                        Some(_) => kind::USER_DEPOSIT,
                        None => kind::DEPOSIT,
                    };
                    self.found_by_a_list(EntryKey::inbox(&app_id, Version::V2, kind, id))
                        .await?;
                }
            }
        }
        Ok(is_told)
    }

    async fn found_by_a_list(&self, key: EntryKey) -> Result<(), StoreError> {
        let mut entry = NewEntry::new(key, Step::Received, Bytes::new());
        entry.is_gap = true;
        let mut tx = self.store.begin().await?;
        self.store.put(&mut tx, &entry).await?;
        self.store.commit(tx).await
    }

    pub(super) async fn check(&self, pruned: bool) -> Count {
        let books = self.store.books().await;
        let mut told = books.told.clone();
        told.extend(
            (self.code.apart.lock())
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        );
        checks::check(&self.book, &books, &told, pruned)
    }
}
