//! A delivery that is signed as the gateway signs it.

use std::time::{Duration, SystemTime};

use ccpayment_core::{AppId, AppSecret, HmacKey, SignText};
use ccpayment_webhook::{Event, Verified, Verifier, VerifyError};
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "sentinel-secret-0000000000000001";
pub(crate) const SIGNED_AT: u64 = 1_726_717_500;

/// 186 bytes, as the gateway writes one.
pub(crate) const API_DEPOSIT: &str = concat!(
    r#"{"type":"ApiDeposit","msg":{"recordId":"20240919035020188328269786624000","#,
    r#""orderId":"172671749712345678901","coinId":2541,"coinSymbol":"POL","#,
    r#""status":"Success","isFlaggedAsRisky":false}}"#,
);
pub(crate) const API_WITHDRAWAL: &str = concat!(
    r#"{"type":"ApiWithdrawal","msg":{"recordId":"20240313120722176788","#,
    r#""orderId":"6322851679","coinId":1891,"coinSymbol":"TETH","status":"Success"}}"#,
);

#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) app_id: Vec<u8>,
    pub(crate) timestamp: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    pub(crate) fn new(body: &str) -> Self {
        Self::signed(APP_ID, &SIGNED_AT.to_string(), SECRET, body.as_bytes())
    }

    pub(crate) fn signed(app_id: &str, timestamp: &str, secret: &str, body: &[u8]) -> Self {
        let text = SignText {
            app_id,
            timestamp,
            body,
        };
        let signature = HmacKey::new(&AppSecret::new(secret)).sign(&text);
        Self {
            app_id: app_id.into(),
            timestamp: timestamp.into(),
            signature: signature.as_str().into(),
            body: body.into(),
        }
    }

    /// `None` when a value can't travel in a header at all.
    pub(crate) fn headers(&self) -> Option<HeaderMap> {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).ok();
        Some(HeaderMap::from_iter([
            (HeaderName::from_static("appid"), value(&self.app_id)?),
            (
                HeaderName::from_static("timestamp"),
                value(&self.timestamp)?,
            ),
            (HeaderName::from_static("sign"), value(&self.signature)?),
        ]))
    }

    pub(crate) fn verify(&self, verifier: &Verifier) -> Result<Verified<Event>, VerifyError> {
        verifier.verify(&self.headers().unwrap(), &self.body, at(SIGNED_AT))
    }
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(AppId::new(APP_ID), AppSecret::new(SECRET)).unwrap()
}

/// What a signed body is read as.
pub(crate) fn read(body: &str) -> Event {
    let verified = Delivery::new(body).verify(&verifier()).unwrap();
    verified.event().clone()
}
