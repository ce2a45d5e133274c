//! Checks and helpers: addresses, Cwallet accounts, rescans, resends, block heights.

use serde_json::{Value, json};

use crate::model::indexed_list::{by_record, by_transaction};
use crate::model::outbox::ResendFilter;
use crate::model::payout::Destination;
use crate::model::refusal::{self, Refusal};
use crate::model::settings::AddressKind;
use crate::rules::fields::{Fields, not_found};
use crate::rules::{deposits, pagination};
use crate::state::State;

/// The Cwallet accounts that exist: id, e-mail address, and what others may see of it.
static CWALLET: [(&str, &str, &str); 3] = [
    ("35255142", "jane@proton.me", "j***@proton.me"),
    ("35255143", "li@example.com", "l***@example.com"),
    ("9558861", "CCPaymentOfficial@proton.me", "C***@proton.me"),
];

/// By id or by e-mail address.
pub(crate) fn find_cwallet(
    user: &str,
) -> Option<&'static (&'static str, &'static str, &'static str)> {
    CWALLET
        .iter()
        .find(|(id, email, _)| *id == user || email.eq_ignore_ascii_case(user))
}

pub(crate) fn cwallet_user(_: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let asked = fields.required_text("cwalletUserId")?;
    let (id, _, name) = find_cwallet(asked).ok_or_else(|| not_found("Cwallet user", asked))?;
    Ok(json!({ "cwalletUserId": id, "cwalletUserName": name }))
}

pub(crate) fn address_validity(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let chain = fields.chain()?;
    let address = fields.required_text("address")?;
    let payable = matches!(
        state.settings.kind(address),
        AddressKind::Plain | AddressKind::OtherMerchant
    );
    Ok(json!({ "addrIsValid": payable && chain.family.accepts(address) }))
}

pub(crate) fn rescan(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let chain = fields.chain()?;
    let address = fields.required_text("toAddress")?;
    let tx_id = fields.required_text("txId")?;
    let found = deposits::lifecycle::find_lost(state, tx_id, chain.symbol, address)?;
    let known = state
        .deposits
        .get(&by_transaction(tx_id))
        .is_some_and(|deposit| deposit.network.on.symbol == chain.symbol);
    if !found && !known {
        return Err(not_found("transaction", tx_id));
    }
    Ok(json!({
        "description": "The deposit has been rescanned. Please wait for the transaction to be credited."
    }))
}

pub(crate) fn resend(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    const HOUR: u64 = 3_600;
    let from = fields.required_number("startTimestamp")?;
    let to = fields
        .number("endTimestamp")?
        .unwrap_or_else(|| state.caller_time.after(from, HOUR));
    if state.caller_time.span(from, to) > HOUR {
        return Err(Refusal::new(
            refusal::SPAN,
            "the span from `startTimestamp` to `endTimestamp` is longer than an hour",
        ));
    }
    let kind = match fields.text("transactionType") {
        None | Some("AllType") => None,
        Some(
            kind @ ("ApiDeposit" | "DirectDeposit" | "ApiWithdrawal" | "UserDeposit"
            | "UserWithdrawal"),
        ) => Some(kind),
        Some(_) => return Err(Refusal::argument("transactionType", "is not known")),
    };
    let only_failed = match fields.text("webhookResult") {
        None | Some("Failed") => true,
        Some("AllResult") => false,
        Some(_) => return Err(Refusal::argument("webhookResult", "is not known")),
    };
    let records = pagination::ids(fields, "recordIds")?;
    let now = state.now;
    let count = state.outbox.resend_span(
        now,
        &ResendFilter {
            v1: false,
            from,
            to,
            kind,
            only_failed,
            records,
        },
    );
    Ok(json!({ "resendCount": count }))
}

pub(crate) fn block_height(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let record_id = fields.required_text("record_id")?;
    let key = by_record(record_id);
    if let Some(deposit) = state.deposits.get(&key) {
        return Ok(heights(state, deposit.network.on, deposit.height));
    }
    if let Some(payout) = state.payouts.get(&key) {
        return match &payout.to {
            Destination::Chain { network, .. } => Ok(heights(state, network.on, payout.height)),
            Destination::Cwallet(_) => Err(not_on_chain(record_id)),
        };
    }
    if state.transfers.has(&key) || state.swaps.has(&key) || state.batch_transfers.has(&key) {
        return Err(not_on_chain(record_id));
    }
    Err(not_found("payment", record_id))
}

fn not_on_chain(record_id: &str) -> Refusal {
    Refusal::new(
        refusal::NOT_ON_CHAIN,
        format!("the record {record_id} is on no chain"),
    )
}

fn heights(state: &State, chain: &crate::model::chains::Chain, height: u64) -> Value {
    json!({
        "chain": chain.symbol,
        "txBlockHeight": height,
        "currBlockHeight": chain.height(state.now),
        "reqConfirmations": chain.confirms,
    })
}
