//! `read_body`, which reads an answer up to a limit.

use std::future::poll_fn;
use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http_body::Body;

use crate::transport::{BoxError, TransportError};

/// Reads an answer's body to its end, for a [`Transport`](crate::Transport) whose library gives
/// bodies piece by piece.
///
/// This never keeps more than `limit` bytes, and copies nothing when the body comes in one piece.
/// Trailers are dropped.
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

/// The pieces of a body, which are copied only when there is more than one.
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::{Frame, SizeHint};

    use super::*;

    const LIMIT: usize = 8;

    /// A body in pieces of these lengths. An endless one panics when a piece after the last is asked
    /// for, since a reader with a bound never does.
    struct Piecewise {
        lengths: Vec<usize>,
        is_announced: bool,
        is_endless: bool,
    }

    impl Body for Piecewise {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let next = self.lengths.pop();
            assert!(next.is_some() || !self.is_endless, "it reads for ever");
            let piece = |length| Ok(Frame::data(Bytes::from(vec![b'x'; length])));
            Poll::Ready(next.map(piece))
        }

        fn size_hint(&self) -> SizeHint {
            match self.is_announced {
                true => SizeHint::with_exact(self.lengths.iter().sum::<usize>() as u64),
                false => SizeHint::default(),
            }
        }
    }

    fn read(
        lengths: &[usize],
        is_announced: bool,
        is_endless: bool,
    ) -> Result<Response<Bytes>, TransportError> {
        let body = Piecewise {
            lengths: lengths.to_vec(),
            is_announced,
            is_endless,
        };
        let reading = pin!(read_body(Response::new(body), LIMIT));
        match reading.poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => panic!("nothing to wait for"),
        }
    }

    #[test]
    fn as_many_bytes_as_the_limit_pass_and_one_more_is_too_many() {
        for is_announced in [true, false] {
            for lengths in [&[][..], &[8], &[0, 8], &[4, 4], &[1; 8], &[7]] {
                let whole = read(lengths, is_announced, false).unwrap();
                assert_eq!(whole.body().len(), lengths.iter().sum::<usize>());
            }
            for lengths in [&[9][..], &[8, 1], &[1, 8], &[4, 5], &[1; 9]] {
                let error = read(lengths, is_announced, false).unwrap_err();
                let is_too_large = matches!(error, TransportError::TooLarge { limit: LIMIT });
                assert!(is_too_large, "{lengths:?}: {error:?}");
            }
        }
    }

    #[test]
    fn endless_small_pieces_are_too_many() {
        for length in [1, 3, LIMIT] {
            let error = read(&[length; LIMIT + 1], false, true).unwrap_err();
            let is_too_large = matches!(error, TransportError::TooLarge { limit: LIMIT });
            assert!(is_too_large, "{length}: {error:?}");
        }
    }
}
