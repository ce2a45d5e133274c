//! `RetryPolicy`, and the rules of it: whether a request is sent again, when, and how often at most.
//!
//! No clock and no randomness here: the caller says what happened, and learns what to do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ccpayment_core::{AnswerError, ErrorCode, Idempotency};
use http::StatusCode;

use crate::codes::passes_in_seconds;
use crate::error::Error;
use crate::transport::TransportError;

/// How often [`Client::send`](crate::Client::send) sends a request at most.
///
/// Which failures are repeated depends on what a repeat can do:
///
/// | the request | is repeated |
/// |---|---|
/// | reads, or creates once and returns the same again | when it was not sent, when no answer came, on 408, 425, 429, 5xx or 2xx without the gateway's envelope, on 11002 (224066 in v1), and on refusals that pass within seconds: 11004, 11018, 15000, 17006 |
/// | moves money or creates something payable, under an order id | only where it provably did nothing: it was not sent, 11004, 11018. A 429 without the gateway's envelope proves nothing: a proxy may send it after it has passed on an earlier attempt |
/// | may act twice | never |
///
/// Before a repeat comes a pause of random length below a ceiling that doubles from 1 to 16
/// seconds, and of `Retry-After` at least. A pause that would outlast
/// [`Timeouts::total`](crate::Timeouts::total) is not begun. All clones of a client share a budget:
/// while more than about one request in five fails, nothing is repeated. Requests that act have a
/// budget of their own, so that reads can't use it up.
///
/// ```
/// use ccpayment_client::{Client, RetryPolicy};
///
/// fn impatient(client: Client) -> Client {
///     client.with_retry_policy(RetryPolicy::off())
/// }
/// ```
///
/// [`Client::payout`](crate::Client::payout) has rules and bounds of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often one request is sent at most, the first time included: 3. With 0 or 1, never again.
    pub attempts: u32,
}

impl RetryPolicy {
    /// So many attempts at most, the first one included.
    #[must_use]
    pub const fn up_to(attempts: u32) -> Self {
        Self { attempts }
    }

    /// One attempt, and no more.
    #[must_use]
    pub const fn off() -> Self {
        Self::up_to(1)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::up_to(3)
    }
}

/// What went wrong, as far as a repeat depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request itself, its signature or our own limit: nothing was sent, and a repeat would
    /// fail as well.
    Ours,
    NotSent,
    MaybeSent,
    TimedOut,
    /// Longer than the limit, in a shape that is not the route's, or with a wrong signature: a
    /// repeat would give the same.
    Unusable,
    NoEnvelope(StatusCode),
    Refused(ErrorCode),
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Transport { source, .. } => match source {
                TransportError::NotSent(_) => Self::NotSent,
                TransportError::MaybeSent(_) => Self::MaybeSent,
                TransportError::TimedOut { .. } => Self::TimedOut,
                TransportError::TooLarge { .. } => Self::Unusable,
            },
            Error::Answer { source, .. } => match source {
                AnswerError::Refused(refusal) => Self::Refused(refusal.code),
                AnswerError::NotAnEnvelope { status, .. } => Self::NoEnvelope(*status),
                _ => Self::Unusable,
            },
            Error::Clock { source, .. } => Self::Refused(source.code),
            Error::Invalid { .. }
            | Error::Throttled { .. }
            | Error::Halted { .. }
            | Error::NoTime { .. } => Self::Ours,
        }
    }
}

/// Whether the same request is sent again, and after which pause; `None` means never.
///
/// `retries` is how many there were, `retry_after` what the answer asked for.
pub(crate) fn decide(
    idempotency: Idempotency,
    failure: Failure,
    retries: u32,
    retry_after: Option<Duration>,
) -> Option<Backoff> {
    let repeats = match idempotency {
        Idempotency::Read | Idempotency::GetOrCreate => is_transient(failure),
        Idempotency::OrderId => provably_not_executed(failure),
        // And whatever a later version adds.
        _ => false,
    };
    repeats.then(|| Backoff::full(retries, retry_after))
}

