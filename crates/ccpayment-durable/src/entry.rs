//! `Entry`, a row of the inbox or the outbox, with its key, its state and what may change of it.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use ccpayment_client::core::{AppId, RecordId, Timestamp, Version};
use sha2::{Digest, Sha256};

/// Defines words that a store keeps as text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The text that a store keeps.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { word: text.to_owned() }),
                }
            }
        }
    };
}

/// A store holds a word that this version does not know, such as one of a later version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store holds the word {word:?}, which this version does not know")]
pub struct UnknownWord {
    word: String,
}

words! {
    /// Where an entry stands.
    Queue {
        /// What the gateway told, or a list of records showed.
        Inbox = "inbox",
        /// What the merchant wants to pay.
        Outbox = "outbox",
    }
}

words! {
    /// Whether there is work to do.
    State {
        /// There is: a worker takes it when it is due.
        Open = "open",
        /// It waits for a person, who releases it. See its reason.
        Parked = "parked",
        /// It has ended. See its verdict.
        Done = "done",
    }
}

words! {
    /// How far an open entry is.
    Step {
        /// Its record was not final yet when it was read last, or was not read.
        Received = "received",
        /// A payout that is not being sent: it was never sent, or provably nothing came of it.
        Planned = "planned",
        /// A payout that may have been sent. Only its record settles it.
        Sending = "sending",
        /// A payout that the gateway accepted and whose record is not final.
        Accepted = "accepted",
    }
}

/// The verdict on a deposit that no program credits. A notification with another status opens its
/// entry again, since the record may have changed by then.
pub const NOT_CREDITED: &str = "not_credited";

/// The verdict on an entry that a person has ended: see [`Store::close`](crate::Store::close).
pub const CLOSED: &str = "closed";

/// What an entry is known by. Unique in the store, for ever.
///
/// The key of a deposit has APP ID, API version, kind and record id, without the status. Its credit
/// key is the same for both versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct EntryKey {
    /// The merchant's APP ID.
    pub app_id: AppId,
    /// The version of the API.
    pub version: Version,
    /// Inbox or outbox.
    pub queue: Queue,
    /// In the inbox what kind of record it is ([`kind`](crate::kind)), in the outbox the gateway's
    /// name of the operation.
    pub kind: String,
    /// In the inbox CCPayment's id of the record, in the outbox the merchant's order id.
    pub id: String,
}

impl EntryKey {
    /// A key of the inbox.
    #[must_use]
    pub fn inbox(app_id: &AppId, version: Version, kind: &str, record_id: &str) -> Self {
        Self::new(app_id, version, Queue::Inbox, kind, record_id)
    }

    /// A key of the inbox for what has no id: the SHA-256 of its body, in hex.
    pub(crate) fn by_body(app_id: &AppId, version: Version, kind: &str, body: &[u8]) -> Self {
        let digest = Sha256::digest(body);
        let id = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self::inbox(app_id, version, kind, &id)
    }

    /// A key of the outbox.
    #[must_use]
    pub fn outbox(app_id: &AppId, version: Version, operation: &str, order_id: &str) -> Self {
        Self::new(app_id, version, Queue::Outbox, operation, order_id)
    }

    /// Any key, as a store reads it.
    #[must_use]
    pub fn new(app_id: &AppId, version: Version, queue: Queue, kind: &str, id: &str) -> Self {
        Self {
            app_id: app_id.clone(),
            version,
            queue,
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }

    /// The version as a store keeps it: 1 or 2.
    #[must_use]
    pub fn version_number(&self) -> i64 {
        match self.version {
            Version::V1 => 1,
            Version::V2 => 2,
        }
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.queue, self.kind, self.id)
    }
}

/// An entry to be put in.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEntry {
    /// What it is known by.
    pub key: EntryKey,
    /// Open, or parked from the beginning.
    pub state: State,
    /// Where its work begins.
    pub step: Step,
    /// The notification as it came, or the body of the request. Empty for what a list showed.
    pub body: Bytes,
    /// Whether a list of records showed it first: a gap in the notifications.
    pub is_gap: bool,
    /// Why it is parked.
    pub reason: Option<String>,
}

