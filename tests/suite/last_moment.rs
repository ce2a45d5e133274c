//! An answer that comes as the time ends, and a process that is stopped between two of its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoin, GetOrCreateAppDepositAddress};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, Error, ErrorCode, OrderId,
    Outcome, Proof, RecordId, ReferenceId, SubmitError, Submitted, Timeouts, Timestamp,
    transport_fn,
};
use ccpayment_testing::TestClock;
use http::Response;

const START: Timestamp = Timestamp::new(1_767_225_600);
const TOTAL: Duration = Duration::from_secs(60);
/// Ten times as long, in milliseconds.
const STOPPED: u64 = 600_000;

fn payout() -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-77"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "12.5".parse().unwrap(),
    )
}

const ACCEPTED: &str = r#"{"code":10000,"msg":"success","data":{"recordId":"r1"}}"#;
const LIMITED: &str = r#"{"code":11004,"msg":"too many"}"#;

/// The gateway's answers, each after its milliseconds.
type Answers = &'static [(u64, &'static str)];

fn bench(answers: Answers, timeouts: Timeouts) -> (Client, TestClock, Arc<AtomicU32>) {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let clock = TestClock::at(START);
    let sent = Arc::new(AtomicU32::new(0));
    let (later, count) = (clock.clone(), sent.clone());
    let transport = transport_fn(move |_call| {
        let at = usize::try_from(count.fetch_add(1, Ordering::Relaxed)).unwrap();
        let (after_ms, answer) = answers[at.min(answers.len() - 1)];
        let later = later.clone();
        async move {
            later.advance(Duration::from_millis(after_ms));
            let mut response = Response::new(answer.into());
            if let Some(seconds) = answer.strip_prefix("retry after ") {
                *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                response
                    .headers_mut()
                    .insert("retry-after", seconds.parse().unwrap());
            }
            Ok(response)
        }
    });
    let client = Client::new(credentials, transport)
        .with_clock(clock.clone())
        .with_timeouts(timeouts);
    (client, clock, sent)
}

/// Pays out with these answers. The last one comes when the process has been stopped for long.
async fn pay(answers: Answers) -> Result<Submitted<RecordId>, SubmitError> {
    let (client, ..) = bench(answers, Timeouts::new(TOTAL, TOTAL));
    client.payout(&payout()).await
}

#[tokio::test]
async fn an_acceptance_counts_however_late_it_is_looked_at() {
    for answers in [
        &[(STOPPED, ACCEPTED)][..],
        &[(0, LIMITED), (STOPPED, ACCEPTED)],
        &[(0, LIMITED), (0, LIMITED), (STOPPED, ACCEPTED)],
    ] {
        let paid = pay(answers).await.unwrap();
        assert_eq!((paid.created.as_str(), paid.proof), ("r1", Proof::Accepted));
    }
}

#[tokio::test]
async fn a_refusal_counts_however_late_it_is_looked_at() {
    const POOR: &str = r#"{"code":14000,"msg":"insufficient"}"#;
    let error = pay(&[(0, LIMITED), (STOPPED, POOR)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert!(error.can_be_made_again());
}

#[tokio::test]
async fn a_doubt_stays_a_doubt_with_its_date() {
    let error = pay(&[(0, LIMITED), (STOPPED, "<html>")]).await.unwrap_err();
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error}");
    assert!(error.attempts().in_doubt_since >= Some(START));
}

/// With too little time left, no attempt begins: its answer would hardly come, and the known
/// refusal would become a doubt.
#[tokio::test]
async fn a_submit_is_not_begun_anew_where_too_little_time_is_left() {
    let timeouts = Timeouts::new(Duration::from_secs(1), Duration::from_secs(3));
    let (client, _, sent) = bench(&[(2_450, LIMITED), (0, "<html>")], timeouts);
    let error = client.payout(&payout()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::RateLimit));
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_wait_that_outlasts_the_time_does_not_keep_the_record_from_being_read() {
    const RECORD: &str = r#"{"code":10000,"msg":"","data":{"record":{
        "recordId":"r1","withdrawType":"Network","coinId":1280,"coinSymbol":"USDT",
        "chain":"POLYGON","toAddress":"0xbb9c4e7f3687aca1ae2828c18f9e3ae067f569fe",
        "orderId":"payout-77","status":"Processing","amount":"12.5"}}}"#;
    let answers = &[(0, "retry after 99999999999999999"), (0, RECORD)];
    let (client, _, sent) = bench(answers, Timeouts::new(TOTAL, TOTAL));
    let paid = client.payout(&payout()).await.unwrap();
    assert_eq!(
        (paid.proof, sent.load(Ordering::Relaxed)),
        (Proof::FoundRecord, 2)
    );
}

