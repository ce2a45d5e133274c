//! The codes and the words of v1's refusals.

use serde_json::{Value, json};

use crate::model::error::SandboxError;
use crate::model::refusal::{self, Refusal, SUCCESS};

/// A fault on the gateway's side.
pub(crate) const SERVICE: u32 = 224_066;
/// No Cwallet account has the id.
pub(crate) const NO_SUCH_USER: u32 = 224_083;

// Nobody has published what v1 answers in these cases, so these numbers are made up. They are far
// from those of either version: a client that knows one of them has it from here.
const UNSIGNED: u32 = 990_001;
const EXPIRED: u32 = 990_002;
const ARGUMENT: u32 = 990_003;
const TAKEN: u32 = 990_004;
const BALANCE: u32 = 990_005;
const NOT_FOUND: u32 = 990_006;
pub(crate) const REFUSED: u32 = 990_007;
pub(crate) const TOO_OFTEN: u32 = 990_008;

/// An answer that does not say whether anything happened.
pub(crate) fn failed(message: &str) -> Value {
    envelope(SERVICE, message)
}

/// The code of v1 for a code of v2. The checks are shared with v2 and use its codes, which must not
/// reach a client of v1.
pub(crate) fn code_of(code: u32) -> u32 {
    match code {
        refusal::HEADER | refusal::UNKNOWN_APP | refusal::BAD_SIGNATURE => UNSIGNED,
        refusal::EXPIRED => EXPIRED,
        refusal::INVALID_ARGUMENT | refusal::PRECISION => ARGUMENT,
        refusal::DUPLICATE => TAKEN,
        refusal::BALANCE | refusal::FEE_BALANCE => BALANCE,
        refusal::NOT_FOUND | refusal::UNKNOWN_COIN | refusal::UNKNOWN_CHAIN => NOT_FOUND,
        refusal::INTERNAL => SERVICE,
        code if name_of(code).is_some() => code,
        _ => REFUSED,
    }
}

/// The codes that v1 answers with here, the made-up ones included.
fn name_of(code: u32) -> Option<&'static str> {
    Some(match code {
        SUCCESS => "Success",
        SERVICE => "ServiceError",
        NO_SUCH_USER => "ToUserNotFound",
        UNSIGNED => "SandboxUnsigned",
        EXPIRED => "SandboxExpired",
        ARGUMENT => "SandboxArgument",
        TAKEN => "SandboxTaken",
        BALANCE => "SandboxBalance",
        NOT_FOUND => "SandboxNotFound",
        REFUSED => "SandboxRefused",
        TOO_OFTEN => "SandboxTooOften",
        _ => return None,
    })
}

pub(crate) fn known_code(code: u32) -> Result<u32, SandboxError> {
    match name_of(code) {
        Some(_) => Ok(code),
        None => Err(SandboxError::UnknownCode(code)),
    }
}

/// As the documented failures look: with `data: null`, or with a reason and no data.
pub(crate) fn envelope(code: u32, message: &str) -> Value {
    match name_of(code) {
        Some("ToUserNotFound") => {
            json!({ "code": code, "reason": "ToUserNotFound", "msg": "users do not exist" })
        }
        // The text is documented; the rest helps to find out what broke the books.
        Some("ServiceError") => {
            let msg = format!("Service error, please try again ({message})");
            json!({ "code": code, "msg": msg, "data": null })
        }
        name => {
            let name = name.unwrap_or("SandboxRefused");
            json!({ "code": code, "msg": format!("{name}: {message}"), "data": null })
        }
    }
}

/// The answer to a request that reaches no route.
pub(crate) fn no_route(message: &str) -> Value {
    envelope(NOT_FOUND, message)
}

/// The answer to a body that is too large to read.
pub(crate) fn too_large(message: &str) -> Value {
    envelope(ARGUMENT, message)
}

pub(crate) fn not_found(what: &str, id: &str) -> Refusal {
    Refusal::new(NOT_FOUND, format!("there is no {what} {id}"))
}
