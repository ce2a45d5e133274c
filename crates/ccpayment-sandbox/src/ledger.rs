//! Double-entry books that must balance after every entry.

use std::collections::BTreeMap;
use std::fmt;

use bigdecimal::Zero;

use crate::error::SandboxError;
use crate::money::{Money, plain};

/// Everything outside the gateway: payers, receivers, and where the opening balances came from.
pub(crate) const CHAIN: &str = "external:chain";
/// What the merchant can withdraw.
pub(crate) const AVAILABLE: &str = "merchant:available";
/// Service fees of deposits.
pub(crate) const SERVICE_FEES: &str = "gateway:fees";
/// Deposits flagged as risky, held back.
pub(crate) const RISKY: &str = "gateway:risky";
/// Network fees of withdrawals.
pub(crate) const NETWORK_FEES: &str = "network:fees";

/// What an entry was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A balance that the sandbox started with.
    Opening,
    /// A confirmed deposit.
    Deposit,
    /// A confirmed deposit that was flagged as risky and is held back.
    RiskyDeposit,
    /// An accepted withdrawal.
    Payout,
    /// A failed withdrawal: its debit posted back.
    PayoutReversal,
}

impl fmt::Display for EntryKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Opening => "opening",
            Self::Deposit => "deposit",
            Self::RiskyDeposit => "risky-deposit",
            Self::Payout => "payout",
            Self::PayoutReversal => "payout-reversal",
        })
    }
}

/// One line of an [`Entry`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Posting {
    /// The account, such as `merchant:available`.
    pub account: String,
    /// The coin; every coin balances on its own.
    pub coin_id: u64,
    /// Signed plain decimal text: positive is what the account gained.
    pub amount: String,
}

/// One movement of money; its postings sum to zero for each coin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Counts up from one.
    pub id: u64,
    /// What it was made for.
    pub kind: EntryKind,
    /// The record id of the deposit or withdrawal, empty for an opening balance.
    pub reference: String,
    /// The lines.
    pub postings: Vec<Posting>,
}

/// A snapshot of the books.
///
/// The accounts are `external:chain`, `merchant:available`, `gateway:fees`, `gateway:risky` and
/// `network:fees`.
#[derive(Debug, Clone)]
pub struct Ledger {
    entries: Vec<Entry>,
    totals: BTreeMap<(String, u64), String>,
    sound: bool,
}

impl Ledger {
    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The balance of an account in plain decimal text; `0` for one that was never used.
    #[must_use]
    pub fn balance(&self, account: &str, coin_id: u64) -> String {
        self.totals
            .get(&(account.to_owned(), coin_id))
            .cloned()
            .unwrap_or_else(|| "0".to_owned())
    }

    /// Every account that was ever used, with its coin and balance.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        self.totals
            .iter()
            .map(|((account, coin_id), total)| (account.as_str(), *coin_id, total.as_str()))
    }

    /// Recounts everything: each entry sums to zero per coin, each balance is the sum of its
    /// postings, all balances of a coin sum to zero, and no entry was ever refused as unbalanced.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.sound
            && self
                .recount()
                .is_some_and(|recounted| self.agrees(&recounted))
    }

    /// The balances by the entries alone; `None` when an entry does not sum to zero.
    fn recount(&self) -> Option<BTreeMap<(String, u64), Money>> {
        let mut recounted = BTreeMap::new();
        for entry in &self.entries {
            let mut sums: BTreeMap<u64, Money> = BTreeMap::new();
            for posting in &entry.postings {
                // Our own text, so that it needs no bounds: a sum may be longer than any amount.
                let amount: Money = posting.amount.parse().ok()?;
                *sums.entry(posting.coin_id).or_default() += &amount;
                let key = (posting.account.clone(), posting.coin_id);
                *recounted.entry(key).or_insert_with(Money::zero) += amount;
            }
            if sums.values().any(|sum| !sum.is_zero()) {
                return None;
            }
        }
        Some(recounted)
    }

    fn agrees(&self, recounted: &BTreeMap<(String, u64), Money>) -> bool {
        let mut coins: BTreeMap<u64, Money> = BTreeMap::new();
        for ((_, coin_id), total) in recounted {
            *coins.entry(*coin_id).or_default() += total;
        }
        let printed: BTreeMap<_, _> = recounted
            .iter()
            .map(|(key, total)| (key.clone(), plain(total)))
            .collect();
        printed == self.totals && coins.values().all(Zero::is_zero)
    }
}

