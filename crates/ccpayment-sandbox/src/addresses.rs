//! Deposit addresses: whose they are, for how long, and what becomes of them.

use serde_json::{Value, json};

use crate::chains::{CHAINS, Chain, Family};
use crate::error::SandboxError;
use crate::fields::Fields;
use crate::notices;
use crate::refusal::{self, Refusal};
use crate::settings::AddressKind;
use crate::shelf::by_address;
use crate::state::State;
use crate::users;

/// What an address was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Order(String),
    Invoice(String),
    Reference(String),
    User(String),
    /// A user of v1, whose money is the merchant's.
    V1User(String),
}

impl Owner {
    /// Whose permanent addresses these are; the kinds never meet.
    fn key(&self) -> String {
        match self {
            Self::Order(id) => format!("order:{id}"),
            Self::Invoice(id) => format!("invoice:{id}"),
            Self::Reference(id) => format!("reference:{id}"),
            Self::User(id) => format!("user:{id}"),
            Self::V1User(id) => format!("v1-user:{id}"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) text: String,
    pub(crate) memo: String,
    pub(crate) chain: &'static Chain,
    pub(crate) owner: Owner,
    pub(crate) used: bool,
    pub(crate) released: bool,
    /// When it was flagged; nothing that arrives is announced from then on.
    pub(crate) risky_since: Option<u64>,
    pub(crate) notify_url: Option<String>,
}

/// As written, or in the letter case that means nothing on its chain.
pub(crate) fn find<'a>(state: &'a State, address: &str) -> Option<&'a Address> {
    state.addresses.get(&key(state, address)?)
}

pub(crate) fn find_mut<'a>(state: &'a mut State, address: &str) -> Option<&'a mut Address> {
    let key = key(state, address)?;
    state.addresses.get_mut(&key)
}

fn key(state: &State, address: &str) -> Option<crate::shelf::Key> {
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

/// The address that an owner has on a chain, made when there is none.
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

/// One more or one less of those that have a quota.
fn count(state: &mut State, owner: &Owner, step: fn(usize, usize) -> usize) {
    let counter = match owner {
        Owner::User(_) => &mut state.user_addresses,
        Owner::Reference(_) => &mut state.reference_addresses,
        Owner::V1User(_) => &mut state.v1.addresses,
        Owner::Order(_) | Owner::Invoice(_) => return,
    };
    *counter = step(*counter, 1);
}

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
    // A risky one can be released unused: that is what its notice is for.
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

/// Flags an address: a notice, and silence about whatever arrives from then on.
pub(crate) fn flag_risky(state: &mut State, address: &str) -> Result<(), SandboxError> {
    let now = state.now;
    let found =
        find_mut(state, address).ok_or_else(|| SandboxError::UnknownAddress(address.to_owned()))?;
    found.risky_since.get_or_insert(now);
    notices::risky_address(state, address);
    Ok(())
}
