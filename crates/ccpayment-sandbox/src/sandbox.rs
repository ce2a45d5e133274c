//! The handle that tests and demos hold.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::error::SandboxError;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::money::plain;
use crate::state::{Deposit, Payout, State, by_order};
use crate::views::{Attempt, DepositView, Payment, PayoutView, RequestView};
use crate::{chain, clock, courier, front};

/// A local CCPayment gateway with one merchant.
///
/// A cheap handle: clones share one gateway. It answers through [`serve`](Self::serve) or
/// [`respond`](Self::respond); everything else plays the parts that a merchant can't: the chain,
/// the clock, the failing network and the bookkeeper.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    gateway: Gateway,
    app_secret: String,
    host_names: Mutex<Vec<String>>,
    state: Mutex<State>,
    /// Held during a round of deliveries, so that two rounds never carry the same notification.
    courier: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("app_id", &self.app_id())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    pub(crate) fn new(gateway: Gateway, app_secret: String, state: State) -> Self {
        let courier = tokio::sync::Mutex::new(());
        Self {
            shared: Arc::new(Shared {
                gateway,
                app_secret,
                host_names: Mutex::default(),
                state: Mutex::new(state),
                courier,
            }),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves books that the next posting checks anyway.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The merchant's app id.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.shared.gateway.account.app_id
    }

    /// The merchant's app secret.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        &self.shared.app_secret
    }

    /// Where notifications go from now on, those that wait included; `http://` only.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        self.state().outbox.webhook_url = Some(url.into());
    }

    /// Where notifications go.
    #[must_use]
    pub fn webhook_url(&self) -> Option<String> {
        self.state().outbox.webhook_url.clone()
    }

    /// Where the pages to pay on can be reached, such as `http://127.0.0.1:8480`: what
    /// `checkoutUrl` and `invoiceUrl` begin with. Until it is set they lead nowhere, on purpose.
    pub fn set_site(&self, url: &str) {
        self.state().site = url.trim_end_matches('/').to_owned();
    }

    /// Names that stand in `Host` when somebody asks for a page or uses the admin API, beside
    /// `localhost` and addresses; every other name is refused.
    pub fn set_host_names(&self, names: Vec<String>) {
        *self.names() = names;
    }

    pub(crate) fn host_names(&self) -> Vec<String> {
        self.names().clone()
    }

    fn names(&self) -> MutexGuard<'_, Vec<String>> {
        let names = self.shared.host_names.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers in process. `None` means that the connection would have been closed without an
    /// answer.
    pub async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        if front::is_ours(request.uri().path()) {
            return Some(front::answer(self, request).await);
        }
        self.shared.gateway.respond(&mut self.state(), request)
    }

    /// The sandbox's time, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.state().clock.now()
    }

    /// Moves the sandbox's time forward.
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(by);
    }
}

/// The simulated chain.
impl Sandbox {
    /// Money arrives at an order's address: a deposit that is `Processing`, and its notification.
    ///
    /// # Errors
    ///
    /// When no order has the address, when it is no longer watched, or when the amount is not a
    /// positive decimal text that the chain can carry.
    pub fn pay(&self, address: &str, amount: &str) -> Result<Payment, SandboxError> {
        chain::pay(&mut self.state(), address, amount)
    }

    /// A deposit becomes `Success` and is credited after its service fee, or held back if it was
    /// flagged as risky.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn confirm(&self, record_id: &str) -> Result<(), SandboxError> {
        chain::confirm(&mut self.state(), record_id)
    }

    /// Confirms every deposit that is `Processing`, oldest first, and counts them.
    pub fn confirm_all(&self) -> usize {
        chain::confirm_all(&mut self.state())
    }

    /// Flags a deposit that is `Processing`: it will end as `Success` but stay uncredited.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn flag_risky(&self, record_id: &str) -> Result<(), SandboxError> {
        chain::flag_risky(&mut self.state(), record_id)
    }

    /// A deposit or withdrawal becomes `Failed`; the debit of a withdrawal is posted back.
    ///
    /// # Errors
    ///
    /// When no record has the id or it has already ended.
    pub fn fail(&self, record_id: &str) -> Result<(), SandboxError> {
        chain::fail(&mut self.state(), record_id)
    }

    /// Every withdrawal that is `Processing` becomes `Success` with a transaction id; counts them.
    pub fn settle_payouts(&self) -> usize {
        chain::settle_payouts(&mut self.state())
    }
}

