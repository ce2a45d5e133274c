//! The decisions of `BatchMachine`, one by one.

use bytes::Bytes;
use ccpayment_core::v2::{
    ApplyBatchWithdraw, BatchMode, BatchRows, BatchWithdrawOrder, BatchWithdrawTaskRecord,
    ConfirmBatchWithdraw,
};
use ccpayment_core::{
    AppId, AppSecret, Chain, CoinId, Credentials, Difference, ErrorCode, OrderId, TIMESTAMP_WINDOW,
    Timestamp, decode,
};

mod doubts;
mod mismatches;

use super::driver::read_back;
use super::machine::{BatchMachine, Prior, ROWS_AT_ONCE, Read, Snapshot, Step};
use super::{BatchPayout, SubmitError, SubmittedBatch};
use crate::adapters::transport_fn;
use crate::client::Client;
use crate::drive::Drive;
use crate::error::{Error, Outcome, RequestInfo};
use crate::outcome::SETTLE_AFTER;
use crate::outcome::{Proof, RefusalReason};
use crate::transport::{Exchange, TransportError};

const T: Timestamp = Timestamp::new(1_700_000_000);

fn later(seconds: u64) -> Timestamp {
    Timestamp::new(T.get() + seconds)
}

fn id() -> OrderId {
    OrderId::new("batch-1")
}

fn machine() -> BatchMachine {
    let mut machine = BatchMachine::new(id(), T, Prior::InDoubt(None));
    // It is there.
    assert_eq!(
        name(&machine.status_read(None, &batch("Init", ""))),
        "read back"
    );
    machine
}

fn request_info() -> Box<RequestInfo> {
    RequestInfo::of(&ConfirmBatchWithdraw::new(id()))
}

