//! Nothing secret is ever shown: the secret is a marker, and a search for it goes through
//! everything that can print.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod names;
mod wire;

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ccpayment::raw::{HmacKey, PreparedRequest, SignText};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoin};
use ccpayment::webhook::{Verifier, VerifyError, Webhook};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, Exchange, OrderId, Origin,
    ReqwestTransport, RetryPolicy, Timestamp, Transport, TransportError,
};
use ccpayment_sandbox::{Fault, Sandbox};
use ccpayment_testing::{FakeTransport, Recorder, Reply, TestClock};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

const SECRET: &str = "sEnTiNeL-0123456789abcdef";
/// Tests that make calls hold this lock: tracing decides once for the process whether anybody
/// listens.
static CALLS: Mutex<()> = Mutex::new(());

const NOW: Timestamp = Timestamp::new(1_767_225_600);

fn system(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(moment.get())
}

/// Everything that was shown. No secret may be in it.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn debug(&self, value: &impl Debug) {
        self.add(&format!("{value:?}\n{value:#?}\n"));
    }

    fn error(&self, error: &(dyn std::error::Error + 'static)) {
        self.add(&format!("{error}\n{error:?}\n{error:#?}\n"));
        if let Some(source) = error.source() {
            self.error(source);
        }
    }

    fn add(&self, text: &str) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    #[track_caller]
    fn hides(&self, secrets: &[&str]) {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(text.len() > 500, "nothing was shown at all");
        for secret in secrets {
            let before = text.split_once(secret).map(|(before, _)| before);
            assert!(
                before.is_none(),
                "a secret was shown after {:?}",
                before.unwrap_or_default().lines().last()
            );
        }
    }
}

