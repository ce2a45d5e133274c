//! The merchant's balances in the words of v1.

use serde_json::{Value, json};

use crate::catalogue::Coin;
use crate::fields::Fields;
use crate::ledger::Account;
use crate::money::plain;
use crate::refusal::Refusal;
use crate::state::State;
use crate::v1::tokens;

pub(crate) fn list(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let coins: Vec<&'static Coin> = match fields.text("coin_id") {
        Some(id) => vec![tokens::coin_asked_for(id)?],
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
