//! Ids, addresses and transaction ids, all from the seed.

use crate::model::calendar;
use crate::model::chains::Family;

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"023456789acdefghjklmnpqrstuvwxyz";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";

/// SplitMix64: tiny, seeded, and good enough for names that must only differ.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Below `bound`; zero when the bound is zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }
}

#[derive(Debug)]
pub(crate) struct Ids {
    random: SplitMix,
    records: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: SplitMix::new(seed),
            records: 0,
        }
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .filter_map(|_| alphabet.get(self.random.below(alphabet.len())))
            .map(|byte| char::from(*byte))
            .collect()
    }

    /// A 14-digit time stamp and 18 digits; the counter in the last six keeps ids of one second
    /// apart.
    pub(crate) fn record(&mut self, now: u64) -> String {
        self.records += 1;
        let random = self.text(DIGITS, 12);
        format!(
            "{}{random}{:06}",
            calendar::stamp(now),
            self.records % 1_000_000
        )
    }

    pub(crate) fn transaction(&mut self, family: Family) -> String {
        let prefix = if family == Family::Evm { "0x" } else { "" };
        format!("{prefix}{}", self.text(LOWER_HEX, 64))
    }

    /// EVM addresses come in mixed case, as the gateway prints them, but without the checksum that
    /// the case encodes.
    pub(crate) fn address(&mut self, family: Family) -> String {
        match family {
            Family::Evm => {
                let hex = self.text(LOWER_HEX, 40);
                let mixed: String = hex
                    .chars()
                    .map(|letter| {
                        if self.random.next() & 1 == 0 {
                            letter.to_ascii_uppercase()
                        } else {
                            letter
                        }
                    })
                    .collect();
                format!("0x{mixed}")
            }
            Family::Tron => format!("T{}", self.text(BASE58, 33)),
            Family::Bitcoin => format!("bc1q{}", self.text(BECH32, 38)),
            Family::Ripple => format!("r{}", self.text(BASE58, 33)),
            Family::Formed(form) => {
                let rest = self.text(form.letters.as_bytes(), form.count);
                format!("{}{rest}", form.prefix)
            }
        }
    }

    pub(crate) fn memo(&mut self) -> String {
        format!("1{}", self.text(DIGITS, 8))
    }

    /// The last part of a page's address.
    pub(crate) fn page(&mut self) -> String {
        self.text(BASE58, 7)
    }

    /// The handle of a quote.
    pub(crate) fn inquiry(&mut self) -> String {
        self.text(LOWER_HEX, 32)
    }
}
