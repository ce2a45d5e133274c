//! The faults, by name. `README.md` has the table; a test compares it with this one.

use std::time::Duration;

use ccpayment_sandbox::{BadResponse, Fault};

use crate::{durable, spelling};

/// A fault of the connection in one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    Nothing,
    /// Reset before a byte of the request has arrived.
    ResetBefore,
    /// Reset after this many bytes of the request.
    ResetDuring(usize),
    /// The whole request arrives; then the client meets a reset.
    ResetAfter,
    /// The client meets a reset after this many bytes of the answer.
    ResetInAnswer(usize),
    /// The client meets the end after this many bytes of the answer.
    EndInAnswer(usize),
    /// The gateway closes the idle connection just as the request goes out.
    ClosedAsItGoes,
    /// The gateway closes the connection this long after it answered.
    ClosedIdle(Duration),
    /// The request vanishes, and nothing ever comes back.
    HalfOpen,
    /// The request arrives, and nothing ever comes back.
    Mute,
    /// The request takes this long: the client may have given up, and looked for it, long before.
    LateRequest(Duration),
    /// The answer takes this long.
    LateAnswer(Duration),
    /// The request comes in pieces, each this long after the one before.
    SlowRequest(Duration),
    /// The answer comes in pieces in the same way.
    SlowAnswer(Duration),
    /// The answer arrives at this time, just as the time for the exchange ends.
    AnswerAt(Duration),
}

impl Strike {
    /// Draws a fault for a request that reads, or for one that acts. The exchange has to be over at
    /// `end`.
    pub(crate) fn draw(random: &mut fastrand::Rng, acts: bool, end: Option<Duration>) -> Self {
        if acts && random.u32(0..3) == 0 {
            // This shows a client's mistakes: the request arrives after the client gave up, and is
            // still valid.
            return Self::LateRequest(Duration::from_millis(random.u64(5_000..130_000)));
        }
        let millis = |random: &mut fastrand::Rng, most: u64| {
            // As often within a second as within minutes.
            let most = 1 << random.u32(8..=most.ilog2());
            Duration::from_millis(random.u64(most / 2..=most))
        };
        match random.u32(0..19) {
            0 => Self::ResetBefore,
            1 => Self::ResetDuring(random.usize(1..400)),
            2 => Self::ResetAfter,
            3 => Self::ResetInAnswer(random.usize(1..300)),
            4 => Self::EndInAnswer(random.usize(1..300)),
            5 => Self::ClosedAsItGoes,
            6 => Self::ClosedIdle(millis(random, 4_000)),
            7 => Self::HalfOpen,
            8..=9 => Self::Mute,
            // Up to four and a half minutes: longer than any signature is valid.
            10..=13 => Self::LateRequest(millis(random, 300_000)),
            14 => Self::LateAnswer(millis(random, 100_000)),
            15 => Self::SlowRequest(millis(random, 8_000)),
            16 => Self::SlowAnswer(millis(random, 8_000)),
            _ => {
                let around = end.unwrap_or_default() + Duration::from_millis(random.u64(0..8));
                Self::AnswerAt(around.saturating_sub(Duration::from_millis(5)))
            }
        }
    }

    pub(crate) fn kind(self) -> Option<&'static str> {
        Some(match self {
            Self::Nothing => return None,
            Self::ResetBefore => "reset before the request",
            Self::ResetDuring(_) => "reset during the request",
            Self::ResetAfter => "reset after the request",
            Self::ResetInAnswer(_) => "reset during the answer",
            Self::EndInAnswer(_) => "end during the answer",
            Self::ClosedAsItGoes => "closed as the request goes out",
            Self::ClosedIdle(_) => "closed while idle",
            Self::HalfOpen => "half open",
            Self::Mute => "mute after the request",
            Self::LateRequest(_) => "late request",
            Self::LateAnswer(_) => "late answer",
            Self::SlowRequest(_) => "slow request",
            Self::SlowAnswer(_) => "slow answer",
            Self::AnswerAt(_) => "answer as the time ends",
        })
    }

    /// Whether the gateway may act although the client has no answer.
    pub(crate) fn leaves_doubt(self) -> bool {
        matches!(
            self,
            Self::ResetAfter
                | Self::ResetInAnswer(_)
                | Self::EndInAnswer(_)
                | Self::Mute
                | Self::LateRequest(_)
                | Self::LateAnswer(_)
                | Self::AnswerAt(_)
        )
    }
}

/// Refusals that a gateway can come up with at any time, by
/// [`Sandbox::fail_next`](ccpayment_sandbox::Sandbox::fail_next).
pub(crate) const CODES: [(u32, &str); 13] = [
    (10_001, "code 10001"),
    (11_002, "code 11002"),
    (11_004, "code 11004"),
    (11_005, "code 11005"),
    (11_006, "code 11006"),
    (11_007, "code 11007"),
    (11_009, "code 11009"),
    (11_018, "code 11018"),
    (12_000, "code 12000"),
    (12_002, "code 12002"),
    (13_004, "code 13004"),
    (14_000, "code 14000"),
    (14_001, "code 14001"),
];

