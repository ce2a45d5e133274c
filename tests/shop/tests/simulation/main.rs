//! Runs the shop's till through everything that can go wrong, and finds each mistake that tills
//! make by the rule that it breaks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod mistakes;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::OrderId;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, CreateInvoiceUrl};
use ccpayment_testing::simulation::{
    Bill, Books, Credit, Env, Invariant, Merchant, PayoutEntry, PayoutRequest, PayoutState, Sale,
    SaleOutcome, simulate, simulate_many,
};
use http::{Request, Response};
use shop::{Database, Till};

use mistakes::{Careless, Mistake};

/// The till as the simulation sees it.
pub(crate) struct Shop {
    pub(crate) till: Till,
}

impl Shop {
    pub(crate) fn new(env: Env) -> Self {
        let till = Till {
            client: env.client(),
            verifier: env.verifier(),
            clock: Arc::new(env.clock()),
            database: Database::default(),
        };
        Self { till }
    }
}

pub(crate) fn request(wanted: &PayoutRequest) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(format!("payout-{}", wanted.id)),
        wanted.coin_id,
        wanted.chain.clone(),
        wanted.address.clone(),
        wanted.amount.clone(),
    )
}

#[async_trait]
impl Merchant for Shop {
    async fn notified(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.till.receive(&request).await
    }

    fn books(&self) -> Books {
        let rows = self.till.database.rows();
        let credit = |it: &shop::Payment| Credit {
            record_id: it.record_id.clone(),
            order_id: it.order_id.clone(),
            amount: it.amount.clone(),
            paid_in: it.paid_in,
        };
        let entry = |(key, payout): (&String, &shop::Payout)| PayoutEntry {
            request_id: key.clone(),
            state: match payout.state {
                shop::PayoutState::Open(_)
                | shop::PayoutState::ToMake
                | shop::PayoutState::ForAPerson => PayoutState::Open,
                shop::PayoutState::Sent(_) | shop::PayoutState::Arrived => PayoutState::Paid,
                shop::PayoutState::Refused | shop::PayoutState::Failed => PayoutState::Refused,
            },
        };
        Books {
            credits: rows.payments.iter().map(credit).collect(),
            noted: vec![],
            payouts: rows.payouts.iter().map(entry).collect(),
        }
    }

    /// Nothing to do: everything that counts is stored.
    async fn restart(&self) {}

    async fn sell(&self, sale: &Sale) -> SaleOutcome {
        let order = CreateAppOrderDepositAddress::new(
            sale.order_id.clone(),
            sale.coin_id,
            sale.chain.clone(),
            sale.price.clone(),
        );
        match self.till.open(&order.expired_at(sale.expires_at)).await {
            Ok(address) => SaleOutcome::PayTo(address),
            Err(_) => SaleOutcome::Failed,
        }
    }

    fn bills(&self) -> bool {
        true
    }

    async fn bill(&self, bill: &Bill) -> SaleOutcome {
        let (order_id, price) = (bill.order_id.clone(), bill.price.clone());
        let invoice = CreateInvoiceUrl::new(bill.price_in, order_id, price);
        match self.till.bill(&invoice.expired_at(bill.expires_at)).await {
            Ok(_) => SaleOutcome::Billed,
            Err(_) => SaleOutcome::Failed,
        }
    }

    fn pays_out(&self) -> bool {
        true
    }

    async fn pay_out(&self, wanted: &PayoutRequest) {
        self.till.pay_out(&wanted.id, request(wanted)).await;
    }

    async fn work(&self) {
        self.till.settle_open_payouts().await;
    }

    async fn settle(&self) {
        self.till.reconcile().await.unwrap();
    }
}

#[tokio::test]
async fn the_till_holds() {
    let totals = simulate_many(0..200, Shop::new).await.unwrap();
    // A fault that did not happen proves nothing.
    let counts = totals.counts;
    for (what, count) in [
        ("deposits", counts.deposits),
        ("duplicates", counts.duplicates),
        ("unreached", counts.unreached),
        ("answers lost", counts.answers_lost),
        ("delayed", counts.delayed),
        ("forgeries", counts.forgeries),
        ("payouts", counts.payouts),
        ("faults", counts.faults),
        ("crashes", counts.crashes),
        ("not sent", counts.not_sent),
        ("invoiced", counts.invoiced),
        ("lagging", counts.lagging),
    ] {
        assert!(count >= 100, "{what}: {counts:?}");
    }
}

#[tokio::test]
async fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        let once = simulate(seed, Shop::new).await.unwrap();
        let again = simulate(seed, Shop::new).await.unwrap();
        assert_eq!(once.trace, again.trace, "seed {seed}");
        let other = simulate(seed + 1, Shop::new).await.unwrap();
        assert_ne!(once.trace.hash(), other.trace.hash());
    }
}

/// The seed of the first run that the mistake breaks. The run must break this rule. A run that
/// breaks the `also` rule, as some mistakes do, is skipped.
async fn find(mistake: Mistake, expected: Invariant, also: Option<Invariant>) {
    let make = |env| Careless::new(env, mistake);
    let mut first = 0;
    let broken = loop {
        let broken = simulate_many(first..300, make).await.unwrap_err();
        if Some(broken.invariant) != also {
            break broken;
        }
        first = broken.seed + 1;
    };
    assert_eq!(broken.invariant, expected, "{mistake:?}: {broken}");
    // The seed alone reproduces the run.
    let again = simulate(broken.seed, make).await.unwrap_err();
    assert_eq!(broken, again);
    assert!(
        broken
            .to_string()
            .contains(&format!("simulate({}, ..)", broken.seed))
    );
}

macro_rules! found {
    ($($name:ident: $mistake:ident breaks $invariant:ident $(and $also:ident)?;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let also = [$(Invariant::$also)?].first().copied();
            find(Mistake::$mistake, Invariant::$invariant, also).await;
        }
    )+};
}

found! {
    crediting_a_repeat: CreditsTwice breaks CreditedOnce;
    looking_too_early_whether_it_is_a_repeat: LooksTooEarly breaks CreditedOnce;
    acknowledging_before_storing: AcknowledgesFirst breaks StoredBeforeAcknowledged;
    acknowledging_what_could_not_be_read: SwallowsErrors breaks StoredBeforeAcknowledged;
    crediting_what_is_flagged: CreditsFlagged breaks FlaggedIsNotCredited;
    crediting_what_is_not_confirmed: CreditsUnconfirmed breaks ConfirmedBeforeCredited;
    a_new_order_id_after_a_timeout: NewOrderId breaks PaidOnce;
    taking_a_timeout_for_a_failure: TimeoutIsFailure breaks RefusedHasNoDebit and NoPayoutIsLost;
    skipping_the_verification: SkipsVerification breaks ForgeryIsTurnedAway;
    crediting_each_event_once: CreditsByEvent breaks CreditedOnce;
    acknowledging_while_the_record_lags: AcknowledgesLagging breaks StoredBeforeAcknowledged;
    adding_amounts_of_any_coin: AddsAnyCoin breaks CreditHasItsCurrency;
    taking_not_sent_for_refused: NotSentIsRefused breaks NoPayoutIsLost;
    never_reconciling: NeverReconciles breaks NoDepositIsLost;
    panicking: Panics breaks NoPanic;
    forgetting_a_payout_in_a_crash: ForgetsPayouts breaks EveryPayoutIsSettled;
}
