//! From verified bytes to an [`Event`].

use std::fmt;

use ccpayment_core::wire;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::event::Event;
use crate::raw_event::{RiskyAddress, UnknownEvent, UnreadableEvent};

/// Reads a body. `None` when it is no JSON object.
pub(crate) fn event(body: &[u8]) -> Option<Event> {
    // To check all of the UTF-8 at once costs less than to check each text, as `from_slice` does.
    let body = std::str::from_utf8(body).ok()?;
    usual(body).or_else(|| odd_event(serde_json::from_str(body).ok()?))
}

impl Event {
    /// Reads a notification that was verified and stored before: the body as it came. `None` when it
    /// is no JSON object.
    ///
    /// It proves nothing. What comes from the network goes through
    /// [`Verifier::verify`](crate::Verifier::verify).
    #[must_use]
    pub fn from_stored(body: &[u8]) -> Option<Self> {
        event(body)
    }
}

/// Reads a known event in the form in which the gateway writes one, in one pass:
/// `{"type":"...","msg":{...}}` and nothing else.
fn usual(body: &str) -> Option<Event> {
    let (event_type, rest) = body.strip_prefix(r#"{"type":""#)?.split_once('"')?;
    let msg = rest.strip_prefix(r#","msg":"#)?.strip_suffix('}')?;
    (known(event_type)?.read)(msg).ok()
}

/// Reads a body that is not a known event in every detail.
fn odd_event(raw: &RawValue) -> Option<Event> {
    if !raw.get().starts_with('{') {
        return None;
    }
    let types = named(raw, "type");
    // A known type that can't be read is never taken for something else.
    if let Some(known) = types.iter().flatten().find_map(|it| known(it)) {
        return Some(known.event(types, raw).unwrap_or_else(|reason| {
            Event::Unreadable(UnreadableEvent::new(known.name, reason, raw.to_owned()))
        }));
    }
    if let Some(notice) = RiskyAddress::read(raw) {
        return Some(Event::RiskyAddress(notice));
    }
    let event_type = the_one(types);
    let is_activation = event_type.as_deref() == Some("ActivateWebhookURL");
    let event = UnknownEvent::new(event_type, raw.to_owned());
    Some(if is_activation {
        Event::ActivateWebhookUrl(event)
    } else {
        Event::Unknown(event)
    })
}

/// A known type, and how its `msg` is read.
struct Known {
    name: &'static str,
    read: fn(&str) -> serde_json::Result<Event>,
}

impl Known {
    /// The event, or why it can't be read.
    fn event(&self, types: Vec<Option<String>>, raw: &RawValue) -> Result<Event, String> {
        if the_one(types).as_deref() != Some(self.name) {
            return Err("duplicate field `type`".to_owned());
        }
        match members(raw, "msg").as_slice() {
            [] => Err("missing field `msg`".to_owned()),
            [msg] => (self.read)(msg.get()).map_err(|error| wire::describe(&error)),
            _ => Err("duplicate field `msg`".to_owned()),
        }
    }
}

fn known(event_type: &str) -> Option<Known> {
    let (name, read): (_, fn(&str) -> _) = match event_type {
        "DirectDeposit" => ("DirectDeposit", |msg| object(msg).map(Event::DirectDeposit)),
        "ApiDeposit" => ("ApiDeposit", |msg| object(msg).map(Event::ApiDeposit)),
        "UserDeposit" => ("UserDeposit", |msg| object(msg).map(Event::UserDeposit)),
        "ApiWithdrawal" => ("ApiWithdrawal", |msg| object(msg).map(Event::ApiWithdrawal)),
        "UserWithdrawal" => ("UserWithdrawal", |msg| {
            object(msg).map(Event::UserWithdrawal)
        }),
        _ => return None,
    };
    Some(Known { name, read })
}

/// Reads a JSON object and nothing after it; a derived struct would take an array as well.
fn object<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = wire::object(&mut json)?;
    json.end()?;
    Ok(read)
}

/// What an object has under this name, however often. Names that can't be read are other names.
fn members<'a>(object: &'a RawValue, name: &str) -> Vec<&'a RawValue> {
    struct Members<'n>(&'n str);
    impl<'de> Visitor<'de> for Members<'_> {
        type Value = Vec<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                if serde_json::from_str::<String>(key.get()).is_ok_and(|key| key == self.0) {
                    found.push(value);
                }
            }
            Ok(found)
        }
    }
    let mut json = serde_json::Deserializer::from_str(object.get());
    json.deserialize_map(Members(name)).unwrap_or_default()
}

/// The texts that an object has under this name; none for what is no text.
pub(crate) fn named(object: &RawValue, name: &str) -> Vec<Option<String>> {
    let members = members(object, name).into_iter();
    members
        .map(|it| serde_json::from_str(it.get()).ok())
        .collect()
}

/// The value, if all are the same: it is not for us to choose between two that differ.
pub(crate) fn the_one(mut values: Vec<Option<String>>) -> Option<String> {
    let last = values.pop()?;
    last.filter(|last| values.iter().all(|it| it.as_ref() == Some(last)))
}
