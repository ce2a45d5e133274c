use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use ccpayment_webhook::{Event, Webhook};
use http::header::ALLOW;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;

type Trouble = Box<dyn Error + Send + Sync>;

/// The service of a connection. `handle` is your own code: it confirms, and books or stores.
pub async fn serve(
    webhook: Webhook,
    request: Request<impl Body>,
    handle: impl AsyncFnOnce(&Event) -> Result<(), Trouble>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
        let allowed = HeaderValue::from_static("POST");
        answer.headers_mut().insert(ALLOW, allowed);
        return Ok(answer);
    }
    let (parts, body) = request.into_parts();
    let event = match webhook.receive(&parts.headers, body).await {
        Ok(event) => event,
        Err(refused) => return Ok(refused.into_response().map(Full::new)),
    };
    Ok(match handle(event.event()).await {
        Ok(()) => event.acknowledge().into_response().map(Full::new),
        // Not acknowledged, so it comes again.
        Err(_) => empty(StatusCode::SERVICE_UNAVAILABLE),
    })
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
