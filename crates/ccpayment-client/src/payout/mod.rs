//! `Client::payout`, `submit` and `settle`: what happens exactly once under an order id.
//!
//! The rules are a state machine without I/O ([`machine`]). This module carries out its steps.

mod machine;
mod submit;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ccpayment_core::{ErrorCode, Payout, PreparedRequest, RecordMatch, Request, Submit, Timestamp};
use tracing::Instrument;

use crate::client::Client;
use crate::drive::Drive;
use crate::error::{Error, RequestInfo};
use crate::outcome::{SETTLE_AFTER, SubmitError, Submitted};
use crate::telemetry;
use machine::{LookupResult, Next, Step, SubmitMachine};

#[cfg(feature = "v2")]
pub(crate) use machine::is_past;

/// Payouts.
impl Client {
    /// Moves money exactly once, under the request's order id.
    ///
    /// Store the request before you call this. When an answer is lost, the client looks the record
    /// up and repeats under the same id, until the outcome is certain or the time is up. Calling
    /// again with the same request pays nothing twice: the client finds the payout and compares it.
    ///
    /// A refusal is about this call alone. If an earlier call for the same payout ended as unknown,
    /// call [`Client::settle`] first; if it was cancelled or its process crashed,
    /// [`Client::settle_after_restart`]. Both know that the earlier one may still be on its way.
    ///
    /// The result says that the gateway has accepted the payout, not that the money has arrived: see
    /// [`Submitted`].
    ///
    /// # Errors
    ///
    /// Exactly one of [`SubmitError::Refused`] (this submit moved no money),
    /// [`SubmitError::Conflict`] (another payout has this order id),
    /// [`SubmitError::Incomparable`] (created under this order id, and a person has to compare it) and
    /// [`SubmitError::Unknown`] (not settled in time; look again later).
    pub async fn payout<P: Payout>(
        &self,
        request: &P,
    ) -> Result<Submitted<P::Created>, SubmitError> {
        drive(self, request, Doing::Submit, self.give_up_at()).await
    }

