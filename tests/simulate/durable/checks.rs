//! The rules, checked by the gateway's own books and the merchant's.

use std::collections::BTreeMap;

use ccpayment::webhook::NoCredit;
use ccpayment_durable::{PayoutEnd, Row, Settings};

use super::books::{Books, SHELF, Told};
use crate::checks::{Broken, Facts, at_most, facts};
use crate::disk::Book;

/// The counts of the durable histories.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) histories: u64,
    pub(crate) deposits: u64,
    pub(crate) payouts: u64,
    pub(crate) crashes: u64,
    pub(crate) takeovers: u64,
}

impl Count {
    pub(crate) fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.deposits += other.deposits;
        self.payouts += other.payouts;
        self.crashes += other.crashes;
        self.takeovers += other.takeovers;
    }
}

/// Compares the merchant's books with the gateway's, when everything has ended.
pub(super) fn check(book: &Book, books: &Books, told: &Told, pruned: bool) -> Count {
    let ledger = book.world.sandbox.ledger();
    if !ledger.is_balanced() {
        book.broken(Broken::wrong("the books do not balance".to_owned()));
    }
    let (facts, strange) = facts(book, &ledger);
    for entry in strange {
        book.broken(Broken::wrong(format!("nobody asked for {entry}")));
    }
    for (number, facts) in (0_usize..).zip(&facts) {
        payout(book, books, told, (number, facts));
    }
    for withdrawal in &told.withdrawals {
        let id = &withdrawal.record_id;
        book.broken(Broken::wrong(format!("{id} is told as somebody else's")));
    }
    if told.notices > 0 {
        book.broken(Broken::wrong(format!("{} notices are told", told.notices)));
    }
    Count {
        histories: 1,
        deposits: deposits(book, told, pruned),
        payouts: books.planned.len().try_into().unwrap_or(u64::MAX),
        ..Count::default()
    }
}

fn payout(book: &Book, books: &Books, told: &Told, (number, facts): (usize, &Facts)) {
    let Some(payment) = book.payments.get(number) else {
        return;
    };
    let (order_id, _) = payment.order_key();
    let what = format!("payout {number}");
    at_most(book, 1, facts.taken.len(), || {
        format!("{what} by {}", facts.taken.join(", "))
    });
    let ends = (told.ends.iter()).filter(|it| it.order_id.as_str() == order_id);
    let ends: Vec<_> = ends.collect();
    let shown: Vec<_> = ends.iter().map(|it| it.end.as_str()).collect();
    let Some((last, before)) = ends.split_last() else {
        if books.planned.contains(&number) {
            book.broken(Broken::lost(format!("the end of {what} is not told")));
        } else if !facts.taken.is_empty() {
            book.broken(Broken::wrong(format!(
                "{what} is not planned, and was made"
            )));
        }
        return;
    };
    let again = books.made_again.iter().filter(|it| **it == number).count();
    if ends.len() > 1 + again || before.iter().any(|it| it.end != PayoutEnd::Refused) {
        book.broken(Broken::wrong(format!("of {what} is told {shown:?}")));
    }
    let left = facts.taken.len().saturating_sub(facts.returned);
    let right = match last.end {
        PayoutEnd::Arrived => left == 1,
        PayoutEnd::Incomparable => !facts.taken.is_empty(),
        PayoutEnd::Refused => facts.taken.is_empty(),
        _ => left == 0,
    };
    if !right {
        let broken = format!("of {what} is told {shown:?}: {facts:?}");
        book.broken(match last.end {
            PayoutEnd::Arrived => Broken::lost(broken),
            _ => Broken::wrong(broken),
        });
    }
    if let (PayoutEnd::Arrived, false, Some(id)) = (&last.end, payment.is_older(), &last.record_id)
        && !facts.taken.iter().any(|it| it == id.as_str())
    {
        book.broken(Broken::wrong(format!("the end of {what} names {id}")));
    }
}

fn deposits(book: &Book, told: &Told, pruned: bool) -> u64 {
    let mut credited: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, amount) in &told.credits {
        credited.entry(id).or_default().push(amount);
    }
    let mut count = 0;
    for deposit in book.world.sandbox.deposits() {
        let id = deposit.record_id.as_str();
        let amounts = credited.remove(id).unwrap_or_default();
        at_most(book, 1, amounts.len(), || {
            format!("deposit {id} is credited {} times", amounts.len())
        });
        let never = told.never.iter().filter(|(of, _)| of == id);
        let never: Vec<_> = never.map(|(_, why)| *why).collect();
        if deposit.status != "Success" || deposit.flagged {
            if !amounts.is_empty() {
                book.broken(Broken::wrong(format!("deposit {id} is no money")));
            }
            // A deposit that is told again after it was pruned is handled again.
            let is_told = never.first() == Some(&NoCredit::Risky) && (never.len() == 1 || pruned);
            if deposit.flagged && !is_told {
                book.broken(Broken::wrong(format!("of deposit {id} is told {never:?}")));
            }
            continue;
        }
        count += 1;
        if amounts.is_empty() {
            book.broken(Broken::lost(format!("deposit {id} is not credited")));
        }
        if amounts.iter().any(|it| *it != deposit.amount) || !never.is_empty() {
            let what = format!("of {} of deposit {id} is told {amounts:?}", deposit.amount);
            book.broken(Broken::wrong(what));
        }
    }
    for id in credited.keys() {
        book.broken(Broken::wrong(format!(
            "{id} is credited, and is no deposit"
        )));
    }
    count
}

/// Whether a person who finds this parked knows what to do. A gateway with words of its own may
/// show an order id that differs in its letters from that of its notification.
pub(super) fn is_explained(row: &Row, is_plain: bool) -> bool {
    const OTHER_ID: [&str; 2] = ["the record's `orderId`", "the record's `merchant_order_id`"];
    let reason = row.reason.as_deref().unwrap_or_default();
    let is_spelt = !is_plain && OTHER_ID.iter().any(|it| reason.starts_with(it));
    let is_ours = [SHELF, "longer than"].iter().any(|it| reason.contains(it));
    // The gateway may refuse at random, this often in a row. Then the reason is its answer.
    let is_refused = row.failures + 1 >= Settings::default().most_failures;
    is_incomparable(row) || is_spelt || is_ours || is_refused
}

pub(super) fn is_incomparable(row: &Row) -> bool {
    row.verdict.as_deref() == Some(PayoutEnd::Incomparable.as_str())
}
