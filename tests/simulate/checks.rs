//! What has to hold, by the gateway's own books: never by what a client says.

use std::collections::BTreeMap;
use std::fmt;

use ccpayment_sandbox::{EntryKind, Ledger};

use crate::history::Book;
use crate::payment::{Payment, USDT};
use crate::teller::Verdict;

/// Which promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// At most one debit per order id, and per payout.
    Double,
    /// Every *done* has its debit, and every *unknown* is settled.
    Lost,
    /// Everything else: a *refused* that was paid, a wrong value, a call that outlives its deadline, a
    /// panic.
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

/// The records that a payment's money went by, and those that gave it back.
#[derive(Debug, Default)]
struct Debits {
    taken: Vec<String>,
    returned: usize,
}

/// The debits of each payment, and what nobody asked for.
fn debits(ledger: &Ledger, payments: &[Payment]) -> (Vec<Debits>, Vec<String>) {
    let mut by_amount = BTreeMap::new();
    for (number, payment) in (0..).zip(payments) {
        let key = (
            payment.account.as_str(),
            payment.coin_id,
            payment.amount.to_string(),
        );
        by_amount.insert(key, number);
    }
    let mut debits: Vec<Debits> = payments.iter().map(|_| Debits::default()).collect();
    let mut strange = Vec::new();
    for entry in ledger.entries() {
        let back = match entry.kind {
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
            let key = (posting.account.as_str(), posting.coin_id, amount.to_owned());
            by_amount.get(&key)
        });
        match found.and_then(|number: &usize| debits.get_mut(*number)) {
            Some(debits) if back => debits.returned += 1,
            Some(debits) => debits.taken.push(entry.reference.clone()),
            None => strange.push(format!("{} {}", entry.kind, entry.reference)),
        }
    }
    (debits, strange)
}

/// Holds everything that was said against the books.
pub(crate) fn against_the_ledger(book: &Book) -> Count {
    let ledger = book.world.sandbox.ledger();
    if !ledger.is_balanced() {
        book.broken(Broken::wrong("the books do not balance".to_owned()));
    }
    let (debits, strange) = debits(&ledger, &book.payments);
    for entry in strange {
        book.broken(Broken::wrong(format!("nobody asked for {entry}")));
    }
    let mut count = Count::default();
    let mut by_order: BTreeMap<(String, usize), usize> = BTreeMap::new();
    let calls = book.calls();
    for (number, (payment, debits)) in (0_usize..).zip(book.payments.iter().zip(&debits)) {
        let taken = debits.taken.len();
        if taken > 1 {
            let records = debits.taken.join(", ");
            book.broken(Broken::double(format!("payment {number} by {records}")));
        }
        *by_order.entry(payment.order_key()).or_default() += taken.min(1);
        let mut any_done = false;
        let mut all_refused = true;
        for (call, entry) in (0..).zip(&calls).filter(|(_, it)| it.payment == number) {
            let _: usize = call;
            if !entry.started {
                continue;
            }
            count.payouts += 1;
            match &entry.verdict {
                Some(Verdict::Done(record)) => {
                    count.done += 1;
                    (any_done, all_refused) = (true, false);
                    if taken == 0 {
                        book.broken(Broken::lost(format!("call {call} is done without a debit")));
                    } else if !payment.is_older() && !debits.taken.contains(record) {
                        book.broken(Broken::wrong(format!("call {call} names record {record}")));
                    }
                }
                Some(Verdict::Refused(_) | Verdict::Conflict) => count.refused += 1,
                Some(Verdict::Unknown(_)) | None => {
                    all_refused = false;
                    book.broken(Broken::lost(format!("call {call} was never settled")));
                }
            }
        }
        if all_refused && !any_done && taken > debits.returned {
            book.broken(Broken::wrong(format!(
                "payment {number} was refused and is paid by {}",
                debits.taken.join(", ")
            )));
        }
    }
    for ((order_id, _), taken) in by_order {
        if taken > 1 {
            book.broken(Broken::double(format!("{order_id} was paid {taken} times")));
        }
    }
    count
}

/// Long after: whoever asks again is told what the books say.
pub(crate) fn in_the_end(book: &Book, number: usize, verdict: &Verdict) {
    let ledger = book.world.sandbox.ledger();
    let (debits, _) = debits(&ledger, &book.payments);
    let Some(debits) = debits.get(number) else {
        return;
    };
    let paid = debits.taken.len() > debits.returned;
    let says = matches!(verdict, Verdict::Done(_));
    if paid != says || matches!(verdict, Verdict::Unknown(_)) {
        book.broken(Broken::wrong(format!(
            "in the end payment {number} is said to be {verdict}, and its debits are {debits:?}"
        )));
    }
}
