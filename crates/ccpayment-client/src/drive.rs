//! `Drive`: what the drivers of single submits and of batches share between the steps of their
//! machines. They send within one deadline, and wait as long as an answer asks.

use std::time::Duration;

use ccpayment_core::{PreparedRequest, Request};

use crate::attempt::{Attempt, AttemptOptions};
use crate::client::Client;
use crate::rate_limit::Priority;
use crate::retry::Backoff;

pub(crate) struct Drive<'a> {
    pub(crate) client: &'a Client,
    give_up_at: Duration,
    /// What the last answer asks to wait, before anything is sent again.
    pub(crate) retry_after: Option<Duration>,
}

impl<'a> Drive<'a> {
    /// Drives until this moment, by [`Clock::elapsed`](crate::Clock::elapsed).
    pub(crate) fn new(client: &'a Client, give_up_at: Duration) -> Self {
        Self {
            client,
            give_up_at,
            retry_after: None,
        }
    }

    pub(crate) fn left(&self) -> Duration {
        self.client.left(self.give_up_at)
    }

    /// Sends a prepared request, which was sent so often before.
    pub(crate) async fn attempt<R: Request>(
        &mut self,
        prepared: &PreparedRequest,
        sent_before: u32,
    ) -> Attempt<R::Response> {
        let options = AttemptOptions {
            priority: Priority::High,
            sent_before,
            give_up_at: self.give_up_at,
        };
        let attempt = self
            .client
            .attempt_with_clock_fix::<R>(prepared, options)
            .await;
        self.retry_after = attempt.retry_after;
        attempt
    }

    /// Waits before the next step: false where the time would be over first.
    pub(crate) async fn wait(&mut self, rounds: u32) -> bool {
        let clock = self.client.clock();
        let pause = Backoff::before_asking(rounds, self.retry_after.take()).length(clock.random());
        if pause >= self.left() {
            return false;
        }
        tracing::debug!(pause_ms = pause.as_millis(), "waiting");
        clock.sleep(pause).await;
        true
    }
}
