//! Pays out over plain hyper, through a proxy on this machine that adds TLS.

use ccpayment::bytes::Bytes;
use ccpayment::http::{HeaderValue, Response, header::HOST};
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetAppWithdrawRecord};
use ccpayment::{
    Address, BoxError, Chain, Client, Credentials, Exchange, OrderId, Transport, TransportError,
    async_trait, read_body,
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

struct Proxy;

/// A connection for each exchange.
async fn connect(host: &str) -> Result<http1::SendRequest<Full<Bytes>>, BoxError> {
    let stream = TcpStream::connect(host).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

#[async_trait]
impl Transport for Proxy {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let mut request = exchange.request.map(Full::new);
        let host = request
            .uri()
            .authority()
            .map_or("", |it| it.as_str())
            .to_owned();
        // No byte of the request has left, so the gateway has done nothing.
        let mut sender = connect(&host).await.map_err(TransportError::NotSent)?;
        let value = HeaderValue::from_str(&host);
        let value = value.map_err(|error| TransportError::NotSent(error.into()))?;
        request.headers_mut().insert(HOST, value);
        // Nobody knows whether the gateway acted.
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| TransportError::MaybeSent(error.into()))?;
        read_body(answer, exchange.max_response_bytes).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let client = Client::new(Credentials::from_env()?, Proxy)
        .with_origin(std::env::var("GATEWAY")?.parse()?);
    let receiver = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let (polygon, amount) = (Chain::new("POLYGON"), "12.5".parse()?);
    let payout = ApplyAppWithdrawToNetwork::new("payout-77", 1280, polygon, receiver, amount);
    let first = client.payout(&payout).await?;
    println!("{} is accepted as record {}", first.order_id, first.created);

    // The same payout again, as after a crash: it is found, and no second one is made.
    let again = client.payout(&payout).await?;
    assert_eq!(again.created, first.created);
    let found = client
        .send(&GetAppWithdrawRecord::new(OrderId::new("payout-77")))
        .await?;
    assert_eq!(found.record.record_id, first.created);
    Ok(())
}
