//! Deposits: how they arrive, are confirmed, held back or refunded.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::coins::{Coin, Network};
use crate::model::deposit::{Deposit, LostPayment, Refund, Source};
use crate::model::error::SandboxError;
use crate::model::indexed_list::{by_order, by_record, by_transaction};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, fixed, parse, round_down};
use crate::model::record::Status;
use crate::model::settings::invalid;
use crate::model::views::IncomingPayment;
use crate::rules::{addresses::registry as addresses, invoices, notifications};
use crate::state::{State, Timer};

/// How long after the expiry of an order its address is still watched.
const GRACE: u64 = 7 * 86_400;

/// Half a percent.
fn service_fee(amount: &Money, precision: u32) -> Money {
    round_down(&(amount * fixed(5, 3)), precision)
}

pub(crate) fn arrive(state: &mut State, incoming: &IncomingPayment) -> Result<Value, SandboxError> {
    admit(state, incoming, None)
}

/// `found` is the transaction and the time of a payment that was overlooked.
fn admit(
    state: &mut State,
    incoming: &IncomingPayment,
    found: Option<(&str, u64)>,
) -> Result<Value, SandboxError> {
    let now = state.now;
    let IncomingPayment {
        address, amount, ..
    } = incoming;
    let written = parse(amount).map_err(|rule| invalid(amount, rule))?;
    let unknown = || SandboxError::UnknownAddress(address.clone());
    let known = addresses::find(state, address).ok_or_else(unknown)?;
    let (to, memo, owner) = (known.text.clone(), known.memo.clone(), known.owner.clone());
    let released = known.released;
    let quiet = released || known.risky_since.is_some();
    let group = known.chain.group();
    if written.value <= Money::default() {
        return Err(invalid(amount, "must be above zero"));
    }
    let (coin, network) = paid_with(state, incoming, &owner)?;
    if network.on.group() != group {
        return Err(SandboxError::CoinNeeded(address.clone()));
    }
    if round_down(&written.value, network.precision) != written.value {
        return Err(invalid(
            amount,
            "has more decimals than the chain can carry",
        ));
    }
    let expired_at = expiry(state, &owner);
    if expired_at.is_some_and(|at| now > at.saturating_add(GRACE)) {
        return Err(SandboxError::OrderTooOld(address.clone()));
    }
    let tx_id = match found {
        Some((tx_id, _)) => tx_id.to_owned(),
        None => state.ids.transaction(network.on.family),
    };
    if incoming.overlooked {
        let lost = LostPayment {
            chain: network.on.symbol,
            incoming: IncomingPayment {
                overlooked: false,
                ..incoming.clone()
            },
            at: now,
        };
        state.lost.insert(tx_id.clone(), lost);
        return Ok(json!({ "recordId": "", "txId": tx_id }));
    }
    let family = network.on.family;
    let from = match &incoming.from {
        _ if family.hides_sender() => String::new(),
        Some(from) => from.clone(),
        None => family.fold(&state.ids.address(family)),
    };
    let deposit = Deposit {
        record_id: state.ids.record(now),
        source: if released {
            Source::Released
        } else {
            Source::Owned(owner)
        },
        coin,
        network,
        from,
        to,
        memo,
        tx_id: tx_id.clone(),
        service_fee: service_fee(&written.value, network.precision),
        amount: written.value,
        usd_price: state.settings.price(coin),
        status: Status::Processing,
        readable_from: state.readable_from(),
        read_before: None,
        flagged: false,
        refunded: false,
        late: expired_at.is_some_and(|at| now > at),
        quiet,
        arrived_at: now,
        // One that was overlooked was on its chain all the time.
        height: network.on.height(found.map_or(now, |(_, at)| at)),
    };
    let record_id = deposit.record_id.clone();
    file(state, deposit);
    Ok(json!({ "recordId": record_id, "txId": tx_id }))
}

/// The coin of a payment. An order knows it; for any other owner, the payment must name it.
fn paid_with(
    state: &State,
    incoming: &IncomingPayment,
    owner: &Owner,
) -> Result<(&'static Coin, &'static Network), SandboxError> {
    let named = match &incoming.coin {
        Some((coin_id, chain)) => {
            let coin = Coin::find(*coin_id).ok_or(SandboxError::UnknownCoin(*coin_id))?;
            let network = coin
                .network(chain)
                .ok_or_else(|| SandboxError::UnknownChain(chain.clone()))?;
            Some((coin, network))
        }
        None => None,
    };
    let needed = || SandboxError::CoinNeeded(incoming.address.clone());
    let Owner::Order(order_id) = owner else {
        return named.ok_or_else(needed);
    };
    let order = state.orders.get(&by_order(order_id)).ok_or_else(needed)?;
    match named {
        Some((coin, network))
            if coin.id != order.coin.id || network.on.symbol != order.network.on.symbol =>
        {
            Err(needed())
        }
        _ => Ok((order.coin, order.network)),
    }
}

fn expiry(state: &State, owner: &Owner) -> Option<u64> {
    match owner {
        Owner::Order(id) => Some(state.orders.get(&by_order(id))?.expired_at),
        Owner::Invoice(id) => Some(state.invoices.get(&by_order(id))?.expired_at),
        Owner::Reference(_) | Owner::User(_) | Owner::V1User(_) => None,
    }
}

