//! `FakeTransport`, which answers by a script of `Reply`s.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::core::{
    APP_ID_HEADER, Credentials, ErrorCode, PreparedRequest, Request, SIGN_HEADER, SignText,
    TIMESTAMP_HEADER, Version,
};
use ccpayment_client::{BlockingTransport, Exchange, Transport, TransportError};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::json;

/// Answers expected requests, in order, and nothing else.
///
/// A request that is not the next one of the script is an error, for the caller and for the
/// test: when the last handle is dropped with a mismatch behind it or expectations left over, it
/// panics and says which. After [`FakeTransport::MAX_MISMATCHES`] it panics at once, so that a loop
/// which sends for ever ends. Clones share the script.
///
/// ```
/// use ccpayment_client::Client;
/// use ccpayment_client::core::{Credentials, ErrorCode, v2::GetCoin};
/// use ccpayment_testing::{FakeTransport, Reply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fake = FakeTransport::new();
/// fake.expect(&GetCoin::new(7), Reply::refused(ErrorCode::InvalidCoin, "no such coin"));
/// let client = Client::new(Credentials::new("app-id", "app-secret")?, fake.clone());
///
/// let error = client.send(&GetCoin::new(7)).await.unwrap_err();
/// assert_eq!(error.code(), Some(ErrorCode::InvalidCoin));
/// // Everything that was expected was asked for.
/// fake.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct FakeTransport {
    script: Arc<Script>,
}

#[derive(Debug, Default)]
struct Script {
    credentials: Option<Credentials>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    expected: VecDeque<Expected>,
    mismatches: Vec<String>,
}

#[derive(Debug)]
struct Expected {
    operation: &'static str,
    /// The exact body, or any.
    body: Option<Bytes>,
    reply: Reply,
}

/// What a [`FakeTransport`] does with an expected request.
#[derive(Debug, Clone)]
pub struct Reply(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Answer(StatusCode, Bytes),
    NotSent,
    Lost,
    TimedOut,
    Never,
}

impl Reply {
    /// A success with this data: a JSON value or a response type.
    ///
    /// # Panics
    ///
    /// When the data can't be written as JSON.
    #[must_use]
    #[allow(
        clippy::expect_used,
        reason = "a test that can't write its own data shall stop"
    )]
    pub fn data(data: &impl Serialize) -> Self {
        let data = serde_json::to_value(data).expect("the data of a reply can be written as JSON");
        Self::json(&json!({"code": 10000, "msg": "success", "data": data}))
    }

    /// A refusal with this code.
    #[must_use]
    pub fn refused(code: ErrorCode, message: &str) -> Self {
        Self::json(&json!({"code": code.code(), "msg": message, "data": {}}))
    }

    /// Any HTTP answer.
    #[must_use]
    pub fn http(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self(Kind::Answer(status, body.into()))
    }

    /// No connection: the gateway did nothing.
    #[must_use]
    pub fn not_sent() -> Self {
        Self(Kind::NotSent)
    }

    /// The connection breaks before an answer: the gateway may have acted.
    #[must_use]
    pub fn lost() -> Self {
        Self(Kind::Lost)
    }

    /// The transport reports that no answer came in time.
    #[must_use]
    pub fn timed_out() -> Self {
        Self(Kind::TimedOut)
    }

    /// Nothing ever happens; only the client's own deadline ends the call. A client that blocks has
    /// none, so give that one [`Reply::timed_out`].
    #[must_use]
    pub fn never() -> Self {
        Self(Kind::Never)
    }

    fn json(value: &serde_json::Value) -> Self {
        Self::http(StatusCode::OK, value.to_string())
    }
}

/// A request that the script did not expect.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(String);

impl FakeTransport {
    /// How many requests may come that were not expected.
    pub const MAX_MISMATCHES: usize = 1_000;

    /// An empty script that checks no signature.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty script that refuses requests whose signature does not belong to their bytes, and
    /// signs its answers to calls of the v1 API, as the gateway does. Only such a script can answer
    /// a v1 call with success.
    ///
    /// The credentials need a key that is here, to check with: for a client that signs by a
    /// `Signer`, give credentials with the signer's own key.
    #[must_use]
    pub fn verifying(credentials: &Credentials) -> Self {
        let script = Script {
            credentials: Some(credentials.clone()),
            state: Mutex::default(),
        };
        Self {
            script: Arc::new(script),
        }
    }

