//! The state, the clock that dates what is done to it, and whoever keeps what is done.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::error::SandboxError;
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
        // Asked once: the same operation a second later could end otherwise.
        let now = self.clock.now();
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
