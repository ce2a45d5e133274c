//! `Skew`, how far our clock is from the gateway's, and `WallClockFloor`, the least that it showed.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccpayment_core::{TIMESTAMP_WINDOW, Timestamp};
use http::HeaderMap;
use http::header::{AGE, DATE};

use crate::headers::date;

/// A day, and what a wrong clock drifts. A person has to mend a clock that is further off.
const LIMIT_MS: u64 = (24 * 3_600 + 300) * 1_000;
/// Measurements that differ by less are of one skew: each contains the length of a call.
const SAME_MS: u64 = 5_000;
/// `Date` has whole seconds, cut off.
const HALF_SECOND: Duration = Duration::from_millis(500);

/// What has to be added to our clock to get the gateway's. Nothing, until a timestamp is refused.
///
/// It is one for both versions of the API: their hosts differ, the time does not.
#[derive(Debug, Default)]
pub(crate) struct Skew {
    add_ms: AtomicI64,
}

impl Skew {
    /// What the gateway's clock shows, as far as we know, when ours shows this.
    pub(crate) fn correct(&self, ours: SystemTime) -> SystemTime {
        let add = self.add_ms.load(Ordering::Relaxed);
        let by = Duration::from_millis(add.unsigned_abs());
        let corrected = if add < 0 {
            ours.checked_sub(by)
        } else {
            ours.checked_add(by)
        };
        corrected.unwrap_or(ours)
    }

    /// Corrects by this skew from now on, unless it is out of bounds.
    pub(crate) fn learn(&self, measured: SkewSample) -> bool {
        if measured.add_ms.unsigned_abs() > LIMIT_MS {
            return false;
        }
        let changed = |known: i64| {
            let is_new = known.abs_diff(measured.add_ms) > SAME_MS;
            is_new.then_some(measured.add_ms)
        };
        let update = (self.add_ms).fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
        if update.is_ok() {
            let skew_seconds = measured.seconds();
            tracing::warn!(
                skew_seconds,
                "{}; timestamps are corrected by it",
                SkewDisplay(Some(skew_seconds))
            );
        }
        true
    }
}

/// The least that our clock, corrected or not, has shown, compared with the clock that never jumps.
///
/// A moment that was read from our clock may be older than it looks, if the clock was set since.
#[derive(Debug)]
pub(crate) struct WallClockFloor {
    /// What our clock showed, less the time since some fixed moment.
    lowest_ms: AtomicI64,
}

impl WallClockFloor {
    /// The floor of a clock that shows `shown`, when `elapsed` has passed since the fixed moment.
    pub(crate) fn new(shown: SystemTime, elapsed: Duration) -> Self {
        Self {
            lowest_ms: AtomicI64::new(apart_ms(shown, elapsed)),
        }
    }

    /// Looks at the clock once more.
    pub(crate) fn observe(&self, shown: SystemTime, elapsed: Duration) {
        let apart = apart_ms(shown, elapsed);
        // The clock rarely shows less than before, so a read comes first.
        if apart < self.lowest_ms.load(Ordering::Relaxed) {
            self.lowest_ms.fetch_min(apart, Ordering::Relaxed);
        }
    }

    /// The time of our clock, without any move forward that somebody made.
    pub(crate) fn now(&self, elapsed: Duration) -> Timestamp {
        let lowest = self.lowest_ms.load(Ordering::Relaxed);
        let now = lowest.saturating_add(millis(elapsed));
        Timestamp::new(u64::try_from(now).unwrap_or(0) / 1_000)
    }
}

