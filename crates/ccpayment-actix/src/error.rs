//! `NotificationError`, why a request never reaches the handler.

use actix_web::body::BoxBody;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::{Error, ResponseError};
use ccpayment_webhook::WebhookRejection;

use crate::body::{PayloadBody, Refused};

/// What the extractor answers: a status and a line of plain text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// The delivery is refused.
    #[error(transparent)]
    Rejected(#[from] WebhookRejection),
    /// The app's data has no `Webhook` of this version: pass one to `App::app_data` as it is, not
    /// inside of `web::Data`. Answered with 500, so that the gateway sends the notification again.
    #[error("no webhook is set up")]
    NoWebhook,
}

impl ResponseError for NotificationError {
    fn status_code(&self) -> StatusCode {
        let status = match self {
            Self::Rejected(rejection) => rejection.status().as_u16(),
            Self::NoWebhook => 500,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl NotificationError {
    /// The answer. It holds the rest of the request until it is sent.
    pub(crate) fn answer(self, body: PayloadBody) -> Error {
        if self == Self::NoWebhook {
            tracing::error!("the app's data has no webhook for this version");
        }
        let held = Refused {
            text: self.to_string().into(),
            _unread: body.0,
        };
        let response = self.error_response().set_body(BoxBody::new(held));
        InternalError::from_response(self, response).into()
    }
}
