//! `Client::payout` and `Client::settle` from end to end, under a clock that a test sets.

use std::time::Duration;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetAppWithdrawRecord, GetCoin};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, ErrorCode, Idempotency, Memo,
    OrderId, Outcome, Proof, RecordId, RefusalReason, RetryPolicy, SETTLE_AFTER, SubmitError,
    Submitted, Timeouts, Timestamp,
};
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use http::StatusCode;
use serde_json::{Value, json};

const START: Timestamp = Timestamp::new(1_767_225_600);

fn payout() -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-77"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "12.5".parse().unwrap(),
    )
}

/// The record of that payout, with some fields changed.
fn record(change: Value) -> Reply {
    let mut record = json!({
        "recordId": "r1", "withdrawType": "Network", "coinId": 1280, "coinSymbol": "USDT",
        "chain": "POLYGON", "toAddress": "0xbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe",
        "orderId": "payout-77", "txId": "", "toMemo": "", "status": "Processing",
        "amount": "12.500000", "fee": {"coinId": "1280", "coinSymbol": "USDT", "amount": "0.1"},
    });
    for (name, value) in change.as_object().unwrap() {
        record[name] = value.clone();
    }
    Reply::data(&json!({"record": record}))
}

fn accepted() -> Reply {
    Reply::data(&json!({"recordId": "r1"}))
}

fn not_found() -> Reply {
    Reply::refused(ErrorCode::NotFound, "not found")
}

struct Bench {
    fake: FakeTransport,
    clock: TestClock,
    client: Client,
}

fn bench() -> Bench {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let (fake, clock) = (FakeTransport::verifying(&credentials), TestClock::at(START));
    let client = Client::new(credentials, fake.clone()).with_clock(clock.clone());
    Bench {
        fake,
        clock,
        client,
    }
}

impl Bench {
    fn submit(&self, reply: Reply) -> &Self {
        self.fake.expect(&payout(), reply);
        self
    }

    fn lookup(&self, reply: Reply) -> &Self {
        self.fake
            .expect(&GetAppWithdrawRecord::new(OrderId::new("payout-77")), reply);
        self
    }

    async fn pay(&self) -> Result<Submitted<RecordId>, SubmitError> {
        let result = self.client.payout(&payout()).await;
        self.fake.finish().unwrap();
        result
    }

    /// No call of [`Client::send`] is repeated.
    fn once(mut self) -> Self {
        self.client = self.client.with_retry_policy(RetryPolicy::off());
        self
    }

    /// With time enough to prove an absence.
    fn patient(mut self) -> Self {
        let timeouts = Timeouts::new(Duration::from_secs(20), Duration::from_secs(3_600));
        self.client = self.client.with_timeouts(timeouts);
        self
    }
}

