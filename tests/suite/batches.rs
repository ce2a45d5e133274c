//! `Client::batch_payout` and `Client::resume_batch` against the sandbox, in process: every row is
//! paid once, and the confirmation is never repeated blindly.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::{
    AbortBatchWithdraw, ApplyBatchWithdraw, BatchMode, BatchStatus, BatchWithdrawTask,
    ConfirmBatchWithdraw,
};
use ccpayment::{
    Address, AppId, AppSecret, BatchPayout, Chain, Client, CoinId, Credentials, ErrorCode,
    Exchange, OrderId, Outcome, Proof, RefusalReason, Request, SETTLE_AFTER, SubmitError,
    SubmittedBatch, Timeouts, Timestamp, Transport, TransportError,
};
use ccpayment_sandbox::{EntryKind, Fault, RequestView, Sandbox, Setting};
use ccpayment_testing::{SandboxClock, SandboxTransport};
use fastrand::Rng;
use futures_util::future::{Either, select};
use tokio::sync::Notify;

use crate::in_process;

const START: u64 = 1_767_225_600;
pub(crate) const USDT: CoinId = CoinId::new(1280);
pub(crate) const EVM: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";
pub(crate) const CONFIRM: &str = "confirmBatchWithdraw";
pub(crate) const APPEND: &str = "appendBatchWithdraw";

fn row(seq: u64) -> BatchWithdrawTask {
    let id = OrderId::new(format!("row-{seq:05}"));
    let amount = format!("2.{seq}").parse().unwrap();
    BatchWithdrawTask::new(seq, id, Address::new(EVM), amount)
}

pub(crate) fn batch(rows: u64) -> BatchPayout {
    let (id, polygon) = (OrderId::new("batch-1"), Chain::new("POLYGON"));
    let batch = ApplyBatchWithdraw::new(id, USDT, polygon, BatchMode::Single);
    BatchPayout::new(batch.orders((1..=rows).map(row)))
}

fn sandbox_with(balance: &str) -> Sandbox {
    Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(START)
        .setting(Setting::ManualChain(true))
        .balance(1280, balance)
        .build()
        .unwrap()
}

pub(crate) fn sandbox() -> Sandbox {
    sandbox_with("100000")
}

fn patient(client: Client) -> Client {
    client.with_timeouts(Timeouts::new(
        Duration::from_secs(20),
        Duration::from_secs(7_200),
    ))
}

fn is_twice(request: &RequestView) -> bool {
    matches!(
        request.fault,
        Some(Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond)
    )
}

/// How many calls of a route the gateway carried out. A request that arrives twice counts once.
fn carried_out(sandbox: &Sandbox, route: &str) -> usize {
    let requests = sandbox.requests();
    let done: Vec<_> = (requests.iter())
        .filter(|it| it.route == route && it.outcome.or(it.code) == Some(10_000))
        .collect();
    let twice = done.iter().filter(|it| is_twice(it)).count();
    done.len() - twice / 2
}

/// How many holds the ledger has: each is the money of a batch that is, or will be, paid.
pub(crate) fn holds(sandbox: &Sandbox) -> usize {
    let ledger = sandbox.ledger();
    assert!(ledger.is_balanced());
    let holds = (ledger.entries().iter()).filter(|entry| entry.kind == EntryKind::BatchHold);
    holds.count()
}

/// Checks that nothing is sent blindly: no row is appended again that is there, and no batch is
/// confirmed again.
fn nothing_was_blind(sandbox: &Sandbox) {
    for request in sandbox.requests() {
        let code = request.outcome.or(request.code);
        let is_blind = request.route == APPEND && code == Some(14_027) && !is_twice(&request);
        assert!(!is_blind, "{request:?}");
    }
    assert!(
        carried_out(sandbox, CONFIRM) <= 1,
        "confirmed twice: {:#?}",
        sandbox.requests()
    );
}

