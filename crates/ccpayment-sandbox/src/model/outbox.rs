//! Notifications that wait for their delivery, in order and on the documented schedule.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::ids::SplitMix;
use crate::model::recent::Recent;
use crate::model::settings::RetrySchedule;
use crate::model::views::DeliveryAttempt;

/// When an unacknowledged notification is tried again, in seconds.
const TIMES: [u64; 6] = [30, 90, 210, 450, 930, 1_890];

/// How many attempts are remembered.
const MOST_ATTEMPTS: usize = 2_000;

/// The content of a notification, and its target.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) record_id: String,
    /// Empty for the one kind that has no type.
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    /// Overrides the webhook URL.
    pub(crate) url: Option<String>,
}

#[derive(Debug)]
struct Notification {
    message: Message,
    sent: u32,
    /// When the first attempt was made, and the timestamp that it was signed with.
    first: Option<(u64, u64)>,
    due_at: u64,
    /// A place in the order of delivery that was set by hand. It counts before the time of being
    /// due.
    dealt: Option<usize>,
    /// Its place in the log.
    logged: usize,
}

/// What became of a notification.
#[derive(Debug)]
struct Logged {
    message: Message,
    queued_at: u64,
    acknowledged: bool,
}

/// One delivery to make.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) message: Message,
    pub(crate) url: String,
    pub(crate) number: u32,
    /// The timestamp of the first attempt, if there was one.
    pub(crate) first_signed_at: Option<u64>,
}

/// Which notifications to send again.
#[derive(Debug)]
pub(crate) struct ResendFilter<'a> {
    /// Those of v1, or those of v2.
    pub(crate) v1: bool,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) kind: Option<&'a str>,
    pub(crate) only_failed: bool,
    pub(crate) records: Option<BTreeSet<&'a str>>,
}

impl ResendFilter<'_> {
    fn covers(&self, record_id: &str) -> bool {
        let records = self.records.as_ref();
        records.is_none_or(|records| records.contains(record_id))
    }
}

fn is_transaction(kind: &str, v1: bool) -> bool {
    if v1 {
        return crate::model::v1::is_kind(kind);
    }
    matches!(
        kind,
        "ApiDeposit" | "DirectDeposit" | "UserDeposit" | "ApiWithdrawal" | "UserWithdrawal"
    )
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) webhook_url: Option<String>,
    /// By serial number.
    waiting: BTreeMap<u64, Notification>,
    log: Vec<Logged>,
    /// The place of a record's newest notification in the log.
    newest: HashMap<String, usize>,
    serials: u64,
    pub(crate) attempts: Recent<DeliveryAttempt, MOST_ATTEMPTS>,
}

impl Outbox {
    pub(crate) fn queue(&mut self, message: Message, now: u64) {
        self.keep_back(message.clone(), now);
        self.serials = self.serials.saturating_add(1);
        let notification = Notification {
            message,
            sent: 0,
            first: None,
            due_at: now,
            dealt: None,
            logged: self.log.len().saturating_sub(1),
        };
        self.waiting.insert(self.serials, notification);
    }

    /// Only logs it: it goes out when it is asked for, not by itself.
    pub(crate) fn keep_back(&mut self, message: Message, now: u64) {
        self.newest
            .insert(message.record_id.clone(), self.log.len());
        self.log.push(Logged {
            message,
            queued_at: now,
            acknowledged: false,
        });
    }

    /// False when nothing was ever announced for the record.
    pub(crate) fn resend(&mut self, record_id: &str, now: u64) -> bool {
        let newest = self.newest.get(record_id).copied();
        let Some(logged) = newest.and_then(|place| self.log.get(place)) else {
            return false;
        };
        let message = logged.message.clone();
        self.queue(message, now);
        true
    }

