//! The courier: it carries notifications to the merchant, late, twice or not at all.

use std::time::Duration;

use bytes::Bytes;
use ccpayment_sandbox::Notification;
use http::{Request, Response};
use serde_json::Value;

use super::checks::{self, Breach, breach};
use super::forged;
use super::merchant::Merchant;
use super::report::Invariant;
use super::run::{Delivery, Due, Kind, Run, read};

/// How long the gateway waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl<M: Merchant> Run<M> {
    /// One round: everything that is due and not on its way already.
    pub(super) fn deliver(&mut self) {
        if self.shared().chance(50) {
            let seed = self.shared().random.u64(..);
            self.sandbox.shuffle_due(seed);
        }
        for notification in self.sandbox.due_notifications() {
            if !self.carried.contains_key(&notification.serial()) {
                self.send(notification);
            }
        }
    }

    fn send(&mut self, notification: Notification) {
        let title = format!(
            "{} {} of {} (try {})",
            notification.event_type,
            status(notification.body.as_bytes()),
            notification.record_id,
            notification.number
        );
        // After the reconciliation began, everything arrives as it should.
        let percent = |of: u32| if self.faults_over { 0 } else { of };
        let plan = &self.plan;
        let (unreached, delayed, lost, doubled) = (
            percent(plan.unreached_percent),
            percent(plan.delayed_percent),
            percent(plan.answers_lost_percent),
            percent(plan.duplicates_percent),
        );
        let request = request(&notification);
        let is_out = self.is_out();
        let mut shared = self.clock.shared();
        let Some(request) = request.filter(|_| !is_out && !shared.chance(unreached)) else {
            shared.counts.unreached += 1;
            shared.say("gateway", format_args!("can't deliver {title}"));
            drop(shared);
            self.sandbox.record_answer(notification, None);
            return;
        };
        shared.say("gateway", format_args!("sends {title}"));
        let after = if shared.chance(delayed) {
            shared.counts.delayed += 1;
            // Up to longer than the signature is valid.
            shared.millis(1_000, 150_000)
        } else {
            shared.millis(5, 300)
        };
        let answer_lost = shared.chance(lost);
        let copy = shared.chance(doubled).then(|| {
            shared.counts.duplicates += 1;
            // At once, or after a while.
            let later = if shared.chance(50) {
                Duration::ZERO
            } else {
                shared.millis(1, 30_000)
            };
            after + later
        });
        drop(shared);

        let number = notification.number;
        let serial = notification.serial();
        let delivery = Delivery {
            answers: Some((serial, number)),
            record_id: notification.record_id.clone(),
            request,
            forged: false,
            answer_lost,
        };
        self.sent = Some(delivery.request.clone());
        self.carried.insert(serial, notification);
        if let Some(after) = copy {
            let copy = Delivery {
                answers: None,
                ..delivery.clone()
            };
            self.after(after, Due::Arrive(Box::new(copy)));
        }
        self.after(after, Due::Arrive(Box::new(delivery)));
        self.after(PATIENCE, Due::GiveUp(serial, number));
    }

    pub(super) fn arrive(&mut self, delivery: Box<Delivery>) {
        if self.is_out() {
            self.shared().counts.unreached += 1;
            return;
        }
        self.shared().counts.deliveries += 1;
        self.start(Kind::Notified(delivery));
    }

    /// No answer came in time.
    pub(super) fn give_up(&mut self, serial: u64, number: u32) {
        let waits = self
            .carried
            .get(&serial)
            .is_some_and(|it| it.number == number);
        if waits && let Some(notification) = self.carried.remove(&serial) {
            self.sandbox.record_answer(notification, None);
        }
    }

    pub(super) fn answered(
        &mut self,
        delivery: &Delivery,
        answer: &Response<Bytes>,
    ) -> Result<(), Breach> {
        let Delivery {
            request, record_id, ..
        } = delivery;
        let status = status(request.body());
        let acknowledged = answer.status() == 200 && says_success(answer.body());
        let lost = if delivery.answer_lost {
            ", which is lost"
        } else {
            ""
        };
        let line = format!(
            "answers {}{lost} to {status} of {record_id}",
            answer.status()
        );
        self.shared().say("merchant", line);
        if delivery.forged {
            if acknowledged {
                let about = format!("a notification of record {record_id}");
                let found = "it was forged, and acknowledged";
                return breach(Invariant::ForgeryIsTurnedAway, about, found);
            }
            return Ok(());
        }
        if acknowledged {
            let (books, requests) = (self.books()?, &self.plan.payout_requests);
            checks::always(&self.sandbox, &books, requests, &self.worths)?;
            checks::acknowledged(&self.sandbox, &books, requests, record_id, &status)?;
        }
        let Some((serial, number)) = delivery.answers else {
            return Ok(());
        };
        if delivery.answer_lost {
            // The gateway still waits for the answer.
            self.shared().counts.answers_lost += 1;
            return Ok(());
        }
        let waits = self
            .carried
            .get(&serial)
            .is_some_and(|it| it.number == number);
        if waits && let Some(notification) = self.carried.remove(&serial) {
            self.sandbox.record_answer(notification, Some(answer));
        }
        Ok(())
    }

    pub(super) fn forge(&mut self) {
        let payouts = self.sandbox.payouts();
        let payout = payouts.first();
        let order_id = self
            .plan
            .sales
            .first()
            .map(|(sale, _)| sale.order_id.as_str());
        let known = forged::Known {
            app_id: self.sandbox.app_id(),
            now: self.unix_now(),
            order_id: order_id.unwrap_or_default(),
            payout: payout.map(|it| (it.order_id.as_str(), it.record_id.as_str())),
            sent: self.sent.as_ref(),
        };
        let mut random = self.shared().random.fork();
        let Some((request, title)) = forged::forge(&mut random, &known) else {
            return;
        };
        self.shared().counts.forgeries += 1;
        self.shared()
            .say("thief", format_args!("posts a notification {title}"));
        let record_id = read(request.body())
            .pointer("/msg/recordId")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        self.arrive(Box::new(Delivery {
            answers: None,
            request,
            record_id,
            forged: true,
            answer_lost: false,
        }));
    }
}

fn request(notification: &Notification) -> Option<Request<Bytes>> {
    let mut request = Request::post(&notification.url).header("Content-Type", "application/json");
    for (name, value) in &notification.headers {
        request = request.header(*name, value);
    }
    request.body(Bytes::from(notification.body.clone())).ok()
}

/// The status that a notification tells.
fn status(body: &[u8]) -> String {
    let body = read(body);
    let status = body.pointer("/msg/status").and_then(Value::as_str);
    status.unwrap_or("notice").to_owned()
}

/// As the gateway reads an acknowledgement.
fn says_success(body: &[u8]) -> bool {
    body.windows(7).any(|window| window == b"Success")
}
