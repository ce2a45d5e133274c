//! Reading an answer within a bound.

use std::future::poll_fn;
use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http_body::Body;

use crate::transport::{BoxError, TransportError};

/// Reads an answer's body to its end, for a [`Transport`](crate::Transport) whose library gives
/// bodies piece by piece.
///
/// At no time are more than `limit` bytes kept, nor is anything copied when the body comes in one
/// piece. Trailers are dropped.
///
/// # Errors
///
/// [`TransportError::TooLarge`] as soon as the announced or the received length is over `limit`,
/// and [`TransportError::MaybeSent`] when the body breaks off.
pub async fn read_body<B>(
    response: Response<B>,
    limit: usize,
) -> Result<Response<Bytes>, TransportError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let (head, body) = response.into_parts();
    if body.size_hint().lower() > limit as u64 {
        return Err(TransportError::TooLarge { limit });
    }
    let mut body = pin!(body);
    let mut all = Pieces::default();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| TransportError::MaybeSent(error.into()))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > limit - all.len() {
            return Err(TransportError::TooLarge { limit });
        }
        all.push(data.copy_to_bytes(data.remaining()));
    }
    Ok(Response::from_parts(head, all.into_bytes()))
}

/// Copied only when there is more than one.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    all: Option<BytesMut>,
}

impl Pieces {
    fn len(&self) -> usize {
        self.all.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    fn push(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        self.all
            .get_or_insert_with(|| BytesMut::from(&*self.first))
            .extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        self.all.map_or(self.first, BytesMut::freeze)
    }
}