    /// Queues the newest notification of each record of a span again, and counts them.
    pub(crate) fn resend_span(&mut self, now: u64, wanted: &ResendFilter<'_>) -> usize {
        let newest = &self.newest;
        let chosen: Vec<String> = (0..)
            .zip(&self.log)
            .filter(|(place, logged)| {
                let message = &logged.message;
                newest.get(&message.record_id) == Some(place)
                    && (wanted.from..=wanted.to).contains(&logged.queued_at)
                    && !(wanted.only_failed && logged.acknowledged)
                    && is_transaction(message.kind, wanted.v1)
                    && wanted.kind.is_none_or(|kind| kind == message.kind)
                    && wanted.covers(&message.record_id)
            })
            .map(|(_, logged)| logged.message.record_id.clone())
            .collect();
        for record_id in &chosen {
            self.resend(record_id, now);
        }
        chosen.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The serials of the notifications that are due, in order of delivery.
    pub(crate) fn due(&self, now: u64) -> Vec<u64> {
        let mut due: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.due_at <= now)
            .map(|(serial, waiting)| {
                let dealt = waiting.dealt.unwrap_or(usize::MAX);
                (dealt, waiting.due_at, *serial)
            })
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, _, serial)| serial).collect()
    }

    /// Where a notification goes, if it is still due and has somewhere to go.
    pub(crate) fn url_of(&self, serial: u64, now: u64) -> Option<&str> {
        let waiting = self.waiting.get(&serial)?;
        let url = waiting.message.url.as_ref();
        let url = url
            .or(self.webhook_url.as_ref())
            .filter(|_| waiting.due_at <= now)?;
        Some(url)
    }

    /// `None` when it has meanwhile gone or has nowhere to go.
    pub(crate) fn delivery(&self, serial: u64) -> Option<Delivery> {
        let waiting = self.waiting.get(&serial)?;
        let url = waiting.message.url.clone();
        Some(Delivery {
            message: waiting.message.clone(),
            url: url.or_else(|| self.webhook_url.clone())?,
            number: waiting.sent.saturating_add(1),
            first_signed_at: waiting.first.map(|(_, signed_at)| signed_at),
        })
    }

    /// Files an attempt, and drops its notification when it is done or has been tried often enough.
    pub(crate) fn settle(
        &mut self,
        serial: u64,
        signed_at: u64,
        attempt: DeliveryAttempt,
        retries: RetrySchedule,
    ) {
        if let Some(waiting) = self.waiting.get_mut(&serial) {
            if attempt.acknowledged
                && let Some(logged) = self.log.get_mut(waiting.logged)
            {
                logged.acknowledged = true;
            }
            let (first_at, _) = *waiting.first.get_or_insert((attempt.at, signed_at));
            let since = match retries {
                RetrySchedule::Offsets => first_at,
                RetrySchedule::Gaps => attempt.at,
            };
            let time = usize::try_from(waiting.sent)
                .ok()
                .and_then(|sent| TIMES.get(sent));
            waiting.sent = waiting.sent.saturating_add(1);
            waiting.dealt = None;
            match time {
                Some(time) if !attempt.acknowledged => {
                    waiting.due_at = since.saturating_add(*time);
                }
                _ => _ = self.waiting.remove(&serial),
            }
        }
        self.attempts.push(attempt);
    }

    pub(crate) fn reverse_due(&mut self, now: u64) {
        let mut serials = self.due(now);
        serials.reverse();
        self.deal(&serials);
    }

    /// A Fisher-Yates shuffle by the seed.
    pub(crate) fn shuffle_due(&mut self, now: u64, seed: u64) {
        let mut serials = self.due(now);
        let mut random = SplitMix::new(seed);
        for last in (1..serials.len()).rev() {
            serials.swap(last, random.below(last + 1));
        }
        self.deal(&serials);
    }

    fn deal(&mut self, serials: &[u64]) {
        for waiting in self.waiting.values_mut() {
            waiting.dealt = None;
        }
        for (place, serial) in serials.iter().enumerate() {
            if let Some(waiting) = self.waiting.get_mut(serial) {
                waiting.dealt = Some(place);
            }
        }
    }
}
