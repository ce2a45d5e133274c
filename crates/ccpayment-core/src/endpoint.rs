//! What a route is.

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

/// What repeating a call can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Safety {
    /// Changes nothing: repeat freely.
    Read,
    /// Creates once and returns the same thing again: repeat freely.
    GetOrCreate,
    /// Moves money or creates something payable. The merchant's own id makes it safe to repeat
    /// *under the same id*, and only so.
    OrderId,
    /// May act twice when repeated: never repeated by us.
    Unsafe,
}

impl Safety {
    /// Whether an unanswered call leaves something to settle.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(self, Self::OrderId | Self::Unsafe)
    }
}

/// A request of the API: a value that can be printed, stored, compared and sent.
///
/// The body is the request's own affair, because the API versions differ in how they send
/// nothing at all, and because it is serialised exactly once: what is signed is what is sent.
pub trait Endpoint: Send + Sync {
    /// What the gateway answers in `data`.
    type Response: DeserializeOwned + Send;

    /// The version of the API that has the route.
    const VERSION: Version = Version::V2;
    /// The gateway's own name of the route.
    const NAME: &'static str;
    /// The path below the gateway's host.
    const PATH: &'static str;
    /// What repeating the call can do.
    const SAFETY: Safety;
    /// The route whose record tells what became of an unanswered call.
    const SETTLED_BY: Option<&'static str> = None;

    /// The path of this very request; [`Endpoint::PATH`] unless the request says otherwise.
    fn path(&self) -> &str {
        Self::PATH
    }

    /// Checks every documented constraint.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, with the field's name on the wire.
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }

    /// The bytes to sign and send. Where the route takes no parameters these are none at all in v2,
    /// and `{}` in v1.
    ///
    /// # Errors
    ///
    /// When the value can't be written as JSON.
    fn body(&self) -> Result<Bytes, serde_json::Error>;

    /// The merchant's id of what this call creates, where it has one.
    fn order_id(&self) -> Option<&OrderId> {
        None
    }

    /// The end users that this request names, each with its field's name on the wire.
    fn user_ids(&self) -> impl Iterator<Item = (&'static str, &UserId)> {
        std::iter::empty()
    }
}

/// A request that may be sent by itself, as `Client::send` of `ccpayment-client` does.
///
/// Not of this kind is what starts or grows a payment: an answer that is lost leaves it in doubt,
/// and to send it again as something new is to pay twice. Its own page names the method that carries
/// it out exactly once. Implement this for a request of your own where that can't happen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` acts under an order id, so it can't be sent by itself",
    label = "an answer that is lost would leave this in doubt",
    note = "`Client::payout` and `Client::submit` carry it out exactly once; a batch of payouts \
            goes through `Client::batch_payout`",
    note = "whoever settles doubts by other means calls `Client::send_unsettled`"
)]
pub trait Sendable: Endpoint {}

/// What a route is, without its types: for lists and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The version of the API that has the route.
    pub version: Version,
    /// The gateway's own name of the route.
    pub name: &'static str,
    /// The path below the gateway's host.
    pub path: &'static str,
    /// What repeating the call can do.
    pub safety: Safety,
    /// The route whose record tells what became of an unanswered call.
    pub settled_by: Option<&'static str>,
}

impl Route {
    /// The route of this request type.
    #[must_use]
    pub const fn of<E: Endpoint>() -> Self {
        Self {
            version: E::VERSION,
            name: E::NAME,
            path: E::PATH,
            safety: E::SAFETY,
            settled_by: E::SETTLED_BY,
        }
    }
}
