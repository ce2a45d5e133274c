//! Notifications of the documents, signed with a key of our own and pushed through the verifier.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use ccpayment::raw::{
    APP_ID_HEADER, DigestKey, HmacKey, SIGN_HEADER, SignText, Signature, TIMESTAMP_HEADER,
};
use ccpayment::webhook::{Event, Verifier, v1};
use ccpayment::{AppId, AppSecret};
use http::HeaderMap;

const NOW: u64 = 1_767_225_600;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn signed(body: &[u8], sign: impl FnOnce(&SignText<'_>) -> Signature) -> Result<HeaderMap> {
    let timestamp = NOW.to_string();
    let text = SignText {
        app_id: "app",
        timestamp: &timestamp,
        body,
    };
    let sign = sign(&text);
    Ok(HeaderMap::from_iter([
        (APP_ID_HEADER, "app".parse()?),
        (TIMESTAMP_HEADER, timestamp.parse()?),
        (SIGN_HEADER, sign.as_str().parse()?),
    ]))
}

const REFUSED: &str = "a notification of the documents is refused";

/// The type of the notification, unless it is one that we don't know.
pub(crate) fn v2(body: &[u8]) -> Result<Option<String>> {
    let secret = AppSecret::new("secret");
    let headers = signed(body, |text| HmacKey::new(&secret).sign(text))?;
    let verified = Verifier::new(AppId::new("app"), &secret)?.verify(&headers, body, now());
    let verified = verified.context(REFUSED)?;
    let event = verified.event();
    let is_typed = !matches!(event, Event::Unknown(_));
    Ok(event.event_type().filter(|_| is_typed).map(str::to_owned))
}

/// The same for v1, by the names that the facts give to its types.
pub(crate) fn v1(body: &[u8]) -> Result<Option<String>> {
    let secret = AppSecret::new("secret");
    let headers = signed(body, |text| DigestKey::new(&secret).sign(text))?;
    let verified = v1::Verifier::new(AppId::new("app"), &secret)?.verify(&headers, body, now());
    let verified = verified.context(REFUSED)?;
    let name = match verified.event() {
        v1::Event::ApiDeposit(_) => "api_deposit",
        v1::Event::DirectDeposit(_) => "direct_deposit",
        v1::Event::Invoice(_) => "invoice",
        v1::Event::ApiWithdrawal(_) => "api_withdrawal",
        v1::Event::Refund(_) => "refund",
        _ => return Ok(None),
    };
    Ok(Some(name.to_owned()))
}
