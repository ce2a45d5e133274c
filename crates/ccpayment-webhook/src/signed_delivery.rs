//! `DeliveryCheck`, what every delivery has to pass in either version of the API.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ccpayment_core::{
    APP_ID_HEADER, AppId, Credentials, RawBody, SIGN_HEADER, SignText, TIMESTAMP_HEADER, Timestamp,
    Version,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::VerifyError;
use crate::keyring::Keyring;

#[derive(Debug, Clone)]
pub(crate) struct DeliveryCheck {
    app_id: AppId,
    pub(crate) keys: Keyring,
    tolerance_seconds: u64,
    pub(crate) max_body: usize,
}

impl DeliveryCheck {
    /// 64 KiB, hundreds of times a real body.
    pub(crate) const MAX_BODY: usize = 64 * 1024;

    pub(crate) fn new(credentials: &Credentials, version: Version, tolerance: Duration) -> Self {
        let mut keys = Keyring::new(version);
        keys.add(credentials);
        Self {
            app_id: credentials.app_id().clone(),
            keys,
            tolerance_seconds: tolerance.as_secs(),
            max_body: Self::MAX_BODY,
        }
    }

    pub(crate) fn app_id(&self) -> &AppId {
        &self.app_id
    }

    pub(crate) fn tolerance(&mut self, tolerance: Duration) {
        self.tolerance_seconds = tolerance.as_secs().max(1);
    }

    /// Checks size, headers, signature and time, in this order.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), VerifyError> {
        if body.len() > self.max_body {
            let limit = self.max_body;
            return Err(VerifyError::TooLarge { limit });
        }
        let [app_id, timestamp, signature] = signed_headers(headers)?;
        // The APP ID is no secret, so the time of this comparison may tell it.
        if app_id.as_bytes() != self.app_id.as_str().as_bytes() {
            return Err(VerifyError::WrongAppId);
        }
        let (timestamp, signed_at) =
            Timestamp::of_header(timestamp).ok_or(VerifyError::MalformedTimestamp)?;
        let text = SignText {
            app_id: self.app_id.as_str(),
            timestamp,
            body,
        };
        if !self.keys.fit(&text, signature.as_bytes()) {
            return Err(VerifyError::BadSignature);
        }
        // Only after the signature: a stranger learns nothing of our clock.
        self.in_window(signed_at, Timestamp::from_system(now))
    }

    pub(crate) fn in_window(
        &self,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let distance = now.abs_diff(signed_at);
        if distance <= self.tolerance_seconds {
            return Ok(());
        }
        let distance = i64::try_from(distance).unwrap_or(i64::MAX);
        let seconds = if now < signed_at { -distance } else { distance };
        Err(VerifyError::OutsideWindow { seconds })
    }
}

/// Logs a refusal. The words of the error hold nothing of body and signature.
pub(crate) fn refused(error: &VerifyError) {
    tracing::warn!(
        reason = %error,
        status = error.status().as_u16(),
        is_authentic = error.is_authentic(),
        "a notification was refused"
    );
}

/// Signed, but nothing that can be read.
pub(crate) fn malformed(body: &[u8]) -> VerifyError {
    VerifyError::Malformed {
        body: RawBody::new(&Bytes::copy_from_slice(body)),
    }
}

/// APP ID, timestamp and signature.
pub(crate) fn signed_headers(headers: &HeaderMap) -> Result<[&HeaderValue; 3], VerifyError> {
    Ok([
        only(headers, &APP_ID_HEADER, "Appid")?,
        only(headers, &TIMESTAMP_HEADER, "Timestamp")?,
        only(headers, &SIGN_HEADER, "Sign")?,
    ])
}

/// The value of a header that is there exactly once.
fn only<'a>(
    headers: &'a HeaderMap,
    header: &HeaderName,
    name: &'static str,
) -> Result<&'a HeaderValue, VerifyError> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(VerifyError::MissingHeader { name }),
        (Some(_), Some(_)) => Err(VerifyError::RepeatedHeader { name }),
    }
}
