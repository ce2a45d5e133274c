//! Payouts, from the plan to the end that is told.

use std::time::Duration;

use ccpayment_durable::client::core::v2::ApplyAppWithdrawToNetwork;
use ccpayment_durable::client::core::{Address, Chain, CoinId, Credentials, OrderId, Version};
use ccpayment_durable::client::{Client, Exchange, Transport, transport_fn};
use ccpayment_durable::{
    EntryKey, NewEntry, PayoutEnd, PlanError, Queue, Report, State, Step, Store, Worker,
};
use ccpayment_sandbox::{Fault, Setting};
use ccpayment_testing::{SandboxClock, SandboxTransport};

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
    assert_eq!(rows[0].step, Step::Accepted);
}

#[tokio::test]
async fn make_again_never_makes_another_payout_than_it_is_given() {
    let shop = Shop::new();
    shop.plan("payout-1", "5000").await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.ends().await, [PayoutEnd::Refused]);
    let mut tx = shop.store.begin().await.unwrap();
    let less = payout("payout-1", "500");
    let again = shop.outbox.make_again(&mut tx, &less).await;
    assert!(matches!(again, Err(PlanError::Conflict(_))), "{again:?}");
    drop(tx);
    shop.sandbox.fund(None, 1280, "9000").unwrap();
    shop.work(HOUR).await;
    assert!(shop.sandbox.payouts().is_empty());
}

/// A refused payout whose handler never takes its end.
#[tokio::test]
async fn a_refusal_that_the_handler_never_takes_is_parked() {
    let shop = Shop::new();
    shop.mood(Mood::Fails);
    shop.plan("payout-1", "5000").await.unwrap();
    shop.work(3 * HOUR).await;
    let states = shop.state_of(Queue::Outbox).await;
    let [(State::Parked, Some(reason))] = &states[..] else {
        panic!("{states:?}");
    };
    assert!(reason.contains("shelf is full"), "{reason}");
}