/// Worth another try where a repeat harms nobody.
fn is_transient(failure: Failure) -> bool {
    match failure {
        Failure::NotSent | Failure::MaybeSent | Failure::TimedOut => true,
        Failure::NoEnvelope(status) => {
            // A success without an envelope is a proxy's page, or a body that was cut on its way.
            let passing = [
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::TOO_EARLY,
                StatusCode::TOO_MANY_REQUESTS,
            ];
            status.is_success() || status.is_server_error() || passing.contains(&status)
        }
        Failure::Refused(code) => {
            let failed = [ErrorCode::Internal, ErrorCode::ServiceError];
            let transient = [
                ErrorCode::GenerateAddressFailed,
                ErrorCode::UnbindingAddressFailed,
            ];
            passes_in_seconds(code) || failed.contains(&code) || transient.contains(&code)
        }
        Failure::Ours | Failure::Unusable => false,
    }
}

/// Where money is at stake, only a failure that certainly had no effect.
fn provably_not_executed(failure: Failure) -> bool {
    match failure {
        Failure::NotSent => true,
        Failure::Refused(code) => passes_in_seconds(code),
        _ => false,
    }
}

/// A pause whose length is drawn, so that many clients don't come back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    at_least: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Full jitter: anything below the ceiling, on top of what the answer asked for.
    fn full(retries: u32, retry_after: Option<Duration>) -> Self {
        let at_least = retry_after.unwrap_or_default();
        Self {
            at_least,
            ceiling: at_least.saturating_add(ceiling(retries)),
        }
    }

    /// Never under a quarter of a second: the request that is looked up may still be on its way.
    pub(crate) fn before_asking(rounds: u32, retry_after: Option<Duration>) -> Self {
        const FLOOR: Duration = Duration::from_millis(250);
        let full = Self::full(rounds, retry_after);
        Self {
            at_least: full.at_least.max(FLOOR),
            ..full
        }
    }

    pub(crate) fn length(self, random: u64) -> Duration {
        let spread = self.ceiling.saturating_sub(self.at_least).as_millis();
        let spread = u64::try_from(spread).unwrap_or(u64::MAX).max(1);
        self.at_least
            .saturating_add(Duration::from_millis(random % spread))
    }
}

/// Doubles from 1 to 16 seconds.
fn ceiling(retries: u32) -> Duration {
    Duration::from_secs(1 << retries.min(4))
}

/// The budget of repeats, so that an outage does not multiply traffic: a repeat costs five tokens,
/// ten after a timeout. A request that succeeds gives back what its repeats took, and one more.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: AtomicU32,
}

impl Budget {
    const FULL: u32 = 500;

    pub(crate) fn cost(failure: Failure) -> u32 {
        if failure == Failure::TimedOut { 10 } else { 5 }
    }

    pub(crate) fn withdraw(&self, cost: u32) -> bool {
        let less = |tokens: u32| tokens.checked_sub(cost);
        (self.tokens)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    pub(crate) fn deposit(&self, tokens: u32) {
        // The budget is full nearly always. Then nothing is written that other cores would have to
        // read.
        if self.tokens.load(Ordering::Relaxed) < Self::FULL {
            let more = |had: u32| Some(had.saturating_add(tokens).min(Self::FULL));
            let _ = (self.tokens).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            tokens: AtomicU32::new(Self::FULL),
        }
    }
}

/// Two budgets, so that reads can't use up that of requests that act.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    reads: Budget,
    acts: Budget,
}

