//! The handle that tests and demos hold.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use crate::clock::Clock;
use crate::courier;
use crate::deposits::Deposit;
use crate::error::SandboxError;
use crate::fault::Fault;
use crate::gateway::{Gateway, answer};
use crate::ledger::Ledger;
use crate::money::plain;
use crate::ops::Op;
use crate::payouts::{Destination, Payout};
use crate::refusal::{INVALID_ARGUMENT, Refusal};
use crate::settings::Setting;
use crate::state::State;
use crate::v1;
use crate::views::{Attempt, DepositView, Incoming, Payment, PayoutView, Picked, RequestView};

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
    world: Mutex<World>,
    /// Held during a round of deliveries, so that two rounds never carry the same notification.
    courier: tokio::sync::Mutex<()>,
}

/// The state and the clock that dates what is done to it.
struct World {
    clock: Clock,
    state: State,
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
    pub(crate) fn new(gateway: Gateway, app_secret: String, clock: Clock, state: State) -> Self {
        let courier = tokio::sync::Mutex::new(());
        Self {
            shared: Arc::new(Shared {
                gateway,
                app_secret,
                world: Mutex::new(World { clock, state }),
                courier,
            }),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere leaves books that the next posting checks anyway.
        self.shared
            .world
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The only way to change anything.
    pub(crate) fn apply(&self, op: Op) -> Result<Value, SandboxError> {
        let world = &mut *self.world();
        let now = world.clock.now();
        world.state.apply(now, op)
    }

    /// For what can only fail when the books are broken, which every call says by itself.
    fn tell(&self, op: Op) {
        let _ = self.apply(op);
    }

    /// Reads the state as it is now: what was due meanwhile has happened.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let world = &mut *self.world();
        let now = world.clock.now();
        let _ = world.state.apply(now, Op::Tick);
        look(&world.state)
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
        self.tell(Op::WebhookUrl(url.into()));
    }

    /// Answers in process. `None` means that the connection would have been closed without an
    /// answer.
    pub async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let now = self.now();
        let sealed = request.uri().path().starts_with(v1::BASE);
        let mut answer = match self.shared.gateway.receive(now, request) {
            Ok(arrived) => {
                let envelope = self.apply(Op::Request(arrived)).ok()?;
                if envelope.is_null() {
                    return None;
                }
                answer(StatusCode::OK, &envelope, now)
            }
            Err(answer) => *answer,
        };
        if sealed {
            self.digest().seal(&mut answer, now);
        }
        Some(answer)
    }

    /// The answer to a body that is too large to read.
    pub(crate) fn too_large(&self, path: &str) -> Response<Bytes> {
        const MESSAGE: &str = "the body is larger than 1 MiB";
        let (now, older) = (self.now(), path.starts_with(v1::BASE));
        let envelope = if older {
            v1::too_large(MESSAGE)
        } else {
            Refusal::new(INVALID_ARGUMENT, MESSAGE).envelope()
        };
        let mut answer = answer(StatusCode::PAYLOAD_TOO_LARGE, &envelope, now);
        if older {
            self.digest().seal(&mut answer, now);
        }
        answer
    }

    pub(crate) fn digest(&self) -> &v1::Digest {
        &self.shared.gateway.digest
    }

    /// The sandbox's time, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.world().clock.now()
    }

    /// Moves the sandbox's time forward, and lets happen what is due until then: confirmations,
    /// the progress of withdrawals and batches, each at its own moment.
    pub fn advance(&self, by: Duration) {
        self.world().clock.advance(by);
        self.tell(Op::Tick);
    }

    /// Decides what the gateway's people, the market or the merchant's dashboard decide.
    ///
    /// # Errors
    ///
    /// When the coin, chain or code is unknown, or an amount is not a decimal text.
    pub fn set(&self, setting: Setting) -> Result<(), SandboxError> {
        self.apply(Op::Set(setting)).map(drop)
    }

    /// Makes the next call of a route that passes its checks answer with a code of the table.
    /// Repeated calls line up.
    ///
    /// # Errors
    ///
    /// When the API has no such route or code. Routes go by path or by operation id; those of v1 by
    /// operation id, such as `create_order`, and with the codes of v1.
    pub fn instruct(&self, route: &str, code: u32) -> Result<(), SandboxError> {
        let operation = self
            .shared
            .gateway
            .schemas
            .named(route)
            .or_else(|| v1::named(route))
            .ok_or_else(|| SandboxError::UnknownRoute(route.to_owned()))?
            .to_owned();
        self.apply(Op::Instruct { operation, code }).map(drop)
    }

    /// Puts money into the merchant's balance, or into that of a user, who is known from then on.
    ///
    /// # Errors
    ///
    /// When the coin is unknown or the amount is not a positive decimal text.
    pub fn fund(
        &self,
        user_id: Option<&str>,
        coin_id: u64,
        amount: &str,
    ) -> Result<(), SandboxError> {
        let fund = Op::Fund {
            user_id: user_id.map(str::to_owned),
            coin_id,
            amount: amount.to_owned(),
        };
        self.apply(fund).map(drop)
    }
}

