//! Carries the requests by an HTTP library of one's own choice: here by hyper's, without TLS, as to
//! a proxy on the same machine that adds it.

#![allow(clippy::print_stdout, reason = "a program that shows something")]

use ccpayment::bytes::Bytes;
use ccpayment::http::Response;
use ccpayment::v2::GetCoin;
use ccpayment::{
    BoxError, Client, Credentials, Exchange, Outcome, Transport, TransportError, async_trait,
    read_body,
};
use ccpayment_sandbox::Sandbox;
use http_body_util::Full;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

struct Own(legacy::Client<HttpConnector, Full<Bytes>>);

impl Own {
    /// A transport sends each request once, so the library must not try again by itself.
    fn new() -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        Self(builder.retry_canceled_requests(false).build_http())
    }
}

#[async_trait]
impl Transport for Own {
    /// The client gives up by itself at `exchange.timeout`, and drops this future.
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let answer = self.0.request(exchange.request.map(Full::new)).await;
        let answer = answer.map_err(|error| match error.is_connect() {
            // No byte of the request left, so the gateway has done nothing.
            true => TransportError::NotSent(error.into()),
            // Nobody knows whether the gateway acted.
            false => TransportError::MaybeSent(error.into()),
        })?;
        read_body(answer, exchange.max_response_bytes).await
    }
}

/// `ccpayment_testing::transport_conformance!` tests whether a transport does all that it has to.
///
/// The sandbox is in the place of the gateway. A program for the gateway itself takes
/// `Credentials::from_env()?` and the origin of its proxy.
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().build()?;
    let server = sandbox.serve(([127, 0, 0, 1], 0).into()).await?;
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
    let client = Client::new(credentials, Own::new()).with_origin(server.origin().parse()?);

    let usdt = client.send(&GetCoin::new(1280)).await?.coin;
    println!("coin {} is {}", usdt.coin_id, usdt.symbol);
    assert_eq!(sandbox.requests().len(), 1, "it was sent once");

    server.shutdown().await;
    let Err(error) = client.send(&GetCoin::new(1280)).await else {
        return Err("the gateway is gone, and it answers".into());
    };
    println!("with the gateway gone: {}", error.report());
    assert_eq!(error.outcome(), Outcome::NotSent);
    Ok(())
}
