//! From verified bytes to an [`Event`].

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::event::Event;
use crate::whole::UnknownEvent;

/// Reads a body. `None` when it is no JSON object, strictly: what was lengthened under v1's digest
/// is none.
pub(crate) fn event(body: &[u8]) -> Option<Event> {
    #[derive(serde::Deserialize)]
    struct Typed {
        order_type: String,
    }
    let raw: &RawValue = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    if !raw.get().starts_with('{') {
        return None;
    }
    let typed: Option<Typed> = serde_json::from_str(raw.get()).ok();
    let order_type = typed.map(|typed| typed.order_type);
    let known = match order_type.as_deref() {
        Some("API Deposit") => Some(read(raw).map(Event::ApiDeposit)),
        Some("Direct Deposit") => Some(read(raw).map(Event::DirectDeposit)),
        // The documents' own misspelling, in a title, an address and a table.
        Some("Invoice" | "Invocie") => Some(read(raw).map(Event::Invoice)),
        Some("API Withdrawal") => Some(read(raw).map(Event::ApiWithdrawal)),
        Some("Refund") => Some(read(raw).map(Event::Refund)),
        _ => None,
    };
    let is_known = known.is_some();
    Some(
        known.flatten().unwrap_or_else(|| {
            Event::Unknown(UnknownEvent::new(order_type, is_known, raw.to_owned()))
        }),
    )
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Option<Box<T>> {
    serde_json::from_str(raw.get()).ok().map(Box::new)
}
