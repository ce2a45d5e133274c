//! The rules, checked by the gateway's own books and never by what a client says.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, bail};
use ccpayment_sandbox::{EntryKind, Fault, Ledger};

use crate::disk::{Book, Call};
use crate::payer::Verdict;
use crate::payment::{ETH, MATIC};

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

impl Promise {
    pub(crate) fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "double" => Self::Double,
            "lost" => Self::Lost,
            "wrong" => Self::Wrong,
            _ => bail!("no promise is called {name}"),
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) what: String,
}

impl Broken {
    pub(crate) fn double(what: String) -> Self {
        let promise = Promise::Double;
        Self { promise, what }
    }

    pub(crate) fn lost(what: String) -> Self {
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

/// The counts of a history, for the last line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) payouts: u64,
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) incomparable: u64,
}

/// The gateway's facts about a payment: the records of its debits, or what is to be paid, and how
/// often the money was given back.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) taken: Vec<String>,
    pub(crate) returned: usize,
    /// How often each row of a batch was paid.
    rows: Vec<usize>,
}

/// The facts about each payment, and the debits that nobody asked for.
pub(crate) fn facts(book: &Book, ledger: &Ledger) -> (Vec<Facts>, Vec<String>) {
    let mut by_amount = BTreeMap::new();
    for (number, payment) in (0..).zip(&book.payments) {
        let amount = payment.amount.to_string();
        by_amount.insert((payment.account.as_str(), payment.coin_id, amount), number);
    }
    let all_made = book.made();
    let mut rows = BTreeMap::new();
    let mut batches = BTreeMap::new();
    let mut facts = Vec::new();
    for (number, payment) in (0_usize..).zip(&book.payments) {
        let made = all_made.get(number).cloned().flatten();
        let amounts = payment.rows();
        facts.push(Facts {
            taken: made.into_iter().collect(),
            returned: 0,
            rows: vec![0; amounts.len()],
        });
        if payment.is_batch() {
            batches.insert(payment.order_key().0, number);
            batches.insert(payment.made_anew(number).order_key().0, number);
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
        // What is there to be listed is in coins of its own.
        if entry
            .postings
            .iter()
            .all(|it| [ETH, MATIC].contains(&it.coin_id))
        {
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

/// How often a payment was paid so far.
pub(crate) fn debits(book: &Book, payment: usize) -> usize {
    let (facts, _) = facts(book, &book.world.sandbox.ledger());
    facts.get(payment).map_or(0, |facts| facts.taken.len())
}

/// Compares every verdict with the books: those of the calls, those on each payment in the end, and
/// those given while the payment's state had a name that nobody knows.
pub(crate) fn against_the_ledger(
    book: &Book,
    in_the_end: &[Option<Verdict>],
    in_unknown_words: &[Option<Verdict>],
) -> Count {
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
    one_confirmation_each(book);
    let calls = book.calls();
    let mut count = Count::default();
    // The number of payments made under each order id.
    let mut by_order: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for (number, facts) in (0_usize..).zip(&facts) {
        let key = book.current(number).map(|it| it.order_key());
        *by_order.entry(key.unwrap_or_default()).or_default() += facts.taken.len().min(1);
    }
    for (number, (payment, facts)) in (0_usize..).zip(book.payments.iter().zip(&facts)) {
        let of = |call: &Call| call.payment == number && call.started;
        let records = facts.taken.join(", ");
        let anew = calls.iter().any(|call| of(call) && call.anew);
        // A payment whose money came back may be paid once more, under a new id.
        let once = if anew { 1 + facts.returned } else { 1 };
        at_most(book, once, facts.taken.len(), || {
            format!("payment {number} by {records}")
        });
        rows(book, number, facts);
        let mut all_refused = true;
        for (call, entry) in (0_usize..).zip(&calls).filter(|(_, it)| of(it)) {
            count.payouts += u64::from(payment.pays());
            all_refused &= matches!(entry.verdict, Some(Verdict::Refused(_) | Verdict::Conflict));
            match &entry.verdict {
                Some(Verdict::Done(name)) => {
                    count.done += 1;
                    if facts.taken.is_empty() {
                        book.broken(Broken::lost(format!(
                            "call {call} is done and was not made"
                        )));
                    } else if !payment.is_older() && !facts.taken.contains(name) {
                        book.broken(Broken::wrong(format!("call {call} names {name}")));
                    }
                }
                Some(Verdict::Refused(_) | Verdict::Conflict) => count.refused += 1,
                Some(Verdict::Incomparable(_)) => count.incomparable += 1,
                Some(Verdict::Unknown(_)) | None => {
                    book.broken(Broken::lost(format!("call {call} was never settled")));
                }
            }
        }
        let twice = anew && facts.taken.len() > once;
        if twice || (all_refused && facts.taken.len() > facts.returned) {
            let what = format!("payment {number} was refused and was made: {records}");
            book.broken(Broken::wrong(what));
        }
    }
    let is_there = |number: usize| {
        let key = book.current(number).map(|it| it.order_key());
        key.and_then(|key| by_order.get(&key))
            .is_some_and(|taken| *taken > 0)
    };
    let said = (calls.iter()).map(|call| (call.payment, call.verdict.as_ref()));
    let ends = (0..).zip(in_the_end.iter().map(Option::as_ref));
    for (number, verdict) in said.chain(ends) {
        if let (Some(Verdict::Incomparable(field)), Some(payment), Some(facts)) =
            (verdict, book.payments.get(number), facts.get(number))
            // If a call moves no money, its price may be the field that can't be compared.
            && facts.taken.is_empty()
            && (payment.pays() || !is_there(number))
        {
            let what = format!("payment {number} was not made, and {field} is not compared");
            book.broken(Broken::wrong(what));
        }
    }
    // Long after, a new look-up must agree with the books.
    let ends = (0_usize..).zip(in_the_end).map(|it| (it, false));
    let unclear = (0_usize..).zip(in_unknown_words).map(|it| (it, true));
    for ((number, verdict), in_doubt) in ends.chain(unclear) {
        let (Some(verdict), Some(facts)) = (verdict, facts.get(number)) else {
            continue;
        };
        let made = facts.taken.len() > facts.returned;
        let right = match verdict {
            Verdict::Done(_) => made,
            Verdict::Refused(_) | Verdict::Conflict => !made,
            Verdict::Incomparable(_) => true,
            Verdict::Unknown(_) => in_doubt,
        };
        if !right {
            let what = format!("in the end payment {number} is said to be {verdict}: {facts:?}");
            book.broken(Broken::wrong(what));
        }
    }
    for ((order_id, _), taken) in by_order {
        at_most(book, 1, taken, || {
            format!("{order_id} was paid {taken} times")
        });
    }
    count
}

/// The one rule about things that happen too often. So a run that finds a payment made once too
/// often shows that it would find all of them.
pub(crate) fn at_most(book: &Book, most: usize, times: usize, what: impl FnOnce() -> String) {
    if times > most {
        book.broken(Broken::double(what()));
    }
}

/// Each row of a batch is paid once, and none before its batch.
fn rows(book: &Book, number: usize, facts: &Facts) {
    for (row, times) in (1..).zip(&facts.rows) {
        let row = format!("row {row} of payment {number} was paid {times} times");
        at_most(book, 1, *times, || row.clone());
        if *times == 0 && !facts.taken.is_empty() {
            book.broken(Broken::lost(row));
        } else if *times == 1 && facts.taken.is_empty() {
            book.broken(Broken::wrong(row));
        }
    }
}

/// No gateway says what a second confirmation of a batch does, so the client must not send one
/// before it knows that the first does not count. This gateway tells of each that it took.
fn one_confirmation_each(book: &Book) {
    let mut confirmed: BTreeMap<String, usize> = BTreeMap::new();
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for request in book.world.sandbox.requests() {
        let Some(id) = request
            .order_id
            .filter(|_| request.route == "confirmBatchWithdraw")
        else {
            continue;
        };
        if request.outcome == Some(10_000) {
            // The line sent it twice, not the client.
            if matches!(
                request.fault,
                Some(Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond)
            ) {
                *copies.entry(id).or_default() += 1;
            } else {
                *confirmed.entry(id).or_default() += 1;
            }
        }
    }
    for (id, copies) in copies {
        *confirmed.entry(id).or_default() += copies.div_ceil(2);
    }
    for (id, times) in confirmed {
        at_most(book, 1, times, || {
            format!("{id} was confirmed {times} times")
        });
    }
}
