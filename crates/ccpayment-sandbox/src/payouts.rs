//! The routes about withdrawals to a blockchain address.

use bigdecimal::Zero;
use serde_json::{Value, json};

use crate::catalogue::Network;
use crate::fields::{Fields, check_decimals, not_found};
use crate::ledger::{AVAILABLE, CHAIN, EntryKind, NETWORK_FEES};
use crate::money::{Money, plain};
use crate::refusal::{self, Refusal};
use crate::state::{Payout, State, Status, by_address, by_order, by_record};

pub(crate) fn apply(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let order_id = fields.required_text("orderId")?;
    let address = fields.required_text("address")?;
    let amount = fields.amount("amount")?;
    let (coin, network) = fields.coin_on_chain()?;
    if state.payouts.get(&by_order(order_id)).is_some() {
        return Err(Refusal::new(
            refusal::DUPLICATE,
            format!("the order id {order_id} is taken"),
        ));
    }
    check_decimals("amount", &amount, network.precision)?;
    let amount = amount.value;
    check_limits(&amount, network)?;
    let fee = network.withdrawal_fee();
    let (debit, received) = if fields.flag("merchantPayNetworkFee") {
        (&amount + &fee, amount.clone())
    } else {
        (amount.clone(), &amount - &fee)
    };
    if received <= Money::zero() {
        let message = format!(
            "nothing is left of the amount after the network fee of {}",
            plain(&fee)
        );
        return Err(Refusal::new(refusal::NOTHING_LEFT, message));
    }
    let available = state.books.balance(AVAILABLE, coin.id);
    if available < debit {
        let message = format!(
            "{} {} is needed, {} available",
            plain(&debit),
            coin.symbol,
            plain(&available)
        );
        return Err(Refusal::new(refusal::BALANCE, message));
    }
    let memo = check_memo(fields.text("memo"), network)?;
    check_address(state, address, network)?;

    let record_id = state.ids.record(state.clock.now());
    let lines = vec![
        (AVAILABLE, coin.id, -debit.clone()),
        (CHAIN, coin.id, received.clone()),
        (NETWORK_FEES, coin.id, fee.clone()),
    ];
    state.books.post(EntryKind::Payout, &record_id, lines)?;
    let from = wallet(state, network);
    let answer = json!({ "recordId": record_id });
    let keys = [by_order(order_id), by_record(&record_id)];
    let payout = Payout {
        record_id,
        order_id: order_id.to_owned(),
        coin,
        network,
        from,
        address: address.to_owned(),
        memo,
        amount,
        fee,
        debit,
        received,
        tx_id: String::new(),
        status: Status::Processing,
        notify_url: fields.owned("notifyUrl"),
    };
    state.payouts.push(keys, payout);
    Ok(answer)
}

fn check_limits(amount: &Money, network: &Network) -> Result<(), Refusal> {
    let minimum = network.minimum_withdrawal();
    if *amount < minimum {
        return Err(Refusal::new(
            refusal::BELOW_MINIMUM,
            format!("the minimum is {}", plain(&minimum)),
        ));
    }
    let maximum = network.maximum_withdrawal();
    if !maximum.is_zero() && *amount > maximum {
        return Err(Refusal::new(
            refusal::ABOVE_MAXIMUM,
            format!("the maximum is {}", plain(&maximum)),
        ));
    }
    Ok(())
}

fn check_memo(memo: Option<&str>, network: &Network) -> Result<String, Refusal> {
    match (memo, network.memo) {
        (None, true) => Err(Refusal::new(
            refusal::MEMO_MISSING,
            format!("{} needs a memo", network.chain),
        )),
        (Some(_), false) => Err(Refusal::new(
            refusal::MEMO_REFUSED,
            format!("{} takes no memo", network.chain),
        )),
        (memo, _) => Ok(memo.unwrap_or_default().to_owned()),
    }
}

fn check_address(state: &State, address: &str, network: &Network) -> Result<(), Refusal> {
    if !network.family.accepts(address) {
        let message = format!("this is no address on {}", network.chain);
        return Err(Refusal::new(refusal::ADDRESS_FORMAT, message));
    }
    if state
        .orders
        .get(&by_address(network.family, address))
        .is_some()
    {
        return Err(Refusal::new(
            refusal::OWN_ADDRESS,
            "the address belongs to the own account",
        ));
    }
    Ok(())
}

fn wallet(state: &mut State, network: &Network) -> String {
    let ids = &mut state.ids;
    state
        .wallets
        .entry(network.chain)
        .or_insert_with(|| ids.address(network.family))
        .clone()
}

pub(crate) fn record(state: &State, fields: &Fields) -> Result<Value, Refusal> {
    let record_id = fields.text("recordId");
    let order_id = fields.text("orderId");
    let payout = match (record_id, order_id) {
        (Some(record_id), _) => state.payouts.get(&by_record(record_id)),
        (None, Some(order_id)) => state.payouts.get(&by_order(order_id)),
        (None, None) => return Err(Refusal::argument("recordId", "or `orderId` is required")),
    };
    let payout = payout
        // Both ids given: they must mean the same withdrawal.
        .filter(|payout| order_id.is_none_or(|order_id| payout.order_id == order_id))
        .ok_or_else(|| not_found("withdrawal", record_id.or(order_id).unwrap_or_default()))?;
    Ok(json!({
        "record": {
            "recordId": payout.record_id,
            "withdrawType": "Network",
            "coinId": payout.coin.id,
            "coinSymbol": payout.coin.symbol,
            "chain": payout.network.chain,
            "fromAddress": payout.from,
            "toAddress": payout.address,
            "orderId": payout.order_id,
            "txId": payout.tx_id,
            "toMemo": payout.memo,
            "status": payout.status.as_str(),
            "amount": plain(&payout.amount),
            "fee": { "coinId": payout.coin.id, "coinSymbol": payout.coin.symbol, "amount": plain(&payout.fee) },
        }
    }))
}
