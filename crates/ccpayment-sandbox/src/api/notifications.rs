//! The calls about notifications. A due notification goes out, and its answer comes back as an
//! operation like any other.

use bytes::Bytes;

use crate::api::sandbox::Sandbox;
use crate::api::{deliveries, webhook_sender};
use crate::model::error::SandboxError;
use crate::model::request_log::masked;
use crate::model::v1::is_kind;
use crate::model::views::{DeliveryAttempt, Notification};
use crate::ops::Op;

/// # Notifications
///
/// The sandbox posts what is due, or a test carries it itself.
impl Sandbox {
    /// Posts every notification that is due over a real socket, each once; returns the attempts
    /// made.
    ///
    /// Receivers are served side by side, so that one that never answers delays nobody else. What
    /// goes to one URL goes in order, one after the other.
    ///
    /// A notification is done when the answer is HTTP 200 with `Success` in its body, or `success`
    /// for one of v1. Otherwise it is due again 30, 90, 210, 450, 930 and 1890 seconds after its
    /// first attempt, signed afresh, and then given up;
    /// [`Setting::Retries`](crate::Setting::Retries) and
    /// [`Setting::SignRetriesAfresh`](crate::Setting::SignRetriesAfresh) have the other readings.
    /// While no webhook URL is set, notifications wait.
    ///
    /// It waits for answers in real time, so it needs a runtime whose clock is not paused.
    pub async fn deliver_due(&self) -> Vec<DeliveryAttempt> {
        deliveries::once(self, webhook_sender::post).await
    }

    /// Delivers what is due for as long as it is polled, within a second of its time.
    pub async fn keep_delivering(&self) {
        deliveries::for_ever(self, webhook_sender::post).await;
    }

    /// The notifications that are due, in order and signed as of now, for a test that carries them
    /// itself instead of by [`deliver_due`](Self::deliver_due): in process, late, or twice.
    ///
    /// They stay due until [`record_answer`](Self::record_answer) files what came of them.
    #[must_use]
    pub fn due_notifications(&self) -> Vec<Notification> {
        let now = self.now();
        let due = self.read(|state| state.outbox.due(now));
        due.into_iter()
            .filter_map(|serial| self.notification(serial))
            .collect()
    }

    /// Records the answer to a notification of [`due_notifications`](Self::due_notifications), by
    /// the rules of [`deliver_due`](Self::deliver_due). `None` means that there was no answer.
    pub fn record_answer(
        &self,
        notification: Notification,
        answer: Option<&http::Response<Bytes>>,
    ) -> DeliveryAttempt {
        let answer = answer.map(|it| (it.status().as_u16(), it.body().clone()));
        self.record(notification, answer.ok_or_else(|| "no answer".to_owned()))
    }

    pub(crate) fn notification(&self, serial: u64) -> Option<Notification> {
        let (delivery, afresh) =
            self.read(|state| (state.outbox.delivery(serial), state.settings.sign_afresh));
        let delivery = delivery?;
        let at = self.now();
        let signed_at = (delivery.first_signed_at)
            .filter(|_| !afresh)
            .unwrap_or_else(|| self.signing_time());
        let body = self.told_body(delivery.message.kind, delivery.message.body);
        Some(Notification {
            headers: self.notification_headers(delivery.message.kind, signed_at, body.as_bytes()),
            record_id: delivery.message.record_id,
            event_type: delivery.message.kind.to_owned(),
            number: delivery.number,
            url: delivery.url,
            body,
            serial,
            at,
            signed_at,
        })
    }

    /// Only the notice of a risky address names a time.
    fn told_body(&self, kind: &str, body: String) -> String {
        if !kind.is_empty() {
            return body;
        }
        let Ok(mut fields) = serde_json::from_str(&body) else {
            return body;
        };
        self.engine().state.caller_time.tell(&mut fields);
        fields.to_string()
    }

    pub(crate) fn record(
        &self,
        sent: Notification,
        answer: Result<(u16, Bytes), String>,
    ) -> DeliveryAttempt {
        // A receiver may say what it got.
        let sign = sent.headers.iter().find(|(name, _)| *name == "Sign");
        let sign = sign.map_or("", |(_, value)| value.as_str());
        let (status, said, failed_rule, error) = match answer {
            Ok((status, said)) => (
                Some(status),
                Some(masked(&beginning(&said), [self.app_secret(), sign])),
                broken_rule(&sent.event_type, status, &said),
                None,
            ),
            Err(error) => (None, None, None, Some(error)),
        };
        let attempt = DeliveryAttempt {
            record_id: sent.record_id,
            event_type: sent.event_type,
            number: sent.number,
            status,
            acknowledged: error.is_none() && failed_rule.is_none(),
            at: sent.at,
            error,
            url: sent.url,
            headers: shown_headers(sent.headers),
            body: sent.body,
            answer: said,
            failed_rule,
        };
        self.apply_or_ignore(Op::Delivered {
            serial: sent.serial,
            signed_at: sent.signed_at,
            attempt: attempt.clone(),
        });
        attempt
    }