/// The error says what went wrong, not that there was no time to try once more.
#[tokio::test]
async fn an_attempt_without_time_does_not_hide_what_went_wrong() {
    let address =
        GetOrCreateAppDepositAddress::new(ReferenceId::new("user-1"), Chain::new("POLYGON"));
    // The machine sleeps while the client waits for the next attempt.
    for asleep in [0, 60_000] {
        let timeouts = Timeouts::new(Duration::from_secs(20), TOTAL);
        let (client, clock, _) = bench(&[(0, "<html>"), (0, "<html>")], timeouts);
        let call = client.send(&address);
        clock.advance(Duration::from_millis(asleep));
        let error = call.await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{asleep}: {error}");
    }
    let (client, _, sent) = bench(&[(0, ACCEPTED)], Timeouts::new(TOTAL, Duration::ZERO));
    let error = client.send(&address).await.unwrap_err();
    assert!(matches!(error, Error::NoTime { .. }), "{error}");
    assert_eq!(
        (error.outcome(), sent.load(Ordering::Relaxed)),
        (Outcome::NotSent, 0)
    );
}

/// Blocked or unknown: further calls make it worse.
#[tokio::test]
async fn a_block_stops_the_calls_of_all_clones_until_a_person_says_so() {
    for code in [ErrorCode::MaliciousReq, ErrorCode::MerchantNotFound] {
        let answer: &'static str = match code {
            ErrorCode::MaliciousReq => r#"{"code":11014,"msg":"blocked"}"#,
            _ => r#"{"code":12001,"msg":"unknown"}"#,
        };
        let answers: Answers = Box::leak(Box::new([(0, answer), (0, ACCEPTED)]));
        let (client, _, sent) = bench(answers, Timeouts::new(TOTAL, TOTAL));
        let clone = client.clone();
        let coin = GetCoin::new(CoinId::new(1280));
        assert_eq!(client.send(&coin).await.unwrap_err().code(), Some(code));
        for client in [&client, &clone] {
            let error = client.send(&coin).await.unwrap_err();
            assert!(
                matches!(&error, Error::Halted { code: by, .. } if *by == code),
                "{error}"
            );
            let refused = client.payout(&payout()).await.unwrap_err();
            assert!(refused.can_be_made_again(), "{refused}");
            let unknown = client.settle(&payout(), START).await.unwrap_err();
            assert!(matches!(unknown, SubmitError::Unknown { .. }), "{unknown}");
        }
        assert_eq!(sent.load(Ordering::Relaxed), 1);
        clone.resume();
        client.payout(&payout()).await.unwrap();
    }
}

#[tokio::test]
async fn a_payout_without_time_for_its_first_step_was_not_sent() {
    let (client, _, sent) = bench(&[(0, ACCEPTED)], Timeouts::new(TOTAL, Duration::ZERO));
    let error = client.payout(&payout()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(sent.load(Ordering::Relaxed), 0);
    let unknown = client.settle(&payout(), START).await.unwrap_err();
    assert_eq!(unknown.attempts().in_doubt_since, Some(START), "{unknown}");
}
