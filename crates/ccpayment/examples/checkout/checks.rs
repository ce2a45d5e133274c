//! The gateway's ledger against the merchant's books. What does not hold comes with its loss.

use std::collections::BTreeSet;

use ccpayment::{Amount, AmountError};
use ccpayment_sandbox::{PayoutView, Sandbox};

use crate::Error;
use crate::books::{Books, times};
use crate::merchant::{ORDER_ID, PAYOUT, PAYOUT_ID, PRICE, USDT};
use crate::scenario::Events;
use crate::timeline::Timeline;

/// The last line, only if every check holds.
pub fn hold(
    sandbox: &Sandbox,
    books: &Books,
    timeline: &Timeline,
    events: &Events,
) -> Result<String, Error> {
    gateway_side(sandbox, events)?;
    merchant_side(sandbox, books, timeline, events)?;
    agreement(sandbox, books)?;
    let (deposits, payouts) = (books.credited, books.payouts.len());
    Ok(format!(
        "ledger balanced: {deposits} deposit credited, {payouts} payout debited"
    ))
}

fn check(holds: bool, what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// As `check`, and says what it costs.
fn check_loss(holds: bool, what: &str, loss: impl FnOnce() -> String) -> Result<(), Error> {
    check(holds, what).map_err(|error| format!("{error}\nloss: {}", loss()).into())
}

fn sum<'a>(amounts: impl IntoIterator<Item = &'a Amount>) -> Result<Amount, AmountError> {
    amounts
        .into_iter()
        .try_fold(Amount::zero(), |sum, amount| sum.checked_add(amount))
}

fn gateway_side(sandbox: &Sandbox, events: &Events) -> Result<(), Error> {
    check(
        sandbox.ledger().is_balanced(),
        "the gateway's ledger does not balance",
    )?;

    let deposits = sandbox.deposits();
    check(
        deposits.len() == events.payments.len(),
        "the gateway did not see every payment",
    )?;
    check(
        deposits.iter().all(|it| it.status == "Success"),
        "a payment was not confirmed",
    )?;

    let payouts = sandbox.payouts();
    check_loss(
        payouts.len() == 1,
        "the gateway did not pay out exactly once",
        || not_once(&payouts),
    )?;
    for payout in payouts {
        check_loss(
            payout.order_id == PAYOUT_ID,
            "the payout has another order id than was stored",
            || {
                let made = &payout.order_id;
                format!(
                    "{made} is made and {PAYOUT_ID} is stored: whoever settles that finds nothing, \
                     and pays {PAYOUT} USDT again"
                )
            },
        )?;
        check(payout.amount == PAYOUT, "the payout has another amount")?;
        check(payout.status == "Success", "the payout was not confirmed")?;
    }
    Ok(())
}

fn not_once(payouts: &[PayoutView]) -> String {
    let made: Vec<_> = payouts.iter().map(|it| it.order_id.as_str()).collect();
    if made.is_empty() {
        format!("{PAYOUT_ID} counts as failed and is never made: {PAYOUT} USDT stay owed")
    } else {
        let made = made.join(" and ");
        format!("{made} are made, {PAYOUT} USDT each: one of them is paid for nothing")
    }
}

fn merchant_side(
    sandbox: &Sandbox,
    books: &Books,
    timeline: &Timeline,
    events: &Events,
) -> Result<(), Error> {
    check_loss(
        events.forged_answer == 401,
        "a forged notification was not turned away",
        || forged(sandbox, books),
    )?;
    let attempts = sandbox.delivery_attempts();
    let final_ones = sandbox.deposits().into_iter().map(|it| it.record_id);
    let final_ones: BTreeSet<String> = final_ones.collect();
    let mut acknowledged =
        (attempts.iter()).filter(|it| it.acknowledged && final_ones.contains(&it.record_id));
    check_loss(
        acknowledged.all(|it| books.payments.contains_key(&it.record_id)),
        "something was acknowledged but not handled",
        || unbooked(sandbox, books, timeline),
    )?;
    check_loss(
        books.credited == 1,
        "the order was not credited exactly once",
        || {
            let times = times(books.credited);
            format!("{ORDER_ID} is credited {times}, with {PRICE} USDT each time")
        },
    )?;
    let sent: Vec<Amount> = events
        .payments
        .iter()
        .map(|it| it.parse())
        .collect::<Result<_, _>>()?;
    check(booked(books)? == sum(&sent)?, "the payments don't add up")
}

fn booked(books: &Books) -> Result<Amount, AmountError> {
    sum(books.payments.values().map(|it| &it.amount))
}

/// What the books have of payments that never were.
fn forged(sandbox: &Sandbox, books: &Books) -> String {
    let deposits = sandbox.deposits();
    let is_real = |id: &String| deposits.iter().any(|it| it.record_id == *id);
    let forged = books.payments.iter().find(|(id, _)| !is_real(id));
    match forged {
        Some((_, payment)) if payment.is_kept => {
            let amount = &payment.amount;
            format!("{amount} USDT that nobody sent are kept for the payer, to be given back")
        }
        Some(_) => format!("{ORDER_ID} is credited, and nobody sent {PRICE} USDT for it"),
        None => "none yet".to_owned(),
    }
}

/// The payments that nobody will hear of again.
fn unbooked(sandbox: &Sandbox, books: &Books, timeline: &Timeline) -> String {
    let lost: Vec<_> = (sandbox.deposits().iter())
        .filter(|it| !books.payments.contains_key(&it.record_id))
        .map(|it| format!("{} of {} USDT", timeline.payment(&it.record_id), it.amount))
        .collect();
    format!(
        "acknowledged, not in the books, and never told again: {}",
        lost.join(", ")
    )
}

fn agreement(sandbox: &Sandbox, books: &Books) -> Result<(), Error> {
    for deposit in sandbox.deposits() {
        check(
            books.payments.contains_key(&deposit.record_id),
            "a payment is missing from the merchant's books",
        )?;
    }
    for payout in sandbox.payouts() {
        let booked = books.payouts.get(&payout.order_id);
        check_loss(
            booked.is_some_and(|(_, id)| id.as_ref() == Some(&payout.record_id)),
            "a payout is missing from the merchant's books",
            || {
                let (id, amount) = (&payout.order_id, &payout.amount);
                format!(
                    "{amount} USDT left by {id}, which counts as failed: whoever pays it again \
                     pays twice"
                )
            },
        )?;
        check(
            booked.is_some_and(|(state, _)| state == "arrived"),
            "the merchant missed the end of a payout",
        )?;
    }
    check(
        books.payouts.len() == 1,
        "the merchant did not book exactly one payout",
    )?;

    // What the ledger gained is what was paid in, less the gateway's half percent and the payout.
    let fees = sandbox
        .ledger()
        .balance("gateway:fees", USDT.get())
        .parse::<Amount>()?;
    let start: Amount = "100".parse()?;
    let expected = sum([&start, &booked(books)?])?
        .checked_sub(&fees)?
        .checked_sub(&PAYOUT.parse()?)?;
    let balance: Amount = sandbox
        .ledger()
        .balance("merchant:available", USDT.get())
        .parse()?;
    check(
        balance == expected,
        "the merchant's balance is not what the books say",
    )
}