impl NewEntry {
    /// An open entry with this body.
    #[must_use]
    pub fn new(key: EntryKey, step: Step, body: Bytes) -> Self {
        Self {
            key,
            state: State::Open,
            step,
            body,
            is_gap: false,
            reason: None,
        }
    }
}

impl fmt::Debug for NewEntry {
    /// Shows the length of the body alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEntry")
            .field("key", &self.key)
            .field("step", &self.step)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A delivery to be noted. It is known by its key and its status.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The key of the entry that it is about.
    pub key: EntryKey,
    /// The status in the notification.
    pub status: String,
    /// The notification as it came.
    pub body: Bytes,
}

impl Delivery {
    /// A delivery that tells this status.
    #[must_use]
    pub fn new(key: EntryKey, status: &str, body: Bytes) -> Self {
        Self {
            key,
            status: status.to_owned(),
            body,
        }
    }
}

impl fmt::Debug for Delivery {
    /// Shows the length of the body alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("key", &self.key)
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// An entry that a worker has taken, for the time of its lease.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What it is known by.
    pub key: EntryKey,
    /// How far it is.
    pub step: Step,
    /// The notification as it came, or the exact body of the request. Empty for what a list showed.
    pub body: Bytes,
    /// Grows with each claim. A change with an older fence is refused.
    pub fence: i64,
    /// How often in a row it failed.
    pub failures: u32,
    /// How often it was looked at and had not ended.
    pub looks: u32,
    /// Since when a payout may have been sent, by the gateway's clock as far as known: set at the
    /// first look that the gateway answered after the send.
    pub in_doubt_since: Option<Timestamp>,
    /// The last send has signed nothing later than this.
    pub signed_until: Option<Timestamp>,
    /// CCPayment's id of a payout's record, once known.
    pub record_id: Option<RecordId>,
}

impl Entry {
    /// An entry as it was put in and claimed for the first time.
    #[must_use]
    pub fn new(key: EntryKey, step: Step, body: Bytes, fence: i64) -> Self {
        Self {
            key,
            step,
            body,
            fence,
            failures: 0,
            looks: 0,
            in_doubt_since: None,
            signed_until: None,
            record_id: None,
        }
    }

    /// The change that leaves everything as it is, and makes the entry due after this time.
    #[must_use]
    pub fn later(&self, due_in: Duration) -> Change {
        Change {
            state: State::Open,
            step: self.step,
            due_in,
            keeps_claim: false,
            failures: self.failures,
            looks: self.looks,
            in_doubt_since: self.in_doubt_since,
            signed_until: self.signed_until,
            record_id: self.record_id.clone(),
            verdict: None,
            reason: None,
        }
    }

    /// The change that ends it.
    #[must_use]
    pub fn done(&self, verdict: &str, reason: Option<String>) -> Change {
        Change {
            state: State::Done,
            verdict: Some(verdict.to_owned()),
            reason,
            ..self.later(Duration::ZERO)
        }
    }

    /// The change that leaves it to a person.
    #[must_use]
    pub fn parked(&self, reason: String) -> Change {
        Change {
            state: State::Parked,
            reason: Some(reason),
            ..self.later(Duration::ZERO)
        }
    }
}

impl fmt::Debug for Entry {
    /// Shows the length of the body alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("step", &self.step)
            .field("body_bytes", &self.body.len())
            .field("fence", &self.fence)
            .field("failures", &self.failures)
            .field("in_doubt_since", &self.in_doubt_since)
            .finish_non_exhaustive()
    }
}

/// Everything of a claimed entry that a worker may write: all of it at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Whether there is work left.
    pub state: State,
    /// How far it is.
    pub step: Step,
    /// When it is due again, from now on by the database's clock. With
    /// [`keeps_claim`](Self::keeps_claim), when the lease ends.
    pub due_in: Duration,
    /// The worker goes on with it, so nobody else may take it.
    pub keeps_claim: bool,
    /// As in [`Entry`].
    pub failures: u32,
    /// As in [`Entry`].
    pub looks: u32,
    /// As in [`Entry`].
    pub in_doubt_since: Option<Timestamp>,
    /// As in [`Entry`].
    pub signed_until: Option<Timestamp>,
    /// As in [`Entry`].
    pub record_id: Option<RecordId>,
    /// How it ended.
    pub verdict: Option<String>,
    /// Why it failed last, why it is parked, or why it ended so.
    pub reason: Option<String>,
}
