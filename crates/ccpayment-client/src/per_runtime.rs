//! `PerRuntime`, which keeps one value for each runtime.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, Id};

/// Keeps one `T` for each tokio runtime, for a backend whose `T` pools connections.
///
/// A connection is driven by the runtime that opened it. In a pool that several runtimes share, a
/// call may be given the connection of a runtime that stands still, and waits in vain.
#[derive(Debug, Clone)]
pub struct PerRuntime<T> {
    made: Arc<Mutex<Made<T>>>,
}

/// The oldest first. `None` is for calls outside any runtime. tokio never gives an id twice.
type Made<T> = Vec<(Option<Id>, T)>;

impl<T> Default for PerRuntime<T> {
    fn default() -> Self {
        Self {
            made: Arc::default(),
        }
    }
}

impl<T: Clone> PerRuntime<T> {
    /// How many values are kept. tokio does not tell when a runtime ends, so a new value replaces
    /// the oldest. If the runtime of that one is still there, it gets a new value and connects
    /// again.
    const MAX: usize = 64;

    /// The value of the current runtime, which is made if there is none.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    pub fn get_or_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, it)) = made.iter().find(|(runtime, _)| *runtime == here) {
            return Ok(it.clone());
        }
        let it = make()?;
        if made.len() == Self::MAX {
            made.remove(0);
        }
        made.push((here, it.clone()));
        Ok(it)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::PerRuntime;

    fn runtime() -> tokio::runtime::Runtime {
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        builder.build().unwrap()
    }

    #[test]
    fn each_runtime_has_its_own_until_there_are_too_many() {
        let (mut made, kept) = (0, PerRuntime::default());
        let mut get = || {
            let it = kept.get_or_make(|| {
                made += 1;
                Ok::<_, Infallible>(made)
            });
            it.unwrap()
        };
        assert_eq!((get(), get()), (1, 1));
        let first = runtime();
        assert_eq!(first.block_on(async { (get(), get()) }), (2, 2));
        for number in 1..PerRuntime::<i32>::MAX {
            assert_eq!(runtime().block_on(async { get() }), number as i32 + 2);
        }
        assert_eq!(first.block_on(async { get() }), 2);
        assert_eq!(get(), 66, "the oldest had to go");
        assert_eq!(kept.made.lock().unwrap().len(), 64);
    }

    #[test]
    fn what_can_not_be_made_is_not_kept() {
        let kept = PerRuntime::default();
        assert_eq!(kept.get_or_make(|| Err("no")), Err("no"));
        assert_eq!(kept.get_or_make(|| Ok::<_, Infallible>(1)), Ok(1));
    }
}
