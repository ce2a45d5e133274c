//! `event`, which reads verified bytes as an [`Event`].

use ccpayment_core::wire;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::event::Event;
use crate::parse::{named, the_one};
use crate::raw_event::{UnknownEvent, UnreadableEvent};

/// Reads a body. `None` when it is not strictly a JSON object: a body that was lengthened under
/// v1's digest never is.
pub(crate) fn event(body: &[u8]) -> Option<Event> {
    let raw: &RawValue = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    if !raw.get().starts_with('{') {
        return None;
    }
    let types = named(raw, "order_type");
    let known = types.iter().flatten().find_map(|it| known(it));
    let order_type = the_one(types);
    let Some((name, read)) = known else {
        return Some(Event::Unknown(UnknownEvent::new(
            order_type,
            raw.to_owned(),
        )));
    };
    // A known type beside another one is never taken for something else.
    let read = match order_type {
        Some(_) => read(raw).map_err(|error| wire::describe(&error)),
        None => Err("duplicate field `order_type`".to_owned()),
    };
    Some(read.unwrap_or_else(|reason| {
        Event::Unreadable(UnreadableEvent::new(name, reason, raw.to_owned()))
    }))
}

impl Event {
    /// Reads a notification that was verified and stored before: the body as it came. `None` when it
    /// is no JSON object.
    ///
    /// It proves nothing. What comes from the network goes through
    /// [`Verifier::verify`](super::Verifier::verify).
    #[must_use]
    pub fn from_stored(body: &[u8]) -> Option<Self> {
        event(body)
    }
}

type Read = fn(&RawValue) -> serde_json::Result<Event>;

/// The name of a known type, and how it is read.
fn known(order_type: &str) -> Option<(&'static str, Read)> {
    Some(match order_type {
        "API Deposit" => ("API Deposit", |raw| boxed(raw).map(Event::ApiDeposit)),
        "Direct Deposit" => ("Direct Deposit", |raw| boxed(raw).map(Event::DirectDeposit)),
        // The documents' own misspelling, in a title, an address and a table.
        "Invoice" | "Invocie" => ("Invoice", |raw| boxed(raw).map(Event::Invoice)),
        "API Withdrawal" => ("API Withdrawal", |raw| boxed(raw).map(Event::ApiWithdrawal)),
        "Refund" => ("Refund", |raw| boxed(raw).map(Event::Refund)),
        _ => return None,
    })
}

fn boxed<T: DeserializeOwned>(raw: &RawValue) -> serde_json::Result<Box<T>> {
    serde_json::from_str(raw.get()).map(Box::new)
}
