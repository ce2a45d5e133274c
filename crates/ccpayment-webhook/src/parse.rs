//! `event`, which reads verified bytes as an [`Event`], in one pass where the gateway writes `type`
//! first.

use std::fmt;
use std::marker::PhantomData;

use ccpayment_core::wire;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::event::Event;
use crate::kind::Kind;
use crate::raw_event::{RiskyAddress, UnknownEvent, UnreadableEvent};

/// Reads a body. `None` when it is no JSON object.
pub(crate) fn event(body: &[u8]) -> Option<Event> {
    // Checking the whole at once costs less than checking each text in it, as `from_slice` does.
    let body = std::str::from_utf8(body).ok()?;
    match serde_json::from_str(body) {
        Ok(Known(event)) => Some(event),
        Err(error) => whole(body, &error),
    }
}

/// The second look at what is not a known event in every detail: only that it is an object counts.
fn whole(body: &str, error: &serde_json::Error) -> Option<Event> {
    let raw: &RawValue = serde_json::from_str(body).ok()?;
    if !raw.get().starts_with('{') {
        return None;
    }
    let types = named(raw, "type");
    // A known type that is not whole is never taken for something else.
    if let Some(kind) = types.iter().flatten().find_map(|it| Kind::of(it)) {
        let reason = wire::describe(error);
        let event = UnreadableEvent::new(kind.name(), reason, raw.to_owned());
        return Some(Event::Unreadable(event));
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

/// What an object has under this name, however often; none for what is no text. Names that can't be
/// read are other names.
pub(crate) fn named(object: &RawValue, name: &str) -> Vec<Option<String>> {
    struct Named<'a>(&'a str);
    impl<'de> Visitor<'de> for Named<'_> {
        type Value = Vec<Option<String>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                if serde_json::from_str::<String>(key.get()).is_ok_and(|key| key == self.0) {
                    found.push(serde_json::from_str(value.get()).ok());
                }
            }
            Ok(found)
        }
    }
    let mut json = serde_json::Deserializer::from_str(object.get());
    json.deserialize_map(Named(name)).unwrap_or_default()
}

/// One of two that differ: which one counts is not for us to choose.
pub(crate) fn the_one(mut values: Vec<Option<String>>) -> Option<String> {
    let last = values.pop()?;
    last.filter(|last| values.iter().all(|it| it.as_ref() == Some(last)))
}

/// Reads `msg` from wherever it is: the body itself, or the piece that came before `type`.
fn read<'de, E>(kind: Kind, mut source: impl Source<'de, E>) -> Result<Event, E> {
    Ok(match kind {
        Kind::DirectDeposit => Event::DirectDeposit(source.read()?),
        Kind::ApiDeposit => Event::ApiDeposit(source.read()?),
        Kind::UserDeposit => Event::UserDeposit(source.read()?),
        Kind::ApiWithdrawal => Event::ApiWithdrawal(source.read()?),
        Kind::UserWithdrawal => Event::UserWithdrawal(source.read()?),
    })
}

trait Source<'de, E> {
    fn read<T: Deserialize<'de>>(&mut self) -> Result<T, E>;
}

struct InPlace<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> Source<'de, A::Error> for InPlace<'_, A> {
    fn read<T: Deserialize<'de>>(&mut self) -> Result<T, A::Error> {
        self.0.next_value().map(|Object(value)| value)
    }
}

struct SetAside<'de>(&'de RawValue);

impl<'de, E: de::Error> Source<'de, E> for SetAside<'de> {
    fn read<T: Deserialize<'de>>(&mut self) -> Result<T, E> {
        serde_json::from_str(self.0.get())
            .map(|Object(value)| value)
            .map_err(E::custom)
    }
}

/// An event of a known type. Everything else is an error here, which costs a second look.
struct Known(Event);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KnownVisitor).map(Self)
    }
}

struct KnownVisitor;

impl<'de> Visitor<'de> for KnownVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a notification")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let (mut kind, mut aside, mut event) = (None, None, None);
        while let Some(key) = map.next_key()? {
            match (key, kind) {
                (Key::Type, None) => {
                    let KindName(named) = map.next_value()?;
                    if let Some(msg) = aside.take() {
                        event = Some(read(named, SetAside(msg))?);
                    }
                    kind = Some(named);
                }
                // One of two: which one counts is not for us to choose, unless they are the same.
                (Key::Type, Some(first)) => {
                    let KindName(second) = map.next_value()?;
                    if second != first {
                        return Err(de::Error::duplicate_field("type"));
                    }
                }
                (Key::Msg, _) if event.is_some() || aside.is_some() => {
                    return Err(de::Error::duplicate_field("msg"));
                }
                (Key::Msg, Some(kind)) => event = Some(read(kind, InPlace(&mut map))?),
                (Key::Msg, None) => aside = Some(map.next_value()?),
                (Key::Other, _) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        event.ok_or_else(|| de::Error::missing_field("msg"))
    }
}

/// The names of the envelope.
enum Key {
    Type,
    Msg,
    Other,
}

/// The name of a known type.
struct KindName(Kind);

/// A word, read where it lies.
macro_rules! read_word {
    ($name:ident, $expecting:literal, $text:ident => $read:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Word;
                impl Visitor<'_> for Word {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, $text: &str) -> Result<$name, E> {
                        $read
                    }
                }
                deserializer.deserialize_str(Word)
            }
        }
    };
}

read_word!(Key, "a name", text => Ok(match text {
    "type" => Key::Type,
    "msg" => Key::Msg,
    _ => Key::Other,
}));

read_word!(KindName, "a known type", text => Kind::of(text)
    .map(KindName)
    .ok_or_else(|| E::custom("an unknown type")));

/// A value that must be a JSON object; derived structs would take an array as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}
