//! `PayloadBody`, a payload of actix as a body of `http-body`, and `Refused`, the body of an answer
//! to a request that was not read to its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame};

pub(crate) struct PayloadBody(pub(crate) Payload);

impl Body for PayloadBody {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        Pin::new(&mut self.0).poll_next(context).map_ok(Frame::data)
    }
}

/// The body of a refusal: a line of text. It also holds the unread payload of the request.
///
/// After the answer to a chunked request, actix reads on for as long as the peer sends, unless
/// somebody still holds the payload. So the answer holds it, and actix closes the connection.
pub(crate) struct Refused {
    pub(crate) text: Bytes,
    pub(crate) _unread: Payload,
}

impl MessageBody for Refused {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.text.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Pin::new(&mut self.text).poll_next(context)
    }
}