fn code(code: u64) -> Error {
    let body = format!(r#"{{"code":{code},"msg":"words"}}"#);
    let source = decode::<BatchWithdrawOrder>(&http::Response::new(Bytes::from(body))).unwrap_err();
    Error::Answer {
        request: request_info(),
        source,
    }
}

fn lost() -> Error {
    let source = TransportError::MaybeSent("reset".into());
    Error::Transport {
        request: request_info(),
        source,
    }
}

fn not_sent() -> Error {
    let source = TransportError::NotSent("refused".into());
    Error::Transport {
        request: request_info(),
        source,
    }
}

fn batch(status: &str, stats: &str) -> BatchWithdrawOrder {
    let text = format!(r#"{{"batchOrderId":"batch-1","billId":"b","status":"{status}"{stats}}}"#);
    serde_json::from_str(&text).unwrap()
}

fn record() -> BatchWithdrawTaskRecord {
    serde_json::from_str(r#"{"recordId":"r","amount":"1"}"#).unwrap()
}

/// What the gateway shows at a moment: so many rows, those that are there.
fn seen(
    signed_at: Timestamp,
    status: &str,
    wanted: usize,
    there: impl Fn(usize) -> bool,
) -> Snapshot {
    let rows = (0..wanted).map(|at| there(at).then(record)).collect();
    Snapshot {
        clock: Some(Timestamp::new(signed_at.get() - TIMESTAMP_WINDOW.as_secs())),
        batch: batch(status, ""),
        rows: BatchRows::Fit(rows),
    }
}

fn complete(signed_at: Timestamp, status: &str) -> Snapshot {
    seen(signed_at, status, 3, |_| true)
}

fn name(step: &Step) -> String {
    match step {
        Step::ReadBack => "read back".into(),
        Step::Append(rows) => format!("append {}", rows.len()),
        Step::Confirm => "confirm".into(),
        Step::Open => "open".into(),
        Step::ReadStatus => "read status".into(),
        Step::Wait {
            then: Read::All, ..
        } => "wait".into(),
        Step::Wait {
            then: Read::Status, ..
        } => "wait, read status".into(),
        Step::Finish(verdict) => match &**verdict {
            Ok(paid) => format!("done, {:?}", paid.proof),
            Err(SubmitError::Refused { .. }) => "refused".into(),
            Err(SubmitError::Conflict { .. }) => "conflict".into(),
            Err(SubmitError::Incomparable { .. }) => "incomparable".into(),
            Err(SubmitError::Unknown { .. }) => "unknown".into(),
        },
    }
}

#[track_caller]
fn refusal(step: Step) -> SubmitError {
    match step {
        Step::Finish(verdict) => verdict.unwrap_err(),
        other => panic!("not finished but {}", name(&other)),
    }
}

#[test]
fn a_whole_batch_is_confirmed_and_done() {
    let mut machine = machine();
    assert_eq!(name(&machine.read_back(complete(T, "Init"))), "confirm");
    for status in ["Reviewing", "Pending", "Processing"] {
        let answer = Ok(batch(status, ""));
        let step = self::machine().confirmed(T, answer);
        assert_eq!(name(&step), "done, Accepted", "{status}");
    }
    let Step::Finish(verdict) = machine.confirmed(T, Ok(batch("Processing", ""))) else {
        panic!("not finished")
    };
    let SubmittedBatch {
        rows,
        proof,
        attempts,
        ..
    } = verdict.unwrap();
    assert_eq!(
        (rows.len(), proof, attempts.submits),
        (3, Proof::Accepted, 1)
    );
}

#[test]
fn the_status_decides_what_was_confirmed_before() {
    for (status, next) in [
        ("Reviewing", "done, FoundRecord"),
        ("Pending", "done, FoundRecord"),
        ("Processing", "done, FoundRecord"),
        ("Completed", "done, FoundRecord"),
        ("Rejected", "refused"),
        ("Something new", "wait"),
    ] {
        let whole = machine().read_back(complete(T, status));
        assert_eq!(name(&whole), next, "{status}");
    }
    // Confirmed, and without all its rows for as long as a list may be behind: two are paid, so it
    // is not another batch.
    let mut machine = machine();
    let some = || seen(T, "Processing", 3, |at| at != 1);
    for _ in 0..7 {
        assert_eq!(name(&machine.read_back(some())), "wait");
    }
    let step = machine.read_back(some());
    assert_eq!(name(&step), "incomparable");
    let error = refusal(step).to_string();
    assert_eq!(
        error,
        "batch-1 was created, but can't be compared: orders: asked 3 rows, found 2 of them"
    );
}

#[test]
fn a_batch_that_was_cancelled_whole_has_moved_nothing() {
    for (status, stats, next) in [
        (
            "Completed",
            r#""total":3,"succeeded":0,"failed":1,"canceled":2"#,
            "refused",
        ),
        (
            "Completed",
            r#""total":3,"succeeded":1,"failed":0,"canceled":2"#,
            "done, FoundRecord",
        ),
        (
            "Completed",
            r#""total":3,"succeeded":0"#,
            "done, FoundRecord",
        ),
        (
            "Processing",
            r#""total":3,"succeeded":0,"failed":1,"canceled":2"#,
            "done, FoundRecord",
        ),
    ] {
        let mut shown = complete(T, status);
        shown.batch = batch(status, &format!(r#","stats":{{{stats}}}"#));
        assert_eq!(name(&machine().read_back(shown)), next, "{stats}");
    }
}

#[test]
fn what_is_missing_is_appended_in_pieces_and_read_back_whole() {
    let wanted = 2 * ROWS_AT_ONCE + 7;
    let mut machine = machine();
    let step = machine.read_back(seen(T, "Init", wanted, |at| at == 3));
    assert_eq!(name(&step), "append 500");
    assert_eq!(name(&machine.appended(T, Ok(()))), "append 500");
    let Step::Append(last) = machine.appended(T, Ok(())) else {
        panic!("no more rows")
    };
    assert_eq!((last.len(), last.last()), (6, Some(&(wanted - 1))));
    assert_eq!(name(&machine.appended(T, Ok(()))), "read back");
    let step = machine.read_back(seen(T, "Init", wanted, |_| true));
    assert_eq!(name(&step), "confirm");
}

#[test]
fn a_lost_append_is_read_back_and_not_repeated_until_it_can_not_arrive() {
    let mut machine = machine();
    let some = |at, there: usize| seen(at, "Init", 3, move |row| row < there);
    assert_eq!(name(&machine.read_back(some(T, 1))), "append 2");
    assert_eq!(name(&machine.appended(T, Err(lost()))), "read back");
    for seconds in [0, 60, SETTLE_AFTER.as_secs() - 1] {
        let step = machine.read_back(some(later(seconds), 1));
        assert_eq!(name(&step), "wait", "{seconds}");
    }
    // No word of the gateway's clock, no proof.
    let mut timeless = some(later(9_999), 1);
    timeless.clock = None;
    assert_eq!(name(&machine.read_back(timeless)), "wait");
    // In part, it has arrived; the rest may still.
    assert_eq!(name(&machine.read_back(some(later(9), 2))), "wait");
    let step = machine.read_back(some(later(SETTLE_AFTER.as_secs()), 2));
    assert_eq!(name(&step), "append 1");

    // Or it has arrived after all.
    let mut machine = self::machine();
    machine.read_back(some(T, 1));
    machine.appended(T, Err(lost()));
    assert_eq!(name(&machine.read_back(some(later(1), 3))), "confirm");
    assert_eq!(
        machine.give_up().unwrap_err().attempts().in_doubt_since,
        None
    );
}

#[test]
fn a_lost_append_that_has_arrived_lets_the_next_one_go() {
    let wanted = ROWS_AT_ONCE + 1;
    let mut machine = machine();
    machine.read_back(seen(T, "Init", wanted, |_| false));
    assert_eq!(name(&machine.appended(T, Err(lost()))), "read back");
    let step = machine.read_back(seen(later(1), "Init", wanted, |at| at < ROWS_AT_ONCE));
    assert_eq!(name(&step), "append 1");
}

#[test]
fn a_confirmation_in_doubt_is_settled_by_the_status_and_never_repeated_blindly() {
    let clock = |seconds| Some(later(seconds - TIMESTAMP_WINDOW.as_secs()));
    for doubtful in [lost(), code(10001), code(11002), code(11007), code(99999)] {
        let mut machine = machine();
        machine.read_back(complete(T, "Init"));
        assert_eq!(name(&machine.confirmed(T, Err(doubtful))), "read status");
        for seconds in [TIMESTAMP_WINDOW.as_secs(), SETTLE_AFTER.as_secs() - 1] {
            let step = machine.status_read(clock(seconds), &batch("Init", ""));
            assert_eq!(name(&step), "wait, read status", "{seconds}");
        }
        let step = machine.status_read(None, &batch("Init", ""));
        assert_eq!(name(&step), "wait, read status");
        let step = machine.status_read(clock(9_999), &batch("Something new", ""));
        assert_eq!(name(&step), "wait, read status");
        // It did not arrive, and can't any more.
        let step = machine.status_read(clock(SETTLE_AFTER.as_secs()), &batch("Init", ""));
        assert_eq!(name(&step), "read back");
        let step = machine.read_back(complete(later(SETTLE_AFTER.as_secs()), "Init"));
        assert_eq!(name(&step), "confirm");
        // The next one is lost as well, and has arrived.
        assert_eq!(
            name(&machine.confirmed(later(301), Err(lost()))),
            "read status"
        );
        let step = machine.status_read(clock(302), &batch("Processing", ""));
        assert_eq!(name(&step), "read back");
        let step = machine.read_back(complete(later(302), "Processing"));
        assert_eq!(name(&step), "done, FoundRecord");
    }
    // Confirmed, says the code, and not, says the status.
    let mut machine = machine();
    machine.read_back(complete(T, "Init"));
    let step = machine.confirmed(T, Ok(batch("Init", "")));
    assert_eq!(name(&step), "read status");
    let step = machine.status_read(clock(200), &batch("Init", ""));
    assert_eq!(name(&step), "wait, read status");
    assert_eq!(name(&Step::Finish(Box::new(machine.give_up()))), "unknown");
}

#[test]
fn a_refusal_counts_unless_the_batch_shows_that_it_came_second() {
    let refused = |status| {
        let mut machine = machine();
        machine.read_back(complete(T, "Init"));
        assert_eq!(name(&machine.confirmed(T, Err(code(14000)))), "read back");
        machine.read_back(complete(later(1), status))
    };
    assert_eq!(name(&refused("Processing")), "done, FoundRecord");
    let error = refusal(refused("Init"));
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert_eq!(error.attempts().in_doubt_since, None);

    let appended = |there| {
        let mut machine = machine();
        machine.read_back(seen(T, "Init", 3, |_| false));
        assert_eq!(name(&machine.appended(T, Err(code(11000)))), "read back");
        machine.read_back(seen(later(1), "Init", 3, move |_| there))
    };
    assert_eq!(name(&appended(true)), "confirm");
    assert_eq!(name(&appended(false)), "refused");
}

#[test]
fn what_passes_is_tried_again_but_not_for_ever() {
    for transient_refusal in [not_sent as fn() -> Error, || code(11004)] {
        let mut machine = machine();
        for _ in 0..3 {
            assert_eq!(name(&machine.read_back(complete(T, "Init"))), "confirm");
            assert_eq!(
                name(&machine.confirmed(T, Err(transient_refusal()))),
                "wait"
            );
        }
        let error = refusal(machine.read_back(complete(T, "Init")));
        assert_eq!(error.attempts().submits, 3);
    }
}

#[test]
fn what_another_process_may_have_sent_is_waited_out() {
    let resumed = || BatchMachine::new(id(), T, Prior::InDoubt(Some(T)));
    for there in [0, 3] {
        let shown = |at| seen(at, "Init", 3, move |row| row < there);
        let mut machine = resumed();
        // That all rows are there says nothing of a confirmation.
        let step = machine.read_back(shown(later(SETTLE_AFTER.as_secs() - 1)));
        assert_eq!(name(&step), "wait, read status", "{there}");
        let next = if there == 3 { "confirm" } else { "append 3" };
        let step = machine.read_back(shown(later(SETTLE_AFTER.as_secs())));
        assert_eq!(name(&step), next);
    }
    let step = resumed().read_back(complete(T, "Processing"));
    assert_eq!(name(&step), "done, FoundRecord");
    let error = resumed().give_up().unwrap_err();
    assert_eq!(error.attempts().in_doubt_since, Some(T));
    assert!(matches!(error.outcome(), Outcome::Unknown(_)));
}

#[test]
fn rows_that_differ_are_a_conflict_and_rows_that_prove_nothing_are_read_again() {
    for status in ["Init", "Processing"] {
        let mut shown = complete(T, status);
        shown.rows = BatchRows::Differ(vec![Difference::new("amount", "1", "2")]);
        assert_eq!(name(&machine().read_back(shown)), "conflict");
        let mut shown = complete(T, status);
        shown.rows = BatchRows::Incomplete { field: "orderId" };
        assert_eq!(name(&machine().read_back(shown)), "wait");
    }
}

async fn rows_read_back(list: &'static str) -> Result<BatchRows, Error> {
    let gateway = transport_fn(move |exchange: Exchange| async move {
        let data = match exchange.operation {
            "getBatchWithdrawOrder" => r#"{"batchOrderId":"batch-1","billId":"b","status":"Init"}"#,
            _ => list,
        };
        let body = format!(r#"{{"code":10000,"msg":"success","data":{data}}}"#);
        Ok::<_, TransportError>(http::Response::new(Bytes::from(body)))
    });
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let client = Client::new(credentials, gateway);
    let opening = ApplyBatchWithdraw::new(
        id(),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        BatchMode::Batch,
    );
    let wanted = BatchPayout::new(opening);
    let seen = read_back(&mut Drive::new(&client, client.give_up_at()), &wanted).await;
    seen.map(|seen| seen.rows).map_err(|failed| failed.error)
}

/// The rows behind it may be there, and what was read is not all.
#[tokio::test]
async fn an_empty_page_with_more_behind_it_is_not_the_end_of_the_rows() {
    let rows = rows_read_back(r#"{"records":[],"nextId":"more"}"#).await;
    assert!(
        matches!(rows, Ok(BatchRows::Incomplete { field: "records" })),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_row_that_can_not_be_read_leaves_all_rows_unknown() {
    let rows = rows_read_back(r#"{"records":[{"seq":1,"amount":1.5}]}"#).await;
    assert!(
        matches!(rows, Ok(BatchRows::Incomplete { field: "records" })),
        "{rows:?}"
    );
}

#[test]
fn a_failed_look_says_nothing_and_without_a_doubt_nothing_was_paid() {
    let mut machine = machine();
    for error in [code(11003), code(14000), lost(), not_sent()] {
        assert_eq!(name(&machine.read_failed(error)), "wait");
    }
    let error = machine.give_up().unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::NotSent(_),
                ..
            }
        ),
        "{error}"
    );
    let mut doubtful = self::machine();
    doubtful.read_back(complete(T, "Init"));
    doubtful.confirmed(T, Err(lost()));
    doubtful.read_failed(code(14000));
    let error = doubtful.give_up().unwrap_err();
    assert_eq!(error.attempts().in_doubt_since, Some(T));
}