impl io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn credentials() -> Credentials {
    Credentials::new(AppId::new("app"), AppSecret::new(SECRET)).unwrap()
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

fn signature(body: &[u8]) -> String {
    let text = SignText {
        app_id: "app",
        timestamp: "1767225600",
        body,
    };
    HmacKey::new(&AppSecret::new(SECRET))
        .sign(&text)
        .as_str()
        .to_owned()
}

#[test]
fn in_no_type_of_the_core() {
    let shown = Shown::default();
    let (secret, credentials) = (AppSecret::new(SECRET), credentials());
    let prepared = PreparedRequest::new(&payout()).unwrap();
    let request = prepared
        .sign(&Origin::default(), &credentials, NOW)
        .unwrap();
    let sign = request.headers()["sign"].to_str().unwrap().to_owned();
    assert_eq!(sign, signature(prepared.body()));
    let text = SignText {
        app_id: "app",
        timestamp: "1767225600",
        body: SECRET.as_bytes(),
    };

    shown.debug(&secret);
    shown.debug(&credentials);
    shown.debug(&HmacKey::new(&secret));
    shown.debug(&credentials.sign(&text).unwrap());
    shown.debug(&text);
    shown.debug(&prepared);
    shown.debug(&request);
    shown.debug(&Exchange::new(request, "applyAppWithdrawToNetwork"));
    shown.error(
        &Credentials::new(AppId::new("app"), AppSecret::new(format!("{SECRET} "))).unwrap_err(),
    );
    shown.hides(&[SECRET, &sign]);
}

#[test]
fn in_no_type_of_the_webhook() {
    let shown = Shown::default();
    let verifier = Verifier::new(AppId::new("app"), AppSecret::new(SECRET))
        .and_then(|it| it.also_accept(AppSecret::new(format!("{SECRET}-old"))))
        .unwrap();
    shown.debug(&verifier);
    shown.debug(&Webhook::with_clock(verifier.clone(), || UNIX_EPOCH));

    let body = format!(r#"{{"type":"ApiDeposit","msg":"{SECRET}"}}"#);
    let sign = signature(body.as_bytes());
    let mut errors: Vec<VerifyError> = Vec::new();
    let headers = |sign: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("appid", HeaderValue::from_static("app"));
        headers.insert("timestamp", HeaderValue::from_static("1767225600"));
        headers.insert("sign", sign.parse().unwrap());
        headers
    };
    let mut refuse = |headers: &HeaderMap, body: &[u8], now| {
        errors.push(verifier.verify(headers, body, system(now)).unwrap_err());
    };
    refuse(&HeaderMap::new(), body.as_bytes(), NOW);
    refuse(&headers(SECRET), body.as_bytes(), NOW);
    refuse(&headers(&sign), format!("{body} ").as_bytes(), NOW);
    refuse(&headers(&sign), body.as_bytes(), Timestamp::new(1));
    let list = format!("[\"{SECRET}\"]");
    refuse(&headers(&signature(list.as_bytes())), list.as_bytes(), NOW);
    for error in &errors {
        shown.error(error);
    }
    // A verified event shows what the gateway sent, so this body does not have the marker.
    let body = r#"{"type":"New","msg":{}}"#;
    let sign_of_new = signature(body.as_bytes());
    shown.debug(
        &verifier
            .verify(&headers(&sign_of_new), body.as_bytes(), system(NOW))
            .unwrap(),
    );
    shown.hides(&[SECRET, &sign, &sign_of_new]);
}

/// The older version: its key, its requests, its signed answers, its notifications.
#[test]
fn in_nothing_of_v1() {
    use ccpayment::Version;
    use ccpayment::raw::{DigestKey, decode_signed};
    use ccpayment::webhook::v1;

    let shown = Shown::default();
    let (secret, credentials) = (AppSecret::new(SECRET), credentials());
    let key = DigestKey::new(&secret);
    let prepared = PreparedRequest::new(&ccpayment::v1::CheckUser::new("1")).unwrap();
    let origin = Origin::of(Version::V1);
    let request = prepared.sign(&origin, &credentials, NOW).unwrap();
    let sign = request.headers()["sign"].to_str().unwrap().to_owned();
    shown.debug(&key);
    shown.debug(&request);

    let digest = |body: &str| {
        let text = SignText {
            app_id: "app",
            timestamp: "1767225600",
            body: body.as_bytes(),
        };
        key.sign(&text).as_str().to_owned()
    };
    // The content of a forged or unreadable answer is shown nowhere.
    let mut signs = vec![sign];
    for body in [
        format!(r#"{{"code":10000,"data":{{"c_id":["{SECRET}"]}}}}"#),
        format!(r#"{{"code":10000,"data":"{SECRET}"}}"#),
        format!("<html>{SECRET}"),
    ] {
        let fitting = digest(&body);
        for sign in [fitting.as_str(), "", &digest("another body")] {
            let answer = Response::builder()
                .header("timestamp", "1767225600")
                .header("sign", sign)
                .body(Bytes::from(body.clone()))
                .unwrap();
            let error = decode_signed::<ccpayment::v1::CheckUserResponse>(&answer, &credentials);
            shown.error(&error.unwrap_err());
        }
        signs.push(fitting);
    }

    let verifier = v1::Verifier::new(AppId::new("app"), &secret).unwrap();
    shown.debug(&verifier);
    shown.debug(&Webhook::with_clock(verifier.clone(), || UNIX_EPOCH));
    for body in [
        format!("[\"{SECRET}\"]"),
        format!(r#"{{"order_type":"New","x":"{SECRET}"}}"#),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("appid", HeaderValue::from_static("app"));
        headers.insert("timestamp", HeaderValue::from_static("1767225600"));
        headers.insert("sign", digest(&body).parse().unwrap());
        match verifier.verify(&headers, body.as_bytes(), system(NOW)) {
            // Kept whole, and its `Debug` shows the length alone.
            Ok(event) => shown.debug(&event),
            Err(error) => shown.error(&error),
        }
        signs.push(digest(&body));
    }
    let hidden: Vec<&str> = signs.iter().map(String::as_str).collect();
    shown.hides(&[&hidden[..], &[SECRET]].concat());
}

/// A gateway that sends back everything that it should not know.
struct Echo(Reply, FakeTransport);

#[async_trait::async_trait]
impl Transport for Echo {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        self.1.expect_any::<GetCoin>(self.0.clone());
        self.1.send(exchange).await
    }
}

#[test]
fn in_no_error_and_no_trace_of_the_client() {
    let _alone = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let shown = Shown::default();
    let writer = shown.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
    let sign = signature(prepared.body());

    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let echoed = |body: String| Reply::http(StatusCode::OK, body);
            for reply in [
                echoed(format!(
                    r#"{{"code":11005,"msg":"sign text was {SECRET}"}}"#
                )),
                echoed(format!(
                    r#"{{"code":11005,"msg":"no","reason":"sign text was {SECRET}"}}"#
                )),
                echoed(format!(
                    r#"{{"code":10000,"data":{{"coin":{{"coinId":"{SECRET}"}}}}}}"#
                )),
                echoed(format!(
                    r#"{{"code":10000,"data":{{"{SECRET}":1,"coin":7}}}}"#
                )),
                echoed(format!("<html>{SECRET}</html>")),
                Reply::lost(),
                Reply::not_sent(),
                Reply::timed_out(),
            ] {
                let fake = FakeTransport::verifying(&credentials());
                let recorder = Recorder::new(Echo(reply, fake.clone()));
                let client = Client::new(credentials(), recorder.clone())
                    .with_clock(TestClock::at(NOW))
                    .with_retry_policy(RetryPolicy::up_to(2));
                let error = client
                    .send(&GetCoin::new(CoinId::new(1)))
                    .await
                    .unwrap_err();
                shown.error(&error);
                shown.debug(&error.outcome());
                shown.debug(&client);
                shown.debug(&fake);
                for exchange in recorder.exchanges() {
                    shown.debug(&exchange.headers);
                }
                fake.finish().unwrap();
            }
            let fake = FakeTransport::new();
            fake.expect(
                &payout(),
                Reply::refused(ccpayment::ErrorCode::VerifySignFailed, SECRET),
            );
            let client = Client::new(credentials(), fake.clone()).with_clock(TestClock::at(NOW));
            shown.error(&client.payout(&payout()).await.unwrap_err());
        });
    });
    let log = String::from_utf8_lossy(&shown.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("no value") && log.contains("operation"),
        "nothing was traced"
    );
    shown.hides(&[SECRET, &sign]);
}