#[tokio::test]
async fn an_accepted_payout_is_one_call() {
    let bench = bench();
    bench.submit(accepted());
    let paid = bench.pay().await.unwrap();
    assert_eq!((paid.created.as_str(), paid.proof), ("r1", Proof::Accepted));
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_record() {
    for lost in [
        Reply::lost(),
        Reply::timed_out(),
        Reply::http(StatusCode::BAD_GATEWAY, "<html>"),
        Reply::http(StatusCode::OK, ""),
        Reply::data(&json!(null)),
        Reply::data(&json!({})),
        Reply::data(&json!({"recordId": ""})),
        Reply::refused(ErrorCode::Internal, "oops"),
        Reply::refused(ErrorCode::OrderDuplicate, "duplicate"),
        Reply::refused(ErrorCode::Unknown(19999), "new"),
    ] {
        let bench = bench();
        bench.submit(lost).lookup(record(json!({})));
        let paid = bench.pay().await.unwrap();
        assert_eq!(
            (paid.created.as_str(), paid.proof),
            ("r1", Proof::FoundRecord)
        );
        assert_eq!((paid.attempts.submits, paid.attempts.lookups), (1, 1));
    }
}

#[tokio::test]
async fn a_lost_request_is_repeated_under_the_same_id() {
    let bench = bench();
    bench
        .submit(Reply::lost())
        .lookup(not_found())
        .submit(accepted());
    assert_eq!(bench.pay().await.unwrap().attempts.submits, 2);
}

#[tokio::test]
async fn a_request_that_comes_late_is_found_and_not_made_again() {
    let bench = bench();
    bench
        .submit(Reply::lost())
        .lookup(not_found())
        .submit(Reply::refused(ErrorCode::OrderDuplicate, "duplicate"))
        .lookup(record(json!({})));
    assert_eq!(bench.pay().await.unwrap().proof, Proof::FoundRecord);
}

/// The hard part: a refusal after a doubt says nothing about the first attempt.
#[tokio::test]
async fn a_refusal_after_a_doubt_counts_only_once_absence_is_proven() {
    let bench = bench().patient();
    bench
        .submit(Reply::lost())
        .lookup(not_found())
        .submit(Reply::refused(ErrorCode::BalanceInsufficient, "short"));
    // More look-ups than fit into the time of proof. The client does not ask for the rest.
    for _ in 0..200 {
        bench.lookup(not_found());
    }
    let error = bench.client.payout(&payout()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.attempts().lookups > 5);
    let now = Timestamp::from_system(ccpayment::Clock::now(&bench.clock));
    assert!(now.get() >= START.get() + SETTLE_AFTER.as_secs());
    bench.fake.finish().unwrap_err();
}

#[tokio::test]
async fn within_the_default_minute_the_same_ends_as_unknown() {
    let bench = bench();
    bench
        .submit(Reply::lost())
        .lookup(not_found())
        .submit(Reply::refused(ErrorCode::IpNotInWhitelist, "no"));
    for _ in 0..200 {
        bench.lookup(not_found());
    }
    let error = bench.client.payout(&payout()).await.unwrap_err();
    let SubmitError::Unknown {
        order_id,
        settled_by,
        attempts,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (order_id.as_str(), *settled_by),
        ("payout-77", "getAppWithdrawRecord")
    );
    assert_eq!(attempts.in_doubt_since, Some(START));
    bench.fake.finish().unwrap_err();

    // Later, in another process, it turns out that the first attempt had arrived after all.
    let bench = self::bench();
    bench.lookup(record(json!({})));
    let paid = bench.client.settle(&payout(), START).await.unwrap();
    assert_eq!((paid.proof, paid.attempts.submits), (Proof::FoundRecord, 0));
    bench.fake.finish().unwrap();
}

#[tokio::test]
async fn settling_proves_absence_without_submitting() {
    let bench = bench();
    bench.clock.advance(SETTLE_AFTER);
    bench.lookup(not_found());
    let error = bench.client.settle(&payout(), START).await.unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Refused {
                reason: RefusalReason::Absent,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
    bench.fake.finish().unwrap();
}

#[tokio::test]
async fn settling_once_looks_once_and_says_when_to_ask_again() {
    let bench = bench();
    bench.lookup(not_found());
    let error = bench.client.settle_once(&payout(), START).await;
    let error = error.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    assert_eq!(error.attempts().lookups, 1);
    assert_eq!(error.settle_at(), Some(START.plus(SETTLE_AFTER)));
    assert_eq!(ccpayment::Clock::elapsed(&bench.clock), Duration::ZERO);

    bench.clock.advance(SETTLE_AFTER);
    bench.lookup(not_found());
    let error = bench.client.settle_once(&payout(), START).await;
    let error = error.unwrap_err();
    assert!(error.can_be_made_again(), "{error}");
    assert_eq!(error.settle_at(), None);
    bench.fake.finish().unwrap();
}

/// An earlier version may have sent a request that this one would refuse.
#[tokio::test]
async fn what_would_not_be_sent_today_is_looked_up_all_the_same() {
    let bench = bench();
    let mut illegal = payout();
    illegal.amount = "0".parse().unwrap();
    bench.lookup(record(json!({"amount": "0"})));
    let settled = bench.client.settle(&illegal, START).await.unwrap();
    assert_eq!(
        (settled.proof, settled.attempts.submits),
        (Proof::FoundRecord, 0)
    );
    bench.fake.finish().unwrap();
    let refused = bench.client.payout(&illegal).await.unwrap_err();
    assert!(refused.can_be_made_again(), "{refused}");
}

#[tokio::test]
async fn a_doubt_in_milliseconds_is_refused_and_settles_nothing() {
    let bench = bench();
    let in_ms = Timestamp::new(START.get() * 1_000);
    let error = bench.client.settle(&payout(), in_ms).await.unwrap_err();
    let SubmitError::Unknown {
        last: Some(cause), ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(
        cause
            .report()
            .to_string()
            .contains("`in_doubt_since` looks like milliseconds"),
        "{cause}"
    );
    assert_eq!(error.attempts().lookups, 0);
    bench.fake.finish().unwrap();
}

#[tokio::test]
async fn a_status_that_is_not_known_is_no_success_and_is_told() {
    for status in ["Cancelled", "Refunded", "failed"] {
        let bench = bench();
        bench.submit(Reply::lost());
        for _ in 0..200 {
            bench.lookup(record(json!({"status": status})));
        }
        let error = bench.client.payout(&payout()).await.unwrap_err();
        let SubmitError::Unknown { status: shown, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(shown.as_deref(), Some(status));
        assert!(
            error
                .to_string()
                .contains(&format!("its record says {status};")),
            "{error}"
        );
        bench.fake.finish().unwrap_err();
        assert!(!error.can_be_made_again());
    }
}

#[tokio::test]
async fn a_record_that_can_not_be_compared_ends_it_and_is_never_paid_again() {
    for (change, field) in [
        (json!({"chain": "MATIC"}), "chain"),
        (json!({"toAddress": "someone@example.com"}), "address"),
        (json!({"toMemo": "77"}), "memo"),
        (json!({"orderId": "PAYOUT-77"}), "orderId"),
        (json!({"withdrawType": "Chain"}), "withdrawType"),
    ] {
        let bench = bench();
        bench.submit(Reply::lost()).lookup(record(change));
        let error = bench.pay().await.unwrap_err();
        let SubmitError::Incomparable {
            record_id,
            status,
            fields,
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(record_id.as_ref().unwrap().as_str(), "r1");
        assert!(status.is_some());
        assert_eq!(
            fields.iter().map(|it| it.field).collect::<Vec<_>>(),
            [field]
        );
        assert_eq!(error.outcome(), Outcome::Acted);
        assert!(!error.can_be_made_again());
    }
}

/// A stray answer on a kept connection names another record.
#[tokio::test]
async fn an_acceptance_is_looked_up_where_that_is_asked_for() {
    let looking = || {
        let mut bench = bench();
        bench.client = bench.client.with_acceptance_looked_up(true);
        bench
    };
    let bench = looking();
    bench
        .submit(Reply::data(&json!({"recordId": "foreign"})))
        .lookup(record(json!({})));
    let paid = bench.pay().await.unwrap();
    assert_eq!(
        (paid.created.as_str(), paid.proof),
        ("r1", Proof::FoundRecord)
    );
    assert!(paid.status.is_some());

    // Nothing was made: the same id is used again, and only the record ends it.
    let bench = looking();
    bench
        .submit(accepted())
        .lookup(not_found())
        .submit(accepted())
        .lookup(record(json!({})));
    let paid = bench.pay().await.unwrap();
    assert_eq!((paid.proof, paid.attempts.submits), (Proof::FoundRecord, 2));
}

/// A clock that jumps forward makes a look-up seem late. The gateway refuses such a look-up, so it
/// proves nothing.
#[tokio::test]
async fn a_clock_jump_proves_nothing() {
    let bench = bench();
    bench.submit(Reply::lost());
    bench.lookup(Reply::refused(ErrorCode::ReqExpired, "expired"));
    bench.clock.set(START.plus(Duration::from_secs(86_400)));
    for _ in 0..200 {
        bench.lookup(Reply::refused(ErrorCode::ReqExpired, "expired"));
    }
    let error = bench.client.payout(&payout()).await.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    bench.fake.finish().unwrap_err();
}

#[tokio::test]
async fn a_found_record_that_differs_is_a_conflict() {
    for (change, field) in [
        (json!({"coinId": 1329}), "coinId"),
        (
            json!({"toAddress": "0x0000000000000000000000000000000000000001"}),
            "address",
        ),
        (json!({"amount": "12.4999999"}), "amount"),
        (json!({"amount": "125"}), "amount"),
        (json!({"withdrawType": "Cwallet"}), "withdrawType"),
    ] {
        let bench = bench();
        bench
            .submit(Reply::refused(ErrorCode::OrderDuplicate, "duplicate"))
            .lookup(record(change));
        let error = bench.pay().await.unwrap_err();
        let SubmitError::Conflict {
            record_id, fields, ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(record_id.unwrap().as_str(), "r1");
        assert_eq!(
            fields.iter().map(|it| it.field).collect::<Vec<_>>(),
            [field]
        );
    }
}

#[tokio::test]
async fn the_same_payout_may_be_written_otherwise() {
    for change in [
        json!({"amount": "12.5"}),
        // Less the fee that was taken from it.
        json!({"amount": "12.4"}),
        json!({"toMemo": null, "txId": "0xabc", "status": "Success"}),
        json!({"status": "WaitingApproval"}),
        json!({"chain": "polygon"}),
    ] {
        let bench = bench();
        bench.submit(Reply::lost()).lookup(record(change.clone()));
        assert_eq!(
            bench
                .pay()
                .await
                .unwrap_or_else(|e| panic!("{change}: {e}"))
                .proof,
            Proof::FoundRecord
        );
    }
}

#[tokio::test]
async fn a_record_that_lacks_what_proves_it_settles_nothing() {
    for change in [
        json!({"toAddress": ""}),
        json!({"orderId": ""}),
        json!({"orderId": "another"}),
        json!({"chain": null}),
        json!({"withdrawType": null}),
        json!({"amount": null}),
        json!({"status": ""}),
    ] {
        let bench = bench();
        bench
            .submit(Reply::lost())
            .lookup(record(change))
            .lookup(record(json!({})));
        let paid = bench.pay().await.unwrap();
        assert_eq!((paid.attempts.submits, paid.attempts.lookups), (1, 2));
    }
    // A record without the memo that was asked for does not prove another payout.
    let bench = bench();
    let with_memo = payout().memo(Memo::new("77"));
    bench.fake.expect(&with_memo, Reply::lost());
    bench.lookup(record(json!({})));
    let error = bench.client.payout(&with_memo).await.unwrap_err();
    assert!(matches!(error, SubmitError::Incomparable { .. }), "{error}");
    bench.fake.finish().unwrap();
}

#[tokio::test]
async fn a_payout_that_ended_is_refused_with_its_reason() {
    for status in ["Rejected", "Failed"] {
        let bench = bench();
        let ended = record(json!({"status": status, "reason": "by a person"}));
        bench.submit(Reply::lost()).lookup(ended);
        let error = bench.pay().await.unwrap_err();
        let SubmitError::Refused {
            reason:
                RefusalReason::Ended {
                    status: found,
                    reason,
                    ..
                },
            ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(
            (found.as_str(), reason.as_deref()),
            (status, Some("by a person"))
        );
    }
}

#[tokio::test]
async fn an_echoed_secret_is_taken_out_of_the_reason_of_a_record() {
    let bench = bench();
    let ended = record(json!({"status": "Rejected", "reason": "signed by secret, not by a key"}));
    bench.submit(Reply::lost()).lookup(ended);
    let error = bench.pay().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(
        shown.contains("signed by [redacted], not by a key"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_clean_refusal_is_final_at_once_and_a_passing_one_is_waited_out() {
    let bench = bench();
    bench.submit(Reply::refused(ErrorCode::BalanceInsufficient, "short"));
    let error = bench.pay().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert_eq!(
        error.report().to_string(),
        "payout-77 was refused: the gateway answered 14000 BalanceInsufficient: short"
    );

    let bench = self::bench();
    bench
        .submit(Reply::refused(ErrorCode::RateLimit, "slow"))
        .submit(Reply::not_sent())
        .submit(accepted());
    assert_eq!(bench.pay().await.unwrap().attempts.submits, 3);
}

#[tokio::test]
async fn an_illegal_payout_is_refused_before_anything_is_sent() {
    let bench = bench();
    let mut illegal = payout();
    illegal.amount = "0".parse().unwrap();
    let error = bench.client.payout(&illegal).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(
        error.report().to_string(),
        "payout-77 was refused: applyAppWithdrawToNetwork was not sent: \
         `amount` must be above zero"
    );
}

#[tokio::test]
async fn a_hanging_gateway_meets_the_deadline() {
    let bench = bench().once();
    bench
        .fake
        .expect(&GetCoin::new(CoinId::new(1)), Reply::never());
    let coin = GetCoin::new(CoinId::new(1));
    let (result, ()) = tokio::join!(bench.client.send(&coin), async {
        tokio::task::yield_now().await;
        bench.clock.advance(Duration::from_secs(20));
    });
    let error = result.unwrap_err();
    assert!(
        error
            .report()
            .to_string()
            .contains("no answer within 20000 ms"),
        "{error}"
    );
    assert_eq!(error.request().idempotency, Idempotency::Read);
}

/// The meaning of one `send` of a call that moves money, by its answer.
#[tokio::test]
async fn outcomes_of_a_single_send() {
    let unknown = |outcome: &Outcome| match outcome {
        Outcome::Unknown(unsettled) => {
            assert_eq!(unsettled.order_id, Some(OrderId::new("payout-77")));
            assert_eq!(unsettled.settled_by, Some("getAppWithdrawRecord"));
            true
        }
        _ => false,
    };
    for (reply, is_unknown) in [
        (Reply::lost(), true),
        (Reply::timed_out(), true),
        (Reply::data(&json!(null)), true),
        (Reply::data(&json!({"recordId": ""})), true),
        (Reply::http(StatusCode::FORBIDDEN, "<html>"), true),
        (Reply::refused(ErrorCode::Failed, "?"), true),
        (Reply::refused(ErrorCode::OrderDuplicate, "?"), true),
        (Reply::not_sent(), false),
        (Reply::refused(ErrorCode::BalanceInsufficient, "?"), false),
        (Reply::refused(ErrorCode::VerifySignFailed, "?"), false),
    ] {
        let bench = bench().once();
        bench.submit(reply);
        let error = bench.client.send_unsettled(&payout()).await.unwrap_err();
        assert_eq!(unknown(&error.outcome()), is_unknown, "{error}");
    }
}

#[tokio::test]
async fn an_error_keeps_code_message_status_and_body() {
    let bench = bench();
    let body = r#"{"code":"14000","msg":"Insufficient","data":{"need":"1"}}"#;
    bench.submit(Reply::http(StatusCode::BAD_REQUEST, body));
    let error = bench.client.send_unsettled(&payout()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert_eq!(error.message(), Some("Insufficient"));
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    assert_eq!(error.raw_body().unwrap().bytes(), body.as_bytes());
}
