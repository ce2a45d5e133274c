//! `VerifyError`, why a delivery is not trusted, and `ConfirmError`, why a record does not confirm
//! it.

use std::fmt;

use ccpayment_core::RawBody;
use http::StatusCode;

/// Why a delivery is refused. Answer with [`VerifyError::status`] and do nothing else.
///
/// Nothing of the secret, the signature or the body is ever printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The body is longer than [`Verifier::max_body`](crate::Verifier::max_body) allows.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes a body may have.
        limit: usize,
    },
    /// A header that every notification has is not there: this is no notification.
    #[error("the header {name} is missing")]
    MissingHeader {
        /// The header, as the gateway writes it.
        name: &'static str,
    },
    /// A header is there more than once, so that two readers could read different values.
    #[error("the header {name} is there more than once")]
    RepeatedHeader {
        /// The header, as the gateway writes it.
        name: &'static str,
    },
    /// The notification is for another APP ID: check which one this program was given.
    #[error("the notification is for another APP ID")]
    WrongAppId,
    /// The timestamp is not ten digits.
    #[error("the timestamp is not ten digits")]
    MalformedTimestamp,
    /// No secret fits: a forgery, or a wrong secret, or a body that a proxy or a framework changed
    /// on its way here. [`Verifier::explain`](crate::Verifier::explain) tells them apart where that
    /// can be done.
    #[error("the signature does not fit")]
    BadSignature,
    /// The signature is right, but its time is not: the delivery was held up or is replayed, or a
    /// clock is wrong on either side.
    #[error("the notification was signed {}", Age(*seconds))]
    OutsideWindow {
        /// Our time less the timestamp: above zero the notification is old, below zero it comes
        /// from the future.
        seconds: i64,
    },
    /// The signature and time are right, but the body is no JSON object.
    #[error("the body is signed, but no JSON object ({} bytes)", body.full_length())]
    Malformed {
        /// The beginning of the body.
        body: RawBody,
    },
}

impl VerifyError {
    /// The HTTP status to answer with: 401 for what can't be trusted, 413 for what is too long,
    /// 400 for what is no notification at all.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongAppId | Self::BadSignature | Self::OutsideWindow { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Self::MissingHeader { .. }
            | Self::RepeatedHeader { .. }
            | Self::MalformedTimestamp
            | Self::Malformed { .. } => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the delivery was signed with our secret all the same. Worth a person's attention:
    /// a stranger's forgeries are noise, but these come from the gateway, or were recorded on
    /// their way from it.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        matches!(self, Self::OutsideWindow { .. } | Self::Malformed { .. })
    }
}

struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.0 < 0 { "ahead of" } else { "before" };
        write!(f, "{} s {direction} our time", self.0.unsigned_abs())
    }
}

/// Why a notification is not confirmed. Nothing may be credited; don't acknowledge, so that it
/// comes again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The record is not the one that the notification, or the read, is about. A person has to
    /// look.
    #[error("the record's `{field}` is not the notification's")]
    Mismatch {
        /// The field, by its name on the wire.
        field: &'static str,
    },
    /// The notification names nothing by which its record could be read. A person has to look.
    #[error("the notification has no `{field}` by which its record could be read")]
    Unnamed {
        /// The field that is missing, by its name on the wire.
        field: &'static str,
    },
    /// The record could not be read.
    #[cfg(feature = "client")]
    #[error("the record could not be read")]
    Read(#[source] ccpayment_client::Error),
}
