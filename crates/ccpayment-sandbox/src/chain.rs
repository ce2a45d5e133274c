//! What happens on the simulated chain: money arrives, is confirmed, is held back, or fails.

use serde_json::json;

use crate::error::SandboxError;
use crate::ledger::{AVAILABLE, CHAIN, EntryKind, NETWORK_FEES, RISKY, SERVICE_FEES};
use crate::money::{Money, fixed, parse, round_down};
use crate::outbox::Message;
use crate::state::{Deposit, Key, Payout, State, Status, by_order, by_record};
use crate::views::Payment;

/// How long after the expiry of an order its address is still watched.
const GRACE: u64 = 7 * 86_400;

/// Half a percent.
fn service_fee(amount: &Money, precision: u32) -> Money {
    round_down(&(amount * fixed(5, 3)), precision)
}

pub(crate) fn pay(state: &mut State, address: &str, amount: &str) -> Result<Payment, SandboxError> {
    state.books.check()?;
    let now = state.clock.now();
    let written = parse(amount).map_err(|reason| invalid(amount, reason))?;
    // An EVM address in any letter case is the same address.
    let keys = [
        Key::Address(address.to_owned()),
        Key::Address(address.to_ascii_lowercase()),
    ];
    let order = keys
        .iter()
        .find_map(|key| state.orders.get(key))
        .ok_or_else(|| SandboxError::UnknownAddress(address.to_owned()))?;
    if written.value <= Money::default() {
        return Err(invalid(amount, "must be above zero"));
    }
    let precision = order.network.precision;
    if round_down(&written.value, precision) != written.value {
        return Err(invalid(
            amount,
            "has more decimals than the chain can carry",
        ));
    }
    if now > order.expired_at.saturating_add(GRACE) {
        return Err(SandboxError::OrderTooOld(address.to_owned()));
    }
    let family = order.network.family;
    let order_id = order.order_id.clone();
    let deposit = Deposit {
        record_id: state.ids.record(now),
        order_id: order_id.clone(),
        from: family.fold(&state.ids.address(family)),
        tx_id: state.ids.transaction(family),
        service_fee: service_fee(&written.value, precision),
        amount: written.value,
        status: Status::Processing,
        flagged: false,
        arrived_at: now,
    };
    let payment = Payment {
        record_id: deposit.record_id.clone(),
        tx_id: deposit.tx_id.clone(),
    };
    state
        .deposits
        .push([by_record(&payment.record_id)], deposit);
    if let Some(order) = state.orders.get_mut(&by_order(&order_id)) {
        order.deposits.push(payment.record_id.clone());
    }
    announce_deposit(state, &payment.record_id);
    Ok(payment)
}

pub(crate) fn confirm(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    state.books.check()?;
    let unknown = || SandboxError::UnknownRecord(record_id.to_owned());
    let deposit = state
        .deposits
        .get(&by_record(record_id))
        .ok_or_else(unknown)?;
    processing(record_id, deposit.status)?;
    let order = state
        .orders
        .get(&by_order(&deposit.order_id))
        .ok_or_else(unknown)?;
    let coin_id = order.coin.id;
    let mut lines = vec![(CHAIN, coin_id, -deposit.amount.clone())];
    let kind = if deposit.flagged {
        lines.push((RISKY, coin_id, deposit.amount.clone()));
        EntryKind::RiskyDeposit
    } else {
        lines.push((AVAILABLE, coin_id, &deposit.amount - &deposit.service_fee));
        lines.push((SERVICE_FEES, coin_id, deposit.service_fee.clone()));
        EntryKind::Deposit
    };
    state.books.post(kind, record_id, lines)?;
    end_deposit(state, record_id, Status::Success);
    Ok(())
}

pub(crate) fn flag_risky(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    state.books.check()?;
    let deposit = state
        .deposits
        .get_mut(&by_record(record_id))
        .ok_or_else(|| SandboxError::UnknownRecord(record_id.to_owned()))?;
    processing(record_id, deposit.status)?;
    deposit.flagged = true;
    // Held back as a whole, so that no fee is taken either.
    deposit.service_fee = Money::default();
    Ok(())
}

