//! `Acknowledgement`, the answer that ends the deliveries of a notification.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

/// The one answer that the gateway takes for "received": exactly 200, plain text, `Success`, or
/// `success` in v1.
///
/// It comes from [`Verified::acknowledge`](crate::Verified::acknowledge) alone, so what was not
/// verified can't be acknowledged.
///
/// ```compile_fail
/// let body = "Success";
/// ccpayment_webhook::Acknowledgement { body, content_type: "text/plain" }; // private fields
/// ```
#[derive(Debug)]
#[must_use = "it does nothing until it is sent"]
pub struct Acknowledgement {
    body: &'static str,
    content_type: &'static str,
}

impl Acknowledgement {
    /// The status.
    pub const STATUS: StatusCode = StatusCode::OK;
    /// The `Content-Type`, but for an activation that is acknowledged as JSON.
    pub const CONTENT_TYPE: &'static str = "text/plain; charset=utf-8";
    /// The body of the v2 API.
    pub const BODY: &'static str = "Success";

    /// For the verifier only.
    pub(crate) fn new(body: &'static str) -> Self {
        Self {
            body,
            content_type: Self::CONTENT_TYPE,
        }
    }

    /// For an activation only.
    pub(crate) fn json() -> Self {
        Self {
            body: r#"{"msg":"success"}"#,
            content_type: "application/json",
        }
    }

    /// The body of this one.
    #[must_use]
    pub fn body(&self) -> &'static str {
        self.body
    }

    /// The `Content-Type` of this one.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The whole response.
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(self.body.as_bytes()));
        *response.status_mut() = Self::STATUS;
        let content_type = HeaderValue::from_static(self.content_type);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}