    /// Finds out what became of a payout, an order or an invoice that [`SubmitError::Unknown`] left
    /// in doubt. It never submits anything, and it checks no rule of the request: a request that this
    /// version would refuse to send can still be settled.
    ///
    /// `in_doubt_since` is when the last submit that may have arrived was signed:
    /// [`Attempts::in_doubt_since`](crate::Attempts::in_doubt_since) of the error. After a crash
    /// there is no error: use [`Client::settle_after_restart`].
    ///
    /// From [`SETTLE_AFTER`] after that moment on, one look settles it. Before, a look that finds no
    /// record proves nothing, and this looks again until [`Timeouts::total`](crate::Timeouts::total)
    /// is over. It takes longer where our clock is behind the gateway's, or was set forward since
    /// this client was made.
    ///
    /// Never pass a moment from before a crash. It is only as good as the machine's clock was then:
    /// if that was hours behind and is right by now, a payout still on its way would be called
    /// absent too early.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Refused`] means that provably nothing was created and nothing will be, so that
    /// the request may be submitted now, under the same id; or that it ended
    /// ([`RefusalReason::Ended`](crate::RefusalReason::Ended)). Otherwise as for [`Client::payout`].
    /// A moment in milliseconds would never settle anything: it gives [`SubmitError::Unknown`] at
    /// once, with [`Error::Invalid`] as its source.
    pub async fn settle<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        drive(
            self,
            request,
            Doing::Settle(in_doubt_since),
            self.give_up_at(),
        )
        .await
    }

    /// Settles, as [`Client::settle`] does, what an ended process may have left in doubt: a request
    /// that was stored before its submit, and has no stored outcome.
    ///
    /// Call it after the restart, for each such request. It dates the doubt by the moment of this
    /// call, which is never too early. It ends at the first answer that has a record; where there
    /// is none, after [`SETTLE_AFTER`] and [`Timeouts::total`] at most. Many can wait side by side.
    ///
    /// ```
    /// use ccpayment_client::core::v2::ApplyAppWithdrawToNetwork;
    /// use ccpayment_client::{Client, SubmitError, core::RecordId};
    ///
    /// /// The request as it was stored before the crash, under its order id.
    /// async fn recover(
    ///     client: &Client,
    ///     stored: &ApplyAppWithdrawToNetwork,
    /// ) -> Result<RecordId, SubmitError> {
    ///     match client.settle_after_restart(stored).await {
    ///         Ok(payout) => Ok(payout.created),
    ///         // Provably nothing was paid, and nothing is on its way.
    ///         Err(error) if error.can_be_made_again() => {
    ///             Ok(client.payout(stored).await?.created)
    ///         }
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Client::settle`].
    ///
    /// [`Timeouts::total`]: crate::Timeouts::total
    pub async fn settle_after_restart<S: Submit>(
        &self,
        request: &S,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        let since = Timestamp::from_system(self.now());
        let give_up_at = self.give_up_at().saturating_add(SETTLE_AFTER);
        drive(self, request, Doing::Settle(since), give_up_at).await
    }

    /// Settles as [`Client::settle`] does, and looks only once: for a worker that goes over many
    /// requests and comes back to those that are still unknown.
    ///
    /// # Errors
    ///
    /// As for [`Client::settle`]. [`SubmitError::Unknown`] comes at once where one look was not
    /// enough; [`SubmitError::settle_at`] says when to ask again.
    pub async fn settle_once<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        drive(
            self,
            request,
            Doing::LookOnce(in_doubt_since),
            self.give_up_at(),
        )
        .await
    }
}

/// What is asked of the driver.
#[derive(Clone, Copy)]
enum Doing {
    Submit,
    /// Only look, for what has been in doubt since then.
    Settle(Timestamp),
    /// The same, without waiting for a second look.
    LookOnce(Timestamp),
}

impl Doing {
    fn in_doubt_since(self) -> Option<Timestamp> {
        match self {
            Self::Submit => None,
            Self::Settle(since) | Self::LookOnce(since) => Some(since),
        }
    }
}

/// The requests of one submit. A settlement has nothing to submit.
struct Requests {
    submit: Option<PreparedRequest>,
    lookup: PreparedRequest,
}

impl Requests {
    fn of<S: Submit>(
        client: &Client,
        request: &S,
        in_doubt_since: Option<Timestamp>,
    ) -> Result<Self, Error> {
        let submit = match in_doubt_since {
            None => Some(client.prepare(request)?),
            Some(since) => {
                in_seconds(request, since)?;
                None
            }
        };
        let lookup = client.prepare_lookup(&request.lookup())?;
        Ok(Self { submit, lookup })
    }
}

/// A moment in milliseconds would be a doubt for ever.
pub(crate) fn in_seconds<E: Request>(request: &E, since: Timestamp) -> Result<(), Error> {
    let checked = since.validate("in_doubt_since");
    checked.map_err(|error| Error::Invalid {
        request: RequestInfo::of(request),
        source: error.into(),
    })
}

/// Carries out what the machine decides.
async fn drive<S: Submit>(
    client: &Client,
    request: &S,
    doing: Doing,
    give_up_at: Duration,
) -> Result<Submitted<S::Created>, SubmitError> {
    let in_doubt_since = doing.in_doubt_since();
    let mut machine = SubmitMachine::new(
        request.submit_id().clone(),
        S::Lookup::OPERATION,
        S::REFUSES_REPEATS,
        in_doubt_since,
    );
    if client.shared.looks_up_accepted {
        machine = machine.looking_up_accepted(S::record_id);
    }
    let requests = match Requests::of(client, request, in_doubt_since) {
        Ok(requests) => requests,
        Err(error) => return Err(machine.not_sent(error)),
    };
    let span = telemetry::submit(S::OPERATION, request.submit_id());
    let drive = Drive::new(client, give_up_at);
    let following = follow(machine, drive, request, &requests, doing);
    let result = following.instrument(span.clone()).await;
    let attempts = match &result {
        Ok(created) => &created.attempts,
        Err(error) => error.attempts(),
    };
    telemetry::submit_ended(&span, S::OPERATION, attempts, result.as_ref().err());
    result
}

async fn follow<S: Submit>(
    mut machine: SubmitMachine<S::Created>,
    mut drive: Drive<'_>,
    request: &S,
    requests: &Requests,
    doing: Doing,
) -> Result<Submitted<S::Created>, SubmitError> {
    let client = drive.client;
    let (mut submits, mut lookups) = (0, 0);
    let mut step = machine.first();
    loop {
        let left = drive.left();
        step = match (step, &requests.submit) {
            // A verdict is returned even after the time: the process may have been suspended since
            // the answer came.
            (Step::Finish(verdict), _) => return *verdict,
            // A process that was suspended before its first step has sent nothing, and says so.
            _ if left.is_zero() => {
                let request = RequestInfo::of(request);
                return machine.not_begun(Some(Error::NoTime { request }));
            }
            (Step::Submit, _) if drive.retry_after.is_some() => Step::pause(Next::Submit),
            // A wait that outlasts the time would leave a doubt that the record may settle.
            (Step::Lookup, _) if drive.retry_after.is_some_and(|asked| asked < left) => {
                Step::pause(Next::Lookup)
            }
            // Too late for another submit: it would turn what is known into a doubt.
            (Step::Submit, _) if submits > 0 && left < client.shortest_for_a_submit() => {
                match machine.in_doubt() {
                    true => Step::Lookup,
                    false => return machine.give_up(),
                }
            }
            (Step::Submit, Some(submit)) => {
                let attempt = drive.attempt::<S>(submit, submits).await;
                if attempt.exchanges == 0 {
                    return machine.not_begun(attempt.result.err());
                }
                submits += attempt.exchanges;
                let answer = attempt.result.map(|answer| request.created(answer));
                machine.submitted(attempt.signed_at, answer)
            }
            (Step::Lookup, _) => {
                let floor = client.clock_floor();
                let attempt = drive.attempt::<S::Lookup>(&requests.lookup, lookups).await;
                if attempt.exchanges == 0 {
                    return machine.not_begun(attempt.result.err());
                }
                lookups += attempt.exchanges;
                // The doubt may be dated by our own clock, which may have been behind.
                let is_dated_elsewhere = doing.in_doubt_since().is_some();
                let gateway_clock = (attempt.gateway_clock).map(|clock| match is_dated_elsewhere {
                    true => clock.min(floor),
                    false => clock,
                });
                machine.looked_up(looked_up(client, request, attempt.result, gateway_clock))
            }
            (Step::Wait { rounds, then }, _) => {
                let looks_once = matches!(doing, Doing::LookOnce(_));
                if looks_once || !drive.wait(rounds).await {
                    return machine.give_up();
                }
                then.into()
            }
            // A settlement has nothing to submit, so it looks up.
            (Step::Submit, None) => Step::Lookup,
        };
    }
}

/// What the answer to a lookup says of the request.
fn looked_up<S: Submit>(
    client: &Client,
    request: &S,
    answer: Result<<S::Lookup as Request>::Response, Error>,
    gateway_clock: Option<Timestamp>,
) -> LookupResult<S::Created> {
    match answer.map(|found| request.judge(&found)) {
        Ok(RecordMatch::NotFound) => LookupResult::Nothing(gateway_clock, None),
        Ok(RecordMatch::Ended {
            record_id,
            status,
            reason,
        }) => LookupResult::Found(RecordMatch::Ended {
            record_id,
            status,
            reason: reason.map(|it| client.shared.credentials.scrub(it)),
        }),
        Ok(judged) => LookupResult::Found(judged),
        Err(error) if error.code() == Some(ErrorCode::NotFound) => {
            LookupResult::Nothing(gateway_clock, Some(error))
        }
        Err(error) => LookupResult::Failed(error),
    }
}
