//! What happens once: payouts, and whatever else is made under an order id.
//!
//! The rules are a state machine without I/O ([`machine`]); this module carries out its steps.

mod machine;
mod submit;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ccpayment_core::{Endpoint, ErrorCode, Found, Payout, Prepared, Submit, Timestamp};
use tracing::Instrument;

use crate::attempt::Terms;
use crate::client::Client;
use crate::error::{CallInfo, Error};
use crate::limit::Lane;
use crate::observe;
use crate::retry::Pause;
use crate::verdict::{PayoutError, Submitted};
use machine::{LookedUp, Machine, Step, Then};

pub use machine::ABSENCE_SECONDS;
#[cfg(feature = "v2")]
pub(crate) use machine::is_past;

/// Payouts.
impl Client {
    /// Moves money exactly once, under the request's order id.
    ///
    /// Store the request, or at least its order id, before this call. When an answer is lost,
    /// this looks the record up and repeats under the same id, never under a new one, until the
    /// outcome is certain or the time is up. Calling again with the same request pays nothing
    /// twice: a payout that was made is found and compared, not made again.
    ///
    /// A refusal speaks for this call. Where an earlier call for the same payout ended as unknown,
    /// was cancelled or crashed, ask [`Client::settle`] first: it knows that the earlier one may
    /// still be on its way.
    ///
    /// The result says that the gateway has accepted the payout, not that the money has arrived: see
    /// [`Submitted`].
    ///
    /// # Errors
    ///
    /// Exactly one of [`PayoutError::Refused`] (no money moved by this call),
    /// [`PayoutError::Conflict`] (another payout has this order id),
    /// [`PayoutError::Incomparable`] (made under this order id, and a person has to compare it) and
    /// [`PayoutError::Unknown`] (not settled in time; look again later).
    pub async fn payout<P: Payout>(&self, request: &P) -> Result<Submitted<P::Made>, PayoutError> {
        drive(self, request, None, self.give_up_at()).await
    }

    /// Finds out what became of a payout, an order or an invoice that an earlier call, or an earlier
    /// process, left in doubt. It never submits anything, and it checks no rule of the request: a
    /// request that this version would refuse to send can still be settled.
    ///
    /// `in_doubt_since` is [`Tried::in_doubt_since`](crate::Tried::in_doubt_since) of the earlier
    /// error; after a crash, take the moment of the crash or any later one. From
    /// [`ABSENCE_SECONDS`] after it, this settles at the first answer; where our clock is behind
    /// the gateway's, or was set forward since this client was made (it looks the same when the
    /// machine slept), so much later, since that moment may have been read from it.
    ///
    /// What [`Client::now`] says after the restart is always right and costs no more than the wait.
    /// A moment from before it is only as good as the machine's clock was then: if that was hours
    /// behind and is right by now, nothing in here can know it, and a payout still on its way would
    /// be called absent too early.
    ///
    /// # Errors
    ///
    /// [`PayoutError::Refused`] means that it was provably not made and will not be, so that it may
    /// be made now, under the same id; or that it ended
    /// ([`Refusal::Ended`](crate::Refusal::Ended)). Otherwise as for [`Client::payout`]. A moment in
    /// milliseconds would never settle anything: it gives [`PayoutError::Unknown`] at once, with
    /// [`Error::Invalid`] as its source.
    pub async fn settle<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Made>, PayoutError> {
        drive(self, request, Some(in_doubt_since), self.give_up_at()).await
    }
}

