//! The three headers of a signed request, and the checks that come before that of the signature.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::model::refusal::{self, Refusal};

/// How far a timestamp may be off, either way.
pub(crate) const TOLERANCE: u64 = 120;

/// The content of the headers, before anybody has compared a signature.
pub(crate) struct SignedHeaders<'a> {
    /// The moment of the signature, in the sandbox's time.
    pub(crate) at: u64,
    pub(crate) timestamp: &'a str,
    pub(crate) sign: &'a str,
}

impl<'a> SignedHeaders<'a> {
    /// Runs the checks that come before that of the signature.
    ///
    /// Callers go by `signing`, their own time, whatever the sandbox's time is.
    pub(crate) fn read(
        headers: &'a HeaderMap,
        body: &[u8],
        own_app_id: &str,
        now: u64,
        signing: u64,
    ) -> Result<Self, Refusal> {
        let app_id = header(headers, "Appid")?;
        let timestamp = header(headers, "Timestamp")?;
        let sign = header(headers, "Sign")?;
        if !body.is_empty() && !is_json(headers) {
            return Err(Refusal::new(
                refusal::HEADER,
                "the header Content-Type must be application/json",
            ));
        }
        if app_id != own_app_id {
            let message = format!("the header Appid is not the app id here, {own_app_id}");
            return Err(Refusal::new(refusal::UNKNOWN_APP, message));
        }
        if timestamp.len() != 10 || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            let is_milliseconds =
                timestamp.len() == 13 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
            let message = if is_milliseconds {
                "the header Timestamp has 13 digits: these are milliseconds, send unix seconds"
            } else {
                "the header Timestamp is not 10 digits of unix seconds"
            };
            return Err(Refusal::new(refusal::EXPIRED, message));
        }
        let written = timestamp.parse().unwrap_or(0_u64);
        if signing.abs_diff(written) > TOLERANCE {
            let off = signing.abs_diff(written);
            let side = if written > signing {
                "ahead of"
            } else {
                "behind"
            };
            let message = format!("the header Timestamp is {off} s {side} the clock here");
            return Err(Refusal::new(refusal::EXPIRED, message));
        }
        let at = written.saturating_add(now.saturating_sub(signing));
        Ok(Self {
            at,
            timestamp,
            sign,
        })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let wrong = |what: &str| Refusal::new(refusal::HEADER, format!("the header {name} {what}"));
    let value = headers.get(name).ok_or_else(|| wrong("is missing"))?;
    let value = (value.to_str()).map_err(|_| wrong("has characters that are not ASCII"))?;
    match value {
        "" => Err(wrong("is empty")),
        value => Ok(value),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
