//! `RiskyAddress`, `UnknownEvent` and `UnreadableEvent`: notifications that are kept whole.

use std::fmt;

use ccpayment_core::{Address, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A deposit address was flagged as risky. It is disabled at once, and deposits to it are not
/// announced any more: release it (`addressUnbinding`) and give the payer another one.
///
/// The documents list its fields without an envelope and have no example, so they are taken from
/// the top of the body or from its `msg`, and the body is kept whole.
#[derive(Clone)]
#[non_exhaustive]
pub struct RiskyAddress {
    /// What the gateway calls the chain's id; opaque, probably a chain's symbol.
    pub chain_id: Option<String>,
    /// The address.
    pub address: Address,
    /// When it was flagged; the unit is not stated. `None` when it is no whole number: see
    /// [`RiskyAddress::raw`].
    pub risk_at: Option<Timestamp>,
    raw: Box<RawValue>,
}

impl RiskyAddress {
    /// Reads the notice from a body, if it is one: it has an address, and a moment of any form.
    pub(crate) fn read(body: &RawValue) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Fields<'a> {
            #[serde(
                borrow,
                alias = "chainID",
                alias = "chain_id",
                default,
                rename = "chainId"
            )]
            chain_id: Option<&'a RawValue>,
            #[serde(deserialize_with = "ccpayment_core::wire::required")]
            address: Address,
            #[serde(borrow, alias = "riskAT", alias = "risk_at", rename = "riskAt")]
            risk_at: &'a RawValue,
        }
        #[derive(serde::Deserialize)]
        struct Enveloped<'a> {
            #[serde(borrow)]
            msg: Fields<'a>,
        }
        let json = body.get();
        let bare = serde_json::from_str::<Fields<'_>>(json).ok();
        let enveloped = || serde_json::from_str::<Enveloped<'_>>(json).ok();
        let fields = bare.or_else(|| enveloped().map(|it| it.msg))?;
        Some(Self {
            chain_id: fields.chain_id.and_then(text_or_number),
            address: fields.address,
            risk_at: serde_json::from_str(fields.risk_at.get()).ok(),
            raw: body.to_owned(),
        })
    }

    /// The whole body as it came: the text of a JSON object.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.raw.get()
    }
}

/// A text as it is, or a number as it is written.
fn text_or_number(value: &RawValue) -> Option<String> {
    let text = serde_json::from_str::<String>(value.get()).ok();
    let number = || serde_json::from_str::<serde_json::Number>(value.get()).ok();
    text.or_else(|| number().map(|_| value.get().to_owned()))
        .filter(|it| !it.is_empty())
}

impl PartialEq for RiskyAddress {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl fmt::Debug for RiskyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RiskyAddress")
            .field("chain_id", &self.chain_id)
            .field("address", &self.address)
            .field("risk_at", &self.risk_at)
            .finish_non_exhaustive()
    }
}

impl Serialize for RiskyAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// A verified notification of a type that this version does not know, kept whole.
///
/// It is no error, because an error would make the gateway send it again and again. Store it before
/// it is acknowledged: it may be about money.
///
/// `Debug` shows the length only, since nobody knows what is in there.
#[derive(Clone)]
pub struct UnknownEvent {
    event_type: Option<String>,
    raw: Box<RawValue>,
}

impl UnknownEvent {
    pub(crate) fn new(event_type: Option<String>, raw: Box<RawValue>) -> Self {
        Self { event_type, raw }
    }

    /// The `type`, or `order_type` in v1, when there is one and it is text.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// The whole body as it came: the text of a JSON object.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.raw.get()
    }
}

impl PartialEq for UnknownEvent {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl fmt::Debug for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownEvent")
            .field("event_type", &self.event_type)
            .field("raw_bytes", &self.raw().len())
            .finish()
    }
}

impl Serialize for UnknownEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// A verified notification of a known type that can't be read, kept whole: one of its ids or its
/// status is missing or is something else than the documents say.
///
/// Something happened to a record, so it must not be lost. Store it whole and tell a person before
/// it is acknowledged, or don't acknowledge it.
///
/// `Debug` shows type, reason and length, and no value.
#[derive(Clone)]
pub struct UnreadableEvent {
    event_type: &'static str,
    reason: String,
    raw: Box<RawValue>,
}

impl UnreadableEvent {
    pub(crate) fn new(event_type: &'static str, reason: String, raw: Box<RawValue>) -> Self {
        Self {
            event_type,
            reason,
            raw,
        }
    }

    /// The `type`, or `order_type` in v1.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        self.event_type
    }

    /// What can't be read, in words that hold no value of the body.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The whole body as it came: the text of a JSON object.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.raw.get()
    }
}

impl PartialEq for UnreadableEvent {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl fmt::Debug for UnreadableEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableEvent")
            .field("event_type", &self.event_type)
            .field("reason", &self.reason)
            .field("raw_bytes", &self.raw().len())
            .finish()
    }
}

impl Serialize for UnreadableEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}