/// The codes of v1 whose meaning is known.
pub(crate) const CODES_V1: [(u32, &str); 2] = [(224_066, "code 224066"), (224_083, "code 224083")];

/// After these faults an answer can mean an empty list, or the end of one.
pub(crate) const EMPTIED: [&str; 3] = ["data is null", "id missing", "id twice"];

pub(crate) const REFUSED: &str = "connection refused";
pub(crate) const UNANSWERED: &str = "connection never made";
pub(crate) const ALL_RESET: &str = "every connection reset";
pub(crate) const SECOND_REFUSAL: &str = "refusal of the second attempt";
pub(crate) const AHEAD: &str = "clock ahead";
pub(crate) const BEHIND: &str = "clock behind";
pub(crate) const JUMP_AHEAD: &str = "clock jumps ahead";
pub(crate) const JUMP_BACK: &str = "clock jumps back";
pub(crate) const CRASH_AT_STEP: &str = "crash between two steps";
pub(crate) const CRASH_AT_TIME: &str = "crash while it waits";
pub(crate) const BETWEEN: &str = "paused between two statements";
pub(crate) const STILL: &str = "process paused";
pub(crate) const SECOND_WORKER: &str = "two workers, one order id";
pub(crate) const TAKEN_OVER: &str = "batch taken over";
pub(crate) const BATCH_AGAIN: &str = "batch called again";
pub(crate) const OTHER_PAYOUT: &str = "two payouts, one order id";
pub(crate) const FAILS_LATER: &str = "accepted, then failed";

/// The name of a fault of the sandbox, whether or not the gateway acted.
pub(crate) fn kind_of(fault: Fault) -> &'static str {
    match fault {
        Fault::ActThenDrop => "closed after acting",
        Fault::DropBeforeActing => "closed before acting",
        Fault::DeliverAfterLookup => "delivered after the look-up",
        Fault::Refused => "reset at the head",
        Fault::ResetUnread => "reset unread",
        Fault::ResetMidRequest => "reset with the body half read",
        Fault::Reset { .. } => "reset instead of an answer",
        Fault::Silence { .. } => "accepted, then silent",
        Fault::DeliveredTwice => "delivered twice",
        Fault::DeliveredTwiceAnswerSecond => "delivered twice, second answer",
        Fault::Reply { with, .. } => match with {
            BadResponse::Html => "200 with HTML",
            BadResponse::Empty => "200 with nothing",
            BadResponse::Error => "200 with an error",
            BadResponse::DataNull => "data is null",
            BadResponse::IdMissing => "id missing",
            BadResponse::RateLimited { retry_after: None } => "429",
            BadResponse::RateLimited { .. } => "429 with Retry-After",
            BadResponse::BadGateway => "502",
            BadResponse::Redirect => "redirect",
            BadResponse::GzipBomb => "gzip bomb",
            BadResponse::InvalidUtf8 => "invalid UTF-8",
            BadResponse::CodeTwice => "code twice",
            BadResponse::IdTwice => "id twice",
            BadResponse::DeepNesting => "deep nesting",
            BadResponse::DateOff { .. } => "wrong Date",
            BadResponse::NoDate => "no Date",
            BadResponse::SlowBody => "slow body",
            BadResponse::CutMidChunk => "end in a chunk",
            BadResponse::LengthTooLong => "Content-Length too long",
            BadResponse::LengthTooShort => "Content-Length too short",
            _ => "garbled otherwise",
        },
        _ => "otherwise",
    }
}

/// Every kind that a run must have met.
pub(crate) fn kinds() -> Vec<&'static str> {
    let some = Duration::from_secs(1);
    let strikes = [
        Strike::ResetBefore,
        Strike::ResetDuring(1),
        Strike::ResetAfter,
        Strike::ResetInAnswer(1),
        Strike::EndInAnswer(1),
        Strike::ClosedAsItGoes,
        Strike::ClosedIdle(some),
        Strike::HalfOpen,
        Strike::Mute,
        Strike::LateRequest(some),
        Strike::LateAnswer(some),
        Strike::SlowRequest(some),
        Strike::SlowAnswer(some),
        Strike::AnswerAt(some),
    ];
    let codes = CODES.iter().chain(&CODES_V1).map(|(_, kind)| *kind);
    let mut kinds: Vec<&str> = strikes.into_iter().filter_map(Strike::kind).collect();
    kinds.extend(Fault::every().into_iter().map(kind_of));
    kinds.extend(codes);
    kinds.extend(spelling::KINDS);
    kinds.extend(durable::FAULTS);
    kinds.extend([
        REFUSED,
        UNANSWERED,
        ALL_RESET,
        SECOND_REFUSAL,
        AHEAD,
        BEHIND,
        JUMP_AHEAD,
        JUMP_BACK,
        CRASH_AT_STEP,
        CRASH_AT_TIME,
        BETWEEN,
        STILL,
        SECOND_WORKER,
        TAKEN_OVER,
        BATCH_AGAIN,
        OTHER_PAYOUT,
        FAILS_LATER,
    ]);
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