    /// Expects exactly this request next.
    ///
    /// # Panics
    ///
    /// When the request breaks a documented rule, so that no client could send it.
    #[allow(
        clippy::expect_used,
        reason = "a test that expects the impossible shall stop"
    )]
    pub fn expect<E: Request>(&self, request: &E, reply: Reply) -> &Self {
        let prepared = PreparedRequest::new(request).expect("the expected request is a legal one");
        self.push(Expected {
            operation: E::OPERATION,
            body: Some(prepared.body().clone()),
            reply,
        })
    }

    /// Expects any request of this type next.
    pub fn expect_any<E: Request>(&self, reply: Reply) -> &Self {
        self.push(Expected {
            operation: E::OPERATION,
            body: None,
            reply,
        })
    }

    fn push(&self, expected: Expected) -> &Self {
        self.script.state().expected.push_back(expected);
        self
    }

    /// How many expectations are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.script.state().expected.len()
    }

    /// Checks the script now rather than on drop.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] when a request was not expected, or an expected one did not come. After that,
    /// the drop is silent.
    pub fn finish(&self) -> Result<(), Mismatch> {
        self.script
            .verdict()
            .map_or(Ok(()), |text| Err(Mismatch(text)))
    }
}

impl Script {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, exchange: &Exchange) -> Result<Reply, Mismatch> {
        let mut state = self.state();
        let result = self.check_signature(&exchange.request).and_then(|()| {
            let Some(expected) = state.expected.pop_front() else {
                return Err(format!(
                    "nothing more was expected, but {} came",
                    exchange.operation
                ));
            };
            if expected.operation != exchange.operation {
                let Expected { operation, .. } = expected;
                return Err(format!(
                    "{operation} was expected, but {} came",
                    exchange.operation
                ));
            }
            match expected.body {
                Some(body) if body != exchange.request.body() => Err(format!(
                    "{} was expected with {}, but came with {}",
                    exchange.operation,
                    Text(&body),
                    Text(exchange.request.body()),
                )),
                _ => Ok(expected.reply),
            }
        });
        let text = match result {
            Ok(reply) => return Ok(reply),
            Err(text) => text,
        };
        state.mismatches.push(text.clone());
        let is_endless = state.mismatches.len() > FakeTransport::MAX_MISMATCHES;
        drop(state);
        assert!(
            !is_endless,
            "more than {} requests came that a FakeTransport did not expect, the last one: {text}",
            FakeTransport::MAX_MISMATCHES
        );
        Err(Mismatch(text))
    }

    fn check_signature(&self, request: &http::Request<Bytes>) -> Result<(), String> {
        let Some(credentials) = &self.credentials else {
            return Ok(());
        };
        let header = |name| {
            request
                .headers()
                .get(name)
                .map_or(&b""[..], |value| value.as_bytes())
        };
        let text = |name| std::str::from_utf8(header(name)).unwrap_or_default();
        let signed = SignText {
            app_id: text(APP_ID_HEADER),
            timestamp: text(TIMESTAMP_HEADER),
            body: request.body(),
        };
        if signed.app_id != credentials.app_id().as_str() {
            return Err("the APP ID is not the credentials'".into());
        }
        let fits = if is_v1(request) {
            credentials.verify_v1(&signed, header(SIGN_HEADER))
        } else {
            credentials.verify(&signed, header(SIGN_HEADER))
        };
        match fits {
            Some(true) => Ok(()),
            Some(false) => Err("the signature does not belong to the request".into()),
            None => Err("a signature whose key is held elsewhere can't be checked here".into()),
        }
    }

    /// An answer; one of the v1 API is signed, as the gateway does, where the script has the
    /// secret.
    fn answer(
        &self,
        request: &http::Request<Bytes>,
        status: StatusCode,
        body: Bytes,
    ) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let Some(credentials) = self.credentials.as_ref().filter(|_| is_v1(request)) else {
            return response;
        };
        let timestamp = request.headers().get(TIMESTAMP_HEADER).cloned();
        let text = timestamp.as_ref().and_then(|it| it.to_str().ok());
        let signature = credentials.sign_v1(&SignText {
            app_id: credentials.app_id().as_str(),
            timestamp: text.unwrap_or_default(),
            body: response.body(),
        });
        if let (Some(timestamp), Ok(signature)) = (timestamp, signature)
            && let Ok(sign) = HeaderValue::from_str(signature.as_str())
        {
            response.headers_mut().insert(TIMESTAMP_HEADER, timestamp);
            response.headers_mut().insert(SIGN_HEADER, sign);
        }
        response
    }

    fn verdict(&self) -> Option<String> {
        let state = std::mem::take(&mut *self.state());
        let left = state
            .expected
            .iter()
            .map(|left| format!("{} did not come", left.operation));
        let all: Vec<_> = state.mismatches.into_iter().chain(left).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

impl Drop for Script {
    #[allow(
        clippy::panic,
        reason = "the way for a test double to fail a test on its own"
    )]
    fn drop(&mut self) {
        // A second panic while one is under way would end the process and hide the first.
        if let Some(text) = self.verdict().filter(|_| !std::thread::panicking()) {
            panic!("the script of a FakeTransport was not followed: {text}");
        }
    }
}

