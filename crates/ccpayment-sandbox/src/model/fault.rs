//! Ways in which the connection between merchant and gateway fails, on request or by a seed.

use serde::{Deserialize, Serialize};

/// A one-shot fault; see [`Sandbox::plan_fault`](crate::Sandbox::plan_fault) and
/// [`Sandbox::faults_by_seed`](crate::Sandbox::faults_by_seed).
///
/// `acted` says whether the request was carried out, as far as its checks let it.
///
/// Each fault says what a peer of a served socket sees. In process there is no connection to break:
/// [`Sandbox::respond`](crate::Sandbox::respond) gives `None` wherever no whole answer would have
/// come, and [`Sandbox::exchange`](crate::Sandbox::exchange) says by which fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// The request is carried out, then the connection is closed without an answer.
    ActThenDrop,
    /// The connection is closed without an answer, and nothing happens.
    DropBeforeActing,
    /// The connection is closed without an answer and the request is still on its way: it is
    /// carried out right after the next look-up of its order id has been answered.
    ///
    /// The look-up of `applyAppWithdrawToNetwork` is `getAppWithdrawRecord`, that of
    /// `createAppOrderDepositAddress` is `getAppOrderInfo`, and so on for each request with an
    /// order id. In v1 it is always `get_order_info`. A request that is held for longer than its
    /// signature is valid is refused. One without an order id is never carried out.
    DeliverAfterLookup,
    /// The connection is refused, so nothing happens.
    ///
    /// On a socket, the connection is reset as soon as its request shows which route it is for, as
    /// a proxy does whose backend refuses. A refusal by the kernel would belong to no request, so
    /// nobody could count it. For a port that nobody listens on, see
    /// [`Server::stop_listening`](crate::Server::stop_listening).
    Refused,
    /// The connection is reset when the head of the request has come and before its body is read.
    /// Nothing happens.
    ResetUnread,
    /// The connection is reset after a part of the body was read, or after all of it if all of it
    /// had come. Nothing happens.
    ResetMidRequest,
    /// The whole request is read, then the connection is reset instead of answered.
    Reset {
        /// Carried out or not.
        acted: bool,
    },
    /// The whole request is read, and not a byte comes back until the client gives up or the server
    /// is shut down.
    Silence {
        /// Carried out or not.
        acted: bool,
    },
    /// The request arrives twice and is carried out twice, as far as the gateway lets it. The
    /// answer is that to the first. The admin API calls it `Twice`.
    #[serde(rename = "Twice")]
    DeliveredTwice,
    /// As [`DeliveredTwice`](Self::DeliveredTwice), but the answer is that to the second: of two
    /// withdrawals with one order id, the refusal. The admin API calls it `TwiceAnswerSecond`.
    #[serde(rename = "TwiceAnswerSecond")]
    DeliveredTwiceAnswerSecond,
    /// An answer, but not the gateway's own.
    Reply {
        /// Carried out or not. If not, the answer is made from the code 11002 (224066 for v1),
        /// which promises nothing, instead of from the route's answer.
        acted: bool,
        /// The answer that comes instead.
        with: BadResponse,
    },
}