fn apart_ms(shown: SystemTime, elapsed: Duration) -> i64 {
    let shown = shown.duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(shown).saturating_sub(millis(elapsed))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What one answer says of the skew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SkewSample {
    add_ms: i64,
}

impl SkewSample {
    /// The answer's `Date` was written somewhere between sending and receiving: half way, for want
    /// of better. With `Age`, a cache has kept the answer, and its date says nothing.
    ///
    /// Our wall clock is read once, at the end. A clock that never jumps measures how long the call
    /// took, so that a jump during the call does not count as a part of it.
    pub(crate) fn of(headers: &HeaderMap, received: SystemTime, took: Duration) -> Option<Self> {
        if headers.contains_key(AGE) {
            return None;
        }
        let theirs = date(headers, DATE)?.checked_add(HALF_SECOND)?;
        let ours = received.checked_sub(took / 2)?;
        let (behind, apart) = match theirs.duration_since(ours) {
            Ok(apart) => (true, apart),
            Err(error) => (false, error.duration()),
        };
        let apart = i64::try_from(apart.as_millis()).ok()?;
        let add_ms = if behind { apart } else { -apart };
        Some(Self { add_ms })
    }

    /// In whole seconds: how far our clock is behind, or ahead if below zero.
    pub(crate) fn seconds(self) -> i64 {
        self.add_ms / 1_000
    }
}

/// How far our clock is off, in seconds, above zero if it is behind, for a person to read.
pub(crate) struct SkewDisplay(pub(crate) Option<i64>);

impl fmt::Display for SkewDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(behind) = self.0 else {
            return write!(
                f,
                "the gateway refused our timestamp and gave no Date to correct the clock by; \
                 it accepts {} s",
                TIMESTAMP_WINDOW.as_secs()
            );
        };
        f.write_str("our clock is ")?;
        let seconds = behind.unsigned_abs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min {} s", seconds % 60),
            (0, _, _) => write!(f, "{hours} h {} min", minutes % 60),
            _ => write!(f, "{days} d {} h", hours % 24),
        }?;
        let side = if behind < 0 { "ahead of" } else { "behind" };
        write!(f, " {side} the gateway's")
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, value.parse().unwrap()))
            .collect()
    }

    const NEW_YEAR: u64 = 1_767_225_600;
    const AT_NEW_YEAR: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

    #[test]
    fn the_skew_is_taken_half_way() {
        let answer = headers(&[(DATE, AT_NEW_YEAR)]);
        let took = Duration::from_secs(8);
        let measured = |received| SkewSample::of(&answer, at(received), took).unwrap().add_ms;
        assert_eq!(measured(NEW_YEAR + 4), 500);
        assert_eq!(measured(NEW_YEAR), 4_500);
        assert_eq!(measured(NEW_YEAR + 4 + 82_800), 500 - 82_800_000);
    }

    #[test]
    fn without_a_date_of_its_own_an_answer_says_nothing() {
        let says = |pairs: &[_]| SkewSample::of(&headers(pairs), at(NEW_YEAR), Duration::ZERO);
        assert_eq!(says(&[]), None);
        assert_eq!(says(&[(DATE, "yesterday")]), None);
        assert_eq!(says(&[(DATE, AT_NEW_YEAR), (AGE, "0")]), None);
        assert!(says(&[(DATE, AT_NEW_YEAR)]).is_some());
        let ancient = SkewSample::of(&headers(&[(DATE, AT_NEW_YEAR)]), at(0), Duration::MAX);
        assert_eq!(ancient, None);
    }

    #[test]
    fn what_is_out_of_bounds_is_not_gone_by() {
        const FAR: i64 = 86_700_000;
        let skew = Skew::default();
        let learn = |add_ms| skew.learn(SkewSample { add_ms });
        for far in [FAR + 1, -FAR - 1, i64::MAX, i64::MIN] {
            assert!(!learn(far));
            assert_eq!(skew.correct(at(NEW_YEAR)), at(NEW_YEAR));
        }
        assert!(learn(FAR));
        assert_eq!(skew.correct(at(NEW_YEAR)), at(NEW_YEAR + 86_700));
        assert!(learn(-FAR));
        assert_eq!(skew.correct(at(NEW_YEAR)), at(NEW_YEAR - 86_700));
        // The same once more, give or take the length of a call.
        assert!(learn(-FAR + 5_000));
        assert_eq!(skew.correct(at(NEW_YEAR)), at(NEW_YEAR - 86_700));
    }

    #[test]
    fn a_clock_that_was_set_is_gone_by_as_it_was_at_its_slowest() {
        let after = Duration::from_secs;
        let floor = WallClockFloor::new(at(NEW_YEAR), after(10));
        let shows = |elapsed| floor.now(after(elapsed)).get();
        assert_eq!(shows(10), NEW_YEAR);
        floor.observe(at(NEW_YEAR + 5), after(15));
        assert_eq!(shows(20), NEW_YEAR + 10);
        // Set back by an hour, and right again.
        floor.observe(at(NEW_YEAR + 10 - 3_600), after(20));
        assert_eq!(shows(30), NEW_YEAR + 20 - 3_600);
        floor.observe(at(NEW_YEAR + 20), after(30));
        assert_eq!(shows(40), NEW_YEAR + 30 - 3_600);
        // Before anybody counted.
        floor.observe(UNIX_EPOCH - after(5), after(40));
        assert_eq!((shows(40), shows(50)), (0, 10));
    }

    #[test]
    fn the_skew_has_words() {
        let words = |behind| SkewDisplay(behind).to_string();
        for (behind, expected) in [
            (23 * HOUR, "our clock is 23 h 0 min behind the gateway's"),
            (
                -23 * HOUR - 90,
                "our clock is 23 h 1 min ahead of the gateway's",
            ),
            (150, "our clock is 2 min 30 s behind the gateway's"),
            (-3, "our clock is 3 s ahead of the gateway's"),
            (
                400 * 24 * HOUR,
                "our clock is 400 d 0 h behind the gateway's",
            ),
        ] {
            assert_eq!(words(Some(behind)), expected);
        }
        assert!(words(None).contains("no Date"));
        assert!(words(Some(i64::MIN)).contains("ahead"));
    }
}
