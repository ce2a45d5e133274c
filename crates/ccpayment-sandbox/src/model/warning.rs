//! What the default reading let pass in a request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something in a request that the default reading let pass, or read as something else; see
/// [`Setting::Strict`](crate::Setting::Strict).
///
/// `Display` says it in one sentence. A field in the rows of a list is named as `orders[].memo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RequestWarning {
    /// The body was `[]` and was read as `{}`.
    ListForBody,
    /// The field was `null` and was read as not set.
    Null {
        /// The field.
        field: String,
    },
    /// The field was 0, an empty text or an empty list, and was read as not set.
    Empty {
        /// The field.
        field: String,
    },
    /// The field had the other of the two types that the documents have for it.
    OtherType {
        /// The field.
        field: String,
    },
    /// The field is one that an official client or an edition of the documents sends. It was
    /// ignored.
    Ignored {
        /// The field.
        field: String,
    },
    /// The field was read as another, of which it is a documented name.
    Renamed {
        /// The field.
        field: String,
        /// The field that it was read as.
        to: String,
    },
    /// Nobody documents the field. It was ignored, because
    /// [`Setting::AllowUnknownFields`](crate::Setting::AllowUnknownFields) asks for that.
    Unknown {
        /// The field.
        field: String,
    },
    /// Neither `fromUserId` nor `toUserId` was there, and one source requires both.
    NoUser,
    /// The list was asked for more than 90 days, the widest span that a source documents.
    WideSpan,
}

impl fmt::Display for RequestWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListForBody => write!(f, "the body `[]` was read as `{{}}`"),
            Self::Null { field } => write!(f, "`{field}` is null and was read as not set"),
            Self::Empty { field } => write!(f, "`{field}` is 0 or empty and was read as not set"),
            Self::OtherType { field } => {
                write!(f, "`{field}` has another type than most sources document")
            }
            Self::Ignored { field } => {
                write!(f, "`{field}` was ignored: only some sources send it")
            }
            Self::Renamed { field, to } => write!(f, "`{field}` was read as `{to}`"),
            Self::Unknown { field } => {
                write!(f, "`{field}` was ignored: nobody documents it")
            }
            Self::NoUser => write!(f, "one source requires `fromUserId` and `toUserId`"),
            Self::WideSpan => write!(f, "the span of time is longer than 90 days"),
        }
    }
}
