//! The gateway's ledger against the merchant's books.

use ccpayment::{Amount, AmountError};
use ccpayment_sandbox::Sandbox;

use crate::Error;
use crate::merchant::{Books, Merchant, ORDER_ID, PAYOUT, PAYOUT_ID, PRICE, USDT};
use crate::story::Told;

/// The summary, only if every check holds.
pub fn hold(sandbox: &Sandbox, merchant: &Merchant, told: &Told) -> Result<String, Error> {
    let books = merchant.books();
    gateway_side(sandbox, told)?;
    merchant_side(&books, told)?;
    agreement(sandbox, &books)?;
    let (deposits, payouts) = (books.credits.len(), books.payouts.len());
    Ok(format!(
        "ledger balanced: {deposits} deposit credited, {payouts} payout debited"
    ))
}

fn check(holds: bool, what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn sum<'a>(amounts: impl IntoIterator<Item = &'a Amount>) -> Result<Amount, AmountError> {
    amounts
        .into_iter()
        .try_fold(Amount::zero(), |sum, amount| sum.checked_add(amount))
}

fn gateway_side(sandbox: &Sandbox, told: &Told) -> Result<(), Error> {
    check(
        sandbox.ledger().is_balanced(),
        "the gateway's ledger does not balance",
    )?;

    let deposits = sandbox.deposits();
    check(
        deposits.len() == told.payments.len(),
        "the gateway did not see every payment",
    )?;
    check(
        deposits.iter().all(|it| it.status == "Success"),
        "a payment was not confirmed",
    )?;

    let payouts = sandbox.payouts();
    check(
        payouts.len() == 1,
        "the gateway did not pay out exactly once",
    )?;
    for payout in payouts {
        check(
            payout.order_id == PAYOUT_ID,
            "the payout has another order id than was stored",
        )?;
        check(payout.amount == PAYOUT, "the payout has another amount")?;
        check(payout.status == "Success", "the payout was not confirmed")?;
    }
    Ok(())
}

fn merchant_side(books: &Books, told: &Told) -> Result<(), Error> {
    check(
        told.forged_answer == 401,
        "a forged notification was not turned away",
    )?;
    check(
        books.credits.len() == 1,
        "the order was not credited exactly once",
    )?;
    for (order_id, amount) in &books.credits {
        check(order_id.as_str() == ORDER_ID, "another order was credited")?;
        check(
            *amount == PRICE.parse::<Amount>()?,
            "another amount was credited",
        )?;
    }
    let sent: Vec<Amount> = told
        .payments
        .iter()
        .map(|it| it.parse())
        .collect::<Result<_, _>>()?;
    check(
        sum(books.payments.values())? == sum(&sent)?,
        "the payments don't add up",
    )
}

fn agreement(sandbox: &Sandbox, books: &Books) -> Result<(), Error> {
    for deposit in sandbox.deposits() {
        let booked = books
            .payments
            .iter()
            .find(|(id, _)| id.as_str() == deposit.record_id);
        check(
            booked.is_some(),
            "a payment is missing from the merchant's books",
        )?;
    }
    for payout in sandbox.payouts() {
        let booked = |in_books: &std::collections::BTreeMap<_, ccpayment::RecordId>| {
            in_books.values().any(|id| id.as_str() == payout.record_id)
        };
        check(
            booked(&books.payouts),
            "a payout is missing from the merchant's books",
        )?;
        check(
            booked(&books.payouts_confirmed),
            "the merchant missed the end of a payout",
        )?;
    }
    check(
        books.payouts.len() == 1,
        "the merchant did not book exactly one payout",
    )?;

    let attempts = sandbox.delivery_attempts();
    let acknowledged = attempts
        .iter()
        .filter(|attempt| attempt.acknowledged)
        .count();
    check(
        acknowledged == books.handled as usize,
        "something was acknowledged but not handled",
    )?;

    // What the ledger gained is what was paid in, less the gateway's half percent and the payout.
    let fees = sandbox
        .ledger()
        .balance("gateway:fees", USDT.get())
        .parse::<Amount>()?;
    let start: Amount = "100".parse()?;
    let expected = sum([&start, &sum(books.payments.values())?])?
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
