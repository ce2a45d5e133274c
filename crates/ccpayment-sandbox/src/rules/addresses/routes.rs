//! The routes about addresses, and the flag for those that are risky.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::chains::{CHAINS, Family};
use crate::model::error::SandboxError;
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::rules::addresses::registry::{
    count, find_mut, has_permanent, permanent, takes_deposits,
};
use crate::rules::fields::Fields;
use crate::rules::{notifications, users};
use crate::state::State;

fn get_or_create(state: &mut State, fields: &Fields, owner: Owner) -> Result<Value, Refusal> {
    let chain = fields.chain()?;
    takes_deposits(state, chain)?;
    let is_user = matches!(owner, Owner::User(_));
    if !has_permanent(state, chain, &owner) {
        // Each of the two routes has a quota of its own.
        let made = if is_user {
            state.user_addresses
        } else {
            state.reference_addresses
        };
        if made >= state.settings.address_limit {
            return Err(Refusal::new(
                refusal::ADDRESS_LIMIT,
                format!("the account has used up its {made} addresses"),
            ));
        }
    }
    if let Owner::User(user_id) = &owner {
        state.users.insert(user_id.clone());
    }
    let (address, memo) = permanent(state, chain, owner, fields.owned("notifyUrl"));
    Ok(json!({ "address": address, "memo": memo }))
}

pub(crate) fn for_reference(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let reference_id = fields.required_text("referenceId")?.to_owned();
    get_or_create(state, fields, Owner::Reference(reference_id))
}

pub(crate) fn for_user(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = fields.required_text("userId")?;
    users::check_new(state, user_id)?;
    get_or_create(state, fields, Owner::User(user_id.to_owned()))
}

pub(crate) fn unbind(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let chain = fields.chain()?;
    let text = fields.required_text("address")?;
    let now = state.now;
    if state.settings.kind(text) == AddressKind::OtherMerchant {
        return Err(Refusal::new(
            refusal::FOREIGN_ADDRESS,
            "the address belongs to another merchant",
        ));
    }
    let address = find_mut(state, text).ok_or_else(|| {
        Refusal::new(refusal::NO_ADDRESS, "the address is not one of the gateway")
    })?;
    if address.chain.group() != chain.group() {
        return Err(Refusal::new(
            refusal::CHAIN_MISMATCH,
            format!("the address is not one of {}", chain.symbol),
        ));
    }
    let (user_id, reference_id) = match &address.owner {
        Owner::User(id) => (id.clone(), String::new()),
        Owner::Reference(id) | Owner::V1User(id) => (String::new(), id.clone()),
        Owner::Order(_) | Owner::Invoice(_) => {
            return Err(Refusal::new(
                refusal::ORDER_ADDRESS,
                "the address belongs to an order",
            ));
        }
    };
    if address.chain.memo {
        return Err(Refusal::new(
            refusal::MEMO_ADDRESS,
            format!("{} tells addresses apart by memo", chain.symbol),
        ));
    }
    if address.released {
        return Err(Refusal::new(
            refusal::RELEASED,
            "the address was released before",
        ));
    }
    // A risky address can be released unused: its notice is there for that.
    if !address.used && address.risky_since.is_none() {
        return Err(Refusal::new(
            refusal::UNUSED_ADDRESS,
            "the address was never used",
        ));
    }
    address.released = true;
    let key = (address.owner.key(), address.chain.group());
    let (text, owner) = (address.text.clone(), address.owner.clone());
    state.permanent.remove(&key);
    count(state, &owner, usize::saturating_sub);
    // On all EVM chains at once.
    let unbound: Vec<Value> = CHAINS
        .into_iter()
        .filter(|one| one.group() == chain.group())
        .filter(|one| one.family == Family::Evm || one.symbol == chain.symbol)
        .map(|one| json!({ "chain": one.symbol, "address": text }))
        .collect();
    Ok(json!({
        "userID": user_id,
        "referenceID": reference_id,
        "unbound": unbound,
        "unboundAt": now,
    }))
}

/// Flags an address: announces that, and announces no payment that arrives from then on.
pub(crate) fn flag_risky(state: &mut State, address: &str) -> Result<(), SandboxError> {
    let now = state.now;
    let found =
        find_mut(state, address).ok_or_else(|| SandboxError::UnknownAddress(address.to_owned()))?;
    found.risky_since.get_or_insert(now);
    notifications::risky_address(state, address);
    Ok(())
}
