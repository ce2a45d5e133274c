//! Double-entry books that must balance after every entry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bigdecimal::Zero;

use crate::model::error::SandboxError;
use crate::model::money::{Money, plain};

/// Who holds the money of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Account {
    /// Everything outside the gateway: payers, receivers, and where the opening balances came from.
    Chain,
    /// Accounts at Cwallet.
    Cwallet,
    /// What the merchant can withdraw.
    Merchant,
    /// What an end user of the merchant has.
    User(Arc<str>),
    /// Taken from the merchant when a batch payout was confirmed, and not paid yet.
    Held,
    /// Service fees of deposits and swaps.
    ServiceFees,
    /// Deposits flagged as risky, held back.
    Risky,
    /// Network fees of withdrawals and sweeping.
    NetworkFees,
    /// The other side of a swap.
    Pool,
}

impl Account {
    pub(crate) fn user(user_id: &str) -> Self {
        Self::User(user_id.into())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chain => "external:chain",
            Self::Cwallet => "external:cwallet",
            Self::Merchant => "merchant:available",
            Self::User(user_id) => return write!(formatter, "user:{user_id}:available"),
            Self::Held => "merchant:held",
            Self::ServiceFees => "gateway:fees",
            Self::Risky => "gateway:risky",
            Self::NetworkFees => "network:fees",
            Self::Pool => "gateway:pool",
        })
    }
}

/// What an entry was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A balance that the sandbox started with, or that was put in by hand.
    Opening,
    /// A confirmed deposit.
    Deposit,
    /// A confirmed deposit that was flagged as risky and is held back.
    RiskyDeposit,
    /// A risky deposit that was sent back.
    RiskyRefund,
    /// Money that the merchant gave back to a payer.
    Refund,
    /// An accepted withdrawal.
    Payout,
    /// A failed or rejected withdrawal: its debit posted back.
    PayoutReversal,
    /// Between two users, or between a user and the merchant.
    Transfer,
    /// Two coins exchanged.
    Swap,
    /// A batch payout was confirmed: its money is held.
    BatchHold,
    /// A row of a batch payout was paid.
    BatchRow,
    /// The held money of rows that were not paid.
    BatchRelease,
    /// The fee for sweeping a deposit address.
    Sweep,
}

impl fmt::Display for EntryKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Opening => "opening",
            Self::Deposit => "deposit",
            Self::RiskyDeposit => "risky-deposit",
            Self::RiskyRefund => "risky-refund",
            Self::Refund => "refund",
            Self::Payout => "payout",
            Self::PayoutReversal => "payout-reversal",
            Self::Transfer => "transfer",
            Self::Swap => "swap",
            Self::BatchHold => "batch-hold",
            Self::BatchRow => "batch-row",
            Self::BatchRelease => "batch-release",
            Self::Sweep => "sweep",
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
    /// The id of the record, empty for an opening balance.
    pub reference: String,
    /// The lines.
    pub postings: Vec<Posting>,
}

/// A snapshot of the books.
///
/// The accounts are `external:chain`, `external:cwallet`, `merchant:available`, `merchant:held`,
/// `user:<id>:available`, `gateway:fees`, `gateway:risky`, `gateway:pool` and `network:fees`.
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
pub(crate) type Line = (Account, u64, Money);

#[derive(Debug)]
struct Posted {
    kind: EntryKind,
    reference: String,
    lines: Vec<Line>,
}

/// The living books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    entries: Vec<Posted>,
    totals: BTreeMap<(Account, u64), Money>,
    /// The sum of all accounts for each coin; always zero.
    sums: BTreeMap<u64, Money>,
    broken: Option<String>,
}