/// Notifications.
impl Sandbox {
    /// Posts every notification that is due, one after the other and each once, over a real
    /// socket; returns the attempts made.
    ///
    /// A notification is done when the answer is HTTP 200 with `Success` in its body. Otherwise it
    /// is due again 30, 90, 210, 450, 930 and 1890 seconds after its first attempt, signed afresh,
    /// and then given up. While no webhook URL is set, notifications wait.
    ///
    /// An answer is waited for in real time, so it needs a runtime whose clock is not paused.
    pub async fn deliver_due(&self) -> Vec<Attempt> {
        let _round = self.shared.courier.lock().await;
        let due = {
            let state = self.state();
            state.outbox.due(state.clock.now())
        };
        let mut attempts = Vec::new();
        for serial in due {
            // The lock is never held across the exchange: the receiver may well ask the gateway.
            let Some(delivery) = self.state().outbox.delivery(serial) else {
                continue;
            };
            let body = &delivery.message.body;
            let headers = self.sign_notification(body.as_bytes());
            let at = self.now();
            let (status, acknowledged, error) =
                match courier::post(&delivery.url, &headers, body).await {
                    Ok((status, answer)) => {
                        (Some(status), status == 200 && says_success(&answer), None)
                    }
                    Err(error) => (None, false, Some(error)),
                };
            let attempt = Attempt {
                record_id: delivery.message.record_id,
                event_type: delivery.message.event_type.to_owned(),
                number: delivery.number,
                status,
                acknowledged,
                at,
                error,
            };
            attempts.push(attempt.clone());
            self.state().outbox.settle(delivery.serial, attempt);
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

    /// Queues the newest notification of a record once more, acknowledged or not.
    ///
    /// # Errors
    ///
    /// When nothing was announced for the record.
    pub fn resend(&self, record_id: &str) -> Result<(), SandboxError> {
        let mut state = self.state();
        let now = state.clock.now();
        if state.outbox.resend(record_id, now) {
            return Ok(());
        }
        Err(SandboxError::NothingAnnounced(record_id.to_owned()))
    }

    /// Reverses the order of the notifications that are due now.
    pub fn reverse_due(&self) {
        let mut state = self.state();
        let now = state.clock.now();
        state.outbox.reverse_due(now);
    }

    /// Shuffles the notifications that are due now; the same seed gives the same order.
    pub fn shuffle_due(&self, seed: u64) {
        let mut state = self.state();
        let now = state.clock.now();
        state.outbox.shuffle_due(now, seed);
    }

    /// Every attempt so far, oldest first.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state().outbox.attempts.clone()
    }

    /// How many notifications are neither acknowledged nor given up.
    #[must_use]
    pub fn pending_notifications(&self) -> usize {
        self.state().outbox.waiting()
    }

    /// The headers `Appid`, `Timestamp` and `Sign` for a body, signed at the sandbox's time.
    ///
    /// Requests are signed in the same way as notifications, so that it serves for both.
    #[must_use]
    pub fn sign_notification(&self, body: &[u8]) -> [(&'static str, String); 3] {
        let account = &self.shared.gateway.account;
        let timestamp = format!("{:010}", self.now());
        let sign = account.sign(&timestamp, body);
        [
            ("Appid", account.app_id.clone()),
            ("Timestamp", timestamp),
            ("Sign", sign),
        ]
    }
}

/// Faults and books.
impl Sandbox {
    /// Plans a fault for the next request on a route, such as `applyAppWithdrawToNetwork`. Each
    /// fault strikes once, in the order of planning, before the request is checked.
    pub fn fault(&self, route: &str, fault: Fault) {
        self.state().faults.plan(route, fault);
    }

    /// A snapshot of the books.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.state().books.snapshot()
    }

    /// All withdrawals, oldest first.
    #[must_use]
    pub fn payouts(&self) -> Vec<PayoutView> {
        let state = self.state();
        let view = |payout: &Payout| PayoutView {
            order_id: payout.order_id.clone(),
            record_id: payout.record_id.clone(),
            coin_id: payout.coin.id,
            chain: payout.network.chain.to_owned(),
            address: payout.address.clone(),
            amount: plain(&payout.amount),
            status: payout.status.as_str().to_owned(),
        };
        state.payouts.iter().map(view).collect()
    }

    /// All deposits, oldest first.
    #[must_use]
    pub fn deposits(&self) -> Vec<DepositView> {
        let state = self.state();
        let view = |deposit: &Deposit| {
            let order = state.orders.get(&by_order(&deposit.order_id));
            DepositView {
                record_id: deposit.record_id.clone(),
                order_id: deposit.order_id.clone(),
                coin_id: order.map(|order| order.coin.id).unwrap_or_default(),
                amount: plain(&deposit.amount),
                status: deposit.status.as_str().to_owned(),
                flagged: deposit.flagged,
            }
        };
        state.deposits.iter().map(view).collect()
    }

    /// Every request that reached a route, oldest first, dropped ones included.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestView> {
        self.state().requests.clone()
    }
}

fn says_success(answer: &[u8]) -> bool {
    answer.windows(7).any(|window| window == b"Success")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AVAILABLE, EntryKind};
    use crate::money::fixed;

    #[tokio::test]
    async fn broken_books_stop_everything() {
        let sandbox = Sandbox::builder().balance(1280, "1").build().unwrap();
        let lines = vec![(AVAILABLE, 1280, fixed(1, 0))];
        assert!(
            sandbox
                .state()
                .books
                .post(EntryKind::Deposit, "forged", lines)
                .is_err()
        );

        let request = Request::post("/ccpayment/v2/getCoinList")
            .body(Bytes::new())
            .unwrap();
        let answer = sandbox.respond(request).await.unwrap();
        let envelope: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(envelope["code"], 11_002);
        assert!(
            envelope["msg"].as_str().unwrap().contains("forged"),
            "{envelope}"
        );
        assert!(matches!(
            sandbox.pay("anywhere", "1"),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(matches!(
            sandbox.fail("anything"),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(!sandbox.ledger().is_balanced());
        assert_eq!(sandbox.ledger().balance(AVAILABLE, 1280), "1");
    }
}