#[track_caller]
fn is_done(sandbox: &Sandbox, wanted: &BatchPayout, paid: &SubmittedBatch) {
    let named: Vec<_> = (paid.rows.iter()).map(|row| row.order_id.clone()).collect();
    let asked: Vec<_> = (wanted.batch.orders.iter())
        .map(|row| Some(row.order_id.clone()))
        .collect();
    assert_eq!(named, asked, "in the order of the batch");
    let records: BTreeSet<_> = paid.rows.iter().map(|row| &row.record_id).collect();
    assert_eq!(records.len(), asked.len());
    assert_ne!(paid.batch.status, BatchStatus::Init);
    assert_eq!(holds(sandbox), 1);
    nothing_was_blind(sandbox);
}

#[tokio::test]
async fn a_batch_of_any_length_is_confirmed_once_with_all_its_rows() {
    for rows in [1, 500, 501, 1_234] {
        let sandbox = sandbox();
        let client = in_process::client(&sandbox);
        let wanted = batch(rows).delay_seconds(60);
        let paid = client.batch_payout(&wanted).await.unwrap();
        is_done(&sandbox, &wanted, &paid);
        assert_eq!(paid.proof, Proof::Accepted);
        assert_eq!(paid.batch.status, BatchStatus::Pending);
        let appends = usize::try_from(rows.div_ceil(500)).unwrap() - 1;
        assert_eq!(carried_out(&sandbox, APPEND), appends);
        assert_eq!(carried_out(&sandbox, "applyBatchWithdraw"), 1);
        // A second call finds the batch as it is.
        let again = client.batch_payout(&wanted).await.unwrap();
        assert_eq!(again.proof, Proof::FoundRecord);
        is_done(&sandbox, &wanted, &again);
        sandbox.settle_payouts();
        assert_eq!(
            sandbox
                .ledger()
                .entries()
                .iter()
                .filter(|it| it.kind == EntryKind::BatchRow)
                .count() as u64,
            rows
        );
    }
}

