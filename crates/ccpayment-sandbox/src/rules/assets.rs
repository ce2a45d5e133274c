//! The merchant's balances, and the fees for sweeping its deposit addresses.

use serde_json::{Value, json};

use crate::model::address::Sweep;
use crate::model::coins::Coin;
use crate::model::error::SandboxError;
use crate::model::ledger::{Account, EntryKind};
use crate::model::money::{Money, parse, plain};
use crate::model::record::Holder;
use crate::model::refusal::Refusal;
use crate::model::settings::invalid;
use crate::rules::addresses::registry as addresses;
use crate::rules::fields::Fields;
use crate::rules::pagination::{Query, fits};
use crate::state::State;

pub(crate) fn row(state: &State, holder: &Holder, coin: &Coin) -> Value {
    let available = plain(&state.books.balance(&holder.account(), coin.id));
    json!({ "coinId": coin.id, "coinSymbol": coin.symbol, "available": available })
}

/// Every coin that the holder ever had.
pub(crate) fn rows(state: &State, holder: &Holder) -> Vec<Value> {
    state
        .books
        .holdings(&holder.account())
        .into_iter()
        .filter_map(|(coin_id, _)| Some(row(state, holder, Coin::find(coin_id)?)))
        .collect()
}

pub(crate) fn list(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    Ok(json!({ "assets": rows(state, &Holder::Merchant) }))
}

pub(crate) fn one(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    Ok(json!({ "asset": row(state, &Holder::Merchant, fields.coin()?) }))
}

pub(crate) fn sweeps(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let query = Query::read(state, fields, &[])?;
    let (chain, address) = (fields.text("chain"), fields.text("address"));
    let keep = |sweep: &Sweep| {
        query.covers(sweep.at) && fits(chain, sweep.chain) && fits(address, &sweep.address)
    };
    Ok(query.page("list", &state.sweeps, keep, |sweep| {
        json!({
            "collects": [{
                "coinId": sweep.coin.id,
                "coinSymbol": sweep.coin.symbol,
                "aggregationFee": plain(&sweep.fee),
            }],
            "aggregationTime": sweep.at,
            "chain": sweep.chain,
            "address": sweep.address,
        })
    }))
}

pub(crate) fn sweep(
    state: &mut State,
    address: &str,
    coin_id: u64,
    fee: &str,
) -> Result<(), SandboxError> {
    let coin = Coin::find(coin_id).ok_or(SandboxError::UnknownCoin(coin_id))?;
    let fee = parse(fee).map_err(|rule| invalid(fee, rule))?.value;
    if fee <= Money::default() {
        return Err(invalid(&plain(&fee), "must be above zero"));
    }
    let found = addresses::find(state, address)
        .ok_or_else(|| SandboxError::UnknownAddress(address.to_owned()))?;
    let (address, chain) = (found.text.clone(), found.chain.symbol);
    if state.books.balance(&Account::Merchant, coin_id) < fee {
        return Err(invalid(&plain(&fee), "is more than the merchant has"));
    }
    let lines = vec![
        (Account::Merchant, coin_id, -fee.clone()),
        (Account::NetworkFees, coin_id, fee.clone()),
    ];
    state.books.post(EntryKind::Sweep, &address, lines)?;
    let at = state.now;
    let sweep = Sweep {
        coin,
        fee,
        chain,
        address,
        at,
    };
    state.sweeps.push([], sweep);
    Ok(())
}
