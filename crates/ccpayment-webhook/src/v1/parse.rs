//! `event`, which reads verified bytes as an [`Event`].

use ccpayment_core::wire;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::event::Event;
use crate::parse::{named, the_one};
use crate::raw_event::{UnknownEvent, UnreadableEvent};

/// Reads a body. `None` when it is no JSON object, strictly: what was lengthened under v1's digest
/// is none.
pub(crate) fn event(body: &[u8]) -> Option<Event> {
    let raw: &RawValue = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    if !raw.get().starts_with('{') {
        return None;
    }
    let order_type = the_one(named(raw, "order_type"));
    let known = match order_type.as_deref() {
        Some("API Deposit") => read("API Deposit", raw, Event::ApiDeposit),
        Some("Direct Deposit") => read("Direct Deposit", raw, Event::DirectDeposit),
        // The documents' own misspelling, in a title, an address and a table.
        Some("Invoice" | "Invocie") => read("Invoice", raw, Event::Invoice),
        Some("API Withdrawal") => read("API Withdrawal", raw, Event::ApiWithdrawal),
        Some("Refund") => read("Refund", raw, Event::Refund),
        _ => Event::Unknown(UnknownEvent::new(order_type, raw.to_owned())),
    };
    Some(known)
}

fn read<T: DeserializeOwned>(
    name: &'static str,
    raw: &RawValue,
    event: impl FnOnce(Box<T>) -> Event,
) -> Event {
    match serde_json::from_str(raw.get()) {
        Ok(read) => event(Box::new(read)),
        Err(error) => {
            let reason = wire::describe(&error);
            Event::Unreadable(UnreadableEvent::new(name, reason, raw.to_owned()))
        }
    }
}
