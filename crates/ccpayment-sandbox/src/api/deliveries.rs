//! Notifications go out side by side: one lane for each URL, and so many lanes at once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::api::sandbox::Sandbox;
use crate::clock;
use crate::model::views::{DeliveryAttempt, Notification};

/// How long a delivery waits for its answer.
const WAIT: Duration = Duration::from_secs(10);
/// How many URLs are served at once: more than the receivers that hang at one time, fewer than the
/// sockets that a process may have.
const MOST: usize = 128;
/// How often the sandbox looks for notifications that are due.
const PAUSE: Duration = Duration::from_millis(200);

/// The status and body of an answer, or why there is none.
pub(crate) type Answer = Result<(u16, Bytes), String>;

/// Carries a notification. The caller bounds the time.
pub(crate) trait Carrier<F>: Fn(Notification) -> F + Copy + Send + Sync + 'static {}

impl<C, F> Carrier<F> for C where C: Fn(Notification) -> F + Copy + Send + Sync + 'static {}

/// Carries each notification that is due once, except those already on their way.
pub(crate) async fn once<F>(sandbox: &Sandbox, carrier: impl Carrier<F>) -> Vec<DeliveryAttempt>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut lanes = due(sandbox).into_iter();
    let mut open = JoinSet::new();
    let mut attempts = Vec::new();
    loop {
        while open.len() < MOST
            && let Some((url, serials)) = lanes.next()
        {
            if let Some(lane) = Lane::open(sandbox, url) {
                open.spawn(lane.carry(serials, carrier));
            }
        }
        match open.join_next().await {
            Some(done) => attempts.extend(done.unwrap_or_default()),
            None => return attempts,
        }
    }
}

/// Carries each notification when it falls due, whatever is under way to other URLs.
pub(crate) async fn for_ever<F>(sandbox: &Sandbox, carrier: impl Carrier<F>)
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        for (url, serials) in due(sandbox) {
            if open.len() >= MOST {
                break;
            }
            if let Some(lane) = Lane::open(sandbox, url) {
                open.spawn(lane.carry(serials, carrier));
            }
        }
        clock::pause(PAUSE).await;
    }
}

/// The notifications that are due for each URL, in order. The URL that has waited longest comes
/// first, so that receivers that never answer keep nobody waiting for ever.
fn due(sandbox: &Sandbox) -> Vec<(String, Vec<u64>)> {
    let now = sandbox.now();
    sandbox.read(|state| {
        let mut lanes: Vec<(String, Vec<u64>)> = Vec::new();
        let mut places = HashMap::new();
        for serial in state.outbox.due(now) {
            let Some(url) = state.outbox.url_of(serial, now) else {
                continue;
            };
            let place = *places.entry(url).or_insert(lanes.len());
            match lanes.get_mut(place) {
                Some((_, serials)) => serials.push(serial),
                None => lanes.push((url.to_owned(), vec![serial])),
            }
        }
        lanes
    })
}

/// The right to carry notifications to a URL; nobody else has it at the same time.
struct Lane {
    sandbox: Sandbox,
    url: String,
}

impl Lane {
    fn open(sandbox: &Sandbox, url: String) -> Option<Self> {
        let mut busy = (sandbox.shared.busy_urls.lock()).unwrap_or_else(PoisonError::into_inner);
        busy.insert(url.clone()).then(|| Self {
            sandbox: sandbox.clone(),
            url,
        })
    }

