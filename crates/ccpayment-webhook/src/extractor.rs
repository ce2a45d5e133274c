//! `Verified<Event>` as an extractor of axum, and our answers as its responses.

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};

use crate::acknowledge::Acknowledgement;
use crate::event::Event;
use crate::verifier::{Verified, Verifier};
use crate::webhook::{Webhook, WebhookRejection};

/// A version's event, by its verifier.
macro_rules! extract {
    ($event:ty, $verifier:ty) => {
        impl<S> FromRequest<S> for Verified<$event>
        where
            S: Send + Sync,
            Webhook<$verifier>: FromRef<S>,
        {
            type Rejection = WebhookRejection;

            async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
                let webhook = Webhook::<$verifier>::from_ref(state);
                let (parts, body) = request.into_parts();
                webhook.receive(&parts.headers, body).await
            }
        }
    };
}

extract!(Event, Verifier);
#[cfg(feature = "v1")]
extract!(crate::v1::Event, crate::v1::Verifier);

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        Self::into_response(self).map(Body::from)
    }
}

impl IntoResponse for Acknowledgement {
    fn into_response(self) -> Response {
        Self::into_response(self).map(Body::from)
    }
}
