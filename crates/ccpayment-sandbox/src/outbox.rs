//! Notifications that wait for their delivery, in order and on the documented schedule.

use std::collections::HashMap;

use crate::ids::SplitMix;
use crate::views::Attempt;

/// When an unacknowledged notification is tried again, in seconds after its first attempt.
const RETRIES: [u64; 6] = [30, 90, 210, 450, 930, 1_890];

/// What a notification says, and where to.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) record_id: String,
    pub(crate) event_type: &'static str,
    pub(crate) body: String,
    /// Overrides the webhook URL.
    pub(crate) url: Option<String>,
}

#[derive(Debug)]
struct Notification {
    serial: u64,
    message: Message,
    sent: u32,
    first_at: Option<u64>,
    due_at: u64,
    /// A place that was dealt by hand; it goes before the time it became due.
    dealt: Option<usize>,
}

impl Notification {
    fn order(&self) -> (usize, u64, u64) {
        (self.dealt.unwrap_or(usize::MAX), self.due_at, self.serial)
    }
}

/// One delivery to make.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) serial: u64,
    pub(crate) message: Message,
    pub(crate) url: String,
    pub(crate) number: u32,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) webhook_url: Option<String>,
    waiting: Vec<Notification>,
    newest: HashMap<String, Message>,
    serials: u64,
    pub(crate) attempts: Vec<Attempt>,
}

impl Outbox {
    pub(crate) fn new(webhook_url: Option<String>) -> Self {
        Self {
            webhook_url,
            waiting: Vec::new(),
            newest: HashMap::new(),
            serials: 0,
            attempts: Vec::new(),
        }
    }

    pub(crate) fn queue(&mut self, message: Message, now: u64) {
        self.serials += 1;
        self.newest
            .insert(message.record_id.clone(), message.clone());
        self.waiting.push(Notification {
            serial: self.serials,
            message,
            sent: 0,
            first_at: None,
            due_at: now,
            dealt: None,
        });
    }

    /// False when nothing was ever announced for the record.
    pub(crate) fn resend(&mut self, record_id: &str, now: u64) -> bool {
        let Some(message) = self.newest.get(record_id).cloned() else {
            return false;
        };
        self.queue(message, now);
        true
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The serials of what is due, in order of delivery.
    pub(crate) fn due(&self, now: u64) -> Vec<u64> {
        let mut due: Vec<&Notification> = self
            .waiting
            .iter()
            .filter(|waiting| waiting.due_at <= now)
            .collect();
        due.sort_by_key(|waiting| waiting.order());
        due.into_iter().map(|waiting| waiting.serial).collect()
    }

    /// `None` when it is gone meanwhile or has nowhere to go.
    pub(crate) fn delivery(&self, serial: u64) -> Option<Delivery> {
        let waiting = self
            .waiting
            .iter()
            .find(|waiting| waiting.serial == serial)?;
        let url = waiting
            .message
            .url
            .clone()
            .or_else(|| self.webhook_url.clone())?;
        Some(Delivery {
            serial,
            message: waiting.message.clone(),
            url,
            number: waiting.sent.saturating_add(1),
        })
    }

    /// Files an attempt, and drops its notification when it is done or has been tried often enough.
    pub(crate) fn settle(&mut self, serial: u64, attempt: Attempt) {
        if let Some(place) = self
            .waiting
            .iter()
            .position(|waiting| waiting.serial == serial)
        {
            let again = self.waiting.get_mut(place).and_then(|waiting| {
                let first_at = *waiting.first_at.get_or_insert(attempt.at);
                let offset = RETRIES.get(usize::try_from(waiting.sent).ok()?)?;
                waiting.sent = waiting.sent.saturating_add(1);
                waiting.due_at = first_at.saturating_add(*offset);
                waiting.dealt = None;
                Some(())
            });
            if attempt.acknowledged || again.is_none() {
                self.waiting.remove(place);
            }
        }
        self.attempts.push(attempt);
    }

    pub(crate) fn reverse_due(&mut self, now: u64) {
        let mut serials = self.due(now);
        serials.reverse();
        self.deal(&serials);
    }

    /// Fisher and Yates, from the seed.
    pub(crate) fn shuffle_due(&mut self, now: u64, seed: u64) {
        let mut serials = self.due(now);
        let mut random = SplitMix::new(seed);
        for last in (1..serials.len()).rev() {
            serials.swap(last, random.below(last + 1));
        }
        self.deal(&serials);
    }

    fn deal(&mut self, serials: &[u64]) {
        for waiting in &mut self.waiting {
            waiting.dealt = serials.iter().position(|serial| *serial == waiting.serial);
        }
    }
}
