//! The handle that tests and demos hold.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::api::engine::Engine;
use crate::gateway::{Gateway, answer};
use crate::model::deposit::Deposit;
use crate::model::error::SandboxError;
use crate::model::fault::Fault;
use crate::model::ledger::Ledger;
use crate::model::money::plain;
use crate::model::payout::{Destination, Payout};
use crate::model::refusal::{INVALID_ARGUMENT, Refusal};
use crate::model::settings::Setting;
use crate::model::views::{
    DepositView, IncomingPayment, Payment, PayoutView, PickedCoin, RequestView,
};
use crate::ops::Op;
use crate::routes_v1;
use crate::rules::v1::codes;
use crate::sign::v1::Signer;
use crate::state::State;

/// A local CCPayment gateway with one merchant.
///
/// A cheap handle: clones share one gateway. It answers through [`serve`](Self::serve) or
/// [`respond`](Self::respond); everything else plays the parts that a merchant can't: the chain,
/// the clock, the failing network and the bookkeeper.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) gateway: Gateway,
    app_secret: String,
    host_names: Mutex<Vec<String>>,
    engine: Mutex<Engine>,
    /// Held during a round of deliveries, so that two rounds never carry the same notification.
    pub(crate) delivery_round: tokio::sync::Mutex<()>,
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
    pub(crate) fn new(gateway: Gateway, app_secret: String, engine: Engine) -> Self {
        let delivery_round = tokio::sync::Mutex::new(());
        Self {
            shared: Arc::new(Shared {
                gateway,
                app_secret,
                host_names: Mutex::default(),
                engine: Mutex::new(engine),
                delivery_round,
            }),
        }
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        // A panic elsewhere leaves books that the next posting checks anyway.
        self.shared
            .engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The only way to change anything.
    pub(crate) fn apply(&self, op: Op) -> Result<Value, SandboxError> {
        self.engine().apply(op)
    }

    /// For what can only fail when the books are broken, which every call says by itself.
    pub(crate) fn apply_or_ignore(&self, op: Op) {
        let _ = self.apply(op);
    }

    /// Reads the state as it is now: what was due meanwhile has happened.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let engine = &mut *self.engine();
        let now = engine.clock.now();
        let _ = engine.state.apply(now, Op::Tick);
        look(&engine.state)
    }

    /// The merchant's app id.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.shared.gateway.signer.app_id
    }

    /// The merchant's app secret.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        &self.shared.app_secret
    }

    /// Where notifications go from now on, those that wait included; `http://` only.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        let _ = self.move_webhook(url.into());
    }

    pub(crate) fn lock_host_names(&self) -> MutexGuard<'_, Vec<String>> {
        let names = self.shared.host_names.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a body that is too large to read.
    pub(crate) fn too_large(&self, path: &str) -> Response<Bytes> {
        const MESSAGE: &str = "the body is larger than 1 MiB";
        let (now, older) = (self.now(), path.starts_with(routes_v1::BASE));
        let envelope = if older {
            codes::too_large(MESSAGE)
        } else {
            Refusal::new(INVALID_ARGUMENT, MESSAGE).envelope()
        };
        let mut answer = answer(StatusCode::PAYLOAD_TOO_LARGE, &envelope, now);
        if older {
            self.signer_v1()
                .sign_response(&mut answer, self.signing_time());
        }
        answer
    }

    pub(crate) fn signer_v1(&self) -> &Signer {
        &self.shared.gateway.signer_v1
    }

    /// The sandbox's time, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.engine().clock.now()
    }

    /// Moves the sandbox's time forward, and lets happen what is due until then: confirmations,
    /// the progress of withdrawals and batches, each at its own moment.
    pub fn advance(&self, by: Duration) {
        let _ = self.move_clock(by);
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
    /// Repeated calls line up. A request that a fault delivers twice is one call.
    ///
    /// # Errors
    ///
    /// When the API has no such route or code. Routes go by path or by operation id; those of v1 by
    /// operation id, such as `create_order`, and with the codes of v1.
    pub fn fail_next(&self, route: &str, code: u32) -> Result<(), SandboxError> {
        let operation = self
            .shared
            .gateway
            .schemas
            .named(route)
            .or_else(|| routes_v1::named(route))
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
        self.send_payment(IncomingPayment::new(address, amount))
    }

    /// Money arrives at any address; see [`IncomingPayment`].
    ///
    /// # Errors
    ///
    /// As for [`pay`](Self::pay), and when the coin does not fit the address.
    pub fn send_payment(&self, incoming: IncomingPayment) -> Result<Payment, SandboxError> {
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
    pub fn pick_coin(
        &self,
        order_id: &str,
        coin_id: u64,
        chain: &str,
    ) -> Result<PickedCoin, SandboxError> {
        let answer = self.apply(Op::Pick {
            order_id: order_id.to_owned(),
            coin_id,
            chain: chain.to_owned(),
        })?;
        Ok(PickedCoin {
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

    /// Flags a deposit address as risky: it is announced, and what arrives there from then on is
    /// not.
    ///
    /// # Errors
    ///
    /// When nobody was given the address.
    pub fn flag_address_risky(&self, address: &str) -> Result<(), SandboxError> {
        self.apply(Op::RiskAddress(address.to_owned())).map(drop)
    }

    /// A deposit, a withdrawal or a row of a batch becomes `Failed`; what was taken for it is
    /// posted back.
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
    pub fn sweep_address(
        &self,
        address: &str,
        coin_id: u64,
        fee: &str,
    ) -> Result<(), SandboxError> {
        let op = Op::Sweep {
            address: address.to_owned(),
            coin_id,
            fee: fee.to_owned(),
        };
        self.apply(op).map(drop)
    }
}

/// Faults and books.
impl Sandbox {
    /// Plans a fault for the next request on a route, such as `applyAppWithdrawToNetwork`, on one
    /// of v1 by its operation id, such as `withdraw`, or on any (`*`). Each fault strikes once, in
    /// the order of planning, before the request is checked; what was planned for the route comes
    /// first.
    pub fn plan_fault(&self, route: &str, fault: Fault) {
        let _ = self.try_plan_fault(route, fault);
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

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::model::ledger::{Account, EntryKind};
    use crate::model::money::fixed;

    #[tokio::test]
    async fn broken_books_stop_everything() {
        let sandbox = Sandbox::builder().balance(1280, "1").build().unwrap();
        let lines = vec![(Account::Merchant, 1280, fixed(1, 0))];
        assert!(
            sandbox
                .engine()
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
