//! Batches against a sandbox whose answers are changed on their way: without proof in an answer, a
//! batch is neither paid nor refused.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::BatchMode;
use ccpayment::{
    AppId, AppSecret, Client, Credentials, Exchange, Memo, Proof, RefusalReason, SubmitError,
    Timeouts, Timestamp, Transport, TransportError,
};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};
use serde_json::{Value, json};

use crate::batches::{APPEND, CONFIRM, batch, holds, sandbox};
use crate::in_process;

const APPLY: &str = "applyBatchWithdraw";
const ORDER: &str = "getBatchWithdrawOrder";
const LIST: &str = "getBatchWithdrawOrderRecordList";

/// The change of an answer to a call that the gateway has carried out, by its route and the number
/// of earlier calls to it. The answer arrives changed, or is lost.
type Change = Box<dyn Fn(&str, u32, &mut Value) -> Arrives + Send + Sync>;

#[derive(PartialEq)]
enum Arrives {
    Yes,
    /// Carried out, and its answer is lost.
    Lost,
}

/// A line that changes answers.
struct Changed {
    line: SandboxTransport,
    change: Change,
    calls: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Transport for Changed {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let route = exchange.operation;
        let before = {
            let mut calls = self.calls.lock().unwrap();
            let before = calls.iter().filter(|it| **it == route).count();
            calls.push(route);
            u32::try_from(before).unwrap()
        };
        let answer = self.line.send(exchange).await?;
        let (parts, body) = answer.into_parts();
        let mut json: Value = serde_json::from_slice(&body).unwrap();
        if (self.change)(route, before, &mut json) == Arrives::Lost {
            return Err(TransportError::MaybeSent("cut".into()));
        }
        Ok(http::Response::from_parts(
            parts,
            Bytes::from(json.to_string()),
        ))
    }
}

/// A client whose answers are changed.
fn client(
    sandbox: &Sandbox,
    total: u64,
    change: impl Fn(&str, u32, &mut Value) -> Arrives + Send + Sync + 'static,
) -> Client {
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let line = Changed {
        line: SandboxTransport::new(sandbox),
        change: Box::new(change),
        calls: Mutex::default(),
    };
    let timeouts = Timeouts::new(Duration::from_secs(20), Duration::from_secs(total));
    Client::new(credentials, line)
        .with_clock(SandboxClock::new(sandbox))
        .with_timeouts(timeouts)
}

fn refusal(code: u64) -> Value {
    json!({ "code": code, "msg": "words" })
}

/// Changes every row of a list.
fn each_row(answer: &mut Value, change: impl Fn(&mut Value)) {
    let records = answer["data"]["records"].as_array_mut();
    for row in records.into_iter().flatten() {
        change(row);
    }
}

fn requests(sandbox: &Sandbox, route: &str) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|it| it.route == route).count()
}

