//! A request in process: the gateway answers it, or the pages and the admin API around it.

use bytes::Bytes;
use http::{Request, Response};

use crate::api::sandbox::Sandbox;
use crate::bad_response::as_received;
use crate::http_admin;
use crate::model::fault::Fault;

/// What became of a request in process; see [`Sandbox::exchange`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The answer, if a whole one came.
    pub response: Option<Response<Bytes>>,
    /// What struck the request.
    pub fault: Option<Fault>,
}

/// # Requests in process
impl Sandbox {
    /// Answers in process. `None` means that no whole answer would have come: a fault took it, or
    /// cut it. [`exchange`](Self::exchange) says which.
    pub async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        self.exchange(request).await.response
    }

    /// Answers in process, as [`respond`](Self::respond) does, and tells which fault struck: a
    /// transport of a test turns it into its own kind of error.
    pub async fn exchange(&self, request: Request<Bytes>) -> Exchange {
        let Exchange { response, fault } = self.exchange_whole(request).await;
        let response = response.and_then(|response| as_received(fault, response));
        Exchange { response, fault }
    }

    /// As [`exchange`](Self::exchange), but the answer is whole even where its connection will
    /// break it.
    pub(crate) async fn exchange_whole(&self, request: Request<Bytes>) -> Exchange {
        let whole = |response| Exchange {
            response: Some(response),
            fault: None,
        };
        if http_admin::serves(request.uri().path()) {
            return whole(http_admin::answer(self, request).await);
        }
        let (response, fault) = self.answer(request);
        Exchange { response, fault }
    }
}
