//! Notifications of the documents, signed with a key of our own and pushed through the verifier.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use ccpayment::webhook::{Event, Verifier};
use ccpayment::{
    APP_ID_HEADER, AppId, AppSecret, HmacKey, SIGN_HEADER, SignText, TIMESTAMP_HEADER,
};

/// The type of the notification, unless it is one that we don't know.
pub(crate) fn v2(body: &[u8]) -> Result<Option<String>> {
    const NOW: u64 = 1_767_225_600;
    let (app_id, timestamp) = ("app", NOW.to_string());
    let secret = AppSecret::new("secret");
    let text = SignText {
        app_id,
        timestamp: &timestamp,
        body,
    };
    let sign = HmacKey::new(&secret).sign(&text);
    let headers = http::HeaderMap::from_iter([
        (APP_ID_HEADER, app_id.parse()?),
        (TIMESTAMP_HEADER, timestamp.parse()?),
        (SIGN_HEADER, sign.as_str().parse()?),
    ]);
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let verified = Verifier::new(AppId::new(app_id), &secret).verify(&headers, body, now);
    let verified = verified.context("a notification of the documents is refused")?;
    let event = verified.event();
    let is_typed = !matches!(event, Event::Unknown(_));
    Ok(event.event_type().filter(|_| is_typed).map(str::to_owned))
}
