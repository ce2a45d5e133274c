//! `Notification`, the extractor, and `Acknowledged`, the response.

use std::future::Future;
use std::pin::Pin;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, Responder};
use ccpayment_webhook::core::{APP_ID_HEADER, SIGN_HEADER, TIMESTAMP_HEADER};
use ccpayment_webhook::{Acknowledgement, Event, Verified, Verifier, Webhook};
use http::{HeaderMap, HeaderValue};

use crate::body::PayloadBody;
use crate::error::NotificationError;

/// A verified notification, as an extractor. It takes the request's body, so no other extractor of
/// the handler can.
///
/// A delivery that is not trusted is answered before the handler runs: see [`NotificationError`],
/// which the error of the extractor holds as an [`InternalError`](actix_web::error::InternalError).
#[derive(Debug, PartialEq)]
pub struct Notification<E = Event>(pub Verified<E>);

/// The extractor of a version's event, by its verifier.
macro_rules! extract {
    ($event:ty, $verifier:ty) => {
        impl FromRequest for Notification<$event> {
            type Error = Error;
            type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let webhook = request.app_data::<Webhook<$verifier>>().cloned();
                let headers = signed_headers(request);
                let mut body = PayloadBody(payload.take());
                Box::pin(async move {
                    let received = match webhook {
                        Some(webhook) => webhook.receive(&headers, &mut body).await,
                        None => return Err(NotificationError::NoWebhook.answer(body)),
                    };
                    received
                        .map(Self)
                        .map_err(|error| NotificationError::from(error).answer(body))
                })
            }
        }
    };
}

extract!(Event, Verifier);
#[cfg(feature = "v1")]
extract!(
    ccpayment_webhook::v1::Event,
    ccpayment_webhook::v1::Verifier
);

/// The headers that a verifier reads, each as often as the request has it. They are copied, because
/// actix has the types of an older `http`.
fn signed_headers(request: &HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    for name in [APP_ID_HEADER, TIMESTAMP_HEADER, SIGN_HEADER] {
        for value in request.headers().get_all(name.as_str()) {
            // Both versions of `http` take the same bytes. A value that could not be taken would
            // still have to count.
            let value = HeaderValue::from_bytes(value.as_bytes());
            let value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
            headers.append(name.clone(), value);
        }
    }
    headers
}

/// An acknowledgement as a response.
#[derive(Debug)]
#[must_use = "it does nothing until it is sent"]
pub struct Acknowledged(pub Acknowledgement);

impl From<Acknowledgement> for Acknowledged {
    fn from(acknowledgement: Acknowledgement) -> Self {
        Self(acknowledgement)
    }
}

impl Responder for Acknowledged {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let content_type = self.0.content_type();
        HttpResponse::Ok()
            .content_type(content_type)
            .body(self.0.body())
    }
}
