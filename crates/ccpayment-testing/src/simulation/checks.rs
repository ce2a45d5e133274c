//! The checks that compare the merchant's `Books` with the gateway's ledger.

use std::collections::{BTreeMap, BTreeSet};

use ccpayment_client::core::{Amount, CoinId, PriceIn};
use ccpayment_sandbox::{DepositView, PayoutView, Sandbox};

use super::merchant::{Books, PayoutRequest, PayoutState};
use super::report::Invariant;

/// A broken invariant, before the seed and the trace are known.
#[derive(Debug)]
pub(super) struct Breach {
    pub(super) invariant: Invariant,
    pub(super) about: String,
    pub(super) found: String,
}

pub(super) fn breach<T>(
    invariant: Invariant,
    about: impl Into<String>,
    found: impl Into<String>,
) -> Result<T, Breach> {
    Err(Breach {
        invariant,
        about: about.into(),
        found: found.into(),
    })
}

fn same_amount(text: &str, amount: &Amount) -> bool {
    text.parse::<Amount>().is_ok_and(|read| read == *amount)
}

/// Whether the money of a payout is gone.
fn is_debit(payout: &PayoutView) -> bool {
    payout.status != "Failed" && payout.status != "Rejected"
}

fn is_creditable(deposit: &DepositView) -> bool {
    deposit.status == "Success" && !deposit.flagged
}

fn of<'a>(
    payouts: &'a [PayoutView],
    request: &'a PayoutRequest,
) -> impl Iterator<Item = &'a PayoutView> {
    let to_request = |it: &&PayoutView| it.address.eq_ignore_ascii_case(request.address.as_str());
    payouts.iter().filter(to_request)
}

fn state_of(books: &Books, request: &PayoutRequest) -> Option<PayoutState> {
    let entry = (books.payouts.iter()).find(|it| it.request_id == request.id);
    entry.map(|it| it.state)
}

/// Adds up the whole ledger, which takes longer than the other checks.
pub(super) fn ledger(sandbox: &Sandbox) -> Result<(), Breach> {
    if sandbox.ledger().is_balanced() {
        return Ok(());
    }
    breach(Invariant::LedgerBalances, "the ledger", "it does not")
}

/// What the payments of invoices are worth, by record id.
pub(super) type Worths = BTreeMap<String, (PriceIn, String)>;

/// What must hold at every moment.
pub(super) fn always(
    sandbox: &Sandbox,
    books: &Books,
    requests: &[PayoutRequest],
    worths: &Worths,
) -> Result<(), Breach> {
    credits(&sandbox.deposits(), books, worths)?;
    let payouts = sandbox.payouts();
    for request in requests {
        let debits = of(&payouts, request).filter(|it| is_debit(it)).count();
        if debits > 1 {
            let orders: Vec<_> = of(&payouts, request)
                .map(|it| it.order_id.as_str())
                .collect();
            let found = format!("{debits} debits, as {}", orders.join(" and "));
            return breach(Invariant::PaidOnce, &request.id, found);
        }
        match state_of(books, request) {
            // A record that failed counts here: the merchant may not have heard of it yet.
            Some(PayoutState::Paid) if of(&payouts, request).next().is_none() => {
                let found = "booked as paid, and the gateway knows no payout";
                return breach(Invariant::PaidHasItsDebit, &request.id, found);
            }
            Some(PayoutState::Refused) if debits > 0 => {
                let found = "booked as refused, and the gateway has paid";
                return breach(Invariant::RefusedHasNoDebit, &request.id, found);
            }
            _ => {}
        }
    }
    Ok(())
}

