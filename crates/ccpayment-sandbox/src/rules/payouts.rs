//! Withdrawals, of the merchant and of its users, to a chain and to Cwallet.

use bigdecimal::Zero;
use serde_json::{Value, json};

use crate::model::coins::{Coin, Network};
use crate::model::error::SandboxError;
use crate::model::indexed_list::{Key, by_order, by_record, by_user_order};
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, fixed, parse, plain};
use crate::model::payout::{Destination, Payout, Quote};
use crate::model::record::{Holder, Status};
use crate::model::refusal::{self, Refusal};
use crate::model::settings::{AddressKind, invalid};
use crate::rules::fields::{Fields, check_decimals, not_found};
use crate::rules::orders::taken;
use crate::rules::{checks, notices, users, utility};
use crate::state::{State, Timer};

pub(crate) use crate::rules::payout_records::{
    automatic_records, record, records, user_record, user_records,
};

/// How long the gateway takes to put a withdrawal on its chain.
const UNTIL_BROADCAST: u64 = 30;

pub(crate) fn fee(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let (coin, network) = fields.coin_on_chain()?;
    let fee = state.settings.network_fee(coin, network);
    let fee_coin = state.settings.fee_coin(coin, network);
    let handle = state.ids.inquiry();
    let answer = json!({
        "fee": { "coinId": fee_coin.id, "coinSymbol": fee_coin.symbol, "amount": plain(&fee) },
        "networkFeeInquiryID": handle,
    });
    let quote = Quote {
        coin_id: coin.id,
        chain: network.on.symbol,
        fee,
    };
    state.quotes.insert(handle, quote);
    Ok(answer)
}

pub(crate) fn apply_to_network(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    to_network(state, fields, Holder::Merchant)
}

pub(crate) fn user_to_network(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = users::asked_for(state, fields)?.to_owned();
    to_network(state, fields, Holder::User(user_id))
}

pub(crate) fn apply_to_cwallet(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    to_cwallet(state, fields, Holder::Merchant)
}

pub(crate) fn user_to_cwallet(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = users::asked_for(state, fields)?.to_owned();
    to_cwallet(state, fields, Holder::User(user_id))
}

/// Users have a space of order ids of their own.
pub(crate) fn order_key(holder: &Holder, order_id: &str) -> Key {
    match holder {
        Holder::Merchant => by_order(order_id),
        Holder::User(_) => by_user_order(order_id),
    }
}

fn to_network(state: &mut State, fields: &Fields, holder: Holder) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let address = fields.required_text("address")?;
    let amount = fields.amount("amount")?;
    // A user's withdrawal has no such choice.
    let on_top = holder == Holder::Merchant && fields.flag("merchantPayNetworkFee");
    let (coin, network) = fields.coin_on_chain()?;
    checks::account(state)?;
    checks::coin(state, coin)?;
    checks::chain(state, coin, network, on_top)?;
    if state.payouts.has(&order_key(&holder, order_id)) {
        return Err(taken(order_id));
    }
    check_decimals("amount", &amount, network.precision)?;
    let amount = amount.value;
    checks::limits(state, &amount, network)?;
    check_test_mode(state, coin, &amount)?;
    let fee = state.settings.network_fee(coin, network);
    let fee_coin = state.settings.fee_coin(coin, network);
    check_quote(
        state,
        fields.text("networkFeeInquiryID"),
        coin,
        network,
        &fee,
    )?;
    let account = holder.account();
    let received = if on_top || fee_coin.id != coin.id {
        amount.clone()
    } else {
        &amount - &fee
    };
    if received <= Money::zero() {
        let message = format!(
            "nothing is left of the amount after the network fee of {}",
            plain(&fee)
        );
        return Err(Refusal::new(refusal::NOTHING_LEFT, message));
    }
    if fee_coin.id == coin.id {
        let debit = &received + &fee;
        checks::balance(state, &account, coin, &debit, refusal::BALANCE)?;
    } else {
        checks::balance(state, &account, coin, &received, refusal::BALANCE)?;
        checks::balance(state, &account, fee_coin, &fee, refusal::FEE_BALANCE)?;
    }
    let memo = checks::memo(fields.text("memo"), network)?;
    checks::address(state, address, network)?;
    let from = state.wallet(network.on);
    let to = Destination::Chain {
        network,
        from,
        address: address.to_owned(),
        memo,
    };
    let order = Begin {
        order_id,
        holder,
        coin,
        to,
        amount,
        fee,
        fee_coin,
        received,
        notify_url: fields.owned("notifyUrl"),
    };
    Ok(json!({ "recordId": begin(state, order)? }))
}

