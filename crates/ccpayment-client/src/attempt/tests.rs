//! Tests of one attempt.

use bytes::Bytes;
use ccpayment_core::v2::GetCoinList;
use ccpayment_core::{AppId, AppSecret, Credentials};
use http::Response;

use crate::{Client, Error, Exchange, RetryPolicy, TransportError, transport_fn};

const ANSWER: &[u8] = br#"{"code":10000,"msg":"success","data":{"coins":[]}}"#;

/// The client keeps the limit itself, because somebody else may have written the transport.
#[tokio::test]
async fn an_answer_over_the_limit_is_refused_though_the_transport_lets_it_pass() {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let careless = transport_fn(|_: Exchange| async {
        Ok::<_, TransportError>(Response::new(Bytes::from_static(ANSWER)))
    });
    let client = Client::new(credentials, careless).with_retry_policy(RetryPolicy::off());
    let within = |limit| client.clone().with_max_response_bytes(limit);

    within(ANSWER.len())
        .send(&GetCoinList::new())
        .await
        .unwrap();
    for limit in [ANSWER.len() - 1, 1, 0] {
        let error = within(limit).send(&GetCoinList::new()).await.unwrap_err();
        let Error::Transport { source, .. } = &error else {
            panic!("{error:?}");
        };
        let is_too_large = matches!(source, TransportError::TooLarge { limit: l } if *l == limit);
        assert!(is_too_large, "{error:?}");
    }
}
