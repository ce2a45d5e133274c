//! `SeenCursors`: the cursors that came already, in bounded memory.

use std::collections::BTreeSet;

use ccpayment_core::Cursor;
use sha2::{Digest, Sha256};

/// How many cursors are remembered one by one.
const MOST: usize = 100_000;

/// The cursors of a list, as the first half of their SHA-256: 16 bytes a page, however long a
/// cursor is, and no two cursors are mistaken for one.
///
/// A circle of at most [`MOST`] pages is found at once. A longer one is found later, by the cursor
/// that is kept at every power of two: once that lies in the circle, it comes again.
#[derive(Default)]
pub(super) struct SeenCursors {
    latest: BTreeSet<u128>,
    kept: Option<u128>,
    count: u64,
}

impl SeenCursors {
    /// Only the cursor that a list begins with, if there is one.
    pub(super) fn of(cursor: Option<&Cursor>) -> Self {
        let mut seen = Self::default();
        if let Some(cursor) = cursor {
            seen.insert(cursor);
        }
        seen
    }

    /// Whether the cursor is new.
    pub(super) fn insert(&mut self, cursor: &Cursor) -> bool {
        let digest: [u8; 32] = Sha256::digest(cursor.as_str()).into();
        let hash = digest
            .iter()
            .take(16)
            .fold(0, |hash, byte| (hash << 8) | u128::from(*byte));
        if self.kept == Some(hash) || self.latest.contains(&hash) {
            return false;
        }
        if self.latest.len() >= MOST {
            self.latest.clear();
        }
        self.latest.insert(hash);
        self.count += 1;
        if self.count.is_power_of_two() {
            self.kept = Some(hash);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many cursors a circle of this length is found, which begins after some others.
    fn found_after(others: usize, length: usize) -> usize {
        let mut seen = SeenCursors::default();
        let place = |at: usize| match at {
            at if at < others => at,
            at => others + (at - others) % length,
        };
        (0..)
            .find(|at| {
                assert!(seen.latest.len() <= MOST);
                !seen.insert(&Cursor::new(place(*at).to_string()))
            })
            .unwrap()
    }

    #[test]
    fn a_circle_is_found_however_long_it_is() {
        for (others, length) in [(0, 1), (0, 2), (3, 5), (10, 1_000)] {
            assert_eq!(found_after(others, length), others + length);
        }
        let long = 3 * MOST;
        assert!(found_after(7, long) <= 4 * long);
    }

    #[test]
    fn a_list_that_goes_on_is_remembered_in_bounded_memory() {
        let mut seen = SeenCursors::of(Some(&Cursor::new("first")));
        assert!(!seen.insert(&Cursor::new("first")));
        for page in 0..=MOST {
            assert!(seen.insert(&Cursor::new(page.to_string())));
        }
        assert!(seen.latest.len() <= MOST);
    }
}