fn file(state: &mut State, deposit: Deposit) {
    let record_id = deposit.record_id.clone();
    if let Some(address) = addresses::find_mut(state, &deposit.to) {
        address.used = true;
    }
    match &deposit.source {
        Source::Owned(Owner::Order(order_id)) => {
            if let Some(order) = state.orders.get_mut(&by_order(order_id)) {
                order.deposits.push(record_id.clone());
            }
        }
        Source::Owned(Owner::Invoice(order_id)) => {
            let worth = invoices::worth(state, order_id, deposit.coin, &deposit.amount);
            if let (Some(invoice), Some(worth)) =
                (state.invoices.get_mut(&by_order(order_id)), worth)
            {
                invoice.deposits.push((record_id.clone(), worth));
            }
        }
        _ => {}
    }
    let at = deposit.network.on.confirmed_at(deposit.height);
    let keys = [by_record(&record_id), by_transaction(&deposit.tx_id)];
    state.deposits.push(keys, deposit);
    state.set_timer(at, Timer::Confirm(record_id.clone()));
    notifications::deposit(state, &record_id);
}

/// A payment that was overlooked is found; false when there is none.
pub(crate) fn find_lost(
    state: &mut State,
    tx_id: &str,
    chain: &str,
    address: &str,
) -> Result<bool, SandboxError> {
    let fits = state.lost.get(tx_id).is_some_and(|lost| {
        lost.chain == chain && lost.incoming.address.eq_ignore_ascii_case(address)
    });
    let Some(lost) = fits.then(|| state.lost.remove(tx_id)).flatten() else {
        return Ok(false);
    };
    admit(state, &lost.incoming, Some((tx_id, lost.at)))?;
    Ok(true)
}

fn open<'a>(state: &'a mut State, record_id: &str) -> Result<&'a mut Deposit, SandboxError> {
    let deposit = state
        .deposits
        .get_mut(&by_record(record_id))
        .ok_or_else(|| SandboxError::UnknownRecord(record_id.to_owned()))?;
    if deposit.status != Status::Processing {
        return Err(SandboxError::NotProcessing {
            record_id: record_id.to_owned(),
            status: deposit.status.as_str().to_owned(),
        });
    }
    Ok(deposit)
}

pub(crate) fn confirm(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    let deposit = open(state, record_id)?;
    let coin_id = deposit.coin.id;
    let mut lines = vec![(Account::Chain, coin_id, -deposit.amount.clone())];
    let kind = if deposit.flagged {
        lines.push((Account::Risky, coin_id, deposit.amount.clone()));
        EntryKind::RiskyDeposit
    } else {
        let net = &deposit.amount - &deposit.service_fee;
        lines.push((deposit.account(), coin_id, net));
        lines.push((Account::ServiceFees, coin_id, deposit.service_fee.clone()));
        EntryKind::Deposit
    };
    state.books.post(kind, record_id, lines)?;
    end(state, record_id, Status::Success);
    Ok(())
}

pub(crate) fn flag_risky(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    let deposit = open(state, record_id)?;
    deposit.flagged = true;
    // Held back as a whole, so that no fee is taken either.
    deposit.service_fee = Money::default();
    Ok(())
}

pub(crate) fn fail(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    open(state, record_id)?;
    end(state, record_id, Status::Failed);
    Ok(())
}

/// Every deposit that is still Processing; counts those that were confirmed.
pub(crate) fn confirm_all(state: &mut State) -> usize {
    let open: Vec<String> = state
        .deposits
        .iter()
        .filter(|deposit| deposit.status == Status::Processing)
        .map(|deposit| deposit.record_id.clone())
        .collect();
    open.iter()
        .filter(|record_id| confirm(state, record_id).is_ok())
        .count()
}

fn end(state: &mut State, record_id: &str, status: Status) {
    let (now, readable_from) = (state.now, state.readable_from());
    if let Some(deposit) = state.deposits.get_mut(&by_record(record_id)) {
        deposit.read_before = deposit.read_at(now);
        deposit.readable_from = readable_from;
        deposit.status = status;
    }
    notifications::deposit(state, record_id);
}

/// Sends a risky deposit back to where it came from, less the network fee.
pub(crate) fn refund(state: &mut State, record_id: &str) -> Result<Value, SandboxError> {
    let deposit = state
        .deposits
        .get_mut(&by_record(record_id))
        .ok_or_else(|| SandboxError::UnknownRecord(record_id.to_owned()))?;
    let (coin, network) = (deposit.coin, deposit.network);
    let fee = state.settings.network_fee(coin, network);
    let held_back = deposit.flagged && deposit.status == Status::Success && !deposit.refunded;
    if !held_back || deposit.amount <= fee {
        return Err(SandboxError::NotRisky(record_id.to_owned()));
    }
    let received = &deposit.amount - &fee;
    let lines = vec![
        (Account::Risky, coin.id, -deposit.amount.clone()),
        (Account::Chain, coin.id, received.clone()),
        (Account::NetworkFees, coin.id, fee.clone()),
    ];
    deposit.refunded = true;
    let to = deposit.from.clone();
    state.books.post(EntryKind::RiskyRefund, record_id, lines)?;
    let refund = Refund {
        record_id: state.ids.record(state.now),
        deposit_id: record_id.to_owned(),
        coin,
        network,
        to,
        amount: received,
        fee,
        tx_id: state.ids.transaction(network.on.family),
        created_at: state.now,
    };
    let answer = json!({ "recordId": refund.record_id });
    state.refunds.push([by_record(&refund.record_id)], refund);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::money::plain;

    #[test]
    fn the_fee_never_exceeds_half_a_percent() {
        let fee =
            |amount: &str, precision| plain(&service_fee(&parse(amount).unwrap().value, precision));
        assert_eq!(fee("0.5", 6), "0.0025");
        assert_eq!(fee("0.000001", 6), "0");
        assert_eq!(fee("0.0003", 6), "0.000001");
        assert_eq!(fee("0.001", 18), "0.000005");
    }
}