    /// Queues the newest notification of a record once more, acknowledged or not.
    ///
    /// # Errors
    ///
    /// When nothing was announced for the record.
    pub fn resend_notification(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Resend(record_id.to_owned())).map(drop)
    }

    /// Reverses the order of the notifications that are due now.
    pub fn reverse_due(&self) {
        self.apply_or_ignore(Op::ReverseDue);
    }

    /// Shuffles the notifications that are due now; the same seed gives the same order.
    pub fn shuffle_due(&self, seed: u64) {
        self.apply_or_ignore(Op::ShuffleDue(seed));
    }

    /// The attempts so far, oldest first. The newest 2000 are kept.
    #[must_use]
    pub fn delivery_attempts(&self) -> Vec<DeliveryAttempt> {
        self.read(|state| state.outbox.attempts.iter().cloned().collect())
    }

    /// How many notifications are neither acknowledged nor given up.
    #[must_use]
    pub fn pending_notifications(&self) -> usize {
        self.read(|state| state.outbox.waiting())
    }
}

/// The rule that an answer breaks, if it breaks one.
fn broken_rule(event_type: &str, status: u16, answer: &[u8]) -> Option<String> {
    if status != 200 {
        return Some(format!("the status must be 200, and was {status}"));
    }
    let of_v1 = is_kind(event_type);
    let (word, other) = if of_v1 {
        ("success", "Success")
    } else {
        ("Success", "success")
    };
    // Most integrations answer an activation by `{"msg":"success"}`.
    let either = event_type == "ActivateWebhookURL";
    if says(answer, word) || either && says(answer, other) {
        return None;
    }
    let found = answer.to_ascii_lowercase();
    Some(if says(&found, "success") {
        format!("the body must have `{word}` in it, in these very letter cases")
    } else {
        format!("the body must have `{word}` in it")
    })
}

fn says(answer: &[u8], word: &str) -> bool {
    let mut windows = answer.windows(word.len());
    windows.any(|window| window == word.as_bytes())
}

/// The beginning of an answer, enough to see what it was.
fn beginning(answer: &[u8]) -> String {
    const MOST: usize = 500;
    let text = String::from_utf8_lossy(answer);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

/// The headers without the signature, which no log may show.
fn shown_headers(headers: [(&'static str, String); 3]) -> Vec<(String, String)> {
    let shown = headers.map(|(name, value)| {
        let value = match name {
            "Sign" => format!("({} characters)", value.len()),
            _ => value,
        };
        (name.to_owned(), value)
    });
    shown.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A sandbox whose first notification is due.
    fn activating() -> Sandbox {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .webhook_url("http://merchant.test/notify")
            .build()
            .unwrap();
        sandbox.activate_webhook();
        sandbox
    }

    #[test]
    fn an_activation_is_acknowledged_by_json_and_a_deposit_by_its_word_alone() {
        let sandbox = activating();
        let json = http::Response::new(Bytes::from_static(br#"{"msg":"success"}"#));
        let mut activation = sandbox.due_notifications().pop().unwrap();
        let deposit = "ApiDeposit".to_owned();
        assert!(
            sandbox
                .record_answer(activation.clone(), Some(&json))
                .acknowledged
        );
        activation.event_type = deposit;
        assert!(!sandbox.record_answer(activation, Some(&json)).acknowledged);
    }

    #[test]
    fn a_receiver_that_says_what_it_got_shows_no_secret() {
        let sandbox = activating();
        let sent = sandbox.due_notifications().pop().unwrap();
        let [.., (_, sign)] = &sent.headers;
        let said = format!("{sign} is wrong, not made with {}", sandbox.app_secret());
        let answer = http::Response::new(Bytes::from(said));
        let attempt = sandbox.record_answer(sent, Some(&answer));
        assert_eq!(
            attempt.answer.as_deref(),
            Some("*** is wrong, not made with ***")
        );
    }

    #[test]
    fn what_a_test_carries_itself_is_due_until_it_is_acknowledged() {
        let sandbox = activating();
        let first = sandbox.due_notifications().pop().unwrap();
        assert_eq!(
            (first.number, &*first.event_type),
            (1, "ActivateWebhookURL")
        );
        assert_eq!(sandbox.due_notifications(), std::slice::from_ref(&first));
        let serial = first.serial();
        assert!(!sandbox.record_answer(first, None).acknowledged);
        assert_eq!(sandbox.due_notifications(), []);

        sandbox.advance(Duration::from_secs(30));
        let second = sandbox.due_notifications().pop().unwrap();
        assert_eq!((second.serial(), second.number), (serial, 2));
        let signed = sandbox.sign_v2(second.body.as_bytes());
        assert_eq!(second.headers, signed);
        let answer = http::Response::new(Bytes::from_static(b"Success"));
        assert!(sandbox.record_answer(second, Some(&answer)).acknowledged);
        assert_eq!(sandbox.pending_notifications(), 0);
        assert_eq!(sandbox.delivery_attempts().len(), 2);
    }
}
