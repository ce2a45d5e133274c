//! Repeats of a notification that carry the signature of their first attempt: no document says that
//! they do not.

use std::time::{Duration, UNIX_EPOCH};

use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::webhook::{Verifier, VerifyError};
use ccpayment::{AppId, AppSecret, Chain, CoinId, OrderId};
use ccpayment_sandbox::{Notification, RetrySchedule, Sandbox, Setting};
use http::{HeaderMap, HeaderValue};

use crate::in_process;

/// Seconds between the attempts by the longer reading: an hour in all.
const GAPS: [u64; 6] = [30, 90, 210, 450, 930, 1_890];

fn headers(notification: &Notification) -> HeaderMap {
    let headers = notification.headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (name.parse().unwrap(), value)
    });
    headers.collect()
}

/// The verifier's result for each attempt, the first and the six repeats.
async fn attempts(afresh: bool, verifier: &Verifier) -> Vec<Result<(), VerifyError>> {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .start_time(1_750_000_000)
        .webhook_url("http://merchant.test/notify")
        .setting(Setting::Retries(RetrySchedule::Gaps))
        .setting(Setting::SignRetriesAfresh(afresh))
        .build()
        .unwrap();
    let order = CreateAppOrderDepositAddress::new(
        OrderId::new("order-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        "20".parse().unwrap(),
    );
    let opened = in_process::client(&sandbox)
        .send_unsettled(&order)
        .await
        .unwrap();
    let payment = sandbox.pay(opened.address.as_str(), "20").unwrap();
    sandbox.confirm(&payment.record_id).unwrap();
    let mut said = Vec::new();
    for gap in GAPS.into_iter().chain([0]) {
        let now = UNIX_EPOCH + Duration::from_secs(sandbox.now());
        let mut due = sandbox.due_notifications();
        let last = due.pop().unwrap();
        said.push(
            verifier
                .verify(&headers(&last), last.body.as_bytes(), now)
                .map(drop),
        );
        for notification in due.into_iter().chain([last]) {
            sandbox.record_answer(notification, None);
        }
        sandbox.advance(Duration::from_secs(gap));
    }
    assert_eq!(sandbox.pending_notifications(), 0);
    said
}

fn verifier() -> Verifier {
    Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap()
}

#[tokio::test]
async fn repeats_that_are_signed_afresh_are_taken_by_default() {
    assert_eq!(attempts(true, &verifier()).await, vec![Ok(()); 7]);
}

#[tokio::test]
async fn repeats_that_keep_their_signature_are_taken_with_the_tolerance_of_repeats() {
    let said = attempts(false, &verifier()).await;
    let seconds: Vec<_> = (said.iter())
        .map(|it| match it {
            Ok(()) => 0,
            Err(VerifyError::OutsideWindow { seconds }) => *seconds,
            Err(error) => panic!("{error}"),
        })
        .collect();
    assert_eq!(seconds, [0, 0, 0, 330, 780, 1_710, 3_600]);
    let wide = verifier().tolerance(Verifier::TOLERANCE_OF_REPEATS);
    assert_eq!(attempts(false, &wide).await, vec![Ok(()); 7]);
}
