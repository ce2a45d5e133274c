//! The two hot paths beside their lower bounds: what any program must do, written out plainly.

use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use ccpayment::raw::{HmacKey, SignText, Signature};
use ccpayment::webhook::{ApiDeposit, Event, Verified, Verifier};
use ccpayment::{AppId, AppSecret};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;

pub(crate) const APP_ID: &str = "testappid0000001";
pub(crate) const SECRET: &str = "testsecret0000000000000000000001";
const TIMESTAMP: &str = "1677152720";

const NOTIFICATION: &str = r#"{"type":"ApiDeposit","msg":{"recordId":"20240313121919188328269786624000","orderId":"202403131218361427351","coinId":1329,"coinSymbol":"POL","status":"Success","isFlaggedAsRisky":false}}"#;

/// The prepared key of the lower bounds.
pub(crate) fn prepared() -> Hmac<Sha256> {
    let block = std::array::from_fn(|at| SECRET.as_bytes().get(at).copied().unwrap_or_default());
    <Hmac<Sha256> as KeyInit>::new(&hmac::digest::Key::<Hmac<Sha256>>::from(block))
}

/// Cloned HMAC state over APP ID, timestamp and body, then hex.
pub(crate) fn sign_plainly(prepared: &Hmac<Sha256>, timestamp: &str, body: &[u8]) -> [u8; 64] {
    let mut mac = prepared.clone();
    mac.update(APP_ID.as_bytes());
    mac.update(timestamp.as_bytes());
    mac.update(body);
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(tag) {
        let digit = |nibble: u8| {
            b"0123456789abcdef"
                .get(usize::from(nibble))
                .copied()
                .unwrap_or_default()
        };
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    hex
}

pub(crate) struct Sign {
    key: HmacKey,
    prepared: Hmac<Sha256>,
    body: Vec<u8>,
}

impl Sign {
    pub(crate) fn new() -> Self {
        let key = HmacKey::new(&AppSecret::new(SECRET));
        Self {
            key,
            prepared: prepared(),
            body: vec![b'x'; 200],
        }
    }

    pub(crate) fn ours(&self) -> Signature {
        let body = black_box(self.body.as_slice());
        self.key.sign(&SignText {
            app_id: APP_ID,
            timestamp: black_box(TIMESTAMP),
            body,
        })
    }

    pub(crate) fn bound(&self) -> [u8; 64] {
        sign_plainly(&self.prepared, black_box(TIMESTAMP), black_box(&self.body))
    }
}

pub(crate) struct Verify {
    verifier: Verifier,
    prepared: Hmac<Sha256>,
    headers: HeaderMap,
    sign: String,
    now: SystemTime,
}

#[derive(Deserialize)]
pub(crate) struct Plain<'a> {
    #[serde(rename = "type")]
    pub(crate) _type: &'a str,
    #[serde(rename = "msg")]
    pub(crate) msg: ApiDeposit,
}

impl Verify {
    pub(crate) fn new() -> Result<Self> {
        ensure!(
            NOTIFICATION.len() == 186,
            "the notification has {} bytes",
            NOTIFICATION.len()
        );
        let secret = AppSecret::new(SECRET);
        let prepared = prepared();
        let sign = String::from_utf8(
            sign_plainly(&prepared, TIMESTAMP, NOTIFICATION.as_bytes()).to_vec(),
        )?;
        let mut headers = HeaderMap::new();
        headers.insert("appid", APP_ID.parse()?);
        headers.insert("timestamp", TIMESTAMP.parse()?);
        headers.insert("sign", sign.parse()?);
        headers.insert("content-type", "application/json".parse()?);
        headers.insert("content-length", "186".parse()?);
        headers.insert("host", "shop.example".parse()?);
        let verifier = Verifier::new(AppId::new(APP_ID), &secret)?;
        let now = UNIX_EPOCH + Duration::from_secs(TIMESTAMP.parse()?);
        let it = Self {
            verifier,
            prepared,
            headers,
            sign,
            now,
        };
        // Both must do the same work, or the ratio means nothing.
        let ours = it.ours().context("our own path refuses it")?;
        let bound = it.bound().context("the lower bound refuses it")?;
        ensure!(
            matches!(ours.event(), Event::ApiDeposit(event) if *event == bound),
            "they differ"
        );
        Ok(it)
    }

    pub(crate) fn ours(&self) -> Option<Verified<Event>> {
        let body = black_box(NOTIFICATION.as_bytes());
        self.verifier
            .verify(black_box(&self.headers), body, self.now)
            .ok()
    }

    pub(crate) fn bound(&self) -> Option<ApiDeposit> {
        let body = black_box(NOTIFICATION.as_bytes());
        let sign = sign_plainly(&self.prepared, black_box(TIMESTAMP), body);
        if sign != black_box(self.sign.as_bytes()) {
            return None;
        }
        serde_json::from_slice::<Plain<'_>>(body)
            .ok()
            .map(|plain| plain.msg)
    }
}
