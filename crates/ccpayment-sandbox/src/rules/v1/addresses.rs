//! Permanent addresses of the merchant's users, who have no balance of their own in v1.

use serde_json::{Value, json};

use crate::model::address::Owner;
use crate::model::refusal::{self, Refusal};
use crate::rules::addresses::registry as addresses;
use crate::rules::fields::Fields;
use crate::state::State;

pub(crate) fn permanent(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = fields.required_text("user_id")?.to_owned();
    let chain = fields.chain()?;
    addresses::takes_deposits(state, chain)?;
    let owner = Owner::V1User(user_id);
    if !addresses::has_permanent(state, chain, &owner) {
        let made = state.v1.addresses;
        if made >= state.settings.address_limit {
            return Err(Refusal::new(
                refusal::ADDRESS_LIMIT,
                format!("the account has used up its {made} addresses"),
            ));
        }
    }
    let notify_url = fields.owned("notify_url");
    let (address, memo) = addresses::permanent(state, chain, owner, notify_url);
    Ok(json!({ "address": address, "memo": memo }))
}