impl Shop {
    /// A worker whose exchanges with the gateway are answered by this where it has an answer.
    fn worker_with(
        &self,
        answers: impl Fn(&Exchange) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Worker<crate::shop::MemStore, crate::shop::Code> {
        let transport = SandboxTransport::new(&self.sandbox);
        let transport = transport_fn(move |exchange: Exchange| {
            let (transport, answer) = (transport.clone(), answers(&exchange));
            async move {
                match answer {
                    Some(body) => Ok(http::Response::new(bytes::Bytes::from_static(
                        body.as_bytes(),
                    ))),
                    None => transport.send(exchange).await,
                }
            }
        });
        let credentials =
            Credentials::new(self.sandbox.app_id(), self.sandbox.app_secret()).unwrap();
        let client = Client::new(credentials, transport);
        let client = client.with_clock(SandboxClock::new(&self.sandbox));
        Worker::new(self.store.clone(), self.code.clone()).merchant(client)
    }
}

const NOT_FOUND: &str = r#"{"code":11003,"msg":"not found","data":{}}"#;

/// The gateway has the order id, and shows no record of it.
#[tokio::test]
async fn an_order_id_that_is_taken_by_what_is_not_shown_is_parked_and_not_sent_for_ever() {
    let shop = Shop::new();
    shop.plan("payout-1", "12.5").await.unwrap();
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&sent);
    let worker = shop.worker_with(move |exchange| {
        if exchange.operation != ROUTE {
            return Some(NOT_FOUND);
        }
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(r#"{"code":11011,"msg":"duplicate order","data":{}}"#)
    });
    for _ in 0..100 {
        worker.work_once().await.unwrap();
        shop.sandbox.advance(Duration::from_secs(60));
    }
    let states = shop.state_of(Queue::Outbox).await;
    assert!(
        matches!(states[..], [(State::Parked, Some(_))]),
        "{states:?}"
    );
    // The three of one `Client::payout`.
    assert!(sent.load(std::sync::atomic::Ordering::SeqCst) <= 3);
}

/// Its record was seen, its end was not taken, and then the gateway shows no record for a while.
#[tokio::test]
async fn a_payout_whose_record_was_seen_is_never_sent_again() {
    let shop = Shop::new();
    shop.plan("payout-1", "12.5").await.unwrap();
    let sends = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let is_hidden = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (count, hidden) = (sends.clone(), is_hidden.clone());
    let worker = shop.worker_with(move |exchange| {
        let is_send = exchange.operation == ROUTE;
        count.fetch_add(u32::from(is_send), std::sync::atomic::Ordering::SeqCst);
        let hides = !is_send && hidden.load(std::sync::atomic::Ordering::SeqCst);
        hides.then_some(NOT_FOUND)
    });
    // The answer is lost, and the record comes late.
    shop.sandbox.plan_fault(ROUTE, Fault::ActThenDrop);
    worker.work_once().await.unwrap();
    let sent = sends.load(std::sync::atomic::Ordering::SeqCst);
    shop.sandbox.advance(Duration::from_secs(200));
    worker.work_once().await.unwrap();
    is_hidden.store(false, std::sync::atomic::Ordering::SeqCst);
    shop.sandbox.settle_payouts();
    shop.mood(Mood::Fails);
    shop.sandbox.advance(Duration::from_secs(30));
    worker.work_once().await.unwrap();
    let rows = shop
        .store
        .list(Queue::Outbox, State::Open, 9)
        .await
        .unwrap();
    assert!(
        rows[0].reason.as_deref().unwrap().contains("shelf"),
        "{rows:?}"
    );
    is_hidden.store(true, std::sync::atomic::Ordering::SeqCst);
    shop.mood(Mood::Works);
    for _ in 0..60 {
        shop.sandbox.advance(Duration::from_secs(60));
        worker.work_once().await.unwrap();
    }
    assert_eq!(sends.load(std::sync::atomic::Ordering::SeqCst), sent);
    let states = shop.state_of(Queue::Outbox).await;
    assert!(matches!(states[..], [(State::Parked, _)]), "{states:?}");
}

#[tokio::test]
async fn a_payout_in_doubt_is_shown_behind_a_hundred_that_are_not() {
    let shop = Shop::new();
    let mut tx = shop.store.begin().await.unwrap();
    for number in 0..=Report::MOST_ROWS {
        let id = format!("payout-{number}");
        let key = EntryKey::outbox(shop.client.app_id(), Version::V2, ROUTE, &id);
        let step = match number == Report::MOST_ROWS {
            true => Step::Sending,
            false => Step::Accepted,
        };
        let entry = NewEntry::new(key, step, bytes::Bytes::new());
        shop.store.put(&mut tx, &entry).await.unwrap();
        if number + 1 == Report::MOST_ROWS {
            shop.store.commit(tx).await.unwrap();
            shop.sandbox.advance(Duration::from_secs(5));
            tx = shop.store.begin().await.unwrap();
        }
    }
    shop.store.commit(tx).await.unwrap();
    let report = Report::read(&shop.store).await.unwrap();
    assert_eq!(report.unknown_payouts.len(), 1);
}

/// A payout that can't be compared, which a person releases without an effect.
#[tokio::test]
async fn what_can_not_be_compared_is_told_once_however_often_it_is_released() {
    let shop = Shop::new();
    shop.plan("payout-1", "12.5").await.unwrap();
    let worker = shop.worker_with(|exchange| {
        (exchange.operation != ROUTE).then_some(
            r#"{"code":10000,"msg":"success","data":{"record":{"recordId":"9","orderId":"payout-1",
            "withdrawType":"Network","coinId":1280,"chain":"POLYGON","amount":"12.5",
            "toAddress":"0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE","toMemo":"7",
            "status":"Success"}}}"#,
        )
    });
    let key = EntryKey::outbox(shop.client.app_id(), Version::V2, ROUTE, "payout-1");
    for round in 0..3 {
        for _ in 0..3 {
            worker.work_once().await.unwrap();
            shop.sandbox.advance(Duration::from_secs(60));
        }
        let states = shop.state_of(Queue::Outbox).await;
        assert!(
            matches!(states[..], [(State::Parked, _)]),
            "{round}: {states:?}"
        );
        assert_eq!(shop.ends().await, [PayoutEnd::Incomparable], "{round}");
        let mut tx = shop.store.begin().await.unwrap();
        assert!(shop.store.release(&mut tx, &key).await.unwrap());
        shop.store.commit(tx).await.unwrap();
    }
}
