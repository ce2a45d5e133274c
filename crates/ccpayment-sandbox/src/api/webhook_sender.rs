//! Carries one notification over a real socket. The caller bounds the time.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::model::views::Notification;

/// An acknowledgement is one word.
const MAX_ANSWER: usize = 64 * 1024;

/// The status and body of the answer, or why there is none.
pub(crate) async fn post(notification: Notification) -> Result<(u16, Bytes), String> {
    let Notification {
        url, headers, body, ..
    } = notification;
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{url} is no URL: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!(
            "{url} does not start with http://, and the sandbox speaks no TLS"
        ));
    }
    let authority = uri
        .authority()
        .ok_or_else(|| format!("{url} names no host"))?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80)))
        .await
        .map_err(|error| format!("can't connect: {error}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("can't connect: {error}"))?;

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| format!("can't build the request: {error}"))?;

    let answer = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| format!("the answer broke off: {error}"))?;
        Ok((status, body.to_bytes()))
    };
    // The connection is driven here instead of in a task, so that nothing outlives the call.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}
