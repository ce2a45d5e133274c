//! The routes about coins and the merchant's balances.

use serde_json::{Value, json};

use crate::catalogue::all_coins;
use crate::fields::Fields;
use crate::ledger::AVAILABLE;
use crate::money::plain;
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn list() -> Value {
    let coins: Vec<Value> = all_coins().map(|coin| coin.to_json()).collect();
    json!({ "coins": coins })
}

pub(crate) fn one(fields: &Fields) -> Result<Value, Refusal> {
    Ok(json!({ "coin": fields.coin()?.to_json() }))
}

pub(crate) fn asset(state: &State, fields: &Fields) -> Result<Value, Refusal> {
    let coin = fields.coin()?;
    let available = plain(&state.books.balance(AVAILABLE, coin.id));
    Ok(json!({ "asset": { "coinId": coin.id, "coinSymbol": coin.symbol, "available": available } }))
}