fn credits(deposits: &[DepositView], books: &Books, worths: &Worths) -> Result<(), Breach> {
    let mut seen = BTreeSet::new();
    for credit in &books.credits {
        let record_id = credit.record_id.as_str();
        let about = format!("record {record_id} of order {}", credit.order_id);
        let Some(deposit) = deposits.iter().find(|it| it.record_id == record_id) else {
            let found = "credited, and the gateway knows no such record";
            return breach(Invariant::CreditHasItsRecord, about, found);
        };
        if deposit.flagged {
            let found = "credited, and it is flagged as risky";
            return breach(Invariant::FlaggedIsNotCredited, about, found);
        }
        if deposit.status != "Success" {
            let found = format!("credited, and it is {}", deposit.status);
            return breach(Invariant::ConfirmedBeforeCredited, about, found);
        }
        if deposit.order_id != credit.order_id.as_str() {
            let found = format!("it is a payment of order {}", deposit.order_id);
            return breach(Invariant::CreditHasItsRecord, about, found);
        }
        let in_coin = credit.paid_in == PriceIn::Coin(CoinId::new(deposit.coin_id));
        let worth = worths.get(record_id);
        let worth = worth.filter(|(currency, _)| *currency == credit.paid_in);
        if !in_coin && worth.is_none() {
            let found = format!(
                "{} of coin {} booked as {} of {:?}",
                deposit.amount, deposit.coin_id, credit.amount, credit.paid_in
            );
            return breach(Invariant::CreditHasItsCurrency, about, found);
        }
        let as_coins = in_coin && same_amount(&deposit.amount, &credit.amount);
        let as_worth = worth.is_some_and(|(_, worth)| same_amount(worth, &credit.amount));
        if !as_coins && !as_worth {
            let invariant = match worth {
                Some(_) => Invariant::CreditHasItsCurrency,
                None => Invariant::CreditHasItsRecord,
            };
            let found = format!("{} credited for {}", credit.amount, deposit.amount);
            return breach(invariant, about, found);
        }
        if !seen.insert(record_id) {
            return breach(Invariant::CreditedOnce, about, "credited more than once");
        }
    }
    Ok(())
}

/// What must be in the books once a genuine notification was acknowledged.
pub(super) fn acknowledged(
    sandbox: &Sandbox,
    books: &Books,
    requests: &[PayoutRequest],
    record_id: &str,
    status: &str,
) -> Result<(), Breach> {
    let noted = books.noted.iter().any(|it| it.as_str() == record_id);
    let credited = books
        .credits
        .iter()
        .any(|it| it.record_id.as_str() == record_id);
    if noted || credited {
        return Ok(());
    }
    let about = format!("record {record_id}");
    let deposits = sandbox.deposits();
    let deposit = deposits.iter().find(|it| it.record_id == record_id);
    if status == "Success" && deposit.is_some_and(is_creditable) {
        let found = "its confirmation was acknowledged, and it is not in the stored books";
        return breach(Invariant::StoredBeforeAcknowledged, about, found);
    }
    let payouts = sandbox.payouts();
    let booked_as_paid = requests.iter().find(|request| {
        of(&payouts, request).any(|it| it.record_id == record_id)
            && !of(&payouts, request).any(is_debit)
            && state_of(books, request) == Some(PayoutState::Paid)
    });
    if let (Some(request), true) = (booked_as_paid, status == "Failed") {
        let found = "its failure was acknowledged, and the stored books say that it was paid";
        return breach(Invariant::StoredBeforeAcknowledged, &request.id, found);
    }
    Ok(())
}

/// What must hold in the end. `asked` are the payout requests that the merchant took on,
/// `refused` those that the gateway refused for a reason of its own.
pub(super) fn in_the_end(
    sandbox: &Sandbox,
    books: &Books,
    requests: &[PayoutRequest],
    worths: &Worths,
    asked: &BTreeSet<usize>,
    refused: &BTreeSet<usize>,
) -> Result<(), Breach> {
    ledger(sandbox)?;
    always(sandbox, books, requests, worths)?;
    for deposit in sandbox.deposits().iter().filter(|it| is_creditable(it)) {
        let is_booked = |it: &super::Credit| it.record_id.as_str() == deposit.record_id;
        if !books.credits.iter().any(is_booked) {
            let about = format!("record {} of order {}", deposit.record_id, deposit.order_id);
            let found = format!("{} are confirmed and not in the books", deposit.amount);
            return breach(Invariant::NoDepositIsLost, about, found);
        }
    }
    let payouts = sandbox.payouts();
    for (place, request) in asked.iter().filter_map(|it| Some((it, requests.get(*it)?))) {
        let is_paid = of(&payouts, request).any(is_debit);
        match state_of(books, request) {
            None => {
                let found = "it was taken on, and the books don't know it";
                return breach(Invariant::EveryPayoutIsSettled, &request.id, found);
            }
            Some(PayoutState::Open) => {
                let found = "nobody can know more any more, and the books say that it is open";
                return breach(Invariant::EveryPayoutIsSettled, &request.id, found);
            }
            Some(PayoutState::Refused)
                if of(&payouts, request).next().is_none() && !refused.contains(place) =>
            {
                let found = "booked as refused, and the gateway has never refused it";
                return breach(Invariant::NoPayoutIsLost, &request.id, found);
            }
            Some(PayoutState::Paid) if !is_paid => {
                let found = "booked as paid, and the money came back";
                return breach(Invariant::PaidHasItsDebit, &request.id, found);
            }
            _ => {}
        }
    }
    Ok(())
}
