//! `Client::send`, with its repeats.

use ccpayment_core::{PreparedRequest, Request, Sendable};
use tracing::Instrument;

use crate::attempt::AttemptOptions;
use crate::client::Client;
use crate::error::Error;
use crate::rate_limit::Priority;
use crate::retry::{self, Budget, Failure};
use crate::telemetry;

/// Requests.
impl Client {
    /// Sends a request and gives back what the gateway answers. A request that failed is repeated where
    /// a repeat can't harm (see [`RetryPolicy`](crate::RetryPolicy)), signed afresh over the same bytes, all
    /// within [`Timeouts::total`](crate::Timeouts::total).
    ///
    /// # Errors
    ///
    /// [`Error`], of the last attempt.
    ///
    /// A payout does not compile here: [`Client::payout`] makes it exactly once, as
    /// [`Client::submit`] does an order, and [`Client::batch_payout`] a batch.
    ///
    /// ```compile_fail,E0277
    /// # use ccpayment_client::Client;
    /// # use ccpayment_core::v2::ApplyAppWithdrawToNetwork;
    /// # async fn pay(client: Client, payout: ApplyAppWithdrawToNetwork) {
    /// client.send(&payout).await;
    /// # }
    /// ```
    pub async fn send<E: Sendable>(&self, request: &E) -> Result<E::Response, Error> {
        self.send_unsettled(request).await
    }

    /// Sends any request, as [`Client::send`] does, and leaves it to the caller to settle what a lost
    /// answer leaves in doubt. A request that acts under an order id is not repeated, except where
    /// it certainly was not sent.
    ///
    /// # Errors
    ///
    /// [`Error`], of the last attempt. Ask [`Error::outcome`] whether the gateway may have acted.
    /// Where it may, look up the record of [`Request::SETTLED_BY`] before anything is sent anew.
    pub async fn send_unsettled<E: Request>(&self, request: &E) -> Result<E::Response, Error> {
        let prepared = self.prepare(request)?;
        let span = telemetry::request(&prepared);
        let mut attempts = 0;
        let repeating = self.send_prepared::<E>(&prepared, &mut attempts);
        let result = repeating.instrument(span.clone()).await;
        telemetry::request_ended(&span, E::OPERATION, attempts, result.as_ref().err());
        result.map_err(|error| error.after(attempts))
    }

    async fn send_prepared<E: Request>(
        &self,
        prepared: &PreparedRequest,
        attempts: &mut u32,
    ) -> Result<E::Response, Error> {
        let shared = &*self.shared;
        let budget = shared.budgets.of(E::IDEMPOTENCY);
        let give_up_at = self.give_up_at();
        let (mut retries, mut taken) = (0, 0);
        let mut last = None;
        loop {
            let terms = AttemptOptions {
                priority: Priority::of(E::IDEMPOTENCY),
                sent_before: *attempts,
                give_up_at,
            };
            let attempt = self.attempt_with_clock_fix::<E>(prepared, terms).await;
            *attempts += attempt.exchanges;
            let is_begun = attempt.exchanges > 0;
            let error = match attempt.result {
                Ok(value) => {
                    budget.deposit(taken + 1);
                    return Ok(value);
                }
                // The error of an earlier attempt says more than that no time is left for another.
                Err(error) if !is_begun => return Err(last.unwrap_or(error)),
                Err(error) => error,
            };
            let failure = Failure::of(&error);
            let again = retry::decide(E::IDEMPOTENCY, failure, retries, attempt.retry_after);
            let Some(pause) = again.filter(|_| *attempts < shared.retries.attempts) else {
                return Err(error);
            };
            let pause = pause.length(shared.clock.random());
            if pause >= self.left(give_up_at) {
                return Err(error);
            }
            let cost = Budget::cost(failure);
            if !budget.withdraw(cost) {
                telemetry::throttled(E::OPERATION);
                return Err(error);
            }
            taken += cost;
            retries += 1;
            telemetry::repeated(E::OPERATION, pause, &error);
            last = Some(error);
            shared.clock.sleep(pause).await;
        }
    }
}
