//! Notifications of v1 once more, within the documented limits.

use serde_json::{Value, json};

use crate::model::outbox::ResendFilter;
use crate::model::refusal::Refusal;
use crate::model::v1::is_kind;
use crate::rules::fields::Fields;
use crate::rules::v1::codes::TOO_OFTEN;
use crate::state::State;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const A_DAY: usize = 25;

pub(crate) fn resend(state: &mut State, fields: &Fields) -> Result<Value, Refusal> {
    let now = state.now;
    let from = fields.required_number("start_timestamp")?;
    let to = fields
        .number("end_timestamp")?
        .unwrap_or_else(|| state.caller_time.after(from, HOUR));
    if to < from || state.caller_time.span(from, to) > HOUR {
        return Err(Refusal::argument(
            "end_timestamp",
            "must be within an hour after `start_timestamp`",
        ));
    }
    let only_failed = match fields.text("webhook_result") {
        None | Some("Failed") => true,
        Some("All Result") => false,
        Some(_) => return Err(Refusal::argument("webhook_result", "is not known")),
    };
    let kind = match fields.text("transaction_type") {
        None | Some("All Type") => None,
        Some(kind) if is_kind(kind) => Some(kind),
        Some(_) => return Err(Refusal::argument("transaction_type", "is not known")),
    };
    let asked = &mut state.v1.resends;
    asked.retain(|at| now.saturating_sub(*at) < DAY);
    let again = asked
        .last()
        .is_some_and(|at| now.saturating_sub(*at) < MINUTE);
    if again || asked.len() >= A_DAY {
        return Err(Refusal::new(
            TOO_OFTEN,
            "once a minute and 25 times a day is what the route takes",
        ));
    }
    asked.push(now);
    let wanted = ResendFilter {
        v1: true,
        from,
        to,
        kind,
        only_failed,
        records: None,
    };
    state.outbox.resend_span(now, &wanted);
    // Nobody has published this answer's data.
    Ok(json!({}))
}
