//! A key that is held elsewhere: it signs, it fails, or it never answers.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ccpayment::raw::{HmacKey, PrepareError, PreparedRequest, SignText, SigningError};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoin};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, Error, Exchange, OrderId,
    Origin, Outcome, RefusalReason, Signer, SigningFuture, SubmitError, Timestamp, TransportError,
    transport_fn,
};
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use serde_json::json;

const NOW: Timestamp = Timestamp::new(1_767_225_600);

enum Mood {
    Signs,
    FailsTwice,
    Hangs,
    /// Signs after this long, by this clock.
    Takes(Duration, TestClock),
}

struct Remote {
    mood: Mood,
    asked: Arc<AtomicU32>,
}

impl Signer for Remote {
    fn sign<'a>(&'a self, text: SignText<'a>) -> SigningFuture<'a> {
        Box::pin(async move {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            // A real key service does not answer at once.
            tokio::task::yield_now().await;
            match &self.mood {
                Mood::Takes(time, clock) => {
                    clock.advance(*time);
                    Ok(HmacKey::new(&AppSecret::new("secret")).sign(&text))
                }
                Mood::FailsTwice if asked < 2 => Err(SigningError::Signer("no quota".into())),
                Mood::Hangs => std::future::pending().await,
                _ => Ok(HmacKey::new(&AppSecret::new("secret")).sign(&text)),
            }
        })
    }
}

struct Bench {
    fake: FakeTransport,
    clock: TestClock,
    client: Client,
    asked: Arc<AtomicU32>,
}

fn bench(mood: Mood) -> Bench {
    let asked = Arc::new(AtomicU32::new(0));
    let signer = Remote {
        mood,
        asked: asked.clone(),
    };
    // The checking side has the key; the signing side has not.
    let holder = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let (fake, clock) = (FakeTransport::verifying(&holder), TestClock::at(NOW));
    let credentials = Credentials::with_signer(AppId::new("app"), signer).unwrap();
    let client = Client::new(credentials, fake.clone()).with_clock(clock.clone());
    Bench {
        fake,
        clock,
        client,
        asked,
    }
}

fn payout() -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-77"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x1"),
        "1".parse().unwrap(),
    )
}

#[tokio::test]
async fn what_it_signs_is_taken() {
    let bench = bench(Mood::Signs);
    let reply = Reply::data(&json!({"recordId": "r1"}));
    bench.fake.expect(&payout(), reply);
    assert_eq!(
        bench
            .client
            .send_unsettled(&payout())
            .await
            .unwrap()
            .record_id
            .as_str(),
        "r1"
    );
    bench.fake.finish().unwrap();
}

/// A transport that nothing can interrupt depends on the time that it is told.
#[tokio::test]
async fn what_signing_took_is_not_there_for_sending() {
    for (took, left) in [(0, Some(20)), (15, Some(5)), (20, None), (25, None)] {
        let clock = TestClock::at(NOW);
        let signer = Remote {
            mood: Mood::Takes(Duration::from_secs(took), clock.clone()),
            asked: Arc::default(),
        };
        let told = Arc::new(Mutex::new(None));
        let transport = transport_fn({
            let told = told.clone();
            move |exchange: Exchange| {
                *told.lock().unwrap() = Some(exchange.timeout.as_secs());
                async { Err(TransportError::MaybeSent("reset".into())) }
            }
        });
        let credentials = Credentials::with_signer(AppId::new("app"), signer).unwrap();
        let client = Client::new(credentials, transport).with_clock(clock);
        let error = client.send_unsettled(&payout()).await.unwrap_err();
        assert_eq!(*told.lock().unwrap(), left, "{took}");
        // A request with no time left was never sent.
        assert_eq!(
            error.outcome() == Outcome::NotSent,
            left.is_none(),
            "{took}"
        );
    }
}

#[tokio::test]
async fn without_waiting_there_is_no_signature() {
    let signer = Remote {
        mood: Mood::Signs,
        asked: Arc::default(),
    };
    let credentials = Credentials::with_signer(AppId::new("app"), signer).unwrap();
    let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
    let origin = Origin::default();
    let error = prepared.sign(&origin, &credentials, NOW).unwrap_err();
    assert!(matches!(error, PrepareError::Sign(SigningError::Remote)));
    let request = prepared
        .sign_async(&origin, &credentials, NOW)
        .await
        .unwrap();
    assert!(request.headers()["sign"].is_sensitive());
    assert!(credentials.hmac_key().is_none());
}

#[tokio::test]
async fn one_that_fails_sends_nothing() {
    let bench = bench(Mood::FailsTwice);
    let error = bench.client.send_unsettled(&payout()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(matches!(
        &error,
        Error::Invalid {
            source: PrepareError::Sign(SigningError::Signer(words)),
            ..
        } if words.to_string() == "no quota"
    ));
    // A payout asks again, under the same order id: nothing is in doubt.
    bench
        .fake
        .expect(&payout(), Reply::data(&json!({"recordId": "r1"})));
    let paid = bench.client.payout(&payout()).await.unwrap();
    assert_eq!(paid.attempts.submits, 2);
    assert_eq!(bench.asked.load(Ordering::Relaxed), 3);
    bench.fake.finish().unwrap();
}

#[tokio::test]
async fn one_that_hangs_meets_the_deadline_and_nothing_was_sent() {
    let bench = bench(Mood::Hangs);
    let request = payout();
    let (result, ()) = tokio::join!(bench.client.send_unsettled(&request), async {
        tokio::task::yield_now().await;
        bench.clock.advance(Duration::from_secs(20));
    });
    let error = result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(matches!(
        error,
        Error::Invalid {
            source: PrepareError::Sign(SigningError::TimedOut { after }),
            ..
        } if after == Duration::from_secs(20)
    ));

    let (result, ()) = tokio::join!(bench.client.payout(&request), async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
            bench.clock.advance(Duration::from_secs(20));
        }
    });
    assert!(matches!(
        result.unwrap_err(),
        SubmitError::Refused {
            reason: RefusalReason::NotSent(_),
            ..
        }
    ));
    bench.fake.finish().unwrap();
}

/// The support of remote keys costs a local key nothing.
#[test]
fn a_key_that_is_here_never_waits_and_allocates_no_more() {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
    let origin = Origin::default();
    let text = SignText {
        app_id: "app",
        timestamp: "1767225600",
        body: prepared.body(),
    };
    let count = |run: &mut dyn FnMut()| allocation_counter::measure(run).count_total;

    assert_eq!(count(&mut || drop(credentials.sign(&text).unwrap())), 0);
    // The first request of a thread pays for what all its requests share.
    prepared.sign(&origin, &credentials, NOW).unwrap();
    let at_once = count(&mut || drop(prepared.sign(&origin, &credentials, NOW).unwrap()));
    let awaited = count(&mut || {
        let signing = pin!(prepared.sign_async(&origin, &credentials, NOW));
        let signed = signing.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(signed, Poll::Ready(Ok(_))));
    });
    assert_eq!(awaited, at_once);
}
