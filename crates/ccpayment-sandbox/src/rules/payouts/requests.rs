//! The routes that ask for a withdrawal or its fee, and the checks before it begins.

use bigdecimal::Zero;
use serde_json::{Value, json};

use crate::model::coins::{Coin, Network};
use crate::model::money::{Money, fixed, plain};
use crate::model::payout::{Destination, Quote};
use crate::model::record::{Holder, Status};
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::rules::fields::{Fields, check_decimals, not_found};
use crate::rules::orders::taken;
use crate::rules::payouts::lifecycle::{NewPayout, begin, order_key};
use crate::rules::{checks, users, utility};
use crate::state::State;

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
    let order = NewPayout {
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

/// A handle that the gateway never gave out has no effect, like an absent one.
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
    let order = NewPayout {
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
