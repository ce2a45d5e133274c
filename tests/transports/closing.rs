//! A transport by hand that keeps no connection: it asks the peer to close it, and reads to its
//! end.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{BoxError, Exchange, Transport, TransportError};
use ccpayment_testing::transport_conformance;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

transport_conformance!(message, |_| ReadsToTheEnd);
transport_conformance!(socket, |_| ReadsToTheEnd);

pub(super) struct ReadsToTheEnd;

/// The most bytes that heads and chunk sizes may take.
const BESIDE_THE_BODY: usize = 1 << 16;

#[async_trait]
impl Transport for ReadsToTheEnd {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let limit = exchange.max_response_bytes;
        let (head, body) = exchange.request.into_parts();
        let host = head.uri.authority().unwrap().as_str();
        let path = head.uri.path_and_query().unwrap();
        let mut request = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\n", head.method);
        for (name, value) in &head.headers {
            request += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        request += &format!(
            "connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );

        let connected = TcpStream::connect(host).await;
        let mut stream = connected.map_err(|error| TransportError::NotSent(error.into()))?;
        let most = limit + BESIDE_THE_BODY;
        let mut all = Vec::new();
        let exchange = async {
            stream.write_all(request.as_bytes()).await?;
            stream.write_all(&body).await?;
            (&mut stream).take(most as u64).read_to_end(&mut all).await
        };
        let read = exchange.await;
        read.map_err(|error| TransportError::MaybeSent(error.into()))?;
        if all.len() == most {
            return Err(TransportError::TooLarge { limit });
        }
        let answer = parse(&all).ok_or_else(|| BoxError::from("no answer"));
        let answer = answer.map_err(TransportError::MaybeSent)?;
        if answer.body().len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        Ok(answer)
    }
}

/// The bytes up to the mark, and those after it.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|part| part == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

fn parse(all: &[u8]) -> Option<Response<Bytes>> {
    let (head, rest) = split(all, b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    if status.starts_with('1') {
        return parse(rest);
    }
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        let name: HeaderName = name.parse().ok()?;
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    let body = if headers.contains_key("transfer-encoding") {
        dechunk(rest)?
    } else {
        let mut lengths = headers.get_all("content-length").iter();
        let length: usize = lengths.next()?.to_str().ok()?.parse().ok()?;
        let is_one = lengths.next().is_none();
        rest.get(..length).filter(|_| is_one)?.to_vec()
    };
    let mut answer = Response::builder().status(status).body(body.into()).ok()?;
    *answer.headers_mut() = headers;
    Some(answer)
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, after) = split(rest, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        body.extend_from_slice(after.get(..size)?);
        rest = after[size..].strip_prefix(b"\r\n")?;
        if size == 0 {
            return Some(body);
        }
    }
}
