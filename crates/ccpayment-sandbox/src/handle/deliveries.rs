//! The part of the handle that is about notifications: what is due goes out, and comes back as an
//! operation like any other.

use crate::handle::courier;
use crate::handle::sandbox::Sandbox;
use crate::model::error::SandboxError;
use crate::model::v1::is_kind;
use crate::model::views::Attempt;
use crate::ops::Op;

/// Notifications.
impl Sandbox {
    /// Posts every notification that is due, one after the other and each once, over a real
    /// socket; returns the attempts made.
    ///
    /// A notification is done when the answer is HTTP 200 with `Success` in its body, or `success`
    /// for one of v1. Otherwise it is due again 30, 90, 210, 450, 930 and 1890 seconds after its first attempt, signed afresh,
    /// and then given up; [`Setting::Retries`](crate::Setting::Retries) and
    /// [`Setting::SignRetriesAfresh`](crate::Setting::SignRetriesAfresh) have the other readings. While no webhook URL is set, notifications wait.
    ///
    /// An answer is waited for in real time, so it needs a runtime whose clock is not paused.
    pub async fn deliver_due(&self) -> Vec<Attempt> {
        let _round = self.shared.courier.lock().await;
        let now = self.now();
        let (due, afresh) = self.read(|state| (state.outbox.due(now), state.settings.sign_afresh));
        let mut attempts = Vec::new();
        for serial in due {
            // The lock is never held across the exchange: the receiver may well ask the gateway.
            let Some(delivery) = self.read(|state| state.outbox.delivery(serial)) else {
                continue;
            };
            let body = &delivery.message.body;
            let at = self.now();
            let signed_at = delivery
                .first_signed_at
                .filter(|_| !afresh)
                .unwrap_or_else(|| self.signing_time());
            let kind = delivery.message.kind;
            let headers = self.notification_headers(kind, signed_at, body.as_bytes());
            let (status, acknowledged, error) =
                match courier::post(&delivery.url, &headers, body).await {
                    Ok((status, answer)) => {
                        let done = status == 200 && says_success(&answer, is_kind(kind));
                        (Some(status), done, None)
                    }
                    Err(error) => (None, false, Some(error)),
                };
            let attempt = Attempt {
                record_id: delivery.message.record_id,
                event_type: delivery.message.kind.to_owned(),
                number: delivery.number,
                status,
                acknowledged,
                at,
                error,
            };
            attempts.push(attempt.clone());
            self.tell(Op::Delivered {
                serial,
                signed_at,
                attempt,
            });
        }
        attempts
    }

    /// Queues the handshake that is sent when a URL is saved on the dashboard.
    pub fn activate_webhook(&self) {
        self.tell(Op::ActivateWebhook);
    }

    /// Queues the newest notification of a record once more, acknowledged or not.
    ///
    /// # Errors
    ///
    /// When nothing was announced for the record.
    pub fn resend(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Resend(record_id.to_owned())).map(drop)
    }

    /// Reverses the order of the notifications that are due now.
    pub fn reverse_due(&self) {
        self.tell(Op::ReverseDue);
    }

    /// Shuffles the notifications that are due now; the same seed gives the same order.
    pub fn shuffle_due(&self, seed: u64) {
        self.tell(Op::ShuffleDue(seed));
    }

    /// Every attempt so far, oldest first.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.read(|state| state.outbox.attempts.clone())
    }

    /// How many notifications are neither acknowledged nor given up.
    #[must_use]
    pub fn pending_notifications(&self) -> usize {
        self.read(|state| state.outbox.waiting())
    }

    /// The headers `Appid`, `Timestamp` and `Sign` for a body, signed at the [`signing_time`](Self::signing_time).
    ///
    /// Requests are signed in the same way as notifications, so that it serves for both. Always with
    /// the secret, whatever RSA keys there are; [`sign_v1`](Self::sign_v1) is for v1.
    #[must_use]
    pub fn sign_notification(&self, body: &[u8]) -> [(&'static str, String); 3] {
        self.headers(self.signing_time(), body)
    }

    /// By the digest of v1, by the sandbox's RSA key if it has one, or by the secret.
    fn notification_headers(
        &self,
        kind: &str,
        at: u64,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        let gateway = &self.shared.gateway;
        if is_kind(kind) {
            return gateway.digest.headers(at, body);
        }
        let mut headers = self.headers(at, body);
        if let Some(key) = &gateway.notification_key {
            let [_, (_, timestamp), (_, sign)] = &mut headers;
            // Without a fallback: a signature by the secret would hide that the key can't sign.
            *sign = key
                .sign(&gateway.account.text(timestamp, body))
                .unwrap_or_default();
        }
        headers
    }

    fn headers(&self, at: u64, body: &[u8]) -> [(&'static str, String); 3] {
        let account = &self.shared.gateway.account;
        let timestamp = format!("{at:010}");
        let sign = account.sign(&timestamp, body);
        [
            ("Appid", account.app_id.clone()),
            ("Timestamp", timestamp),
            ("Sign", sign),
        ]
    }
}

fn says_success(answer: &[u8], of_v1: bool) -> bool {
    let word = if of_v1 { b"success" } else { b"Success" };
    answer.windows(word.len()).any(|window| window == word)
}