pub(crate) fn fail(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    state.books.check()?;
    if let Some(deposit) = state.deposits.get(&by_record(record_id)) {
        processing(record_id, deposit.status)?;
        end_deposit(state, record_id, Status::Failed);
        return Ok(());
    }
    let payout = state
        .payouts
        .get(&by_record(record_id))
        .ok_or_else(|| SandboxError::UnknownRecord(record_id.to_owned()))?;
    processing(record_id, payout.status)?;
    let coin_id = payout.coin.id;
    let lines = vec![
        (AVAILABLE, coin_id, payout.debit.clone()),
        (CHAIN, coin_id, -payout.received.clone()),
        (NETWORK_FEES, coin_id, -payout.fee.clone()),
    ];
    state
        .books
        .post(EntryKind::PayoutReversal, record_id, lines)?;
    end_payout(state, record_id, Status::Failed, String::new());
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

/// Every withdrawal that is still Processing; counts those that were settled.
pub(crate) fn settle_payouts(state: &mut State) -> usize {
    if state.books.check().is_err() {
        return 0;
    }
    let open: Vec<_> = state
        .payouts
        .iter()
        .filter(|payout| payout.status == Status::Processing)
        .map(|payout| (payout.record_id.clone(), payout.network.family))
        .collect();
    for (record_id, family) in &open {
        let tx_id = state.ids.transaction(*family);
        end_payout(state, record_id, Status::Success, tx_id);
    }
    open.len()
}

fn end_deposit(state: &mut State, record_id: &str, status: Status) {
    if let Some(deposit) = state.deposits.get_mut(&by_record(record_id)) {
        deposit.status = status;
    }
    announce_deposit(state, record_id);
}

fn end_payout(state: &mut State, record_id: &str, status: Status, tx_id: String) {
    let now = state.clock.now();
    if let Some(payout) = state.payouts.get_mut(&by_record(record_id)) {
        payout.status = status;
        payout.tx_id = tx_id;
        state.outbox.queue(payout_message(payout), now);
    }
}

fn announce_deposit(state: &mut State, record_id: &str) {
    let now = state.clock.now();
    let Some(deposit) = state.deposits.get(&by_record(record_id)) else {
        return;
    };
    let Some(order) = state.orders.get(&by_order(&deposit.order_id)) else {
        return;
    };
    let body = json!({
        "type": "ApiDeposit",
        "msg": {
            "recordId": deposit.record_id,
            "orderId": deposit.order_id,
            "coinId": order.coin.id,
            "coinSymbol": order.coin.symbol,
            "status": deposit.status.as_str(),
            "isFlaggedAsRisky": deposit.flagged,
        }
    });
    let message = Message {
        record_id: record_id.to_owned(),
        event_type: "ApiDeposit",
        body: body.to_string(),
        url: order.notify_url.clone(),
    };
    state.outbox.queue(message, now);
}

fn payout_message(payout: &Payout) -> Message {
    let body = json!({
        "type": "ApiWithdrawal",
        "msg": {
            "recordId": payout.record_id,
            "orderId": payout.order_id,
            "coinId": payout.coin.id,
            "coinSymbol": payout.coin.symbol,
            "status": payout.status.as_str(),
        }
    });
    Message {
        record_id: payout.record_id.clone(),
        event_type: "ApiWithdrawal",
        body: body.to_string(),
        url: payout.notify_url.clone(),
    }
}

fn processing(record_id: &str, status: Status) -> Result<(), SandboxError> {
    if status == Status::Processing {
        return Ok(());
    }
    Err(SandboxError::NotProcessing {
        record_id: record_id.to_owned(),
        status: status.as_str().to_owned(),
    })
}

fn invalid(amount: &str, reason: &str) -> SandboxError {
    let amount = amount.chars().take(40).collect();
    SandboxError::InvalidAmount {
        amount,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::plain;

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
