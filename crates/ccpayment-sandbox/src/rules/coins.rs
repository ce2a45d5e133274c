//! The routes about coins, chains, currencies and prices.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::chains::{CHAINS, Chain};
use crate::model::coin::Open;
use crate::model::coins::{COINS, Coin, FIATS};
use crate::model::money::plain;
use crate::model::refusal::{self, Refusal};
use crate::rules::fields::{self, Fields};
use crate::state::State;

pub(crate) fn list(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    // The tokens that the merchant has switched on.
    let coins: Vec<Value> = COINS
        .iter()
        .filter(|coin| state.settings.is_on(coin))
        .map(|coin| row(state, coin))
        .collect();
    Ok(json!({ "coins": coins }))
}

pub(crate) fn one(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let coin = row(state, fields.coin()?);
    Ok(Value::from_iter([("coin", coin)]))
}

fn row(state: &State, coin: &Coin) -> Value {
    let settings = &state.settings;
    let status = settings.status(coin);
    coin.to_json(status, &settings.price(coin), |network| Open {
        deposits: settings.takes_deposits(network.on) && takes_deposits(status),
        withdrawals: settings.takes_withdrawals(network.on) && takes_withdrawals(status),
    })
}

pub(crate) fn takes_deposits(status: &str) -> bool {
    !matches!(status, "Pre-delisting" | "Delisted")
}

pub(crate) fn takes_withdrawals(status: &str) -> bool {
    !matches!(status, "Maintain" | "Delisted")
}

pub(crate) fn prices(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let mut prices = Map::new();
    for id in fields.list("coinIds") {
        let id = id
            .as_u64()
            .ok_or_else(|| Refusal::argument("coinIds", "takes whole numbers of 64 bits"))?;
        let coin = fields::coin(id)?;
        if state.settings.is_abnormal(coin) {
            return Err(Refusal::new(
                refusal::PRICE,
                format!("the price of {} looks wrong", coin.symbol),
            ));
        }
        let price = plain(&state.settings.price(coin));
        prices.insert(id.to_string(), Value::from(price));
    }
    Ok(json!({ "prices": prices }))
}

pub(crate) fn fiats(_: &mut State, _: &Fields) -> Result<Value, Refusal> {
    let fiats: Vec<Value> = FIATS.iter().map(|fiat| fiat.to_json()).collect();
    Ok(json!({ "fiats": fiats }))
}

pub(crate) fn chains(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let rows: Vec<Value> = asked_for(fields)?
        .map(|chain| chain.to_json(state.settings.chain_status(chain)))
        .collect();
    Ok(json!({ "chains": rows }))
}

pub(crate) fn all_chains(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let rows: Vec<Value> = asked_for(fields)?
        .map(|chain| chain.to_brief(state.settings.chain_status(chain)))
        .collect();
    Ok(json!({ "chains": rows }))
}

/// All chains, or those that are named.
fn asked_for(fields: &Fields) -> Result<impl Iterator<Item = &'static Chain>, Refusal> {
    let names: BTreeSet<String> = fields.texts("chains").map(str::to_owned).collect();
    if let Some(name) = names.iter().find(|name| Chain::find(name).is_none()) {
        let message = format!("there is no chain {name}");
        return Err(Refusal::new(refusal::UNKNOWN_CHAIN, message));
    }
    Ok(CHAINS
        .into_iter()
        .filter(move |chain| names.is_empty() || names.contains(chain.symbol)))
}

pub(crate) fn main_coins(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let app_id = fields.required_text("appId")?;
    if app_id != state.app_id {
        let message = format!("the app id {app_id} in the body is unknown");
        return Err(Refusal::new(refusal::UNKNOWN_APP, message));
    }
    let coins: Vec<Value> = COINS
        .iter()
        .filter_map(|coin| {
            let chain = coin.native_on()?;
            Some(json!({
                "coinId": coin.id,
                "symbol": coin.symbol,
                "logoUrl": coin.logo(),
                "status": state.settings.status(coin),
                "chain": chain.symbol,
                // The Go client reads this instead of the other two.
                "chains": [chain.symbol],
                "network": chain.full_name,
            }))
        })
        .collect();
    Ok(json!({ "coinChainList": coins }))
}
