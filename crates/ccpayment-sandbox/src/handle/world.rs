//! The state, the clock that dates what is done to it, and whoever keeps what is done.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::model::error::SandboxError;
use crate::ops::Op;
use crate::state::State;

/// Told about every step before it is taken, and so before anybody is told that it was.
pub(crate) trait Keeper: Send {
    /// An error means that the step must not be taken.
    fn keep(&mut self, at: u64, step: &str) -> Result<(), SandboxError>;
}

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Step<T> {
    /// The settings of the start are done, and nothing of them is to be done again.
    Begun,
    /// The clock was moved by so many milliseconds.
    Advance(u64),
    Op(T),
}

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) state: State,
    keeper: Option<Box<dyn Keeper>>,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    pub(crate) fn new(clock: Clock, state: State) -> Self {
        Self {
            clock,
            state,
            keeper: None,
        }
    }

    /// What is kept happens after it was kept, and is answered after it happened: whoever has an
    /// answer finds it true after the next start.
    pub(crate) fn apply(&mut self, op: Op) -> Result<Value, SandboxError> {
        // Asked once, and never back: the same operation at another second could end otherwise.
        let now = self.clock.now().max(self.state.now);
        // The passing of time alone needs no witness: the next operation lets it pass, too.
        if !matches!(op, Op::Tick) {
            self.keep(now, &Step::Op(&op))?;
        }
        self.state.apply(now, op)
    }

    pub(crate) fn advance(&mut self, by: Duration) -> Result<(), SandboxError> {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.keep(self.clock.now(), &Step::Advance(millis))?;
        self.clock.advance(Duration::from_millis(millis));
        self.apply(Op::Tick).map(drop)
    }

    fn keep(&mut self, now: u64, step: &Step<&Op>) -> Result<(), SandboxError> {
        let Some(keeper) = &mut self.keeper else {
            return Ok(());
        };
        let text = serde_json::to_string(step)
            .map_err(|error| SandboxError::Storage(error.to_string()))?;
        keeper.keep(now, &text)
    }
}

#[cfg(feature = "program")]
impl World {
    /// From now on every step is kept.
    pub(crate) fn set_keeper(&mut self, keeper: Box<dyn Keeper>) {
        self.keeper = Some(keeper);
    }

    /// The settings of the start are done.
    pub(crate) fn begin(&mut self) -> Result<(), SandboxError> {
        self.keep(self.clock.now(), &Step::Begun)
    }

    /// Takes a step again that was kept; whether it was the one that ends the settings.
    pub(crate) fn redo(&mut self, at: u64, text: &str) -> Result<bool, SandboxError> {
        let step: Step<Op> = serde_json::from_str(text)
            .map_err(|error| SandboxError::Storage(format!("{text} is unknown: {error}")))?;
        match step {
            Step::Begun => return Ok(true),
            Step::Advance(millis) => self.clock.advance(Duration::from_millis(millis)),
            // What was refused then is refused again.
            Step::Op(op) => drop(self.state.apply(at, op)),
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
    struct Notebook(Arc<Mutex<Notes>>);

    #[derive(Default)]
    struct Notes {
        kept: Vec<(u64, String)>,
        full: bool,
    }

    impl Keeper for Notebook {
        fn keep(&mut self, at: u64, step: &str) -> Result<(), SandboxError> {
            let mut notes = self.0.lock().unwrap();
            if notes.full {
                return Err(SandboxError::Storage("the disk is full".to_owned()));
            }
            notes.kept.push((at, step.to_owned()));
            Ok(())
        }
    }

    fn world(keeper: &Notebook) -> World {
        let mut world = World::new(
            Clock::new(Some(1_750_000_000)),
            State::new("app".to_owned(), 7),
        );
        world.keeper = Some(Box::new(keeper.clone()));
        world
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
        let notebook = Notebook::default();
        let mut world = world(&notebook);
        world.apply(fund("1")).unwrap();
        notebook.0.lock().unwrap().full = true;
        assert!(matches!(
            world.apply(fund("2")),
            Err(SandboxError::Storage(_))
        ));
        assert!(world.advance(Duration::from_secs(9)).is_err());
        assert_eq!(world.clock.now(), 1_750_000_000);
        let ledger = world.state.books.snapshot();
        assert_eq!(ledger.balance("merchant:available", 1280), "1");
    }

    #[cfg(feature = "program")]
    #[test]
    fn what_was_kept_happens_again_refusals_included() {
        let notebook = Notebook::default();
        let mut live = world(&notebook);
        live.apply(fund("1")).unwrap();
        live.begin().unwrap();
        live.advance(Duration::from_millis(90_500)).unwrap();
        assert!(live.apply(fund("-1")).is_err());
        live.apply(Op::Tick).unwrap();
        live.apply(fund("0.5")).unwrap();

        let notes = notebook.0.lock().unwrap().kept.clone();
        assert_eq!(notes.len(), 5, "the passing of time is not kept: {notes:?}");
        let mut again = world(&Notebook::default());
        let begun: Vec<bool> = notes
            .iter()
            .map(|(at, step)| again.redo(*at, step).unwrap())
            .collect();
        assert_eq!(begun, [false, true, false, false, false]);
        assert_eq!(again.clock.now(), live.clock.now());
        let (live, again) = (live.state.books.snapshot(), again.state.books.snapshot());
        assert_eq!(live.entries(), again.entries());
        assert!(
            world(&Notebook::default())
                .redo(1, "{\"Op\":\"Dance\"}")
                .is_err()
        );
    }
}
