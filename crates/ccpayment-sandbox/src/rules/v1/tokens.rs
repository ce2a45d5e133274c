//! Coins and tokens under the ids of v1, with their networks, prices and heights.

use std::sync::OnceLock;

use ring::digest;
use serde_json::{Value, json};

use crate::model::chains::CHAINS;
use crate::model::coins::{COINS, Coin, Network};
use crate::model::money::{divide_down, plain};
use crate::model::refusal::{self, Refusal};
use crate::rules::fields::Fields;
use crate::rules::v1::codes::not_found;
use crate::state::State;

/// A coin on one of its chains.
pub(crate) type Token = (&'static Coin, &'static Network);

/// Every token with its id.
static TOKENS: OnceLock<Vec<(String, Token)>> = OnceLock::new();

fn tokens() -> &'static [(String, Token)] {
    TOKENS.get_or_init(|| {
        let pairs = COINS
            .iter()
            .flat_map(|coin| coin.networks.iter().map(move |network| (coin, network)));
        pairs
            .map(|(coin, network)| {
                let made = || uuid(&format!("token:{}:{}", coin.id, network.on.symbol));
                let id = network.v1_id.map_or_else(made, str::to_owned);
                (id, (coin, network))
            })
            .collect()
    })
}

/// Made from the name alone, so it is the same in every sandbox.
fn uuid(name: &str) -> String {
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    let mut bytes: Vec<u8> = hash.as_ref().iter().copied().take(16).collect();
    // Version 8 is for ids made by rules of one's own.
    for (place, mask, bits) in [(6, 0x0f, 0x80), (8, 0x3f, 0x80)] {
        if let Some(byte) = bytes.get_mut(place) {
            *byte = *byte & mask | bits;
        }
    }
    let hex = crate::model::hex::to_lower_hex(&bytes);
    let mut parts = Vec::new();
    let mut rest = hex.as_str();
    for length in [8, 4, 4, 4] {
        let (part, others) = rest.split_at_checked(length).unwrap_or((rest, ""));
        parts.push(part);
        rest = others;
    }
    parts.push(rest);
    parts.join("-")
}

pub(crate) fn coin_id(coin: &Coin) -> String {
    let made = || uuid(&format!("coin:{}", coin.id));
    coin.v1_id.map_or_else(made, str::to_owned)
}

pub(crate) fn token_id(coin: &Coin, network: &Network) -> &'static str {
    let found = tokens()
        .iter()
        .find(|(_, (one, on))| one.id == coin.id && on.on.symbol == network.on.symbol);
    found.map_or("", |(id, _)| id.as_str())
}

/// The token that a request names.
pub(crate) fn asked_for(fields: &Fields) -> Result<Token, Refusal> {
    let id = fields.required_text("token_id")?;
    find(id).ok_or_else(|| not_found("token", id))
}

/// The coin of a token, or the coin with this `coin_id`, as in two examples of the documents.
fn coin_of_token(fields: &Fields) -> Result<&'static Coin, Refusal> {
    let id = fields.required_text("token_id")?;
    coin_or_token(id).map_err(|_| not_found("token", id))
}

/// Letter case means nothing in a UUID.
fn find(id: &str) -> Option<Token> {
    let mut tokens = tokens().iter();
    let found = tokens.find(|(known, _)| known.eq_ignore_ascii_case(id));
    found.map(|(_, token)| *token)
}

/// A coin by its own id or by that of one of its tokens: the table says that `coin_id` is the id of
/// a token, and the older documents named it so.
pub(crate) fn coin_or_token(id: &str) -> Result<&'static Coin, Refusal> {
    let mut coins = COINS.iter();
    let coin = coins.find(|coin| coin_id(coin).eq_ignore_ascii_case(id));
    coin.or_else(|| Some(find(id)?.0))
        .ok_or_else(|| not_found("coin", id))
}

fn availability(state: &State, coin: &Coin) -> u8 {
    match state.settings.status(coin) {
        "Normal" => 1,
        "Maintain" => 2,
        _ => 3,
    }
}