/// The fields that did not match; nothing was confirmed.
#[track_caller]
fn unmatched(sandbox: &Sandbox, error: &SubmitError) -> Vec<&'static str> {
    assert_eq!(holds(sandbox), 0);
    match error {
        SubmitError::Refused {
            reason: RefusalReason::Unmatched { fields },
            ..
        } => fields.iter().map(|it| it.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_that_only_answers_about_another_show_as_paid_is_not() {
    let sandbox = sandbox();
    let client = client(&sandbox, 60, |route, before, answer| {
        if route == ORDER && before > 0 {
            answer["data"]["batchOrderId"] = json!("batch-2");
            answer["data"]["status"] = json!("Processing");
        }
        Arrives::Yes
    });
    let error = client.batch_payout(&batch(3)).await.unwrap_err();
    assert!(
        !matches!(error, SubmitError::Conflict { .. }),
        "it is another batch's record: {error}"
    );
    assert_eq!((holds(&sandbox), requests(&sandbox, CONFIRM)), (0, 0));
}

#[tokio::test]
async fn a_confirmation_that_acted_and_was_refused_is_unknown_until_it_is_read() {
    for code in [14000, 13006, 11004] {
        for unreadable in [ORDER, LIST] {
            let sandbox = sandbox();
            let bad = client(&sandbox, 60, move |route, before, answer| {
                if route == CONFIRM && before == 0 {
                    *answer = refusal(code);
                }
                match route {
                    // One look before the opening, one after it.
                    ORDER if unreadable == ORDER && before > 1 => Arrives::Lost,
                    LIST if unreadable == LIST && before > 0 => Arrives::Lost,
                    _ => Arrives::Yes,
                }
            });
            let error = bad.batch_payout(&batch(3)).await.unwrap_err();
            assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
            let since = error.attempts().in_doubt_since;
            assert!(since.is_some());
            let good = in_process::client(&sandbox);
            let paid = good.resume_batch(&batch(3), since).await.unwrap();
            assert_eq!(paid.proof, Proof::FoundRecord);
            assert_eq!((holds(&sandbox), requests(&sandbox, CONFIRM)), (1, 1));
        }
    }
}

/// The confirmation of the earlier process may be on its way, whatever the gateway says first.
#[tokio::test]
async fn a_batch_of_an_earlier_process_is_never_confirmed_at_once() {
    type Change = fn(&str, u32, &mut Value) -> Arrives;
    let histories: [Change; 3] = [
        |route, _, answer| {
            if route == APPLY {
                *answer = refusal(11004);
            }
            Arrives::Yes
        },
        // A look-up that lags behind.
        |route, before, answer| {
            if route == ORDER && before == 0 {
                *answer = refusal(11003);
            }
            Arrives::Yes
        },
        |route, _, _| match route {
            ORDER => Arrives::Lost,
            _ => Arrives::Yes,
        },
    ];
    for change in histories {
        let sandbox = sandbox();
        let earlier = in_process::client(&sandbox);
        earlier.submit(&batch(2).batch).await.unwrap();
        let client = client(&sandbox, 60, change);
        let error = client.batch_payout(&batch(2)).await.unwrap_err();
        assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
        // As documented, at once.
        let since = error.attempts().in_doubt_since;
        let early = earlier.resume_batch(&batch(2), since).await.unwrap_err();
        assert!(matches!(early, SubmitError::Unknown { .. }), "{early:?}");
        assert_eq!(requests(&sandbox, CONFIRM), 0);
        sandbox.advance(Duration::from_secs(600));
        let since = early.attempts().in_doubt_since;
        earlier.resume_batch(&batch(2), since).await.unwrap();
        assert_eq!(holds(&sandbox), 1);
    }
}

#[tokio::test]
async fn a_batch_that_is_paid_is_never_refused_because_it_can_not_be_opened_again() {
    for code in [14000, 11006, 13006, 11000] {
        let sandbox = sandbox();
        let client = client(&sandbox, 60, move |route, before, answer| {
            if route == APPLY && before > 0 {
                *answer = refusal(code);
            }
            Arrives::Yes
        });
        client.batch_payout(&batch(3)).await.unwrap();
        let again = client.batch_payout(&batch(3)).await.unwrap();
        assert_eq!(again.proof, Proof::FoundRecord, "{code}");
        assert_eq!((holds(&sandbox), requests(&sandbox, CONFIRM)), (1, 1));
    }
}

#[tokio::test]
async fn rows_that_were_accepted_and_never_show_are_not_sent_without_end() {
    for shown in [0, 100] {
        let sandbox = sandbox();
        let client = client(&sandbox, 3_600, move |route, _, answer| {
            if route == ORDER {
                answer["data"]["stats"] = Value::Null;
            }
            if route == LIST {
                let records = answer["data"]["records"].as_array_mut().unwrap();
                records.truncate(shown);
                answer["data"]["nextId"] = json!("");
            }
            Arrives::Yes
        });
        let error = client.batch_payout(&batch(650)).await.unwrap_err();
        assert_eq!(unmatched(&sandbox, &error), ["orders"], "{shown}");
        assert_eq!(requests(&sandbox, APPLY), 1);
        assert_eq!(requests(&sandbox, APPEND), 0);
        assert!(error.attempts().in_doubt_since.is_some());
    }
}

#[tokio::test]
async fn rows_that_show_late_are_waited_for() {
    let sandbox = sandbox();
    let client = client(&sandbox, 60, |route, before, answer| {
        if route == ORDER {
            answer["data"]["stats"] = Value::Null;
        }
        if route == LIST && before < 3 {
            answer["data"]["records"] = json!([]);
        }
        Arrives::Yes
    });
    client.batch_payout(&batch(3)).await.unwrap();
    assert_eq!((holds(&sandbox), requests(&sandbox, APPEND)), (1, 0));
}

#[tokio::test]
async fn an_open_batch_whose_rows_can_not_be_matched_is_refused_by_the_field() {
    type Change = fn(&str, &mut Value);
    let changes: [(&str, Change); 6] = [
        ("memo", |route, answer| {
            if route == LIST {
                each_row(answer, |row| row["memo"] = json!("7"));
            }
        }),
        ("address", |route, answer| {
            if route == LIST {
                each_row(answer, |row| row["address"] = Value::Null);
            }
        }),
        ("stats", |route, answer| {
            if route == ORDER {
                answer["data"]["stats"]["total"] = json!(4);
            }
        }),
        ("recordId", |route, answer| {
            if route == LIST {
                let records = answer["data"]["records"].as_array_mut().unwrap();
                records.extend(records.clone());
                each_row(answer, |row| row["recordId"] = Value::Null);
            }
        }),
        ("coinId", |route, answer| {
            if route == ORDER {
                answer["data"]["coin"] = Value::Null;
            }
        }),
        ("amount", |route, answer| {
            if route == ORDER {
                answer["data"]["networkFeeCoin"] = Value::Null;
            }
            if route == LIST {
                each_row(answer, |row| {
                    row["amount"] = json!("2");
                    let fee = row["seq"].as_u64().unwrap();
                    row["networkFee"] = json!(format!("0.{fee}"));
                });
            }
        }),
    ];
    for (field, change) in changes {
        let sandbox = sandbox();
        let client = client(&sandbox, 60, move |route, _, answer| {
            if answer["code"] == 10000 {
                change(route, answer);
            }
            Arrives::Yes
        });
        let error = client.batch_payout(&batch(3)).await.unwrap_err();
        assert_eq!(unmatched(&sandbox, &error), [field]);
        // The same for a process that goes on with it, once nothing is in doubt.
        sandbox.advance(Duration::from_secs(600));
        let since = error.attempts().in_doubt_since;
        let again = client.resume_batch(&batch(3), since).await.unwrap_err();
        assert_eq!(unmatched(&sandbox, &again), [field]);

        // If the batch had been confirmed, a person would have to look.
        let paid = in_process::client(&sandbox);
        paid.resume_batch(&batch(3), None).await.unwrap();
        let error = client.batch_payout(&batch(3)).await.unwrap_err();
        let SubmitError::Incomparable { fields, .. } = &error else {
            panic!("{field}: {error:?}")
        };
        assert_eq!(fields[0].field, field);
    }
}

#[tokio::test]
async fn a_batch_is_paid_whichever_name_of_a_row_the_gateway_keeps() {
    for (name, other) in [("seq", json!(0)), ("orderId", json!("of-the-gateway"))] {
        let sandbox = sandbox();
        let client = client(&sandbox, 60, move |route, _, answer| {
            if route == LIST {
                each_row(answer, |row| row[name] = other.clone());
            }
            Arrives::Yes
        });
        client.batch_payout(&batch(3)).await.unwrap();
        assert_eq!(holds(&sandbox), 1, "{name}");
    }
}

#[tokio::test]
async fn a_batch_whose_rows_are_shown_net_of_their_fee_is_paid() {
    let sandbox = sandbox();
    let client = client(&sandbox, 60, |route, _, answer| {
        if route == LIST {
            each_row(answer, |row| {
                row["amount"] = json!("2");
                let fee = row["seq"].as_u64().unwrap();
                row["networkFee"] = json!(format!("0.{fee}"));
            });
        }
        Arrives::Yes
    });
    client.batch_payout(&batch(3)).await.unwrap();
    assert_eq!(holds(&sandbox), 1);
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_neither_paid_nor_refused() {
    let sandbox = sandbox();
    in_process::client(&sandbox)
        .batch_payout(&batch(3))
        .await
        .unwrap();
    let client = client(&sandbox, 60, |route, _, answer| {
        if route == ORDER {
            answer["data"]["status"] = json!("Refunded");
        }
        Arrives::Yes
    });
    let error = client.batch_payout(&batch(3)).await.unwrap_err();
    let SubmitError::Unknown { status, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(status.as_deref(), Some("Refunded"));
}

/// Two machines of the gateway, one of which is behind.
#[tokio::test]
async fn a_batch_whose_status_jumps_back_is_confirmed_once() {
    for behind in [0, 1] {
        let sandbox = sandbox();
        let client = client(&sandbox, 1_200, move |route, before, answer| {
            // One look before the opening, one after it.
            if route == ORDER && before > 1 && before % 2 == behind {
                answer["data"]["status"] = json!("Init");
            }
            match route {
                CONFIRM => Arrives::Lost,
                _ => Arrives::Yes,
            }
        });
        match client.batch_payout(&batch(3)).await {
            Ok(paid) => assert_eq!(paid.proof, Proof::FoundRecord),
            Err(error) => {
                assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
                assert!(error.attempts().in_doubt_since.is_some());
            }
        }
        assert_eq!((holds(&sandbox), requests(&sandbox, CONFIRM)), (1, 1));
    }
}

/// A request that was sent once is settled, even if a rule of a later version would refuse to send
/// it.
#[tokio::test]
async fn a_stored_batch_is_looked_up_whatever_the_rules_say() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    client.batch_payout(&batch(3)).await.unwrap();
    let stored = batch(3).delay_seconds(3_601);
    let found = client.resume_batch(&stored, None).await.unwrap();
    assert_eq!(found.proof, Proof::FoundRecord);

    // A request that was never sent is refused.
    let fresh = crate::batches::sandbox();
    let client = in_process::client(&fresh);
    let error = client.resume_batch(&stored, None).await.unwrap_err();
    assert!(matches!(error, SubmitError::Refused { .. }), "{error:?}");
    assert_eq!(requests(&fresh, APPLY), 0);
}

#[tokio::test]
async fn a_doubt_in_milliseconds_is_told_at_once() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let since = Some(Timestamp::new(sandbox.now() * 1_000));
    let error = client.resume_batch(&batch(3), since).await.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        format!("{source:?}").contains("in_doubt_since"),
        "{source:?}"
    );
    assert!(sandbox.requests().is_empty());
}

/// The record of a batch has no chain, so a difference in the chain does not show. All others do.
#[tokio::test]
async fn a_batch_of_the_same_id_is_compared_in_what_its_records_show() {
    let sandbox = sandbox();
    let client = in_process::client(&sandbox);
    let first = batch(2);
    client.submit(&first.batch).await.unwrap();
    let mut other_mode = first.clone();
    other_mode.batch.mode = BatchMode::Batch;
    let error = client.resume_batch(&other_mode, None).await.unwrap_err();
    let SubmitError::Conflict { fields, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(fields[0].field, "mode");
    let mut other_memo = first.clone();
    other_memo.batch.orders[0].memo = Some(Memo::new("7"));
    let error = client.resume_batch(&other_memo, None).await.unwrap_err();
    assert_eq!(unmatched(&sandbox, &error), ["memo"]);
}
