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
use crate::limit::Lane;
use crate::observe;
use crate::retry::Pause;
use crate::verdict::{PaidOut, PayoutError, Submitted};
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
    /// # Errors
    ///
    /// Exactly one of [`PayoutError::Refused`] (no money moved by this call),
    /// [`PayoutError::Conflict`] (another payout has this order id) and
    /// [`PayoutError::Unknown`] (not settled in time; look again later).
    pub async fn payout<P: Payout>(&self, request: &P) -> Result<PaidOut, PayoutError> {
        drive(self, request, None, self.give_up_at())
            .await
            .map(PaidOut::from)
    }

    /// Finds out what became of a payout that an earlier call, or an earlier process, left in
    /// doubt. Never submits anything.
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
    /// [`PayoutError::Refused`] means that the payout was provably not made and will not be: it
    /// may be made now, under the same id. Otherwise as for [`Client::payout`].
    pub async fn settle<P: Payout>(
        &self,
        request: &P,
        in_doubt_since: Timestamp,
    ) -> Result<PaidOut, PayoutError> {
        let settled = drive(self, request, Some(in_doubt_since), self.give_up_at()).await;
        settled.map(PaidOut::from)
    }
}

/// Carries out what the machine decides; with an earlier doubt, only looks.
pub(crate) async fn drive<S: Submit>(
    client: &Client,
    request: &S,
    in_doubt_since: Option<Timestamp>,
    give_up_at: Duration,
) -> Result<Submitted<S::Made>, PayoutError> {
    let machine = Machine::new(
        request.submit_id().clone(),
        S::Lookup::NAME,
        S::REFUSES_REPEATS,
        in_doubt_since,
    );
    let both = client
        .prepare(request)
        .and_then(|submit| Ok((submit, client.prepare(&request.lookup())?)));
    let both = match both {
        Ok(both) => both,
        Err(error) => return Err(machine.not_sent(error)),
    };
    let span = observe::submit(&both.0);
    let following = follow(
        machine,
        client,
        request,
        both,
        (in_doubt_since.is_some(), give_up_at),
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
    (submit, lookup): (Prepared, Prepared),
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
        if left.is_zero() {
            return machine.give_up();
        }
        step = match step {
            Step::Submit if asked.is_some() => Step::pause(Then::Submit),
            Step::Lookup if asked.is_some() => Step::pause(Then::Lookup),
            Step::Submit => {
                let attempt = (client.attempt_on_time::<S>(&submit, terms(submits))).await;
                submits += attempt.exchanges;
                asked = attempt.retry_after;
                let answer = attempt.result.map(S::made);
                machine.submitted(attempt.signed_at, answer)
            }
            Step::Lookup => {
                let slowest = client.slowest();
                let attempt = (client.attempt_on_time::<S::Lookup>(&lookup, terms(lookups))).await;
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
                        judged => LookedUp::Found(judged),
                    },
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                        LookedUp::Nothing(gateway_clock, Some(error))
                    }
                    Err(error) => LookedUp::Failed(error),
                };
                machine.looked_up(answer)
            }
            Step::Wait { rounds, then } => {
                let pause = Pause::before_asking(rounds, asked.take()).length(clock.random());
                if pause >= left {
                    return machine.give_up();
                }
                tracing::debug!(pause_ms = pause.as_millis(), "waiting");
                clock.sleep(pause).await;
                then.into()
            }
            Step::Finish(verdict) => return *verdict,
        };
    }
}