#[test]
fn in_no_type_of_the_sandbox_and_no_error_of_a_real_socket() {
    let _alone = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(over_a_real_socket());
}

async fn over_a_real_socket() {
    let shown = Shown::default();
    let builder = Sandbox::builder()
        .strict()
        .app("app", SECRET)
        .start_time(NOW.get());
    shown.debug(&builder);
    let sandbox = builder.build().unwrap();
    shown.debug(&sandbox);
    let server = sandbox
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    shown.debug(&server);

    let transport = ReqwestTransport::new().unwrap();
    shown.debug(&transport);
    let client = Client::new(credentials(), transport)
        .with_origin(server.origin().parse().unwrap())
        .with_clock(TestClock::at(NOW))
        .with_retry_policy(RetryPolicy::off());
    let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1280))).unwrap();
    let sign = signature(prepared.body());
    for fault in [Fault::ActThenDrop, Fault::DropBeforeActing] {
        sandbox.plan_fault("getCoin", fault);
        shown.error(
            &client
                .send(&GetCoin::new(CoinId::new(1280)))
                .await
                .unwrap_err(),
        );
    }
    client.send(&GetCoin::new(CoinId::new(1280))).await.unwrap();
    for request in sandbox.requests() {
        shown.debug(&request);
    }
    server.shutdown().await;
    shown.error(
        &client
            .send(&GetCoin::new(CoinId::new(1280)))
            .await
            .unwrap_err(),
    );
    shown.hides(&[SECRET, &sign]);
}