fn network_row(state: &State, coin: &'static Coin, network: &Network) -> Value {
    let fee_coin = state.settings.fee_coin(coin, network);
    json!({
        "token_id": token_id(coin, network),
        "crypto": coin.symbol,
        "logo": coin.logo(),
        "name": network.on.full_name,
        "is_support_memo": network.on.memo,
        "network": network.on.standard(),
        "chain": network.on.symbol,
        "contract": network.contract,
        "chain_logo": network.on.logo(),
        "status": availability(state, coin),
        "network_coin_id": coin_id(fee_coin),
        "network_fee_crypto": fee_coin.symbol,
    })
}

/// The smallest amount that any of its networks carries.
fn minimum(coin: &Coin) -> String {
    let least = coin.networks.iter().map(Network::minimum_withdrawal).min();
    plain(&least.unwrap_or_default())
}

/// How many decimals the finest of its networks carries.
fn precision(coin: &Coin) -> u32 {
    let finest = coin.networks.iter().map(|network| network.precision).max();
    finest.unwrap_or_default()
}

fn switched_on(state: &State) -> impl Iterator<Item = &'static Coin> {
    COINS.iter().filter(|coin| state.settings.is_on(coin))
}

pub(crate) fn list(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    let rows: Vec<Value> = switched_on(state)
        .map(|coin| {
            let tokens = coin.networks.iter().map(|on| {
                let mut token = network_row(state, coin, on);
                if let Value::Object(token) = &mut token {
                    token.insert("precision".to_owned(), json!(on.precision));
                }
                token
            });
            let tokens: Vec<Value> = tokens.collect();
            json!({
                "coin_id": coin_id(coin),
                "symbol": coin.symbol,
                "crypto": coin.symbol,
                "name": coin.full_name,
                "logo": coin.logo(),
                "min": minimum(coin),
                "price": plain(&state.settings.price(coin)),
                "precision": precision(coin),
                "status": availability(state, coin),
                "tokens": tokens,
            })
        })
        .collect();
    Ok(json!({ "list": rows }))
}

/// One row for each coin; its first network stands for all of them.
pub(crate) fn legacy_tokens(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    let rows: Vec<Value> = switched_on(state)
        .filter_map(|coin| {
            let first = coin.networks.first()?;
            Some(json!({
                "token_id": token_id(coin, first),
                "crypto": coin.symbol,
                "name": coin.full_name,
                "logo": coin.logo(),
                "min": minimum(coin),
                "price": plain(&state.settings.price(coin)),
            }))
        })
        .collect();
    Ok(json!({ "list": rows }))
}

pub(crate) fn legacy_networks(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let coin = coin_of_token(fields)?;
    let networks = coin.networks.iter();
    let rows: Vec<Value> = networks.map(|on| network_row(state, coin, on)).collect();
    Ok(json!({ "list": rows }))
}

pub(crate) fn rate(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let amount = fields.amount("amount")?;
    let coin = coin_of_token(fields)?;
    crate::rules::orders::check_price(state, coin)?;
    let price = state.settings.price(coin);
    let value = divide_down(&amount.value, &price, 18)
        .ok_or_else(|| Refusal::new(refusal::INTERNAL, format!("{} has no price", coin.symbol)))?;
    Ok(json!({ "price": plain(&price), "value": plain(&value) }))
}

pub(crate) fn heights(state: &mut State, _: &Fields) -> Result<Value, Refusal> {
    let rows = CHAINS.into_iter().map(|chain| {
        json!({
            "chain": chain.symbol,
            "current_chain_height": chain.height(state.now),
            "tx_confirm_block_num": chain.confirms,
            "block_rate": chain.interval,
        })
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_uuids_and_differ() {
        let mut ids: BTreeSet<String> = COINS.iter().map(coin_id).collect();
        ids.extend(tokens().iter().map(|(id, _)| id.clone()));
        assert_eq!(ids.len(), COINS.len() + tokens().len());
        for id in ids {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        }
        // Other people's tests have these ids, so they must never change.
        let usdc = Coin::find(1282).unwrap();
        assert_eq!(&coin_id(usdc)[14..15], "8");
        assert_eq!(uuid("coin:1280"), "c8534794-93a0-8faf-9ac1-7b945d3996a2");
        // Those of the documents.
        let usdt = Coin::find(1280).unwrap();
        assert_eq!(coin_id(usdt), "8e5741cf-6e51-4892-9d04-3d40e1dd0128");
        let on_tron = token_id(usdt, usdt.network("TRX").unwrap());
        assert_eq!(on_tron, "0912e09a-d8e2-41d7-a0bc-a25530892988");
    }
}