fn text(answer: &Value, name: &str) -> String {
    let found = answer.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn count(answer: Result<Value, SandboxError>) -> usize {
    let number = answer.ok().and_then(|answer| answer.as_u64());
    number
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(0)
}

/// The simulated chain, and the people at the gateway.
impl Sandbox {
    /// Money arrives at an order's address: a deposit that is `Processing`, and its notification.
    ///
    /// # Errors
    ///
    /// When nobody was given the address, when it is no longer watched, or when the amount is not a
    /// positive decimal text that the chain can carry.
    pub fn pay(&self, address: &str, amount: &str) -> Result<Payment, SandboxError> {
        self.send(Incoming::new(address, amount))
    }

    /// Money arrives at any address; see [`Incoming`].
    ///
    /// # Errors
    ///
    /// As for [`pay`](Self::pay), and when the coin does not fit the address.
    pub fn send(&self, incoming: Incoming) -> Result<Payment, SandboxError> {
        let answer = self.apply(Op::Pay(incoming))?;
        Ok(Payment {
            record_id: text(&answer, "recordId"),
            tx_id: text(&answer, "txId"),
        })
    }

    /// The payer picks coin and chain on the page of an invoice.
    ///
    /// # Errors
    ///
    /// When there is no such invoice, coin or chain, or the invoice has expired.
    pub fn pick(&self, order_id: &str, coin_id: u64, chain: &str) -> Result<Picked, SandboxError> {
        let answer = self.apply(Op::Pick {
            order_id: order_id.to_owned(),
            coin_id,
            chain: chain.to_owned(),
        })?;
        Ok(Picked {
            address: text(&answer, "address"),
            memo: text(&answer, "memo"),
            amount: text(&answer, "amount"),
        })
    }

    /// A deposit becomes `Success` and is credited after its service fee, or held back if it was
    /// flagged as risky. By itself it does so when its chain has grown by its confirmations.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn confirm(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Confirm(record_id.to_owned())).map(drop)
    }

    /// Confirms every deposit that is `Processing`, oldest first, and counts them.
    pub fn confirm_all(&self) -> usize {
        count(self.apply(Op::ConfirmAll))
    }

    /// Flags a deposit that is `Processing`: it will end as `Success` but stay uncredited.
    ///
    /// # Errors
    ///
    /// When no deposit has the id or it has already ended.
    pub fn flag_risky(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::FlagRisky(record_id.to_owned())).map(drop)
    }

    /// Sends a risky deposit back to its payer, less the network fee; the id of the refund.
    ///
    /// # Errors
    ///
    /// When no deposit has the id, or it is not held back as risky.
    pub fn refund_risky(&self, record_id: &str) -> Result<String, SandboxError> {
        let answer = self.apply(Op::RefundRisky(record_id.to_owned()))?;
        Ok(text(&answer, "recordId"))
    }

    /// Flags a deposit address as risky: it is announced, and what arrives there from then on is not.
    ///
    /// # Errors
    ///
    /// When nobody was given the address.
    pub fn risk_address(&self, address: &str) -> Result<(), SandboxError> {
        self.apply(Op::RiskAddress(address.to_owned())).map(drop)
    }

    /// A deposit, a withdrawal or a row of a batch becomes `Failed`; what was taken for it is posted
    /// back.
    ///
    /// # Errors
    ///
    /// When no record has the id or it has already ended.
    pub fn fail(&self, record_id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Fail(record_id.to_owned())).map(drop)
    }

    /// Every withdrawal that is `Processing` becomes `Success` with a transaction id, and every
    /// confirmed batch is paid; counts withdrawals and rows.
    pub fn settle_payouts(&self) -> usize {
        count(self.apply(Op::SettlePayouts))
    }

    /// Lets a withdrawal (by record id) or a batch (by its own id) that waits for approval go on.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not wait.
    pub fn approve(&self, id: &str) -> Result<(), SandboxError> {
        self.apply(Op::Approve(id.to_owned())).map(drop)
    }

    /// Refuses a withdrawal or a batch that waits for approval: its money goes back.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not wait.
    pub fn reject(&self, id: &str, reason: &str) -> Result<(), SandboxError> {
        let op = Op::Reject {
            record_id: id.to_owned(),
            reason: reason.to_owned(),
        };
        self.apply(op).map(drop)
    }

    /// A withdrawal by the rules of the merchant's dashboard; its record id.
    ///
    /// # Errors
    ///
    /// When the coin or chain is unknown, or the amount is not there or does not cover the fee.
    pub fn auto_payout(
        &self,
        coin_id: u64,
        chain: &str,
        address: &str,
        amount: &str,
    ) -> Result<String, SandboxError> {
        let answer = self.apply(Op::AutoPayout {
            coin_id,
            chain: chain.to_owned(),
            address: address.to_owned(),
            amount: amount.to_owned(),
        })?;
        Ok(text(&answer, "recordId"))
    }

    /// A deposit address is emptied into the merchant's pool, for a fee that the merchant pays.
    ///
    /// # Errors
    ///
    /// When nobody was given the address, the coin is unknown, or the fee is not there.
    pub fn sweep(&self, address: &str, coin_id: u64, fee: &str) -> Result<(), SandboxError> {
        let op = Op::Sweep {
            address: address.to_owned(),
            coin_id,
            fee: fee.to_owned(),
        };
        self.apply(op).map(drop)
    }
}

