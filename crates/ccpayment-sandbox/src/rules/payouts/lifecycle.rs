//! Withdrawals from beginning to end: approved, on their chain, settled or given back.

use serde_json::{Value, json};

use crate::model::coins::Coin;
use crate::model::error::SandboxError;
use crate::model::indexed_list::{Key, by_order, by_record, by_user_order};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, parse};
use crate::model::payout::{Destination, Payout};
use crate::model::record::{Holder, Status};
use crate::model::settings::invalid;
use crate::rules::notifications;
use crate::state::{State, Timer};

/// How long the gateway takes to put a withdrawal on its chain.
const UNTIL_BROADCAST: u64 = 30;

/// Users have a space of order ids of their own.
pub(crate) fn order_key(holder: &Holder, order_id: &str) -> Key {
    match holder {
        Holder::Merchant => by_order(order_id),
        Holder::User(_) => by_user_order(order_id),
    }
}

/// A withdrawal that has passed every check.
pub(crate) struct NewPayout<'a> {
    pub(crate) order_id: &'a str,
    pub(crate) holder: Holder,
    pub(crate) coin: &'static Coin,
    pub(crate) to: Destination,
    pub(crate) amount: Money,
    pub(crate) fee: Money,
    pub(crate) fee_coin: &'static Coin,
    pub(crate) received: Money,
    pub(crate) notify_url: Option<String>,
}

/// Takes the money and starts, or waits for somebody's approval.
pub(crate) fn begin(state: &mut State, order: NewPayout<'_>) -> Result<String, SandboxError> {
    let record_id = state.ids.record(state.now);
    let waits = state.settings.needs_approval(order.coin, &order.amount);
    let payout = Payout {
        record_id: record_id.clone(),
        order_id: order.order_id.to_owned(),
        holder: order.holder,
        coin: order.coin,
        to: order.to,
        amount: order.amount,
        fee: order.fee,
        fee_coin: order.fee_coin,
        received: order.received,
        tx_id: String::new(),
        status: Status::WaitingApproval,
        readable_from: 0,
        read_before: Status::WaitingApproval,
        usd_price: state.settings.price(order.coin),
        reason: None,
        notify_url: order.notify_url,
        created_at: state.now,
        height: 0,
    };
    state
        .books
        .post(EntryKind::Payout, &record_id, payout.lines())?;
    let mut keys = vec![by_record(&record_id)];
    if !payout.is_automatic() {
        keys.push(order_key(&payout.holder, &payout.order_id));
    }
    state.payouts.push(keys, payout);
    if waits {
        notifications::payout(state, &record_id);
    } else {
        start(state, &record_id);
    }
    Ok(record_id)
}

/// Starts a withdrawal: one to Cwallet arrives at once, one to a chain takes its time.
fn start(state: &mut State, record_id: &str) {
    let now = state.now;
    let Some(payout) = state.payouts.get_mut(&by_record(record_id)) else {
        return;
    };
    match payout.to {
        Destination::Cwallet(_) => {
            payout.status = Status::Success;
            // v2 says nothing about these, v1 does.
            notifications::payout(state, record_id);
        }
        Destination::Chain { network, .. } => {
            payout.status = Status::Processing;
            let sent_at = now.saturating_add(UNTIL_BROADCAST);
            payout.height = network.on.height(sent_at);
            let done_at = network.on.confirmed_at(payout.height);
            state.set_timer(sent_at, Timer::Broadcast(record_id.to_owned()));
            state.set_timer(done_at, Timer::Settle(record_id.to_owned()));
        }
    }
}

