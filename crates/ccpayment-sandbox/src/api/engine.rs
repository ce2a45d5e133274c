//! The state, the clock that dates the operations on it, and the journal that keeps them.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::api::journal::{Journal, JournalEntry};
use crate::clock::Clock;
use crate::model::error::SandboxError;
use crate::ops::Op;
use crate::state::State;

pub(crate) struct Engine {
    pub(crate) clock: Clock,
    pub(crate) state: State,
    journal: Option<Box<dyn Journal>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn new(clock: Clock, state: State) -> Self {
        Self {
            clock,
            state,
            journal: None,
        }
    }

    /// Keeps an operation, then applies it, then answers: so each answer still holds after the next
    /// start.
    pub(crate) fn apply(&mut self, op: Op) -> Result<Value, SandboxError> {
        // The clock is read once and never goes back: the same operation at another second could
        // end otherwise.
        let now = self.clock.now().max(self.state.now);
        // A tick is not kept: the next operation lets the time pass, too.
        if !matches!(op, Op::Tick) {
            self.record(now, &JournalEntry::Op(&op))?;
        }
        self.state.apply(now, op)
    }

    pub(crate) fn advance(&mut self, by: Duration) -> Result<(), SandboxError> {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        self.record(now, &JournalEntry::Advance(millis))?;
        self.advanced(now, millis);
        self.apply(Op::Tick).map(drop)
    }

    fn advanced(&mut self, at: u64, millis: u64) {
        let before = self.clock.seconds_ahead();
        self.clock.advance(Duration::from_millis(millis));
        if self.clock.is_real() {
            let by = self.clock.seconds_ahead().saturating_sub(before);
            self.state.caller_time.advance(at, by);
        }
    }

    fn record(&mut self, now: u64, entry: &JournalEntry<&Op>) -> Result<(), SandboxError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let text = serde_json::to_string(entry)
            .map_err(|error| SandboxError::Storage(error.to_string()))?;
        journal.append(now, &text)
    }
}

#[cfg(feature = "cli")]
impl Engine {
    /// From now on every entry is kept.
    pub(crate) fn set_journal(&mut self, journal: Box<dyn Journal>) {
        self.journal = Some(journal);
    }

    /// Marks the settings of the start as done.
    pub(crate) fn finish_setup(&mut self) -> Result<(), SandboxError> {
        self.record(self.clock.now(), &JournalEntry::Begun)
    }

    /// Applies a kept entry again; returns whether it is the one that ends the settings.
    pub(crate) fn replay(&mut self, at: u64, text: &str) -> Result<bool, SandboxError> {
        let entry: JournalEntry<Op> = serde_json::from_str(text)
            .map_err(|error| SandboxError::Storage(format!("{text} is unknown: {error}")))?;
        match entry {
            JournalEntry::Begun => return Ok(true),
            JournalEntry::Advance(millis) => self.advanced(at, millis),
            // What was refused then is refused again.
            JournalEntry::Op(op) => drop(self.state.apply(at, op)),
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Keeps in memory until it is told to fail.
    #[derive(Clone, Default)]
    struct MemoryJournal(Arc<Mutex<Notes>>);

    #[derive(Default)]
    struct Notes {
        kept: Vec<(u64, String)>,
        full: bool,
    }

    impl Journal for MemoryJournal {
        fn append(&mut self, at: u64, entry: &str) -> Result<(), SandboxError> {
            let mut notes = self.0.lock().unwrap();
            if notes.full {
                return Err(SandboxError::Storage("the disk is full".to_owned()));
            }
            notes.kept.push((at, entry.to_owned()));
            Ok(())
        }
    }

    fn engine(journal: &MemoryJournal) -> Engine {
        let mut engine = Engine::new(
            Clock::new(Some(1_750_000_000)),
            State::new("app".to_owned(), 7),
        );
        engine.journal = Some(Box::new(journal.clone()));
        engine
    }

    fn fund(amount: &str) -> Op {
        Op::Fund {
            user_id: None,
            coin_id: 1280,
            amount: amount.to_owned(),
        }
    }

    #[test]
    fn what_cannot_be_kept_does_not_happen() {
        let journal = MemoryJournal::default();
        let mut engine = engine(&journal);
        engine.apply(fund("1")).unwrap();
        journal.0.lock().unwrap().full = true;
        assert!(matches!(
            engine.apply(fund("2")),
            Err(SandboxError::Storage(_))
        ));
        assert!(engine.advance(Duration::from_secs(9)).is_err());
        assert_eq!(engine.clock.now(), 1_750_000_000);
        let ledger = engine.state.books.snapshot();
        assert_eq!(ledger.balance("merchant:available", 1280), "1");
    }

    #[test]
    fn parts_of_a_second_add_up_to_no_time_to_come() {
        let mut engine = Engine::new(Clock::new(None), State::new("app".to_owned(), 7));
        for _ in 0..10 {
            engine.advance(Duration::from_millis(900)).unwrap();
        }
        let told = engine.state.caller_time.told(engine.clock.now());
        let callers = engine.clock.signing();
        assert!(told <= callers && callers - told < 5, "{told} {callers}");
    }

    #[cfg(feature = "cli")]
    #[test]
    fn what_was_kept_happens_again_refusals_included() {
        let journal = MemoryJournal::default();
        let mut live = engine(&journal);
        live.apply(fund("1")).unwrap();
        live.finish_setup().unwrap();
        live.advance(Duration::from_millis(90_500)).unwrap();
        assert!(live.apply(fund("-1")).is_err());
        live.apply(Op::Tick).unwrap();
        live.apply(fund("0.5")).unwrap();

        let notes = journal.0.lock().unwrap().kept.clone();
        assert_eq!(notes.len(), 5, "the passing of time is not kept: {notes:?}");
        let mut again = engine(&MemoryJournal::default());
        let begun: Vec<bool> = notes
            .iter()
            .map(|(at, entry)| again.replay(*at, entry).unwrap())
            .collect();
        assert_eq!(begun, [false, true, false, false, false]);
        assert_eq!(again.clock.now(), live.clock.now());
        let (live, again) = (live.state.books.snapshot(), again.state.books.snapshot());
        assert_eq!(live.entries(), again.entries());
        assert!(
            engine(&MemoryJournal::default())
                .replay(1, "{\"Op\":\"Dance\"}")
                .is_err()
        );
    }
}