/// Notifications.
impl Sandbox {
    /// Posts every notification that is due, one after the other and each once, over a real
    /// socket; returns the attempts made.
    ///
    /// A notification is done when the answer is HTTP 200 with `Success` in its body, which v1
    /// writes in lower case. Otherwise it
    /// is due again 30, 90, 210, 450, 930 and 1890 seconds after its first attempt, signed afresh,
    /// and then given up; [`Setting::Retries`] and [`Setting::SignRetriesAfresh`] have the other
    /// readings. While no webhook URL is set, notifications wait.
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
            let signed_at = delivery.first_signed_at.filter(|_| !afresh).unwrap_or(at);
            let kind = delivery.message.kind;
            let older = v1::is_kind(kind);
            let headers = self.notification_headers(kind, signed_at, body.as_bytes());
            let (status, acknowledged, error) =
                match courier::post(&delivery.url, &headers, body).await {
                    Ok((status, answer)) => {
                        let done = status == 200 && says_success(&answer, older);
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

    /// The headers `Appid`, `Timestamp` and `Sign` for a body, signed at the sandbox's time.
    ///
    /// Requests are signed in the same way as notifications, so that it serves for both. With the app
    /// secret, even if notifications go out with an RSA key; [`sign_v1`](Self::sign_v1) is for v1.
    #[must_use]
    pub fn sign_notification(&self, body: &[u8]) -> [(&'static str, String); 3] {
        self.headers(self.now(), body)
    }

    /// By the digest of v1, by the sandbox's RSA key if it has one, or by the app secret.
    fn notification_headers(
        &self,
        kind: &str,
        at: u64,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        let gateway = &self.shared.gateway;
        if v1::is_kind(kind) {
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

/// Faults and books.
impl Sandbox {
    /// Plans a fault for the next request on a route, such as `applyAppWithdrawToNetwork`, or on one
    /// of v1 by its operation id, such as `withdraw`. Each fault strikes once, in the order of
    /// planning, before the request is checked.
    pub fn fault(&self, route: &str, fault: Fault) {
        self.tell(Op::Plan {
            route: route.to_owned(),
            fault,
        });
    }

    /// A snapshot of the books.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.read(|state| state.books.snapshot())
    }

    /// All withdrawals but those of batches, oldest first.
    #[must_use]
    pub fn payouts(&self) -> Vec<PayoutView> {
        self.read(|state| state.payouts.iter().map(payout_view).collect())
    }

    /// All deposits, oldest first.
    #[must_use]
    pub fn deposits(&self) -> Vec<DepositView> {
        self.read(|state| state.deposits.iter().map(deposit_view).collect())
    }

    /// Every request that reached a route, oldest first, dropped ones included.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestView> {
        self.read(|state| state.requests.clone())
    }
}

fn payout_view(payout: &Payout) -> PayoutView {
    let (chain, address) = match &payout.to {
        Destination::Chain {
            network, address, ..
        } => (network.on.symbol, address),
        Destination::Cwallet(user) => ("Cwallet OS", user),
    };
    PayoutView {
        order_id: payout.order_id.clone(),
        user_id: payout.holder.user_id().map(str::to_owned),
        record_id: payout.record_id.clone(),
        coin_id: payout.coin.id,
        chain: chain.to_owned(),
        address: address.clone(),
        amount: plain(&payout.amount),
        status: payout.status.as_str().to_owned(),
    }
}

fn deposit_view(deposit: &Deposit) -> DepositView {
    DepositView {
        record_id: deposit.record_id.clone(),
        order_id: deposit.order_id().unwrap_or_default().to_owned(),
        user_id: deposit.user_id().map(str::to_owned),
        reference_id: deposit.reference_id().map(str::to_owned),
        coin_id: deposit.coin.id,
        amount: plain(&deposit.amount),
        status: deposit.status.as_str().to_owned(),
        flagged: deposit.flagged,
        late: deposit.late,
    }
}

fn says_success(answer: &[u8], older: bool) -> bool {
    let word: &[u8] = if older { b"success" } else { b"Success" };
    answer.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Account, EntryKind};
    use crate::money::fixed;

    #[tokio::test]
    async fn broken_books_stop_everything() {
        let sandbox = Sandbox::builder().balance(1280, "1").build().unwrap();
        let lines = vec![(Account::Merchant, 1280, fixed(1, 0))];
        assert!(
            sandbox
                .world()
                .state
                .books
                .post(EntryKind::Deposit, "forged", lines)
                .is_err()
        );

        let request = Request::post("/ccpayment/v2/getCoinList")
            .body(Bytes::new())
            .unwrap();
        let answer = sandbox.respond(request).await.unwrap();
        let envelope: Value = serde_json::from_slice(answer.body()).unwrap();
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
        assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "1");
    }
}