#[tokio::test]
async fn a_batch_is_paid_once_whatever_goes_wrong_with_any_of_its_calls() {
    let routes = [
        "applyBatchWithdraw",
        APPEND,
        CONFIRM,
        "getBatchWithdrawOrder",
        "getBatchWithdrawOrderRecordList",
    ];
    for route in routes {
        for fault in Fault::every() {
            // A fault on the look-ups strikes after a doubt, too.
            let before = route.starts_with("get").then_some(CONFIRM);
            for after_doubt in [false, before.is_some()] {
                let sandbox = sandbox();
                if after_doubt {
                    sandbox.plan_fault(CONFIRM, Fault::ActThenDrop);
                }
                sandbox.plan_fault(route, fault);
                let client = patient(in_process::client(&sandbox));
                let wanted = batch(3);
                let paid = if route == APPEND {
                    // Opened with fewer rows, so that one has to be appended.
                    client.submit(&batch(2).batch).await.unwrap();
                    client.resume_batch(&wanted, None).await
                } else {
                    client.batch_payout(&wanted).await
                };
                let paid =
                    paid.unwrap_or_else(|e| panic!("{route} {fault:?} {after_doubt}: {e:?}"));
                is_done(&sandbox, &wanted, &paid);
                assert!(
                    sandbox.fault_hits().contains_key(&fault) || after_doubt,
                    "{route} {fault:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_confirmation_that_is_lost_is_unknown_and_resumed_later() {
    let sandbox = sandbox();
    sandbox.plan_fault(CONFIRM, Fault::DropBeforeActing);
    let client = in_process::client(&sandbox);
    let wanted = batch(3);
    let error = client.batch_payout(&wanted).await.unwrap_err();
    let SubmitError::Unknown {
        settled_by,
        attempts,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(*settled_by, "getBatchWithdrawOrder");
    let since = attempts.in_doubt_since;
    assert!(since.is_some());

    // If it is too early, nothing is sent.
    let early = client.resume_batch(&wanted, since).await.unwrap_err();
    assert!(matches!(early, SubmitError::Unknown { .. }), "{early}");
    assert_eq!(carried_out(&sandbox, CONFIRM), 0);

    // In another process, from what was stored.
    sandbox.advance(SETTLE_AFTER);
    let stored = serde_json::to_string(&wanted).unwrap();
    let stored: BatchPayout = serde_json::from_str(&stored).unwrap();
    let client = in_process::client(&sandbox);
    let paid = client.resume_batch(&stored, since).await.unwrap();
    is_done(&sandbox, &wanted, &paid);
}

#[tokio::test]
async fn a_refused_confirmation_moves_nothing_and_can_be_resumed() {
    let sandbox = sandbox_with("1");
    let client = in_process::client(&sandbox);
    let error = client.batch_payout(&batch(2)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert_eq!((error.outcome(), holds(&sandbox)), (Outcome::Refused, 0));
    assert_eq!(error.attempts().in_doubt_since, None);

    sandbox.fund(None, USDT.get(), "100").unwrap();
    let since = error.attempts().in_doubt_since;
    let paid = client.resume_batch(&batch(2), since).await.unwrap();
    is_done(&sandbox, &batch(2), &paid);
}

/// Another process may be about to confirm a batch that is not confirmed yet.
#[tokio::test]
async fn a_batch_that_is_there_already_is_not_confirmed_at_once() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    client.submit(&batch(2).batch).await.unwrap();
    let error = client.batch_payout(&batch(2)).await.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    assert_eq!(holds(&sandbox), 0);
    let paid = patient(client).batch_payout(&batch(2)).await.unwrap();
    is_done(&sandbox, &batch(2), &paid);
}

#[tokio::test]
async fn another_batch_of_the_same_id_is_a_conflict() {
    let mut other_amount = batch(2);
    other_amount.batch.orders[1].amount = "3".parse().unwrap();
    let mut other_coin = batch(2);
    other_coin.batch.coin_id = CoinId::new(1329);
    for (other, field) in [
        (batch(3), "orders"),
        (other_amount, "amount"),
        (other_coin, "coinId"),
    ] {
        let sandbox = sandbox();
        let client = in_process::client(&sandbox);
        client.submit(&other.batch).await.unwrap();
        let error = client.batch_payout(&batch(2)).await.unwrap_err();
        let SubmitError::Conflict { fields, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(fields[0].field, field);
        assert_eq!((error.outcome(), holds(&sandbox)), (Outcome::Refused, 0));
    }
}

#[tokio::test]
async fn a_batch_that_was_cancelled_is_refused() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    client.submit(&batch(2).batch).await.unwrap();
    let stop = AbortBatchWithdraw::new(OrderId::new("batch-1"));
    client.send(&stop).await.unwrap();
    let error = client.batch_payout(&batch(2)).await.unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::Ended { .. },
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(holds(&sandbox), 0);
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_is_not_sent() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let mut twice = batch(600);
    twice.batch.orders[599].seq = 1;
    let mut late = batch(600);
    late.batch.orders[599].amount = "0".parse().unwrap();
    for wrong in [batch(0), twice, late, batch(1).delay_seconds(3_601)] {
        let error = client.batch_payout(&wrong).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    }
    assert!(sandbox.requests().is_empty());
}

/// A line whose client dies at a call, before or after it is carried out.
struct Mortal {
    line: SandboxTransport,
    /// The number of calls until the death, and whether the last one still arrives.
    death: std::sync::Mutex<Option<(u32, bool)>>,
    died: Arc<Notify>,
}

#[async_trait]
impl Transport for Mortal {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let dies = {
            let mut death = self.death.lock().unwrap();
            match &mut *death {
                Some((0, arrives)) => Some(*arrives),
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        let Some(arrives) = dies else {
            return self.line.send(exchange).await;
        };
        if arrives {
            let _ = self.line.send(exchange).await;
        }
        self.died.notify_one();
        std::future::pending().await
    }
}

/// One life of a process; `None` when it died.
async fn live(
    sandbox: &Sandbox,
    wanted: &BatchPayout,
    earlier: Option<Option<Timestamp>>,
    death: Option<(u32, bool)>,
) -> Option<Result<SubmittedBatch, SubmitError>> {
    let died = Arc::new(Notify::new());
    let transport = Mortal {
        line: SandboxTransport::new(sandbox),
        death: std::sync::Mutex::new(death),
        died: Arc::clone(&died),
    };
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let client = Client::new(credentials, transport).with_clock(SandboxClock::new(sandbox));
    let work = pin!(async {
        match earlier {
            None => client.batch_payout(wanted).await,
            Some(since) => client.resume_batch(wanted, since).await,
        }
    });
    match select(work, pin!(died.notified())).await {
        Either::Left((ended, _)) => Some(ended),
        Either::Right(_) => None,
    }
}

/// Hundreds of histories: faults by seed on every call, deaths at any call, and a process that goes
/// on with what the one before left behind.
#[tokio::test]
async fn no_history_pays_a_batch_twice_or_leaves_it_unpaid() {
    let (mut deaths, mut unknown, mut refused, mut done) = (0, 0, 0, 0);
    for seed in 0..300 {
        let mut random = Rng::with_seed(seed);
        let sandbox = sandbox_with(if random.bool() { "1" } else { "100" });
        let wanted = batch(3);
        // Opened with fewer rows, now and then, so that some have to be appended.
        let mut earlier = random.bool().then_some(None);
        if earlier.is_some() {
            let opened = in_process::client(&sandbox).submit(&batch(1).batch).await;
            opened.unwrap();
        }
        sandbox.faults_by_seed(seed, random.u16(0..500), &[]);
        for life in 0.. {
            assert!(life < 60, "seed {seed} does not end");
            if life == 20 {
                // The gateway recovers, and no process dies any more.
                sandbox.faults_by_seed(seed, 0, &[]);
            }
            let death = (life < 20 && random.bool()).then(|| (random.u32(0..20), random.bool()));
            match live(&sandbox, &wanted, earlier, death).await {
                Some(Ok(paid)) => {
                    is_done(&sandbox, &wanted, &paid);
                    done += 1;
                    break;
                }
                Some(Err(error)) => {
                    match &error {
                        SubmitError::Unknown { .. } => unknown += 1,
                        SubmitError::Refused { .. } => {
                            assert_eq!(holds(&sandbox), 0, "seed {seed}: {error}");
                            refused += 1;
                            sandbox.fund(None, USDT.get(), "100").unwrap();
                        }
                        error => panic!("seed {seed}: {error}"),
                    }
                    earlier = Some(error.attempts().in_doubt_since);
                }
                None => {
                    deaths += 1;
                    earlier = Some(Some(Timestamp::new(sandbox.now())));
                }
            }
            assert!(holds(&sandbox) <= 1, "seed {seed}");
            nothing_was_blind(&sandbox);
            sandbox.advance(Duration::from_secs(random.u64(0..400)));
        }
        sandbox.advance(Duration::from_secs(86_400));
        sandbox.settle_payouts();
        assert_eq!(holds(&sandbox), 1, "seed {seed}");
        nothing_was_blind(&sandbox);
        let entries = sandbox.ledger().entries().to_vec();
        let paid = entries
            .iter()
            .filter(|it| it.kind == EntryKind::BatchRow)
            .count();
        assert_eq!(paid, wanted.batch.orders.len(), "seed {seed}");
    }
    assert_eq!(done, 300);
    assert!(
        deaths > 100 && unknown > 100 && refused > 10,
        "{deaths} {unknown} {refused}"
    );
}

#[test]
fn the_confirmation_is_never_repeated_by_itself() {
    assert_eq!(
        ConfirmBatchWithdraw::IDEMPOTENCY,
        ccpayment::Idempotency::NonIdempotent
    );
    assert_eq!(
        ConfirmBatchWithdraw::SETTLED_BY,
        Some("getBatchWithdrawOrder")
    );
}