/// The answer that comes instead of the gateway's own; see [`Fault::Reply`]. The description of the
/// admin API calls it `Garbled`.
///
/// In v1 answers are signed: an answer in JSON as it is sent, a proxy's answer not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum BadResponse {
    /// 200 with a page of HTML.
    Html,
    /// 200 with no body.
    Empty,
    /// 200 with the code 11002 (224066 for v1), which does not say whether anything happened. Other
    /// codes come by [`Sandbox::fail_next`](crate::Sandbox::fail_next).
    Error,
    /// 200 with the code 10000 and `"data":null`.
    DataNull,
    /// 200 with the code 10000 and data without its `recordId` (`record_id` in v1); without its
    /// first field where there is none.
    IdMissing,
    /// 429 with plain text, as a proxy would.
    RateLimited {
        /// The seconds in `Retry-After`, if it is sent.
        #[serde(default)]
        retry_after: Option<u16>,
    },
    /// 502 with a page of HTML.
    BadGateway,
    /// 302 to `/elsewhere`, which is no route.
    Redirect,
    /// 200 with `Content-Encoding: gzip`: 104 KiB that become 104 MiB of spaces.
    GzipBomb,
    /// The answer with bytes in its `msg` that are not UTF-8.
    InvalidUtf8,
    /// The answer with another `code` before its own, 10000 and 11002 in turn.
    CodeTwice,
    /// 200 with the code 10000 and two different `recordId`s; where the data have other fields, the
    /// first of them is null before its own value. If it was carried out, its own is the second.
    IdTwice,
    /// 200 with the code 10000 and data of 10,000 arrays, each inside another.
    DeepNesting,
    /// The answer with a `Date` that is so many hours ahead of the sandbox's clock.
    DateOff {
        /// Below zero for behind.
        hours: i8,
    },
    /// The answer without a `Date`.
    NoDate,
    /// The answer, head first and then the body in 40 pieces, 50 ms of real time apart. In process
    /// it is there at once.
    SlowBody,
    /// The first half of the answer in a chunk that announces all of it; then the connection is
    /// closed.
    CutMidChunk,
    /// The answer with a `Content-Length` ten bytes too long; then the connection is closed.
    LengthTooLong,
    /// The answer with a `Content-Length` of half of it. On a socket all of it is sent; in process
    /// only the half that a client takes for the body.
    LengthTooShort,
}

/// How often the gateway carries out the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    Nothing,
    Hold,
    Once,
    Twice,
}

impl Fault {
    /// Each fault, in both flavours where it has two.
    /// [`Sandbox::faults_by_seed`](crate::Sandbox::faults_by_seed) draws from these.
    #[must_use]
    pub fn every() -> Vec<Self> {
        let mut every = vec![
            Self::ActThenDrop,
            Self::DropBeforeActing,
            Self::DeliverAfterLookup,
            Self::Refused,
            Self::ResetUnread,
            Self::ResetMidRequest,
            Self::DeliveredTwice,
            Self::DeliveredTwiceAnswerSecond,
        ];
        for acted in [true, false] {
            every.extend([Self::Reset { acted }, Self::Silence { acted }]);
            let replies = BadResponse::EVERY.map(|with| Self::Reply { acted, with });
            every.extend(replies);
        }
        every
    }

    pub(crate) fn execution(self) -> Execution {
        match self {
            Self::DropBeforeActing | Self::Refused | Self::ResetUnread | Self::ResetMidRequest => {
                Execution::Nothing
            }
            Self::DeliverAfterLookup => Execution::Hold,
            Self::DeliveredTwice | Self::DeliveredTwiceAnswerSecond => Execution::Twice,
            Self::ActThenDrop => Execution::Once,
            Self::Reset { acted } | Self::Silence { acted } | Self::Reply { acted, .. } => {
                if acted {
                    Execution::Once
                } else {
                    Execution::Nothing
                }
            }
        }
    }

    /// Whether it strikes before the request is whole.
    pub(crate) fn is_early(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::ResetUnread | Self::ResetMidRequest
        )
    }
}

impl BadResponse {
    const EVERY: [Self; 21] = [
        Self::Html,
        Self::Empty,
        Self::Error,
        Self::DataNull,
        Self::IdMissing,
        Self::RateLimited { retry_after: None },
        Self::RateLimited {
            retry_after: Some(1),
        },
        Self::BadGateway,
        Self::Redirect,
        Self::GzipBomb,
        Self::InvalidUtf8,
        Self::CodeTwice,
        Self::IdTwice,
        Self::DeepNesting,
        Self::DateOff { hours: 5 },
        Self::DateOff { hours: -5 },
        Self::NoDate,
        Self::SlowBody,
        Self::CutMidChunk,
        Self::LengthTooLong,
        Self::LengthTooShort,
    ];
}
