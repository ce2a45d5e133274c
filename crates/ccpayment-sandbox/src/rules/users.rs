//! The merchant's end users: who they are, and what they have.

use serde_json::{Value, json};

use crate::model::record::Holder;
use crate::model::refusal::{self, Refusal};
use crate::rules::assets;
use crate::rules::fields::Fields;
use crate::state::State;

/// Checks a user id that may be given to somebody.
pub(crate) fn check_new(state: &State, user_id: &str) -> Result<(), Refusal> {
    if user_id.starts_with("sys") {
        return Err(Refusal::argument("userId", "must not start with `sys`"));
    }
    if user_id == state.app_id {
        return Err(Refusal::argument(
            "userId",
            "is the app id, which stands for the merchant",
        ));
    }
    Ok(())
}

/// A user whom the gateway knows: one gets known by a deposit address.
pub(crate) fn known<'a>(state: &State, user_id: &'a str) -> Result<&'a str, Refusal> {
    if state.users.contains(user_id) {
        return Ok(user_id);
    }
    Err(Refusal::new(
        refusal::UNKNOWN_USER,
        format!("there is no user {user_id}"),
    ))
}

pub(crate) fn asked_for<'a>(state: &State, fields: &'a Fields) -> Result<&'a str, Refusal> {
    known(state, fields.required_text("userId")?)
}

/// The user with this id, or the merchant if it is the app id.
pub(crate) fn holder(state: &State, user_id: &str) -> Result<Holder, Refusal> {
    if user_id == state.app_id {
        return Ok(Holder::Merchant);
    }
    Ok(Holder::User(known(state, user_id)?.to_owned()))
}

pub(crate) fn assets(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = asked_for(state, fields)?;
    let assets = assets::rows(state, &Holder::User(user_id.to_owned()));
    Ok(json!({ "userId": user_id, "assets": assets }))
}

pub(crate) fn asset(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let user_id = asked_for(state, fields)?;
    let asset = assets::row(state, &Holder::User(user_id.to_owned()), fields.coin()?);
    Ok(json!({ "userId": user_id, "asset": asset }))
}