    async fn carry<F>(self, serials: Vec<u64>, carrier: impl Carrier<F>) -> Vec<DeliveryAttempt>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let mut attempts = Vec::new();
        for serial in serials {
            let now = self.sandbox.now();
            // Since the lane was opened, the notification may have ended or got another URL.
            let still = (self.sandbox).read(|state| {
                let url = state.outbox.url_of(serial, now);
                url.is_some_and(|url| url == self.url)
            });
            let Some(notification) = still.then(|| self.sandbox.notification(serial)).flatten()
            else {
                continue;
            };
            // No lock is held across the exchange: the receiver may well ask the gateway.
            let carried = clock::within(WAIT, carrier(notification.clone())).await;
            let silence = || Err(format!("no answer within {} s", WAIT.as_secs()));
            let answer = carried.unwrap_or_else(silence);
            attempts.push(self.sandbox.record(notification, answer));
        }
        attempts
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let busy = self.sandbox.shared.busy_urls.lock();
        busy.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.url);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::views::IncomingPayment;
    use crate::ops::Op;

    /// Three receivers that never answer, and one that does.
    async fn answer(notification: Notification) -> Answer {
        if notification.url.ends_with("/silent") {
            std::future::pending::<()>().await;
        }
        Ok((200, Bytes::from_static(b"Success")))
    }

    fn seconds(tokio: tokio::time::Instant) -> f64 {
        tokio.elapsed().as_secs_f64()
    }

    fn order(sandbox: &Sandbox, number: usize, url: &str) {
        let fields = json!({
            "orderId": format!("order-{number}"), "coinId": 1280, "chain": "POLYGON", "price": "5",
            "notifyUrl": url,
        });
        let operation = "createAppOrderDepositAddress";
        let request = json!({
            "route": operation, "operation": operation, "signed_at": sandbox.now(),
            "checked": { "Ok": fields },
        });
        let request = serde_json::from_value(request).unwrap();
        let opened = sandbox.apply(Op::Request(request)).unwrap();
        let address = opened["data"]["address"].as_str().unwrap();
        let payment = IncomingPayment::new(address, "5");
        sandbox.send_payment(payment).unwrap();
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the clock of this test stands")]
    async fn who_never_answers_delays_nobody_else() {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .build()
            .unwrap();
        for number in 0..3 {
            order(&sandbox, number, &format!("http://{number}.test/silent"));
        }
        let delivering = {
            let sandbox = sandbox.clone();
            tokio::spawn(async move { for_ever(&sandbox, answer).await })
        };
        clock::pause(Duration::from_millis(700)).await;
        let began = tokio::time::Instant::now();
        order(&sandbox, 3, "http://fine.test/");
        while sandbox.pending_notifications() > 3 {
            clock::pause(Duration::from_millis(50)).await;
        }
        assert!(seconds(began) < 1.0, "{}", seconds(began));
        assert!(sandbox.delivery_attempts().iter().all(|it| it.acknowledged));
        // A notification under way is not sent a second time, and ends by its own time.
        assert_eq!(once(&sandbox, answer).await, []);
        while sandbox.delivery_attempts().len() < 4 {
            clock::pause(Duration::from_millis(50)).await;
        }
        assert!(seconds(began) < 11.0, "{}", seconds(began));
        delivering.abort();
        let _ = delivering.await;
        assert!(sandbox.shared.busy_urls.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_longest_comes_first() {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .build()
            .unwrap();
        for (number, url) in ["http://z.test/", "http://a.test/", "http://z.test/"]
            .into_iter()
            .enumerate()
        {
            order(&sandbox, number, url);
            sandbox.advance(Duration::from_secs(1));
        }
        let lanes = due(&sandbox);
        let lanes: Vec<_> = (lanes.iter())
            .map(|(url, serials)| (url.as_str(), serials.len()))
            .collect();
        assert_eq!(lanes, [("http://z.test/", 2), ("http://a.test/", 1)]);
    }

    /// More silent receivers than there are lanes: the rest waits for one of them.
    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the clock of this test stands")]
    async fn so_many_are_under_way_at_once() {
        let sandbox = Sandbox::builder()
            .start_time(1_750_000_000)
            .build()
            .unwrap();
        for number in 0..=MOST {
            order(&sandbox, number, &format!("http://{number:03}.test/silent"));
        }
        let began = tokio::time::Instant::now();
        assert_eq!(once(&sandbox, answer).await.len(), MOST + 1);
        assert!((20.0..21.0).contains(&seconds(began)), "{}", seconds(began));
    }
}
