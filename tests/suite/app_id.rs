//! A user with the APP ID as id, which is the merchant's own account.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use ccpayment::raw::PrepareError;
use ccpayment::v2::UserTransfer;
use ccpayment::{
    Amount, AppId, AppSecret, Client, CoinId, Credentials, Error, ErrorCode, Exchange, OrderId,
    Outcome, Rule, UserId, transport_fn,
};
use ccpayment_tests::typed::{CallError, V1, V2};
use http::Response;
use serde_json::{Value, json};

use crate::arbitrary::one;

const APP_ID: &str = "TestAppId0000001";

/// A client, and the number of its calls that went out. The gateway refuses each.
fn client() -> (Client, Arc<AtomicU32>) {
    let sent = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sent);
    let transport = transport_fn(move |_: Exchange| {
        counter.fetch_add(1, Ordering::SeqCst);
        let body = json!({ "code": 11000, "msg": "no", "data": null });
        async move { Ok(Response::new(Bytes::from(body.to_string()))) }
    });
    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new("secret")).unwrap();
    (Client::new(credentials, transport), sent)
}

/// This request with one of its user ids replaced by the APP ID, for each of them.
fn with_app_id(request: &Value, id: &str) -> Vec<Value> {
    let mut made = Vec::new();
    let places: Vec<String> = match request {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|at| at.to_string()).collect(),
        _ => return made,
    };
    for place in places {
        let at = format!("/{place}");
        let name = place.to_lowercase().replace('_', "");
        // An account at Cwallet is no user of the merchant.
        if name.ends_with("userid") && !name.contains("cwallet") {
            let mut changed = request.clone();
            *changed.pointer_mut(&at).unwrap() = json!(id);
            made.push(changed);
        }
        for inner in with_app_id(request.pointer(&at).unwrap(), id) {
            let mut changed = request.clone();
            *changed.pointer_mut(&at).unwrap() = inner;
            made.push(changed);
        }
    }
    made
}

fn refused_as_merchant(error: &Error) -> bool {
    let Error::Invalid {
        source: PrepareError::Invalid(invalid),
        ..
    } = error
    else {
        return false;
    };
    invalid.rule == Rule::MerchantAccount && error.outcome() == Outcome::NotSent
}

#[tokio::test]
async fn a_request_that_names_the_app_id_as_a_user_is_not_sent_unless_allowed() {
    let (client, sent) = client();
    let allowing = client.clone().with_app_id_as_user(true);
    let mut routes = 0;
    for typed in &V2 {
        let whole = one(&(typed.whole_request)());
        let mut names_a_user = false;
        for id in [APP_ID, "testappid0000001", " TestAppId0000001"] {
            for request in with_app_id(&whole, id) {
                names_a_user = true;
                let before = sent.load(Ordering::SeqCst);
                let error = (typed.call)(&client, &request).await.unwrap_err();
                let CallError::Client(error) = error else {
                    panic!("{error:?}")
                };
                assert!(refused_as_merchant(&error), "{}: {error}", typed.route.name);
                assert_eq!(sent.load(Ordering::SeqCst), before, "{}", typed.route.name);

                let error = (typed.call)(&allowing, &request).await.unwrap_err();
                let CallError::Client(error) = error else {
                    panic!("{error:?}")
                };
                assert_eq!(error.code(), Some(ErrorCode::InvalidArgument), "{error}");
                assert_eq!(
                    sent.load(Ordering::SeqCst),
                    before + 1,
                    "{}",
                    typed.route.name
                );
            }
        }
        routes += u32::from(names_a_user);
    }
    assert_eq!(routes, 14, "routes of v2 that name a user");
}

/// In v1 nothing says that the APP ID is a user.
#[tokio::test]
async fn v1_knows_no_such_user() {
    let (client, sent) = client();
    for typed in &V1 {
        for request in with_app_id(&one(&(typed.whole_request)()), APP_ID) {
            let error = (typed.call)(&client, &request).await.unwrap_err();
            let CallError::Client(error) = error else {
                panic!("{error:?}")
            };
            assert!(!refused_as_merchant(&error), "{error}");
        }
    }
    assert!(sent.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_payout_from_the_app_id_is_not_sent_and_one_to_it_is_when_allowed() {
    let (client, sent) = client();
    let transfer = |from: &str, to: &str| {
        UserTransfer::new(
            OrderId::new("order-1"),
            UserId::new(from),
            UserId::new(to),
            CoinId::new(1280),
            "5".parse::<Amount>().unwrap(),
        )
    };
    for payout in [transfer(APP_ID, "jane-0001"), transfer("jane-0001", APP_ID)] {
        let error = client.payout(&payout).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert_eq!(sent.load(Ordering::SeqCst), 0);
    }
    let to_the_merchant = transfer("jane-0001", APP_ID);
    let allowing = client.with_app_id_as_user(true);
    let error = allowing.payout(&to_the_merchant).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidArgument));
}
