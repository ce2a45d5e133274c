//! An answer that comes as the time ends, and a process that is stopped between two of its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ccpayment::v2::ApplyAppWithdrawToNetwork;
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, ErrorCode, OrderId, PayoutError,
    Proof, RecordId, Submitted, Timeouts, Timestamp, transport_fn,
};
use ccpayment_testing::TestClock;
use http::Response;

const START: Timestamp = Timestamp::new(1_767_225_600);
const TOTAL: Duration = Duration::from_secs(60);

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

/// These answers, one after the other; with the last one, the process is stopped until long after
/// its time.
async fn pay(answers: &'static [&'static str]) -> Result<Submitted<RecordId>, PayoutError> {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let clock = TestClock::at(START);
    let (stopped, sent) = (clock.clone(), Arc::new(AtomicU32::new(0)));
    let transport = transport_fn(move |_call| {
        let at = usize::try_from(sent.fetch_add(1, Ordering::Relaxed)).unwrap();
        let (answer, stopped) = (answers[at], stopped.clone());
        async move {
            if at + 1 == answers.len() {
                stopped.advance(TOTAL * 10);
            }
            Ok(Response::new(answer.into()))
        }
    });
    let client = Client::new(credentials, transport)
        .with_clock(clock)
        .with_timeouts(Timeouts::new(TOTAL, TOTAL));
    client.payout(&payout()).await
}

#[tokio::test]
async fn an_acceptance_counts_however_late_it_is_looked_at() {
    for answers in [
        &[ACCEPTED][..],
        &[LIMITED, ACCEPTED],
        &[LIMITED, LIMITED, ACCEPTED],
    ] {
        let paid = pay(answers).await.unwrap();
        assert_eq!((paid.made.as_str(), paid.proof), ("r1", Proof::Accepted));
    }
}

#[tokio::test]
async fn a_refusal_counts_however_late_it_is_looked_at() {
    const POOR: &str = r#"{"code":14000,"msg":"insufficient"}"#;
    let error = pay(&[LIMITED, POOR]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::BalanceInsufficient));
    assert!(error.can_be_made_again());
}

#[tokio::test]
async fn a_doubt_stays_a_doubt_with_its_date() {
    let error = pay(&[LIMITED, "<html>"]).await.unwrap_err();
    assert!(matches!(error, PayoutError::Unknown { .. }), "{error}");
    assert!(error.tried().in_doubt_since >= Some(START));
}
