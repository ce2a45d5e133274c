//! Withdrawals of v1, their fees, and the Cwallet accounts that they may go to.

use serde_json::{Value, json};

use crate::model::coins::Coin;
use crate::model::indexed_list::by_order;
use crate::model::ledger::Account;
use crate::model::money::{Money, plain, round_down};
use crate::model::payout::Destination;
use crate::model::record::Holder;
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::model::v1::V1Payout;
use crate::rules::checks;
use crate::rules::fields::Fields;
use crate::rules::orders::taken;
use crate::rules::payouts::lifecycle::{NewPayout, begin};
use crate::rules::payouts::requests::check_test_mode;
use crate::rules::utility::find_cwallet;
use crate::rules::v1::codes::NO_SUCH_USER;
use crate::rules::v1::tokens;
use crate::state::State;

fn no_such_user() -> Refusal {
    Refusal::new(NO_SUCH_USER, "users do not exist")
}

/// Whether a target is an account at Cwallet: an id, which is a number, or an e-mail address.
fn is_cwallet(target: &str) -> Result<bool, Refusal> {
    let looks_so = target.contains('@') || target.bytes().all(|byte| byte.is_ascii_digit());
    match find_cwallet(target) {
        Some(_) => Ok(true),
        None if looks_so => Err(no_such_user()),
        None => Ok(false),
    }
}

pub(crate) fn check_user(_: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let asked = fields.required_text("c_id")?;
    let (id, _, name) = find_cwallet(asked)
        .filter(|(id, _, _)| *id == asked)
        .ok_or_else(no_such_user)?;
    // Misspelt in the example; the table and the official clients have the right name.
    Ok(json!({ "c_id": id, "nikename": name, "nickname": name }))
}

pub(crate) fn fee(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let (coin, network) = tokens::asked_for(fields)?;
    let internal = fields.text("address").map_or(Ok(false), is_cwallet)?;
    let fee = if internal {
        Money::default()
    } else {
        state.settings.network_fee(coin, network)
    };
    Ok(json!({
        "token_id": tokens::token_id(coin, network),
        "crypto": coin.symbol,
        "fee": plain(&fee),
    }))
}

/// The target of the money, the fee, and the amount that arrives.
struct PayoutTerms {
    to: Destination,
    fee: Money,
    received: Money,
}

pub(crate) fn withdraw(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let id = fields.required_text("merchant_order_id")?;
    let target = fields.required_text("address")?;
    let value = fields.amount("value")?.value;
    let on_top = fields.flag("merchant_pays_fee");
    let (coin, network) = tokens::asked_for(fields)?;
    checks::account(state)?;
    checks::coin(state, coin)?;
    // A used id is refused, whatever else the request says: an answer that repeats the first one
    // could hide a second payout.
    if state.payouts.has(&by_order(id)) {
        return Err(taken(id));
    }
    let fee_coin = state.settings.fee_coin(coin, network);
    let terms = if is_cwallet(target)? {
        to_cwallet(state, target, coin, &value)?
    } else {
        to_chain(state, fields, (coin, network), &value, on_top)?
    };
    let order_id = state.ids.record(state.now);
    let fee_value = &terms.fee * state.settings.price(fee_coin);
    let v1_payout = V1Payout {
        order_id: order_id.clone(),
        network,
        on_top,
        rate: state.settings.price(coin),
        fee_value: fee_value.clone(),
    };
    let mut answer = json!({
        "order_id": order_id,
        "network_fee": plain(&terms.fee),
        "network_coin_id": tokens::coin_id(fee_coin),
        // The name in the example, and that in the table and the official clients.
        "network_symbol": fee_coin.symbol,
        "network_fee_crypto": fee_coin.symbol,
        "network_fee_value": plain(&fee_value),
        "net_receivable": plain(&terms.received),
    });
    // Stored before the withdrawal begins, because one to Cwallet ends, and is announced, at the
    // same moment.
    state.v1.payouts.insert(id.to_owned(), v1_payout);
    let begun = begin(
        state,
        NewPayout {
            order_id: id,
            holder: Holder::Merchant,
            coin,
            to: terms.to,
            amount: value,
            fee: terms.fee,
            fee_coin,
            received: terms.received,
            notify_url: None,
        },
    )?;
    crate::rules::fields::put(&mut answer, "record_id", Some(&begun));
    Ok(answer)
}

fn check_decimals(value: &Money, most: u32) -> Result<(), Refusal> {
    if round_down(value, most) == *value {
        return Ok(());
    }
    let rule = format!("has more than the {most} decimals of its token");
    Err(Refusal::argument("value", &rule))
}

fn to_cwallet(
    state: &State,
    user: &str,
    coin: &'static Coin,
    value: &Money,
) -> Result<PayoutTerms, Refusal> {
    if !state.settings.cwallet {
        return Err(Refusal::new(
            refusal::CWALLET_CLOSED,
            "transfers to Cwallet are closed",
        ));
    }
    check_decimals(value, 18)?;
    checks::worth_something(state, coin, value)?;
    if state.settings.kind(user) == AddressKind::OtherMerchant {
        return Err(Refusal::new(
            refusal::OTHER_MERCHANT,
            "the account belongs to another merchant",
        ));
    }
    checks::balance(state, &Account::Merchant, coin, value, refusal::BALANCE)?;
    Ok(PayoutTerms {
        to: Destination::Cwallet(user.to_owned()),
        fee: Money::default(),
        received: value.clone(),
    })
}

fn to_chain(
    state: &mut State,
    fields: &Fields,
    (coin, network): tokens::Token,
    value: &Money,
    on_top: bool,
) -> Result<PayoutTerms, Refusal> {
    checks::chain(state, coin, network, on_top)?;
    check_decimals(value, network.precision)?;
    checks::limits(state, value, network)?;
    check_test_mode(state, coin, value)?;
    let fee = state.settings.network_fee(coin, network);
    let fee_coin = state.settings.fee_coin(coin, network);
    let same = fee_coin.id == coin.id;
    let received = if on_top || !same {
        value.clone()
    } else {
        value - &fee
    };
    if received <= Money::default() {
        let message = format!("nothing is left after the network fee of {}", plain(&fee));
        return Err(Refusal::new(refusal::NOTHING_LEFT, message));
    }
    let debit = if same {
        &received + &fee
    } else {
        received.clone()
    };
    checks::balance(state, &Account::Merchant, coin, &debit, refusal::BALANCE)?;
    if !same {
        checks::balance(
            state,
            &Account::Merchant,
            fee_coin,
            &fee,
            refusal::FEE_BALANCE,
        )?;
    }
    let address = fields.required_text("address")?;
    let memo = checks::memo(fields.text("memo"), network)?;
    checks::address(state, address, network)?;
    Ok(PayoutTerms {
        to: Destination::Chain {
            network,
            from: state.wallet(network.on),
            address: address.to_owned(),
            memo,
        },
        fee,
        received,
    })
}
