//! Payouts, from the plan to the end that is told.

use std::time::Duration;

use ccpayment_durable::client::core::v2::ApplyAppWithdrawToNetwork;
use ccpayment_durable::client::core::{Address, Chain, CoinId, OrderId};
use ccpayment_durable::{PayoutEnd, PlanError, Queue, State, Store};
use ccpayment_sandbox::{Fault, Setting};

use crate::shop::{Mood, Shop};

const HOUR: Duration = Duration::from_secs(3_600);
/// What may become of a request whose answer does not come.
const FAULTS: [Fault; 8] = [
    Fault::ActThenDrop,
    Fault::DropBeforeActing,
    Fault::DeliverAfterLookup,
    Fault::Refused,
    Fault::ResetUnread,
    Fault::Silence { acted: true },
    Fault::Silence { acted: false },
    Fault::DeliveredTwiceAnswerSecond,
];
const ROUTE: &str = "applyAppWithdrawToNetwork";

fn payout(order_id: &str, amount: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(order_id),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount.parse().unwrap(),
    )
}

impl Shop {
    async fn plan(&self, order_id: &str, amount: &str) -> Result<bool, PlanError> {
        let mut tx = self.store.begin().await?;
        let planned = self.outbox.plan(&mut tx, &payout(order_id, amount)).await?;
        self.store.commit(tx).await?;
        Ok(planned)
    }

    async fn ends(&self) -> Vec<PayoutEnd> {
        self.books()
            .await
            .payouts
            .into_iter()
            .map(|it| it.end)
            .collect()
    }
}

#[tokio::test]
async fn a_payout_is_made_once_and_its_end_is_told_once() {
    let shop = Shop::new();
    assert!(shop.plan("payout-1", "12.5").await.unwrap());
    // The same once more is nothing new; another one under its id is refused.
    assert!(!shop.plan("payout-1", "12.5").await.unwrap());
    let conflict = shop.plan("payout-1", "13").await.unwrap_err();
    assert!(matches!(conflict, PlanError::Conflict(_)), "{conflict}");
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Arrived]);
    let made = shop.sandbox.payouts();
    assert_eq!(made.len(), 1);
    let told = &shop.books().await.payouts[0];
    assert_eq!(told.record_id.as_ref().unwrap().as_str(), made[0].record_id);
    assert!(shop.books().await.withdrawals.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_rolled_back_is_never_made() {
    let shop = Shop::new();
    let mut tx = shop.store.begin().await.unwrap();
    shop.outbox
        .plan(&mut tx, &payout("payout-1", "1"))
        .await
        .unwrap();
    drop(tx);
    shop.work(HOUR).await;
    assert!(shop.sandbox.payouts().is_empty());
    assert!(shop.plan("payout-1", "2").await.unwrap());
}

#[tokio::test]
async fn a_payout_survives_every_fault_of_its_request() {
    for fault in FAULTS {
        let shop = Shop::new();
        shop.sandbox.plan_fault(ROUTE, fault);
        shop.plan("payout-1", "12.5").await.unwrap();
        shop.work(HOUR).await;
        assert_eq!(shop.ends().await, [PayoutEnd::Arrived], "{fault:?}");
        assert_eq!(shop.sandbox.payouts().len(), 1, "{fault:?}");
    }
}

/// The process dies before and after each of its requests, and another goes on.
#[tokio::test]
async fn a_process_that_dies_at_any_step_is_taken_over_and_settled() {
    for deadly in 0..12 {
        let shop = Shop::new();
        shop.plan("payout-1", "12.5").await.unwrap();
        let mut steps = 0;
        {
            let mut working = std::pin::pin!(shop.worker.work_once());
            while steps < deadly && futures_util::poll!(&mut working).is_pending() {
                steps += 1;
            }
        }
        let restarted = shop.restarted();
        restarted.work(HOUR).await;
        assert_eq!(restarted.sandbox.payouts().len(), 1, "step {steps}");
        assert_eq!(restarted.ends().await, [PayoutEnd::Arrived], "step {steps}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_and_may_be_made_again() {
    let shop = Shop::new();
    shop.plan("payout-1", "5000").await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Refused]);
    assert_eq!(
        shop.state_of(Queue::Outbox).await,
        [(State::Done, Some("refused".into()))]
    );
    shop.sandbox.fund(None, 1280, "9000").unwrap();
    let mut tx = shop.store.begin().await.unwrap();
    let again = payout("payout-1", "5000");
    assert!(shop.outbox.make_again(&mut tx, &again).await.unwrap());
    shop.store.commit(tx).await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Refused, PayoutEnd::Arrived]);
    assert_eq!(shop.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn a_rejection_and_a_failure_are_told_as_such() {
    let shop = Shop::new();
    shop.sandbox
        .set(Setting::ApprovalAbove {
            coin_id: 1280,
            amount: "0.5".into(),
        })
        .unwrap();
    shop.plan("payout-1", "1").await.unwrap();
    shop.work(Duration::from_secs(60)).await;
    let id = shop.sandbox.payouts()[0].record_id.clone();
    shop.sandbox.reject(&id, "unknown receiver").unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Rejected]);

    let shop = Shop::new();
    shop.sandbox.set(Setting::ManualChain(true)).unwrap();
    shop.plan("payout-1", "1").await.unwrap();
    shop.work(Duration::from_secs(60)).await;
    let id = shop.sandbox.payouts()[0].record_id.clone();
    shop.sandbox.fail(&id).unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Failed]);
}

#[tokio::test]
async fn another_payout_under_the_same_id_is_a_conflict() {
    let shop = Shop::new();
    shop.client.payout(&payout("payout-1", "7")).await.unwrap();
    shop.plan("payout-1", "12.5").await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Conflict]);
    assert_eq!(shop.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn an_end_that_the_handler_does_not_take_is_told_again() {
    for mood in [Mood::Fails, Mood::Panics, Mood::Hangs] {
        let shop = Shop::new();
        shop.mood(mood);
        shop.plan("payout-1", "12.5").await.unwrap();
        shop.work(Duration::from_secs(300)).await;
        assert!(shop.ends().await.is_empty());
        shop.mood(Mood::Works);
        shop.work(HOUR).await;
        assert_eq!(shop.ends().await, [PayoutEnd::Arrived], "{mood:?}");
        assert_eq!(shop.sandbox.payouts().len(), 1);
    }
}

/// It finishes what it holds, and then ends.
#[tokio::test]
async fn a_worker_that_is_told_to_stop_finishes_what_it_holds() {
    let shop = Shop::new();
    shop.plan("payout-1", "12.5").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut running = std::pin::pin!(shop.worker.run(async {
        let _ = stopped.await;
    }));
    // In the middle of its first request.
    assert!(futures_util::poll!(&mut running).is_pending());
    stop.send(()).unwrap();
    running.await;
    assert_eq!(shop.sandbox.payouts().len(), 1);
    let rows = shop
        .store
        .list(Queue::Outbox, State::Open, 10)
        .await
        .unwrap();
    assert_eq!(rows[0].step, ccpayment_durable::Step::Accepted);
}
