//! A payout by hand, over a transport and the calls without I/O. It is right as it is, and wrong in
//! exactly one way with a mutation. The simulation has to find each mutation.

use std::time::Duration;

use bytes::Bytes;
use ccpayment::raw::{PreparedRequest, RecordMatch, decode, decode_signed};
use ccpayment::{
    AnswerError, Clock, Credentials, Difference, ErrorCode, Exchange, OrderId, Origin, Request,
    Retry, Timeouts, Timestamp, Transport, TransportError, Version,
};

use crate::clock::MachineClock;
use crate::payer::Verdict;
use crate::payment::Once;

/// One rule broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Tries again under a new order id: both may be paid.
    NewOrderId,
    /// Takes a timeout for a failure, although the payout may still be made.
    TimeoutIsFailure,
    /// Takes a refusal for the last word although an earlier attempt may still be on its way.
    RefusalIsFinal,
    /// Takes "not found" for "never sent" although the request may still be on its way.
    AbsenceIsFinal,
    /// Signs once, and sends the same bytes again. Then an accepted look-up no longer shows that
    /// the gateway's clock has come far enough: it believes a wall clock that jumped ahead, and
    /// calls a payout refused that is still under way. That is rare; the simulation soon finds the
    /// old signature itself.
    OldSignature,
    /// Takes a record in another spelling for another payout, and pays once more.
    SpellingIsConflict,
}

impl Mutant {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("new-order-id", Self::NewOrderId),
        ("timeout-is-failure", Self::TimeoutIsFailure),
        ("refusal-is-final", Self::RefusalIsFinal),
        ("absence-is-final", Self::AbsenceIsFinal),
        ("old-signature", Self::OldSignature),
        ("spelling-is-conflict", Self::SpellingIsConflict),
    ];
}

pub(crate) struct ByHand {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) credentials: Credentials,
    pub(crate) origin: Origin,
    pub(crate) clock: MachineClock,
    pub(crate) timeouts: Timeouts,
    pub(crate) mutant: Option<Mutant>,
}

const MOST_SUBMITS: u32 = 3;
const ABSENCE: u64 = ccpayment::SETTLE_AFTER.as_secs();

/// Why a call gave no value.
enum Failure {
    NotSent,
    TimedOut,
    Refused(ErrorCode),
    Unclear,
}

/// A request as it was signed first, for the mutant that sends it again.
type Kept = Option<http::Request<Bytes>>;

