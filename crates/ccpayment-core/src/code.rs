//! `ErrorCode`, every answer code of the API, and `Retry`, what a caller may do about it.

use std::fmt;

/// Whether the same call may be made again after an answer with this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// The same call fails again until something else changes.
    Never,
    /// Refused before any work; later the same call may pass.
    Backoff,
    /// Refused for its timestamp; it may pass once the clock is right.
    AfterClockFix,
    /// The call, or an earlier one under the same id, may have acted: read the record.
    CheckRecord,
}

macro_rules! codes {
    (
        $($(#[$doc:meta])* $name:ident = $code:literal, $retry:ident;)+
        @v1
        $($(#[$doc1:meta])* $name1:ident = $code1:literal, $retry1:ident;)+
    ) => {
        /// An answer code of the API. The names are the gateway's own.
        ///
        /// Numbers are read by version: `From<u64>` knows those of v2, and
        /// [`from_v1`](Self::from_v1) the three of v1 whose meaning is documented. Nothing says
        /// that a number means the same in both.
        ///
        /// ```
        /// use ccpayment_core::{ErrorCode, Retry};
        ///
        /// let code = ErrorCode::from(11011);
        /// assert_eq!(code, ErrorCode::OrderDuplicate);
        /// assert_eq!(code.retry(), Retry::CheckRecord);
        /// assert_eq!(ErrorCode::from(99999).code(), 99999);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)+
            $($(#[$doc1])* ///
            /// Answered by v1 only.
            $name1,)+
            /// A code that this version does not know.
            Unknown(u64),
        }

        impl ErrorCode {
            /// Every code of v2 that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code of a v1 answer. Only the numbers that v1 documents have a name; any other
            /// one is unknown, also where v2 gives it a meaning.
            ///
            /// ```
            /// use ccpayment_core::ErrorCode;
            ///
            /// assert_eq!(ErrorCode::from_v1(224083), ErrorCode::ToUserNotFound);
            /// assert_eq!(ErrorCode::from_v1(11011), ErrorCode::Unknown(11011));
            /// ```
            #[must_use]
            pub const fn from_v1(code: u64) -> Self {
                match code {
                    10000 => Self::Success,
                    $($code1 => Self::$name1,)+
                    _ => Self::Unknown(code),
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u64 {
                match self {
                    $(Self::$name => $code,)+
                    $(Self::$name1 => $code1,)+
                    Self::Unknown(code) => code,
                }
            }

            /// The gateway's name, or `Unknown`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    $(Self::$name1 => stringify!($name1),)+
                    Self::Unknown(_) => "Unknown",
                }
            }

            /// What a caller may do. An unknown code says nothing about what happened, so the
            /// answer is [`CheckRecord`](super::Retry::CheckRecord).
            #[must_use]
            pub const fn retry(self) -> super::Retry {
                match self {
                    $(Self::$name => super::Retry::$retry,)+
                    $(Self::$name1 => super::Retry::$retry1,)+
                    Self::Unknown(_) => super::Retry::CheckRecord,
                }
            }
        }

        impl From<u64> for ErrorCode {
            fn from(code: u64) -> Self {
                match code {
                    $($code => Self::$name,)+
                    _ => Self::Unknown(code),
                }
            }
        }
    };
}
use codes;

mod table;

pub use table::ErrorCode;

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}