fn is_v1(request: &http::Request<Bytes>) -> bool {
    Version::of_path(request.uri().path()) == Version::V1
}

struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0))
    }
}

#[async_trait]
impl Transport for FakeTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let reply = self
            .script
            .next(&exchange)
            .map_err(|error| TransportError::NotSent(error.into()))?;
        match reply.0 {
            Kind::Answer(status, body) => Ok(self.script.answer(&exchange.request, status, body)),
            Kind::NotSent => Err(TransportError::NotSent("the script says so".into())),
            Kind::Lost => Err(TransportError::MaybeSent("the script says so".into())),
            Kind::TimedOut => Err(TransportError::TimedOut {
                after: exchange.timeout,
            }),
            Kind::Never => std::future::pending().await,
        }
    }
}

/// All but [`Reply::never`] comes at once.
impl BlockingTransport for FakeTransport {}

#[cfg(test)]
mod tests {
    use ccpayment_client::core::v2::{GetCoin, GetCoinList};
    use ccpayment_client::core::{AppId, AppSecret, CoinId};
    use ccpayment_client::{Client, RetryPolicy};

    use super::*;

    fn credentials(secret: &str) -> Credentials {
        Credentials::new(AppId::new("app"), AppSecret::new(secret)).unwrap()
    }

    fn client(fake: &FakeTransport) -> Client {
        Client::new(credentials("secret"), fake.clone())
    }

    fn coin(id: u64) -> GetCoin {
        GetCoin::new(CoinId::new(id))
    }

    #[tokio::test]
    async fn a_mismatch_is_an_error_for_caller_and_test() {
        for (sent, why) in [
            (coin(2), "came with {\"coinId\":2}"),
            (coin(1), "getCoinList was expected"),
            (coin(1), "nothing more was expected"),
        ] {
            let fake = FakeTransport::new();
            if why.starts_with("came") {
                fake.expect(&coin(1), Reply::lost());
            } else if why.starts_with("getCoinList") {
                fake.expect_any::<GetCoinList>(Reply::lost());
            }
            let error = client(&fake).send(&sent).await.unwrap_err();
            assert_eq!(error.outcome(), ccpayment_client::Outcome::NotSent);
            let text = fake.finish().unwrap_err().to_string();
            assert!(text.contains(why), "{text}");
        }
    }

    #[tokio::test]
    async fn a_wrong_signature_is_a_mismatch() {
        let fake = FakeTransport::verifying(&credentials("another"));
        fake.expect_any::<GetCoin>(Reply::lost());
        client(&fake).send(&coin(1)).await.unwrap_err();
        assert!(fake.finish().unwrap_err().to_string().contains("signature"));

        let fake = FakeTransport::verifying(&credentials("secret"));
        fake.expect_any::<GetCoinList>(Reply::data(&json!({"coins": []})));
        client(&fake).send(&GetCoinList::new()).await.unwrap();
    }

    #[tokio::test]
    #[should_panic(expected = "more than 1000 requests came that a FakeTransport did not expect")]
    async fn a_loop_that_sends_for_ever_is_ended() {
        let fake = FakeTransport::new();
        let client = client(&fake).with_retry_policy(RetryPolicy::off());
        loop {
            client.send(&coin(1)).await.unwrap_err();
        }
    }

    #[test]
    #[should_panic(expected = "getCoin did not come")]
    fn leftovers_fail_on_drop() {
        let fake = FakeTransport::new();
        fake.expect(&coin(1), Reply::never());
        assert_eq!(fake.left(), 1);
    }

    #[tokio::test]
    #[should_panic(expected = "nothing more was expected")]
    async fn mismatches_fail_on_drop() {
        let fake = FakeTransport::new();
        let client = client(&fake);
        drop(fake);
        let _ = client.send(&coin(1)).await;
    }
}
