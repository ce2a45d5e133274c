//! The calls about notifications. What is due goes out, and its answer comes back as an operation
//! like any other.

use std::time::Duration;

use bytes::Bytes;

use crate::api::sandbox::Sandbox;
use crate::api::webhook_sender;
use crate::clock;
use crate::model::error::SandboxError;
use crate::model::v1::is_kind;
use crate::model::views::{DeliveryAttempt, Notification};
use crate::ops::Op;

/// # Notifications
///
/// The sandbox posts what is due, or a test carries it itself.
impl Sandbox {
    /// Posts every notification that is due, one after the other and each once, over a real
    /// socket; returns the attempts made.
    ///
    /// A notification is done when the answer is HTTP 200 with `Success` in its body, or `success`
    /// for one of v1. Otherwise it is due again 30, 90, 210, 450, 930 and 1890 seconds after its
    /// first attempt, signed afresh, and then given up;
    /// [`Setting::Retries`](crate::Setting::Retries) and
    /// [`Setting::SignRetriesAfresh`](crate::Setting::SignRetriesAfresh) have the other readings.
    /// While no webhook URL is set, notifications wait.
    ///
    /// An answer is waited for in real time, so it needs a runtime whose clock is not paused.
    pub async fn deliver_due(&self) -> Vec<DeliveryAttempt> {
        let _round = self.shared.delivery_round.lock().await;
        let now = self.now();
        let due = self.read(|state| state.outbox.due(now));
        let mut attempts = Vec::new();
        for serial in due {
            // The lock is never held across the exchange: the receiver may well ask the gateway.
            let Some(notification) = self.notification(serial) else {
                continue;
            };
            let Notification {
                url, headers, body, ..
            } = &notification;
            let answer = webhook_sender::post(url, headers, body).await;
            attempts.push(self.record(notification, answer));
        }
        attempts
    }

    /// Delivers what is due, second after second, for as long as it is polled.
    pub async fn keep_delivering(&self) {
        loop {
            self.deliver_due().await;
            clock::pause(Duration::from_secs(1)).await;
        }
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

    fn notification(&self, serial: u64) -> Option<Notification> {
        let (delivery, afresh) =
            self.read(|state| (state.outbox.delivery(serial), state.settings.sign_afresh));
        let delivery = delivery?;
        let at = self.now();
        let signed_at = (delivery.first_signed_at)
            .filter(|_| !afresh)
            .unwrap_or_else(|| self.signing_time());
        let body = delivery.message.body;
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

    fn record(&self, sent: Notification, answer: Result<(u16, Bytes), String>) -> DeliveryAttempt {
        let (status, acknowledged, error) = match answer {
            Ok((status, answer)) => {
                let of_v1 = is_kind(&sent.event_type);
                // Most integrations answer an activation by `{"msg":"success"}`.
                let in_small = of_v1 || sent.event_type == "ActivateWebhookURL";
                let done = status == 200
                    && (says_success(&answer, of_v1) || says_success(&answer, in_small));
                (Some(status), done, None)
            }
            Err(error) => (None, false, Some(error)),
        };
        let attempt = DeliveryAttempt {
            record_id: sent.record_id,
            event_type: sent.event_type,
            number: sent.number,
            status,
            acknowledged,
            at: sent.at,
            error,
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

    /// Every attempt so far, oldest first.
    #[must_use]
    pub fn delivery_attempts(&self) -> Vec<DeliveryAttempt> {
        self.read(|state| state.outbox.attempts.clone())
    }

    /// How many notifications are neither acknowledged nor given up.
    #[must_use]
    pub fn pending_notifications(&self) -> usize {
        self.read(|state| state.outbox.waiting())
    }
}

fn says_success(answer: &[u8], of_v1: bool) -> bool {
    let word = if of_v1 { b"success" } else { b"Success" };
    answer.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_activation_is_acknowledged_by_json_and_a_deposit_by_its_word_alone() {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .webhook_url("http://merchant.test/notify")
            .build()
            .unwrap();
        sandbox.activate_webhook();
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
    fn what_a_test_carries_itself_is_due_until_it_is_acknowledged() {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .webhook_url("http://merchant.test/notify")
            .build()
            .unwrap();
        sandbox.activate_webhook();
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