/// The requests of one call. A settlement has nothing to submit.
struct Requests {
    submit: Option<Prepared>,
    lookup: Prepared,
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
pub(crate) fn in_seconds<E: Endpoint>(request: &E, since: Timestamp) -> Result<(), Error> {
    let checked = since.validate("in_doubt_since");
    checked.map_err(|error| Error::Invalid {
        call: CallInfo::of(request),
        source: error.into(),
    })
}

/// Carries out what the machine decides; with an earlier doubt, only looks.
async fn drive<S: Submit>(
    client: &Client,
    request: &S,
    in_doubt_since: Option<Timestamp>,
    give_up_at: Duration,
) -> Result<Submitted<S::Made>, PayoutError> {
    let mut machine = Machine::new(
        request.submit_id().clone(),
        S::Lookup::NAME,
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
    let span = observe::submit(S::NAME, request.submit_id());
    let is_dated_elsewhere = in_doubt_since.is_some();
    let following = follow(
        machine,
        client,
        request,
        &requests,
        (is_dated_elsewhere, give_up_at),
    );
    let result = following.instrument(span.clone()).await;
    let tried = match &result {
        Ok(made) => &made.tried,
        Err(error) => error.tried(),
    };
    observe::submit_ended(&span, S::NAME, tried, result.as_ref().err());
    result
}

async fn follow<S: Submit>(
    mut machine: Machine<S::Made>,
    client: &Client,
    request: &S,
    requests: &Requests,
    (is_dated_elsewhere, give_up_at): (bool, Duration),
) -> Result<Submitted<S::Made>, PayoutError> {
    let clock = client.clock();
    let terms = |sent_before| Terms {
        lane: Lane::Money,
        sent_before,
        give_up_at,
    };
    let (mut submits, mut lookups) = (0, 0);
    let mut step = machine.first();
    // What the last answer asks to wait, before anything is sent again.
    let mut asked = None;
    loop {
        let left = client.left(give_up_at);
        step = match (step, &requests.submit) {
            // A verdict that is reached is returned even after the time: the process may have been
            // stopped since the answer came.
            (Step::Finish(verdict), _) => return *verdict,
            // A process that was stopped before its first step has sent nothing, and says so.
            _ if left.is_zero() => {
                let call = CallInfo::of(request);
                return machine.not_begun(Some(Error::NoTime { call }));
            }
            (Step::Submit, _) if asked.is_some() => Step::pause(Then::Submit),
            // A wait that outlasts the time would leave a doubt that the record may settle.
            (Step::Lookup, _) if asked.is_some_and(|asked| asked < left) => {
                Step::pause(Then::Lookup)
            }
            // Too late for another submit: it would turn what is known into a doubt.
            (Step::Submit, _) if submits > 0 && left < client.shortest_for_a_submit() => {
                match machine.in_doubt() {
                    true => Step::Lookup,
                    false => return machine.give_up(),
                }
            }
            (Step::Submit, Some(submit)) => {
                let attempt = (client.attempt_on_time::<S>(submit, terms(submits))).await;
                if attempt.exchanges == 0 {
                    return machine.not_begun(attempt.result.err());
                }
                submits += attempt.exchanges;
                asked = attempt.retry_after;
                let answer = attempt.result.map(|answer| request.made(answer));
                machine.submitted(attempt.signed_at, answer)
            }
            (Step::Lookup, _) => {
                let slowest = client.slowest();
                let lookup = &requests.lookup;
                let attempt = (client.attempt_on_time::<S::Lookup>(lookup, terms(lookups))).await;
                if attempt.exchanges == 0 {
                    return machine.not_begun(attempt.result.err());
                }
                lookups += attempt.exchanges;
                asked = attempt.retry_after;
                // The doubt may be dated by our own clock, which may be behind, or have been.
                let gateway_clock = (attempt.gateway_clock).map(|clock| match is_dated_elsewhere {
                    true => clock.min(slowest),
                    false => clock,
                });
                let answer = match attempt.result {
                    Ok(found) => match request.judge(&found) {
                        Found::Nothing => LookedUp::Nothing(gateway_clock, None),
                        Found::Ended {
                            record_id,
                            status,
                            reason,
                        } => LookedUp::Found(Found::Ended {
                            record_id,
                            status,
                            reason: reason.map(|it| client.shared.credentials.scrub(it)),
                        }),
                        judged => LookedUp::Found(judged),
                    },
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                        LookedUp::Nothing(gateway_clock, Some(error))
                    }
                    Err(error) => LookedUp::Failed(error),
                };
                machine.looked_up(answer)
            }
            (Step::Wait { rounds, then }, _) => {
                let pause = Pause::before_asking(rounds, asked.take()).length(clock.random());
                if pause >= left {
                    return machine.give_up();
                }
                tracing::debug!(pause_ms = pause.as_millis(), "waiting");
                clock.sleep(pause).await;
                then.into()
            }
            // What is only looked up is not submitted.
            (Step::Submit, None) => Step::Lookup,
        };
    }
}