/// All of a coin that was withdrawn in test mode, this one included.
pub(crate) fn check_test_mode(state: &State, coin: &Coin, amount: &Money) -> Result<(), Refusal> {
    if !state.settings.test_mode {
        return Ok(());
    }
    let before = state
        .payouts
        .iter()
        .filter(|payout| payout.coin.id == coin.id)
        .filter(|payout| !matches!(payout.status, Status::Failed | Status::Rejected));
    let sum: Money = before.map(|payout| &payout.amount).sum();
    if sum + amount > fixed(100, 0) {
        return Err(Refusal::new(
            refusal::TEST_MODE_TOTAL,
            "test mode caps all withdrawals of a coin at 100",
        ));
    }
    Ok(())
}

/// A handle that nobody gave out has no effect, like one that is left out.
fn check_quote(
    state: &State,
    handle: Option<&str>,
    coin: &Coin,
    network: &Network,
    fee: &Money,
) -> Result<(), Refusal> {
    let quote = handle
        .and_then(|handle| state.quotes.get(handle))
        .filter(|quote| quote.coin_id == coin.id && quote.chain == network.on.symbol);
    match quote {
        Some(quote) if quote.fee < *fee => Err(Refusal::new(
            refusal::FEE_ROSE,
            format!(
                "the network fee rose from {} to {}",
                plain(&quote.fee),
                plain(fee)
            ),
        )),
        _ => Ok(()),
    }
}

fn to_cwallet(state: &mut State, fields: &Fields, holder: Holder) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let user = fields.required_text("cwalletUser")?;
    let amount = fields.amount("amount")?;
    let coin = fields.coin()?;
    checks::account(state)?;
    if !state.settings.cwallet {
        return Err(Refusal::new(
            refusal::CWALLET_CLOSED,
            "transfers to Cwallet are closed",
        ));
    }
    checks::coin(state, coin)?;
    if state.payouts.has(&order_key(&holder, order_id)) {
        return Err(taken(order_id));
    }
    check_decimals("amount", &amount, 18)?;
    let amount = amount.value;
    checks::worth_something(state, coin, &amount)?;
    if state.settings.kind(user) == AddressKind::OtherMerchant {
        return Err(Refusal::new(
            refusal::OTHER_MERCHANT,
            "the account belongs to another merchant",
        ));
    }
    utility::find_cwallet(user).ok_or_else(|| not_found("Cwallet user", user))?;
    checks::balance(state, &holder.account(), coin, &amount, refusal::BALANCE)?;
    let order = Begin {
        order_id,
        holder,
        coin,
        to: Destination::Cwallet(user.to_owned()),
        received: amount.clone(),
        amount,
        fee: Money::default(),
        fee_coin: coin,
        notify_url: None,
    };
    Ok(json!({ "recordId": begin(state, order)? }))
}

/// A withdrawal that has passed every check.
pub(crate) struct Begin<'a> {
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
pub(crate) fn begin(state: &mut State, order: Begin<'_>) -> Result<String, SandboxError> {
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
        notices::payout(state, &record_id);
    } else {
        start(state, &record_id);
    }
    Ok(record_id)
}

/// Under way: at Cwallet it arrives at once, a chain takes its time.
fn start(state: &mut State, record_id: &str) {
    let now = state.now;
    let Some(payout) = state.payouts.get_mut(&by_record(record_id)) else {
        return;
    };
    match payout.to {
        Destination::Cwallet(_) => {
            payout.status = Status::Success;
            // v2 says nothing about these, v1 does.
            notices::payout(state, record_id);
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

/// A withdrawal by the rules of the merchant's dashboard, with nobody's request behind it.
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
    let order = Begin {
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
    open(state, record_id, Status::WaitingApproval)?;
    start(state, record_id);
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
    if let Some(payout) = state.payouts.get_mut(&by_record(record_id)) {
        let lines = payout.lines().into_iter();
        let lines = lines.map(|(account, coin_id, amount)| (account, coin_id, -amount));
        state
            .books
            .post(EntryKind::PayoutReversal, record_id, lines.collect())?;
        payout.status = status;
        payout.tx_id = String::new();
    }
    notices::payout(state, record_id);
    Ok(())
}

/// On its chain, with a transaction id.
pub(crate) fn broadcast(state: &mut State, record_id: &str) -> Result<(), SandboxError> {
    sign_off(state, record_id)?;
    notices::payout(state, record_id);
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
    open(state, record_id, Status::Processing)?.status = Status::Success;
    notices::payout(state, record_id);
    Ok(())
}

/// Every withdrawal that is Processing; counts those that were settled.
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
