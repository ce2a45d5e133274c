//! The merchant's balances in the words of v1.

use serde_json::{Value, json};

use crate::model::coins::Coin;
use crate::model::ledger::Account;
use crate::model::money::plain;
use crate::model::refusal::Refusal;
use crate::rules::fields::Fields;
use crate::rules::v1::tokens;
use crate::state::State;

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let coins: Vec<&'static Coin> = match fields.text("coin_id") {
        Some(id) => vec![tokens::coin_or_token(id)?],
        None => {
            let held = state.books.holdings(&Account::Merchant);
            held.into_iter()
                .filter_map(|(id, _)| Coin::find(id))
                .collect()
        }
    };
    let rows: Vec<Value> = coins.into_iter().map(|coin| row(state, coin)).collect();
    Ok(json!({ "list": rows }))
}

fn row(state: &State, coin: &Coin) -> Value {
    json!({
        "coin_id": tokens::coin_id(coin),
        "crypto": coin.symbol,
        "name": coin.full_name,
        "value": plain(&state.books.balance(&Account::Merchant, coin.id)),
        "price": plain(&state.settings.price(coin)),
        "logo": coin.logo(),
    })
}
