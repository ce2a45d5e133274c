//! What has to hold, by the gateway's own books: never by what a client says.

use std::collections::BTreeMap;
use std::fmt;

use ccpayment_sandbox::{EntryKind, Ledger};

use crate::book::Book;
use crate::payment::USDT;
use crate::teller::Verdict;

/// Which promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// At most one debit per order id, and per payout.
    Double,
    /// Every *done* has its debit, and every *unknown* is settled.
    Lost,
    /// Everything else: a *refused* that was paid, a wrong value, a call that outlives its
    /// deadline, a panic.
    Wrong,
}

#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) what: String,
}

impl Broken {
    fn double(what: String) -> Self {
        let promise = Promise::Double;
        Self { promise, what }
    }

    fn lost(what: String) -> Self {
        let promise = Promise::Lost;
        Self { promise, what }
    }

    pub(crate) fn wrong(what: String) -> Self {
        let promise = Promise::Wrong;
        Self { promise, what }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.promise, self.what)
    }
}

/// What a history had, for the last line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) payouts: u64,
    pub(crate) done: u64,
    pub(crate) refused: u64,
}

/// What came of a payment, by the gateway: the records that its money went by, or what is to be
/// paid; and how often the money was given back.
#[derive(Debug, Default)]
struct Facts {
    taken: Vec<String>,
    returned: usize,
    /// How often each row of a batch was paid.
    rows: Vec<usize>,
}

/// The facts about each payment, and the debits that nobody asked for.
fn facts(book: &Book, ledger: &Ledger) -> (Vec<Facts>, Vec<String>) {
    let mut by_amount = BTreeMap::new();
    for (number, payment) in (0..).zip(&book.payments) {
        let amount = payment.amount.to_string();
        by_amount.insert((payment.account.as_str(), payment.coin_id, amount), number);
    }
    let made = book.made().into_iter();
    let mut rows = BTreeMap::new();
    let mut batches = BTreeMap::new();
    let mut facts = Vec::new();
    for (number, (payment, made)) in (0_usize..).zip(book.payments.iter().zip(made)) {
        let amounts = payment.rows();
        facts.push(Facts {
            taken: made.into_iter().collect(),
            returned: 0,
            rows: vec![0; amounts.len()],
        });
        if payment.is_batch() {
            batches.insert(payment.order_key().0, number);
        }
        for (row, amount) in (0_usize..).zip(amounts) {
            rows.insert(amount, (number, row));
        }
    }
    let mut strange = Vec::new();
    for entry in ledger.entries() {
        let back = match entry.kind {
            EntryKind::BatchHold => {
                let batch = batches.get(&entry.reference).copied();
                match batch.and_then(|number| facts.get_mut(number)) {
                    Some(facts) => facts.taken.push(entry.reference.clone()),
                    None => strange.push(format!("{} {}", entry.kind, entry.reference)),
                }
                continue;
            }
            EntryKind::BatchRow => {
                let paid = entry.postings.iter().find_map(|it| rows.get(&it.amount));
                let paid = paid.copied().and_then(|(number, row): (usize, usize)| {
                    facts.get_mut(number)?.rows.get_mut(row)
                });
                match paid {
                    Some(times) => *times += 1,
                    None => strange.push(format!("{} {}", entry.kind, entry.reference)),
                }
                continue;
            }
            EntryKind::Payout | EntryKind::Transfer | EntryKind::Swap => false,
            EntryKind::PayoutReversal => true,
            _ => continue,
        };
        // What was there before is in another coin.
        if !entry.postings.iter().any(|it| it.coin_id == USDT) {
            continue;
        }
        let found = entry.postings.iter().find_map(|posting| {
            let amount = if back {
                posting.amount.as_str()
            } else {
                posting.amount.strip_prefix('-')?
            };
            let account = posting.account.as_str();
            by_amount.get(&(account, posting.coin_id, amount.to_owned()))
        });
        match found.and_then(|number: &usize| facts.get_mut(*number)) {
            Some(facts) if back => facts.returned += 1,
            Some(facts) => facts.taken.push(entry.reference.clone()),
            None => strange.push(format!("{} {}", entry.kind, entry.reference)),
        }
    }
    (facts, strange)
}

/// Holds everything that was said against the books, with what each payment is said to be in the
/// end.
pub(crate) fn against_the_ledger(book: &Book, in_the_end: &[Option<Verdict>]) -> Count {
    let ledger = book.world.sandbox.ledger();
    if !ledger.is_balanced() {
        book.broken(Broken::wrong("the books do not balance".to_owned()));
    }
    if let Some(later) = book.world.stale() {
        let what = format!("a signature was sent again {later:?} after it was made");
        book.broken(Broken::wrong(what));
    }
    let (facts, strange) = facts(book, &ledger);
    for entry in strange {
        book.broken(Broken::wrong(format!("nobody asked for {entry}")));
    }
    let mut count = Count::default();
    let mut by_order: BTreeMap<(String, usize), usize> = BTreeMap::new();
    let calls = book.calls();
    for (number, (payment, facts)) in (0..).zip(book.payments.iter().zip(&facts)) {
        let records = facts.taken.join(", ");
        if facts.taken.len() > 1 {
            book.broken(Broken::double(format!("payment {number} by {records}")));
        }
        for (row, times) in (1..).zip(&facts.rows) {
            let row = format!("row {row} of payment {number} was paid {times} times");
            if *times > 1 {
                book.broken(Broken::double(row));
            } else if *times == 0 && !facts.taken.is_empty() {
                book.broken(Broken::lost(row));
            } else if *times == 1 && facts.taken.is_empty() {
                book.broken(Broken::wrong(row));
            }
        }
        *by_order.entry(payment.order_key()).or_default() += facts.taken.len().min(1);
        let mut all_refused = true;
        let begun = (0_usize..).zip(&calls).filter(|(_, it)| it.started);
        for (call, entry) in begun.filter(|(_, it)| it.payment == number) {
            count.payouts += u64::from(payment.pays());
            match &entry.verdict {
                Some(Verdict::Done(name)) => {
                    count.done += 1;
                    all_refused = false;
                    if facts.taken.is_empty() {
                        book.broken(Broken::lost(format!(
                            "call {call} is done and was not made"
                        )));
                    } else if !payment.is_older() && !facts.taken.contains(name) {
                        book.broken(Broken::wrong(format!("call {call} names {name}")));
                    }
                }
                Some(Verdict::Refused(_) | Verdict::Conflict) => count.refused += 1,
                Some(Verdict::Unknown(_)) | None => {
                    all_refused = false;
                    book.broken(Broken::lost(format!("call {call} was never settled")));
                }
            }
        }
        if all_refused && facts.taken.len() > facts.returned {
            let what = format!("payment {number} was refused and was made: {records}");
            book.broken(Broken::wrong(what));
        }
    }
    // Long after, whoever asks again is told what the books say.
    for (number, (verdict, facts)) in (0_usize..).zip(in_the_end.iter().zip(&facts)) {
        let Some(verdict) = verdict else {
            continue;
        };
        let made = facts.taken.len() > facts.returned;
        if made != matches!(verdict, Verdict::Done(_)) || matches!(verdict, Verdict::Unknown(_)) {
            let what = format!("in the end payment {number} is said to be {verdict}: {facts:?}");
            book.broken(Broken::wrong(what));
        }
    }
    for ((order_id, _), taken) in by_order {
        if taken > 1 {
            book.broken(Broken::double(format!("{order_id} was paid {taken} times")));
        }
    }
    count
}
