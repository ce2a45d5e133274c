//! `forge`, which makes notifications that the gateway did not send.

use bytes::Bytes;
use ccpayment_client::core::{
    APP_ID_HEADER, AppSecret, HmacKey, SIGN_HEADER, SignText, TIMESTAMP_HEADER,
};
use http::Request;
use serde_json::json;

/// What a thief knows: public ids, and what once went over the wire.
pub(super) struct Known<'a> {
    pub(super) app_id: &'a str,
    pub(super) now: u64,
    /// An order that may be open.
    pub(super) order_id: &'a str,
    /// A payout that may be under way: its order id and its record.
    pub(super) payout: Option<(&'a str, &'a str)>,
    /// A notification that was sent, whole.
    pub(super) sent: Option<&'a Request<Bytes>>,
}

/// A forged notification, and what it tries.
pub(super) fn forge(
    random: &mut fastrand::Rng,
    known: &Known<'_>,
) -> Option<(Request<Bytes>, &'static str)> {
    let timestamp = known.now.to_string();
    let body = match known.payout {
        Some((order_id, record_id)) if random.bool() => json!({
            "type": "ApiWithdrawal",
            "msg": {
                "recordId": record_id, "orderId": order_id, "coinId": super::plan::USDT,
                "coinSymbol": "USDT", "status": "Failed",
            },
        }),
        _ => json!({
            "type": "ApiDeposit",
            "msg": {
                "recordId": "20260101000000000000000000000000", "orderId": known.order_id,
                "coinId": super::plan::USDT, "coinSymbol": "USDT", "status": "Success",
                "isFlaggedAsRisky": false,
            },
        }),
    };
    let body = body.to_string();
    let own_key = |app_id: &str| {
        let key = HmacKey::new(&AppSecret::new("the-thief's-own"));
        let text = SignText {
            app_id,
            timestamp: &timestamp,
            body: body.as_bytes(),
        };
        key.sign(&text).as_str().to_owned()
    };
    let (sign, title) = match random.u32(0..4) {
        0 => (Some("0".repeat(64)), "with a guessed signature"),
        1 => (None, "without a signature"),
        2 => (Some(own_key(known.app_id)), "signed with a key of its own"),
        _ => match known.sent {
            Some(sent) => return Some((changed(sent)?, "that was genuine before it was changed")),
            None => (Some(String::new()), "with an empty signature"),
        },
    };
    let mut request = Request::post(super::WEBHOOK)
        .header("Content-Type", "application/json")
        .header(APP_ID_HEADER, known.app_id)
        .header(TIMESTAMP_HEADER, &timestamp);
    if let Some(sign) = sign {
        request = request.header(SIGN_HEADER, sign);
    }
    Some((request.body(Bytes::from(body)).ok()?, title))
}

/// The headers of a genuine notification over another body.
fn changed(sent: &Request<Bytes>) -> Option<Request<Bytes>> {
    let text = std::str::from_utf8(sent.body()).ok()?;
    let text = text
        .replace("\"Processing\"", "\"Success\"")
        .replace("\"isFlaggedAsRisky\":true", "\"isFlaggedAsRisky\":false");
    let mut changed = sent.clone();
    // One more byte, for a body in which there was nothing to replace.
    *changed.body_mut() = Bytes::from(format!("{text} "));
    Some(changed)
}