impl Books {
    /// Posts one entry, or breaks the books for good if they would not balance any more.
    ///
    /// The entry and the sum of all accounts are checked here, in time that grows with the lines of
    /// the entry alone; [`Ledger::is_balanced`] recounts from the first entry.
    pub(crate) fn post(
        &mut self,
        kind: EntryKind,
        reference: &str,
        mut lines: Vec<Line>,
    ) -> Result<(), SandboxError> {
        self.check()?;
        lines.retain(|(_, _, amount)| !amount.is_zero());
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
        for (account, coin_id, amount) in &lines {
            let total = self.totals.entry((account.clone(), *coin_id)).or_default();
            let before = total.clone();
            *total += amount;
            // The real change of the account, not the change that was asked for.
            let moved = &*total - before;
            *self.sums.entry(*coin_id).or_default() += moved;
        }
        self.entries.push(Posted {
            kind,
            reference: reference.to_owned(),
            lines,
        });
        for coin_id in sums.into_keys() {
            let sum = self.sums.get(&coin_id).cloned().unwrap_or_default();
            if !sum.is_zero() {
                return self.break_with(format!(
                    "all accounts are off by {} of coin {coin_id}",
                    plain(&sum)
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn balance(&self, account: &Account, coin_id: u64) -> Money {
        // A tuple of references can't be a key for a look-up, and an account is cheap to clone.
        self.totals
            .get(&(account.clone(), coin_id))
            .cloned()
            .unwrap_or_default()
    }

    /// Every coin that an account ever had, with its balance.
    pub(crate) fn holdings(&self, account: &Account) -> Vec<(u64, Money)> {
        self.totals
            .range((account.clone(), 0)..=(account.clone(), u64::MAX))
            .map(|((_, coin_id), total)| (*coin_id, total.clone()))
            .collect()
    }

    /// An error once the books were found to be out of balance.
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
            .map(|((account, coin_id), total)| ((account.to_string(), *coin_id), plain(total)))
            .collect();
        let entries = (1..).zip(&self.entries).map(|(id, posted)| Entry {
            id,
            kind: posted.kind,
            reference: posted.reference.clone(),
            postings: posted.lines.iter().map(Posting::of).collect(),
        });
        Ledger {
            entries: entries.collect(),
            totals,
            sound: self.broken.is_none(),
        }
    }

    fn break_with(&mut self, why: String) -> Result<(), SandboxError> {
        self.broken = Some(why.clone());
        Err(SandboxError::Unbalanced(why))
    }
}

impl Posting {
    fn of((account, coin_id, amount): &Line) -> Self {
        Self {
            account: account.to_string(),
            coin_id: *coin_id,
            amount: plain(amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::money::fixed;

    fn good() -> Vec<Line> {
        vec![
            (Account::Chain, 1280, fixed(-5, 1)),
            (Account::Merchant, 1280, fixed(5, 1)),
        ]
    }

    #[test]
    fn an_unbalanced_entry_breaks_the_books_for_good() {
        let mut books = Books::default();
        books.post(EntryKind::Deposit, "one", good()).unwrap();
        assert!(books.snapshot().is_balanced());

        // The sum is zero, but of two different coins.
        let bad = vec![
            (Account::Chain, 1280, fixed(-1, 0)),
            (Account::Merchant, 1329, fixed(1, 0)),
        ];
        assert!(matches!(
            books.post(EntryKind::Deposit, "two", bad),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(!books.snapshot().is_balanced());
        assert_eq!(books.snapshot().balance("merchant:available", 1280), "0.5");
        assert!(books.post(EntryKind::Deposit, "three", good()).is_err());
        assert_eq!(books.snapshot().entries().len(), 1);
    }

    #[test]
    fn a_wrong_total_is_found() {
        let mut books = Books::default();
        books.post(EntryKind::Deposit, "one", good()).unwrap();
        books.totals.insert((Account::Merchant, 1280), fixed(6, 1));
        assert!(!books.snapshot().is_balanced());
    }

    #[test]
    fn a_wrong_sum_stops_the_next_entry() {
        let mut books = Books::default();
        books.post(EntryKind::Deposit, "one", good()).unwrap();
        books.sums.insert(1280, fixed(1, 1));
        assert!(books.post(EntryKind::Deposit, "two", good()).is_err());
    }

    #[test]
    fn holdings_are_of_one_account() {
        let mut books = Books::default();
        let to_user = |user: &str| {
            vec![
                (Account::Chain, 1329, fixed(-1, 0)),
                (Account::user(user), 1329, fixed(1, 0)),
            ]
        };
        books
            .post(EntryKind::Opening, "", to_user("alice"))
            .unwrap();
        books
            .post(EntryKind::Opening, "", to_user("bob12"))
            .unwrap();
        assert_eq!(
            books.holdings(&Account::user("alice")),
            [(1329, fixed(1, 0))]
        );
    }
}