/// A line of an entry that is about to be posted.
pub(crate) type Line = (&'static str, u64, Money);

/// The living books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    entries: Vec<Entry>,
    totals: BTreeMap<(&'static str, u64), Money>,
    broken: Option<String>,
}

impl Books {
    /// Posts one entry, or breaks the books for good if they would not balance any more.
    ///
    /// The entry and the sum of all accounts are checked here, in time that does not grow with the
    /// number of entries; [`Ledger::is_balanced`] recounts from the first entry.
    pub(crate) fn post(
        &mut self,
        kind: EntryKind,
        reference: &str,
        lines: Vec<Line>,
    ) -> Result<(), SandboxError> {
        self.check()?;
        let mut sums: BTreeMap<u64, Money> = BTreeMap::new();
        for (_, coin_id, amount) in &lines {
            *sums.entry(*coin_id).or_default() += amount;
        }
        if let Some((coin_id, sum)) = sums.iter().find(|(_, sum)| !sum.is_zero()) {
            return self.break_with(format!(
                "the {kind} {reference} is off by {} of coin {coin_id}",
                plain(sum)
            ));
        }
        let id = u64::try_from(self.entries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let postings = lines
            .iter()
            .map(|(account, coin_id, amount)| Posting {
                account: (*account).to_owned(),
                coin_id: *coin_id,
                amount: plain(amount),
            })
            .collect();
        for (account, coin_id, amount) in lines {
            *self.totals.entry((account, coin_id)).or_default() += amount;
        }
        self.entries.push(Entry {
            id,
            kind,
            reference: reference.to_owned(),
            postings,
        });
        for coin_id in sums.into_keys() {
            let sum: Money = self
                .totals
                .iter()
                .filter(|((_, coin), _)| *coin == coin_id)
                .map(|(_, total)| total)
                .sum();
            if !sum.is_zero() {
                return self.break_with(format!(
                    "all accounts are off by {} of coin {coin_id}",
                    plain(&sum)
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn balance(&self, account: &'static str, coin_id: u64) -> Money {
        self.totals
            .get(&(account, coin_id))
            .cloned()
            .unwrap_or_default()
    }

    /// An error once the books were found out of balance.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        match &self.broken {
            Some(why) => Err(SandboxError::Unbalanced(why.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn snapshot(&self) -> Ledger {
        let totals = self
            .totals
            .iter()
            .map(|((account, coin_id), total)| (((*account).to_owned(), *coin_id), plain(total)))
            .collect();
        Ledger {
            entries: self.entries.clone(),
            totals,
            sound: self.broken.is_none(),
        }
    }

    fn break_with(&mut self, why: String) -> Result<(), SandboxError> {
        self.broken = Some(why.clone());
        Err(SandboxError::Unbalanced(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::fixed;

    #[test]
    fn an_unbalanced_entry_breaks_the_books_for_good() {
        let mut books = Books::default();
        let good = || vec![(CHAIN, 1280, fixed(-5, 1)), (AVAILABLE, 1280, fixed(5, 1))];
        books.post(EntryKind::Deposit, "one", good()).unwrap();
        assert!(books.snapshot().is_balanced());

        // The sum is zero, but of two different coins.
        let bad = vec![(CHAIN, 1280, fixed(-1, 0)), (AVAILABLE, 1329, fixed(1, 0))];
        assert!(matches!(
            books.post(EntryKind::Deposit, "two", bad),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(!books.snapshot().is_balanced());
        assert_eq!(books.snapshot().balance(AVAILABLE, 1280), "0.5");
        assert!(books.post(EntryKind::Deposit, "three", good()).is_err());
        assert_eq!(books.snapshot().entries().len(), 1);
    }

    #[test]
    fn a_wrong_total_is_found() {
        let mut books = Books::default();
        let lines = || vec![(CHAIN, 1280, fixed(-5, 1)), (AVAILABLE, 1280, fixed(5, 1))];
        books.post(EntryKind::Deposit, "one", lines()).unwrap();
        books.totals.insert((AVAILABLE, 1280), fixed(6, 1));
        assert!(!books.snapshot().is_balanced());
        assert!(books.post(EntryKind::Deposit, "two", lines()).is_err());
    }
}
