//! `Request`, the trait of everything that can be sent, and `Operation`, what it asks for.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::ids::{OrderId, UserId};
use crate::validate::ValidationError;

/// The two versions of the API, which differ in host, signature and body policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third version would change what a client is"
)]
pub enum Version {
    /// The older API: another host, a digest in place of an HMAC, and signed answers.
    V1,
    /// The current API.
    V2,
}

impl Version {
    /// The version that a path of the gateway belongs to: v1 below `/ccpayment/v1/`, else v2.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        if path.starts_with("/ccpayment/v1/") {
            Self::V1
        } else {
            Self::V2
        }
    }
}

/// What happens when a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// It changes nothing: repeat freely.
    Read,
    /// It creates once and returns the same thing again: repeat freely.
    GetOrCreate,
    /// It moves money or creates something payable. It is safe to repeat *under the same order id*,
    /// and only so.
    OrderId,
    /// It may act twice. The client never repeats it.
    NonIdempotent,
}

impl Idempotency {
    /// Whether a lost answer leaves something to settle.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(self, Self::OrderId | Self::NonIdempotent)
    }
}

/// A request of the API: a value that can be printed, stored, compared and sent.
///
/// Each request asks for one [`Operation`] of the gateway. It writes its own body, exactly once, so
/// the signature covers the very bytes that are sent. (The API versions also differ in how they
/// send no parameters.)
pub trait Request: Send + Sync {
    /// What the gateway answers in `data`.
    type Response: DeserializeOwned + Send;

    /// The version of the API that has the operation.
    const VERSION: Version = Version::V2;
    /// The gateway's own name of the operation.
    const OPERATION: &'static str;
    /// The path below the gateway's host.
    const PATH: &'static str;
    /// What happens when it is sent again.
    const IDEMPOTENCY: Idempotency;
    /// The operation whose record tells what became of a request whose answer was lost.
    const SETTLED_BY: Option<&'static str> = None;

    /// The path of this very request; [`Request::PATH`] unless the request says otherwise.
    fn path(&self) -> &str {
        Self::PATH
    }

    /// Checks every documented rule.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, with the field's name on the wire.
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }

    /// The bytes to sign and send. Without parameters there are none in v2, and `{}` in v1.
    ///
    /// # Errors
    ///
    /// When the value can't be written as JSON.
    fn body(&self) -> Result<Bytes, serde_json::Error>;

    /// The merchant's id of what this request creates, where it has one.
    fn order_id(&self) -> Option<&OrderId> {
        None
    }

    /// The end users that this request names, each with its field's name on the wire.
    fn user_ids(&self) -> impl Iterator<Item = (&'static str, &UserId)> {
        std::iter::empty()
    }
}

/// A request that `Client::send` of `ccpayment-client` takes.
///
/// A request that starts or grows a payment is not `Sendable`. A lost answer leaves such a request
/// in doubt, and sending it again as something new pays twice. Its own page names the method that
/// carries it out exactly once. Implement `Sendable` for a request of your own where that can't
/// happen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` acts under an order id, so it can't be sent by itself",
    label = "a lost answer would leave this in doubt",
    note = "`Client::payout` and `Client::submit` carry it out exactly once; a batch of payouts \
            goes through `Client::batch_payout`",
    note = "to settle doubts yourself, call `Client::send_unsettled`"
)]
pub trait Sendable: Request {}

/// An operation of the gateway, without the types of its request and answer: for lists and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The version of the API that has it.
    pub version: Version,
    /// The gateway's own name.
    pub name: &'static str,
    /// The path below the gateway's host.
    pub path: &'static str,
    /// What happens when its request is sent again.
    pub idempotency: Idempotency,
    /// The operation whose record tells what became of a request whose answer was lost.
    pub settled_by: Option<&'static str>,
}

impl Operation {
    /// The operation that this request asks for.
    #[must_use]
    pub const fn of<R: Request>() -> Self {
        Self {
            version: R::VERSION,
            name: R::OPERATION,
            path: R::PATH,
            idempotency: R::IDEMPOTENCY,
            settled_by: R::SETTLED_BY,
        }
    }
}
