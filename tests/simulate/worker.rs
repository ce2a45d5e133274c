//! A process of the merchant.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use ccpayment::Timeouts;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::{MachineClock, pause};
use crate::payer::Teller;

/// A process of the merchant. It can die between any two steps, and starts again with its book
/// alone.
pub(crate) struct Worker {
    pub(crate) teller: Option<Teller>,
    pub(crate) clock: MachineClock,
    pub(crate) timeouts: Timeouts,
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) tasks: JoinSet<()>,
    /// The calls that it took up when it started again.
    pub(crate) resumed: BTreeSet<usize>,
}

/// Counts the steps that a process has left.
pub(crate) struct Fuse {
    steps: AtomicU32,
    burnt: Arc<Notify>,
}

impl Fuse {
    const NEVER: u32 = u32::MAX;

    pub(crate) fn new(burnt: &Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            steps: AtomicU32::new(Self::NEVER),
            burnt: Arc::clone(burnt),
        })
    }

    /// The process dies after this many steps.
    pub(crate) fn light(&self, steps: u32) {
        self.steps.store(steps, Ordering::SeqCst);
    }

    /// Whether the process may take another step.
    fn step(&self) -> bool {
        match self.steps.load(Ordering::SeqCst) {
            Self::NEVER => true,
            0 => {
                self.burnt.notify_one();
                false
            }
            left => {
                self.steps.store(left - 1, Ordering::SeqCst);
                true
            }
        }
    }

    pub(crate) fn is_burnt(&self) -> bool {
        self.steps.load(Ordering::SeqCst) == 0
    }
}

/// Work of a process, which waits while the process stands still, and stops for good when it has no
/// steps left.
struct Stepwise<F> {
    work: Pin<Box<F>>,
    fuse: Arc<Fuse>,
    clock: MachineClock,
    still: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<F: Future<Output = ()>> Future for Stepwise<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.still.is_none()
            && let Some(length) = this.clock.stands_still()
        {
            this.still = Some(Box::pin(pause(length)));
        }
        if let Some(still) = &mut this.still {
            ready!(still.as_mut().poll(context));
            this.still = None;
        }
        if this.fuse.step() {
            this.work.as_mut().poll(context)
        } else {
            Poll::Pending
        }
    }
}

impl Worker {
    pub(crate) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(Stepwise {
            work: Box::pin(work),
            fuse: Arc::clone(&self.fuse),
            clock: self.clock.clone(),
            still: None,
        });
    }
}