/// A withdrawal by the rules of the merchant's dashboard, without a request.
pub(crate) fn automatic(
    state: &mut State,
    coin_id: u64,
    chain: &str,
    address: &str,
    amount: &str,
) -> Result<Value, SandboxError> {
    let coin = Coin::find(coin_id).ok_or(SandboxError::UnknownCoin(coin_id))?;
    let network = coin
        .network(chain)
        .ok_or_else(|| SandboxError::UnknownChain(chain.to_owned()))?;
    let value = parse(amount).map_err(|rule| invalid(amount, rule))?.value;
    let fee = state.settings.network_fee(coin, network);
    if value <= fee {
        return Err(invalid(amount, "does not cover the network fee"));
    }
    if state.books.balance(&Account::Merchant, coin_id) < value {
        return Err(invalid(amount, "is more than the merchant has"));
    }
    let from = state.wallet(network.on);
    let order = NewPayout {
        order_id: "",
        holder: Holder::Merchant,
        coin,
        to: Destination::Chain {
            network,
            from,
            address: address.to_owned(),
            memo: String::new(),
        },
        received: &value - &fee,
        amount: value,
        fee,
        fee_coin: coin,
        notify_url: None,
    };
    Ok(json!({ "recordId": begin(state, order)? }))
}

fn open<'a>(
    state: &'a mut State,
    record_id: &str,
    status: Status,
) -> Result<&'a mut Payout, SandboxError> {
    let payout = state
        .payouts
        .get_mut(&by_record(record_id))
        .ok_or_else(|| SandboxError::UnknownRecord(record_id.to_owned()))?;
    let found = payout.status.as_str().to_owned();
    let record_id = record_id.to_owned();
    match status {
        status if status == payout.status => Ok(payout),
        Status::WaitingApproval => Err(SandboxError::NotWaiting {
            record_id,
            status: found,
        }),
        _ => Err(SandboxError::NotProcessing {
            record_id,
            status: found,
        }),
    }
}

pub(crate) fn approve(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    open(state, record_id, Status::WaitingApproval)?.readable_from = 0;
    start(state, record_id);
    let readable_from = state.readable_from();
    if let Some(payout) = state.payouts.get_mut(&by_record(record_id)) {
        payout.readable_from = readable_from;
    }
    Ok(())
}

pub(crate) fn reject(state: &mut State, record_id: &str, reason: &str) -> Result<(), SandboxError> {
    let payout = open(state, record_id, Status::WaitingApproval)?;
    payout.reason = Some(reason.to_owned());
    give_back(state, record_id, Status::Rejected)
}

pub(crate) fn fail(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    open(state, record_id, Status::Processing)?;
    give_back(state, record_id, Status::Failed)
}

fn give_back(state: &mut State, record_id: &str, status: Status) -> Result<(), SandboxError> {
    let (now, readable_from) = (state.now, state.readable_from());
    if let Some(payout) = state.payouts.get_mut(&by_record(record_id)) {
        let lines = payout.lines().into_iter();
        let lines = lines.map(|(account, coin_id, amount)| (account, coin_id, -amount));
        state
            .books
            .post(EntryKind::PayoutReversal, record_id, lines.collect())?;
        payout.turn(status, now, readable_from);
        payout.tx_id = String::new();
    }
    notifications::payout(state, record_id);
    Ok(())
}

/// Puts a withdrawal on its chain, with a transaction id.
pub(crate) fn broadcast(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    sign_off(state, record_id)?;
    notifications::payout(state, record_id);
    Ok(())
}

fn sign_off(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    let payout = open(state, record_id, Status::Processing)?;
    let Destination::Chain { network, .. } = payout.to else {
        return Ok(());
    };
    if payout.tx_id.is_empty() {
        let tx_id = state.ids.transaction(network.on.family);
        open(state, record_id, Status::Processing)?.tx_id = tx_id;
    }
    Ok(())
}

pub(crate) fn settle(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    sign_off(state, record_id)?;
    let (now, readable_from) = (state.now, state.readable_from());
    open(state, record_id, Status::Processing)?.turn(Status::Success, now, readable_from);
    notifications::payout(state, record_id);
    Ok(())
}

/// Settles every withdrawal that is Processing; counts those that were settled.
pub(crate) fn settle_all(state: &mut State) -> usize {
    let open: Vec<String> = state
        .payouts
        .iter()
        .filter(|payout| payout.status == Status::Processing)
        .map(|payout| payout.record_id.clone())
        .collect();
    open.iter()
        .filter(|record_id| settle(state, record_id).is_ok())
        .count()
}
