//! From a request to what comes back in process, whether the gateway answers or the house around
//! it.

use bytes::Bytes;
use http::{Request, Response};

use crate::front;
use crate::handle::sandbox::Sandbox;
use crate::model::fault::Fault;
use crate::reply::shown;

/// What became of a request in process; see [`Sandbox::exchange`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The answer, if a whole one came.
    pub response: Option<Response<Bytes>>,
    /// What struck the request.
    pub fault: Option<Fault>,
}

impl Sandbox {
    /// Answers in process. `None` means that no whole answer would have come: a fault took it, or
    /// cut it. [`exchange`](Self::exchange) says which.
    pub async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        self.exchange(request).await.response
    }

    /// Answers in process, as [`respond`](Self::respond) does, and tells which fault struck: a
    /// transport of a test turns it into its own kind of error.
    pub async fn exchange(&self, request: Request<Bytes>) -> Exchange {
        let Exchange { response, fault } = self.carry(request).await;
        let response = response.and_then(|response| shown(fault, response));
        Exchange { response, fault }
    }

    /// As [`exchange`](Self::exchange), but the answer is whole even where its line will break it.
    pub(crate) async fn carry(&self, request: Request<Bytes>) -> Exchange {
        let whole = |response| Exchange {
            response: Some(response),
            fault: None,
        };
        if front::is_ours(request.uri().path()) {
            return whole(front::answer(self, request).await);
        }
        let (response, fault) = self.meet(request);
        Exchange { response, fault }
    }
}
