//! Questions to a sandbox about itself.

use bytes::Bytes;
use ccpayment_sandbox::Sandbox;
use http::{Method, Request, StatusCode};

/// Whether a sandbox has a route. It calls no route: a known route answers which method it wants.
pub async fn knows(sandbox: &Sandbox, path: &str) -> bool {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::GET;
    match path.parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return false,
    }
    (sandbox.respond(request).await)
        .is_some_and(|answer| answer.status() == StatusCode::METHOD_NOT_ALLOWED)
}