impl ByHand {
    pub(crate) async fn drive<P: Once>(&self, payout: &P, since: Option<Timestamp>) -> Verdict {
        let end = self.clock.elapsed() + self.timeouts.total;
        let most = if since.is_some() { 0 } else { MOST_SUBMITS };
        let mut payout = payout.clone();
        let (mut submit, mut lookup): (Kept, Kept) = (None, None);
        let mut doubt = since;
        let mut refusal = None;
        let (mut submits, mut claimed) = (0, false);
        let mut looks = since.is_some() || !P::REFUSES_REPEATS;
        loop {
            let left = end.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return given_up(doubt, refusal);
            }
            let budget = left.min(self.timeouts.attempt);
            if looks {
                let (at, answer) = self.exchange(&payout.lookup(), budget, &mut lookup).await;
                let absent = match answer {
                    Ok(found) => match payout.judge(&found) {
                        RecordMatch::Matches { created: made, .. } => {
                            return Verdict::Done(P::name(made));
                        }
                        RecordMatch::Ended { status, .. } => return Verdict::Refused(status),
                        RecordMatch::Conflicts { .. } => return Verdict::Conflict,
                        RecordMatch::Incomparable { .. } if self.is(Mutant::SpellingIsConflict) => {
                            return Verdict::Conflict;
                        }
                        RecordMatch::Incomparable { fields, .. } => return incomparable(&fields),
                        RecordMatch::NotFound => true,
                        _ => false,
                    },
                    Err(Failure::Refused(ErrorCode::NotFound)) => true,
                    Err(_) => false,
                };
                if absent {
                    let proven = doubt.is_some_and(|since| at.get() >= since.get() + ABSENCE);
                    if (proven && !claimed) || self.is(Mutant::AbsenceIsFinal) {
                        doubt = None;
                    }
                    let may = refusal.is_none() && submits < most;
                    if doubt.is_none() && !may {
                        return Verdict::Refused("not found".to_owned());
                    }
                    looks = !may || (doubt.is_some() && (claimed || !P::REFUSES_REPEATS));
                    if doubt.is_none() && submits == 0 {
                        continue;
                    }
                }
            } else {
                submits += 1;
                let (at, answer) = self.exchange(&payout, budget, &mut submit).await;
                match answer {
                    Ok(accepted) => {
                        return Verdict::Done(P::name(payout.created(accepted)));
                    }
                    Err(Failure::NotSent) => {}
                    Err(Failure::TimedOut) if self.is(Mutant::TimeoutIsFailure) => {
                        return Verdict::Refused("timed out".to_owned());
                    }
                    Err(Failure::Refused(code)) if code.retry() != Retry::CheckRecord => {
                        let passing = [ErrorCode::RateLimit, ErrorCode::FrequentOperation];
                        if !passing.contains(&code) {
                            refusal = Some(code);
                        }
                        if self.is(Mutant::RefusalIsFinal) {
                            doubt = None;
                        }
                    }
                    Err(failure) => {
                        if let Failure::Refused(code) = failure {
                            claimed |= code == ErrorCode::OrderDuplicate
                                || code == ErrorCode::RepeatedSubmit;
                        }
                        doubt = doubt.max(Some(at));
                        if self.is(Mutant::NewOrderId) {
                            let id = format!("{}-{submits}", payout.submit_id().as_str());
                            payout = payout.renamed(OrderId::new(id));
                        }
                    }
                }
                let again = refusal.is_none() && submits < most;
                if doubt.is_none() && !again {
                    return Verdict::Refused(format!("{refusal:?}"));
                }
                looks = doubt.is_some() && !(self.is(Mutant::NewOrderId) && again);
            }
            let pause = Duration::from_millis(250 + self.clock.random() % 4_000);
            if end.saturating_sub(self.clock.elapsed()) <= pause {
                return given_up(doubt, refusal);
            }
            self.clock.sleep(pause).await;
        }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// One exchange, and the moment that the client believes to have signed.
    async fn exchange<E: Request>(
        &self,
        endpoint: &E,
        budget: Duration,
        kept: &mut Kept,
    ) -> (Timestamp, Result<E::Response, Failure>) {
        let at = self.clock.timestamp();
        let signed = PreparedRequest::new(endpoint)
            .and_then(|prepared| prepared.sign(&self.origin, &self.credentials, at));
        let Ok(fresh) = signed else {
            return (at, Err(Failure::NotSent));
        };
        let request = if self.is(Mutant::OldSignature) {
            kept.get_or_insert(fresh).clone()
        } else {
            fresh
        };
        let mut exchange = Exchange::new(request, E::OPERATION);
        exchange.timeout = budget;
        let answer = tokio::select! {
            biased;
            answer = self.transport.send(exchange) => answer,
            () = self.clock.sleep(budget) => Err(TransportError::TimedOut { after: budget }),
        };
        let read = match answer {
            Ok(response) if E::VERSION == Version::V1 => {
                decode_signed(&response, &self.credentials)
            }
            Ok(response) => decode(&response),
            Err(TransportError::TimedOut { .. }) => return (at, Err(Failure::TimedOut)),
            Err(error) if error.could_have_acted() => return (at, Err(Failure::Unclear)),
            Err(_) => return (at, Err(Failure::NotSent)),
        };
        let value = read.map_err(|error| match error {
            AnswerError::Refused(refusal) => Failure::Refused(refusal.code),
            _ => Failure::Unclear,
        });
        (at, value)
    }
}

/// The verdict "made, as far as can be told".
pub(crate) fn incomparable(fields: &[Difference]) -> Verdict {
    let fields: Vec<&str> = fields.iter().map(|it| it.field).collect();
    Verdict::Incomparable(fields.join(", "))
}

/// The verdict when the time is up.
fn given_up(doubt: Option<Timestamp>, refusal: Option<ErrorCode>) -> Verdict {
    match (doubt, refusal) {
        (Some(_), _) => Verdict::Unknown(doubt),
        (None, Some(code)) => Verdict::Refused(format!("{code:?}")),
        (None, None) => Verdict::Refused("not sent".to_owned()),
    }
}
