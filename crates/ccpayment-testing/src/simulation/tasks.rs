//! `Tasks`: the merchant's methods under way, each polled by hand. So they run side by side in an
//! order that the seed decides, can be dropped as by a crash, and may panic.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// How many turns the runtime's other tasks get before time moves on: the merchant may have spawned
/// some of them.
const TURNS: u32 = 3;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) struct Task<K, T> {
    pub(super) kind: K,
    pub(super) since: Duration,
    work: Work<T>,
    waker: Arc<TaskWaker>,
}

pub(super) struct Tasks<K, T> {
    tasks: Vec<Task<K, T>>,
    outer: Arc<Mutex<Option<Waker>>>,
}

/// Notes that a task can go on.
struct TaskWaker {
    woken: AtomicBool,
    outer: Arc<Mutex<Option<Waker>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let outer = self
            .outer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        outer.into_iter().for_each(Waker::wake);
    }
}

/// What a task came to.
pub(super) enum End<T> {
    Done(T),
    Panicked(String),
}

impl<K, T> Tasks<K, T> {
    pub(super) fn new() -> Self {
        Self {
            tasks: Vec::new(),
            outer: Arc::default(),
        }
    }

    pub(super) fn spawn(
        &mut self,
        kind: K,
        since: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) {
        let waker = TaskWaker {
            woken: AtomicBool::new(true),
            outer: Arc::clone(&self.outer),
        };
        self.tasks.push(Task {
            kind,
            since,
            work: Box::pin(work),
            waker: Arc::new(waker),
        });
    }

    /// Those that have not ended, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Task<K, T>> {
        self.tasks.iter()
    }

    /// Drops everything where it stands.
    pub(super) fn kill(&mut self) -> Vec<K> {
        self.tasks.drain(..).map(|task| task.kind).collect()
    }

    /// Runs one task that can go on, the `pick`th of them, until it waits or ends. `None` when all
    /// of them wait.
    pub(super) fn step(
        &mut self,
        pick: impl FnOnce(usize) -> usize,
    ) -> Option<Option<(K, End<T>)>> {
        let woken = |task: &Task<K, T>| task.waker.woken.load(Ordering::SeqCst);
        let ready: Vec<usize> = (0..)
            .zip(&self.tasks)
            .filter_map(|(place, task)| woken(task).then_some(place))
            .collect();
        let place = *ready.get(pick(ready.len().max(1)))?;
        let task = self.tasks.get_mut(place)?;
        task.waker.woken.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&task.waker));
        let mut context = Context::from_waker(&waker);
        // Whatever a panic left behind is the merchant's, and the run ends with it.
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.as_mut().poll(&mut context)));
        let end = match polled {
            Ok(Poll::Pending) => return Some(None),
            Ok(Poll::Ready(done)) => End::Done(done),
            Err(panic) => End::Panicked(text(&*panic)),
        };
        Some(Some((self.tasks.remove(place).kind, end)))
    }

    fn any_woken(&self) -> bool {
        self.tasks
            .iter()
            .any(|task| task.waker.woken.load(Ordering::SeqCst))
    }

    /// Gives the runtime a few turns, and says whether that let a task go on. With `for_long`, it
    /// waits for that: somebody waits for a thread or a socket, and virtual time can't help.
    pub(super) async fn others(&self, for_long: bool) -> bool {
        let mut turns = 0;
        std::future::poll_fn(|context| {
            *self.outer.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(context.waker().clone());
            if self.any_woken() {
                return Poll::Ready(true);
            }
            if turns >= TURNS && !for_long {
                return Poll::Ready(false);
            }
            if turns < TURNS {
                turns += 1;
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }
}

/// Runs code outside of a task, such as [`books`](super::Merchant::books), and catches its panic.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| text(&*panic))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
        .to_owned()
}