impl Budgets {
    pub(crate) fn of(&self, idempotency: Idempotency) -> &Budget {
        if idempotency.acts() {
            &self.acts
        } else {
            &self.reads
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Idempotency; 4] = [
        Idempotency::Read,
        Idempotency::GetOrCreate,
        Idempotency::OrderId,
        Idempotency::NonIdempotent,
    ];

    /// One row for each thing that can go wrong, and whether each class repeats it: a read, a
    /// get-or-create, a call under an order id, and one that may act twice.
    #[test]
    fn every_failure_is_repeated_by_the_classes_that_it_harms_not() {
        const HARMLESS: [bool; 4] = [true, true, false, false];
        const DID_NOTHING: [bool; 4] = [true, true, true, false];
        const NEVER: [bool; 4] = [false; 4];
        let page = |status| Failure::NoEnvelope(StatusCode::from_u16(status).unwrap());
        for (failure, expected) in [
            (Failure::Ours, NEVER),
            (Failure::NotSent, DID_NOTHING),
            (Failure::MaybeSent, HARMLESS),
            (Failure::TimedOut, HARMLESS),
            (Failure::Unusable, NEVER),
            (page(200), HARMLESS),
            (page(204), HARMLESS),
            (page(302), NEVER),
            (page(307), NEVER),
            (page(400), NEVER),
            (page(401), NEVER),
            (page(403), NEVER),
            (page(404), NEVER),
            (page(408), HARMLESS),
            (page(413), NEVER),
            (page(425), HARMLESS),
            (page(429), HARMLESS),
            (page(500), HARMLESS),
            (page(502), HARMLESS),
            (page(503), HARMLESS),
            (page(504), HARMLESS),
            (page(520), HARMLESS),
        ] {
            let repeats = ALL.map(|idempotency| decide(idempotency, failure, 0, None).is_some());
            assert_eq!(repeats, expected, "{failure:?}");
        }
        for &code in ErrorCode::ALL {
            let expected = match code.code() {
                11004 | 11018 => DID_NOTHING,
                11002 | 15000 | 17006 => HARMLESS,
                _ => NEVER,
            };
            let failure = Failure::Refused(code);
            let repeats = ALL.map(|idempotency| decide(idempotency, failure, 0, None).is_some());
            assert_eq!(repeats, expected, "{code}");
        }
        for (code, expected) in [
            (ErrorCode::from_v1(224_066), HARMLESS),
            (ErrorCode::from_v1(224_083), NEVER),
            (ErrorCode::from_v1(11_004), NEVER),
            (ErrorCode::from(99_999), NEVER),
        ] {
            let failure = Failure::Refused(code);
            let repeats = ALL.map(|idempotency| decide(idempotency, failure, 0, None).is_some());
            assert_eq!(repeats, expected, "{code}");
        }
    }

    /// What is repeated under an order id is what the error calls not sent or refused.
    #[test]
    fn what_may_have_acted_is_repeated_by_no_call_that_acts() {
        for &code in ErrorCode::ALL {
            if code.retry() == ccpayment_core::Retry::CheckRecord {
                let failure = Failure::Refused(code);
                assert_eq!(
                    decide(Idempotency::OrderId, failure, 0, None),
                    None,
                    "{code}"
                );
            }
        }
    }

    #[test]
    fn pauses_are_drawn_below_a_doubling_ceiling() {
        for (retries, seconds) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 16), (99, 16)] {
            let pause = decide(Idempotency::Read, Failure::NotSent, retries, None).unwrap();
            assert_eq!(pause.length(0), Duration::ZERO);
            let longest = (0..20_000).map(|random| pause.length(random)).max();
            assert_eq!(longest, Some(Duration::from_millis(seconds * 1_000 - 1)));
            let asking = Backoff::before_asking(retries, None);
            assert_eq!(asking.length(0), Duration::from_millis(250));
            let longest = (0..20_000).map(|random| asking.length(random)).max();
            assert_eq!(longest, Some(Duration::from_millis(seconds * 1_000 - 1)));
        }
    }

    #[test]
    fn what_the_answer_asks_for_is_waited_at_least() {
        let asked = Some(Duration::from_secs(30));
        let pause = decide(Idempotency::OrderId, Failure::NotSent, 1, asked).unwrap();
        for random in [0, 1_999, 2_000, u64::MAX] {
            let length = pause.length(random);
            assert!(length >= Duration::from_secs(30) && length < Duration::from_secs(32));
        }
        let endless = Backoff::before_asking(0, Some(Duration::MAX));
        assert_eq!(endless.length(u64::MAX), Duration::MAX);
    }

    #[test]
    fn a_budget_is_used_up_by_repeats_and_filled_by_successes() {
        let budget = Budget::default();
        let cost = Budget::cost(Failure::MaybeSent);
        let repeats = (0..1_000).take_while(|_| budget.withdraw(cost)).count();
        assert_eq!(repeats, 100);
        for _ in 0..4 {
            budget.deposit(1);
        }
        assert!(!budget.withdraw(cost));
        budget.deposit(1);
        assert!(budget.withdraw(cost) && !budget.withdraw(cost));
        budget.deposit(u32::MAX);
        assert!(budget.withdraw(Budget::FULL) && !budget.withdraw(1));
        assert_eq!(Budget::cost(Failure::TimedOut), 2 * cost);
    }
}
