//! `Report`, `Totals` and `InvariantViolation`: the results of runs.

use std::fmt;

/// A rule that holds in every run of correct code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invariant {
    /// Every payment is credited once.
    CreditedOnce,
    /// Every credit has its record at the gateway, with its order and its amount.
    CreditHasItsRecord,
    /// A credit is in the coin that was paid; or in the currency of the invoice, and then it is
    /// what the gateway says that the payment is worth.
    CreditHasItsCurrency,
    /// Nothing is credited before the record says `Success`, and nothing that failed.
    ConfirmedBeforeCredited,
    /// Nothing that is flagged as risky is credited.
    FlaggedIsNotCredited,
    /// What was acknowledged is in the stored books, or noted there.
    StoredBeforeAcknowledged,
    /// What the gateway did not sign is not acknowledged.
    ForgeryIsTurnedAway,
    /// In the end, no confirmed payment is missing in the books.
    NoDepositIsLost,
    /// A payout request is debited once.
    PaidOnce,
    /// What counts as paid has its debit.
    PaidHasItsDebit,
    /// What counts as refused has no debit.
    RefusedHasNoDebit,
    /// In the end, a payout that counts as refused was refused by the gateway, or failed. One that
    /// was never sent can be made.
    NoPayoutIsLost,
    /// In the end, every payout request is known and settled.
    EveryPayoutIsSettled,
    /// The gateway's ledger balances.
    LedgerBalances,
    /// The code under test does not panic.
    NoPanic,
    /// Every method of the merchant ends.
    EverythingEnds,
    /// The simulation itself works. A fault of this crate, or of the sandbox.
    SimulationWorks,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What happened, line by line. The same seed and the same code give the same lines.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Trace {
    pub(super) lines: Vec<String>,
}

impl Trace {
    /// The lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// A hash of the lines: two runs that share it had, as good as certainly, the same events.
    #[must_use]
    pub fn hash(&self) -> u64 {
        // FNV-1a: the standard library's hash may change from release to release.
        let bytes = self
            .lines
            .iter()
            .flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({} lines, {:016x})", self.lines.len(), self.hash())
    }
}

/// How often things happened, in one run or in many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Payments that arrived.
    pub deposits: u64,
    /// Deliveries that reached the merchant, repeats and copies included.
    pub deliveries: u64,
    /// Deliveries that were handed over in two copies.
    pub duplicates: u64,
    /// Deliveries that did not reach the merchant.
    pub unreached: u64,
    /// Deliveries whose answer did not reach the gateway.
    pub answers_lost: u64,
    /// Deliveries that came late, and so out of order.
    pub delayed: u64,
    /// Forged deliveries.
    pub forgeries: u64,
    /// Payouts that the gateway made.
    pub payouts: u64,
    /// Exchanges of the merchant's client.
    pub exchanges: u64,
    /// Exchanges that the network did not carry as it should.
    pub faults: u64,
    /// Exchanges among these while the gateway could not be reached at all.
    pub not_sent: u64,
    /// Payments of invoices, in a coin of the customer's choice. Also counted as deposits.
    pub invoiced: u64,
    /// Reads that showed a record as it was before its last notification.
    pub lagging: u64,
    /// Crashes of the merchant.
    pub crashes: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.deposits += other.deposits;
        self.deliveries += other.deliveries;
        self.duplicates += other.duplicates;
        self.unreached += other.unreached;
        self.answers_lost += other.answers_lost;
        self.delayed += other.delayed;
        self.forgeries += other.forgeries;
        self.payouts += other.payouts;
        self.exchanges += other.exchanges;
        self.faults += other.faults;
        self.not_sent += other.not_sent;
        self.invoiced += other.invoiced;
        self.lagging += other.lagging;
        self.crashes += other.crashes;
    }
}

/// A run in which every invariant held.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How much happened.
    pub counts: Counts,
    /// What happened.
    pub trace: Trace,
}

/// Many runs in which every invariant held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// How many runs.
    pub runs: u64,
    /// How much happened in all of them.
    pub counts: Counts,
}

/// The first broken invariant of a run.
///
/// Both `Display` and `Debug` tell how to see it again, so that `unwrap()` does, too.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvariantViolation {
    /// The seed of the run.
    pub seed: u64,
    /// What should have held.
    pub invariant: Invariant,
    /// The record, order or payout request concerned.
    pub about: String,
    /// What was found instead.
    pub found: String,
    /// What had happened.
    pub trace: Trace,
}

/// How many lines of the trace are shown unasked.
const SHOWN: usize = 40;

impl fmt::Display for InvariantViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            invariant,
            about,
            found,
            trace,
        } = self;
        writeln!(
            f,
            "{invariant} does not hold with seed {seed}: {about}: {found}"
        )?;
        writeln!(
            f,
            "replay it with simulate({seed}, ..); what happened before:"
        )?;
        let left_out = trace.lines.len().saturating_sub(SHOWN);
        if left_out > 0 {
            writeln!(f, "  ({left_out} earlier lines are in `trace`)")?;
        }
        let mut shown = trace.lines.iter().skip(left_out);
        shown.try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Debug for InvariantViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for InvariantViolation {}