/// An RSA key in every form: as text, and as the numbers that a careless `Debug` would print.
#[cfg(any(feature = "rsa", feature = "aws-lc-rs"))]
#[test]
fn in_no_type_of_rsa() {
    use ccpayment::{KeyError, RsaBackend, RsaPrivateKey, RsaPublicKey};

    const PEM: &str =
        include_str!("../../crates/ccpayment-core/src/rsa_key/keys/rsa2048.private.pkcs1.pem");
    const DER: &[u8] =
        include_bytes!("../../crates/ccpayment-core/src/rsa_key/keys/rsa2048.private.pkcs1.der");
    // Past the modulus and the public exponent: the private exponent and the primes.
    let private = &DER[290..];
    let mut secrets: Vec<String> = PEM
        .lines()
        .filter(|line| !line.starts_with("--"))
        .skip(6)
        .map(|line| line.chars().take(24).collect())
        .collect();
    for part in private.chunks_exact(8) {
        secrets.push(part.iter().map(|byte| format!("{byte:02x}")).collect());
        secrets.push(part.iter().map(|byte| format!("{byte:02X}")).collect());
        secrets.push(format!("{part:?}").trim_matches(['[', ']']).to_owned());
    }

    let shown = Shown::default();
    let text = SignText {
        app_id: "app",
        timestamp: "1767225600",
        body: b"",
    };
    for &backend in RsaBackend::ALL {
        let key = RsaPrivateKey::from_pem_with(backend, PEM).unwrap();
        let public = key.public_key().clone();
        let signature = key.sign(&text).unwrap();
        secrets.push(signature.as_str()[..24].to_owned());
        shown.debug(&key);
        shown.debug(&public);
        shown.debug(&signature);
        let verifier = Verifier::new(AppId::new("app"), AppSecret::new(SECRET)).unwrap();
        shown.debug(&verifier.also_accept_rsa(&public));

        let credentials = Credentials::rsa(AppId::new("app"), key).unwrap();
        shown.debug(&credentials);
        let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
        let request = prepared
            .sign(&Origin::default(), &credentials, NOW)
            .unwrap();
        secrets.push(request.headers()["sign"].to_str().unwrap()[..24].to_owned());
        shown.debug(&request);
        let client = Client::new(credentials, FakeTransport::new());
        shown.debug(&client);

        // Keys that are refused for various reasons, while their text is at hand.
        for bad in [
            PEM.replacen("MII", "!II", 1),
            PEM.replace("RSA PRIVATE", "EC PRIVATE"),
            PEM.replace("-----END", "-----"),
            PEM.replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n", 1),
        ] {
            shown.error(&RsaPrivateKey::from_pem_with(backend, &bad).unwrap_err());
            shown.error(&RsaPublicKey::from_pem_with(backend, &bad).unwrap_err());
        }
        let mut damaged = DER.to_vec();
        damaged[700] ^= 1;
        let error = RsaPrivateKey::from_der_with(backend, &damaged).unwrap_err();
        assert_eq!(error, KeyError::Inconsistent);
        shown.error(&error);
        shown.error(&RsaPrivateKey::from_der_with(backend, &DER[1..]).unwrap_err());
        shown.error(&RsaPublicKey::from_der_with(backend, DER).unwrap_err());
    }
    let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
    shown.hides(&secrets);
}

/// A signer that has the secret at hand and a `Debug` that would show it.
#[derive(Debug)]
struct Careless(&'static str);

impl ccpayment::Signer for Careless {
    fn sign<'a>(&'a self, text: SignText<'a>) -> ccpayment::SigningFuture<'a> {
        let signature = HmacKey::new(&AppSecret::new(self.0)).sign(&text);
        Box::pin(async { Ok(signature) })
    }
}

#[test]
fn in_nothing_that_holds_a_signer() {
    let shown = Shown::default();
    let credentials = Credentials::with_signer(AppId::new("app"), Careless(SECRET)).unwrap();
    shown.debug(&credentials);
    let prepared = PreparedRequest::new(&GetCoin::new(CoinId::new(1))).unwrap();
    shown.error(
        &prepared
            .sign(&Origin::default(), &credentials, NOW)
            .unwrap_err(),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let request = runtime
        .block_on(prepared.sign_async(&Origin::default(), &credentials, NOW))
        .unwrap();
    let sign = request.headers()["sign"].to_str().unwrap().to_owned();
    assert_eq!(sign, signature(prepared.body()));
    shown.debug(&request);
    shown.debug(&Client::new(credentials, FakeTransport::new()));
    shown.hides(&[SECRET, &sign]);
}
