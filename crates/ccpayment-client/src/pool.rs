//! No more connections than calls.

#![allow(
    clippy::disallowed_methods,
    reason = "a pool is in its runtime's time, which tests pause there"
)]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service;

use crate::transport::BoxError;

/// How long after an exchange its connection may be on its way back. A busy machine needs a part of
/// it, and only a server that keeps no connections makes anybody wait for all of it.
const GRACE: Duration = Duration::from_millis(100);

/// Keeps a backend over hyper's pool from opening more connections than there are calls.
///
/// A caller that has read an answer may call again before the connection is back in the pool, and
/// the pool then opens another one. So where there are as many as calls already, one that asks for
/// another waits a moment for one of those that are on their way.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Calls, with the reading of their answers.
    calls: AtomicUsize,
    /// What was opened. Nobody tells when one is closed, so this may be too high until somebody has
    /// waited in vain.
    opened: AtomicUsize,
    /// When the last exchange was over.
    last: Mutex<Option<Instant>>,
}

thread_local! {
    /// Whether a call is being polled. The pool goes on with a connection that its call has no need
    /// of any more, but in a task of its own.
    static CALLING: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug, thiserror::Error)]
#[error("the call got another connection")]
struct NotNeeded;

#[derive(Debug, thiserror::Error)]
#[error("no connection within {} ms", .0.as_millis())]
struct NoConnection(Duration);

struct InFlight<'a>(&'a Counts);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// A whole exchange: everything that needs the connection of one call. To be pinned where it
    /// stands: it is large, and would be moved around for nothing.
    pub async fn exchange<F: Future + Unpin>(&self, mut exchange: F) -> F::Output {
        self.counts.calls.fetch_add(1, Ordering::Relaxed);
        let _in_flight = InFlight(&self.counts);
        poll_fn(|context| {
            let outer = CALLING.replace(true);
            let polled = Pin::new(&mut exchange).poll(context);
            CALLING.set(outer);
            polled
        })
        .await
    }

    /// The pool's connector: `connector`, called only where a connection is needed, and given up
    /// after this long. A call's own deadline would end the wait as well, and could not say that
    /// nothing was sent.
    pub fn around<C>(&self, connector: C, give_up_after: Duration) -> Connector<C> {
        Connector {
            connector: Arc::new(connector),
            connections: self.clone(),
            give_up_after,
        }
    }

    /// What is to be awaited for a connection is not begun before there may be one.
    async fn open<C>(
        &self,
        within: Duration,
        connection: impl Future<Output = Result<C, BoxError>>,
    ) -> Result<C, BoxError> {
        if !self.may_open() {
            let last = *(self.counts.last.lock()).unwrap_or_else(PoisonError::into_inner);
            if let Some(last) = last {
                let mut grace = pin!(sleep_until(last + GRACE));
                poll_fn(|context| match CALLING.get() {
                    true => grace.as_mut().poll(context).map(Ok),
                    false => Poll::Ready(Err(NotNeeded)),
                })
                .await?;
            }
            // In vain: some of those are closed.
            let calls = self.counts.calls.load(Ordering::Relaxed);
            self.counts.opened.store(calls, Ordering::Relaxed);
        }
        let opened = (timeout(within, connection).await)
            .unwrap_or_else(|_| Err(NoConnection(within).into()));
        if opened.is_err() {
            let one_less = |opened: usize| Some(opened.saturating_sub(1));
            let _ =
                (self.counts.opened).fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
        opened
    }

    fn may_open(&self) -> bool {
        let calls = self.counts.calls.load(Ordering::Relaxed);
        let one_more = |opened: usize| (opened < calls).then(|| opened + 1);
        (self.counts.opened)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .is_ok()
    }
}

/// A connector of [`Connections`]. The pool clones it for each call, so that costs next to nothing.
#[derive(Debug, Clone)]
pub struct Connector<C> {
    connector: Arc<C>,
    connections: Connections,
    give_up_after: Duration,
}

impl<C, T> Service<T> for Connector<C>
where
    C: Service<T> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
    T: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let connection = async {
                let mut connector = C::clone(&this.connector);
                let ready = poll_fn(|context| connector.poll_ready(context));
                ready.await.map_err(Into::into)?;
                connector.call(target).await.map_err(Into::into)
            };
            this.connections.open(this.give_up_after, connection).await
        })
    }
}
