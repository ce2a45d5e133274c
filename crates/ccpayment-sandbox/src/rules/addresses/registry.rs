//! Deposit addresses: whose they are, for how long, and what becomes of them.

use crate::model::address::{Address, Owner};
use crate::model::chains::Chain;
use crate::model::indexed_list::by_address;
use crate::model::refusal::{self, Refusal};
use crate::state::State;

/// By the text as written, or in another letter case on a chain where letter case means nothing.
pub(crate) fn find<'a>(state: &'a State, address: &str) -> Option<&'a Address> {
    state.addresses.get(&key(state, address)?)
}

pub(crate) fn find_mut<'a>(state: &'a mut State, address: &str) -> Option<&'a mut Address> {
    let key = key(state, address)?;
    state.addresses.get_mut(&key)
}

fn key(state: &State, address: &str) -> Option<crate::model::indexed_list::Key> {
    [
        by_address(address),
        by_address(&address.to_ascii_lowercase()),
    ]
    .into_iter()
    .find(|key| state.addresses.has(key))
}

/// A fresh address on a chain.
pub(crate) fn make(
    state: &mut State,
    chain: &'static Chain,
    owner: Owner,
    notify_url: Option<String>,
) -> (String, String) {
    let text = state.ids.address(chain.family);
    let memo = if chain.memo {
        state.ids.memo()
    } else {
        String::new()
    };
    let address = Address {
        text: text.clone(),
        memo: memo.clone(),
        chain,
        owner,
        used: false,
        released: false,
        risky_since: None,
        notify_url,
    };
    let folded = chain.family.fold(&text);
    state.addresses.push([by_address(&folded)], address);
    (text, memo)
}

pub(crate) fn takes_deposits(state: &State, chain: &Chain) -> Result<(), Refusal> {
    if state.settings.takes_deposits(chain) {
        return Ok(());
    }
    Err(Refusal::new(
        refusal::CHAIN_STOP_DEPOSIT,
        format!("{} takes no deposits now", chain.symbol),
    ))
}

/// The address that an owner has on a chain; makes one if there is none.
pub(crate) fn permanent(
    state: &mut State,
    chain: &'static Chain,
    owner: Owner,
    notify_url: Option<String>,
) -> (String, String) {
    let key = (owner.key(), chain.group());
    if let Some(text) = state.permanent.get(&key).cloned()
        && let Some(address) = find_mut(state, &text)
    {
        if notify_url.is_some() {
            address.notify_url = notify_url;
        }
        return (address.text.clone(), address.memo.clone());
    }
    count(state, &owner, usize::saturating_add);
    let made = make(state, chain, owner, notify_url);
    state.permanent.insert(key, made.0.clone());
    made
}

pub(crate) fn has_permanent(state: &State, chain: &Chain, owner: &Owner) -> bool {
    state.permanent.contains_key(&(owner.key(), chain.group()))
}

/// Counts an address up or down, if its kind has a quota.
pub(crate) fn count(state: &mut State, owner: &Owner, step: fn(usize, usize) -> usize) {
    let counter = match owner {
        Owner::User(_) => &mut state.user_addresses,
        Owner::Reference(_) => &mut state.reference_addresses,
        Owner::V1User(_) => &mut state.v1.addresses,
        Owner::Order(_) | Owner::Invoice(_) => return,
    };
    *counter = step(*counter, 1);
}
