//! Receives notifications on plain hyper, and reads each record back before it credits anything.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ccpayment_webhook::core::v2::CreateAppOrderDepositAddress;
use ccpayment_webhook::core::{
    Amount, Chain, Credentials, Origin, PreparedRequest, RecordId, Request, Timestamp, decode,
};
use ccpayment_webhook::{ConfirmedDeposit, DepositDecision, Event, Verifier};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

type Trouble = Box<dyn Error + Send + Sync>;

const USDT: u64 = 1280;
/// A notification is far smaller.
const MOST_BYTES: usize = 1 << 20;

struct Shop {
    credentials: Credentials,
    verifier: Verifier,
    origin: Origin,
    /// A table of your database. The record id is its unique key, so a repeat changes nothing.
    credits: Mutex<BTreeMap<RecordId, Amount>>,
}

impl Shop {
    /// Sends a request to a proxy on this machine, which adds TLS.
    async fn send<R: Request>(&self, request: &R) -> Result<R::Response, Trouble> {
        let now = Timestamp::from_system(SystemTime::now());
        let signed = PreparedRequest::new(request)?.sign(&self.origin, &self.credentials, now)?;
        let authority = signed.uri().authority().ok_or("no host")?.as_str();
        let stream = TcpStream::connect(authority).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (parts, body) = signed.into_parts();
        let host = parts.uri.authority().ok_or("no host")?.as_str().parse()?;
        let mut outgoing = http::Request::from_parts(parts, Full::new(body));
        outgoing.headers_mut().insert(http::header::HOST, host);
        let (head, body) = sender.send_request(outgoing).await?.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await?.to_bytes();
        Ok(decode(&Response::from_parts(head, body))?)
    }

    async fn receive(&self, delivery: http::Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = delivery.into_parts();
        let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
            return status(StatusCode::BAD_REQUEST);
        };
        let now = SystemTime::now();
        let event = match self.verifier.verify(&head.headers, &body.to_bytes(), now) {
            Ok(event) => event,
            Err(refused) => return status(refused.status()),
        };
        match self.handle(event.event()).await {
            Ok(()) => event.acknowledge().into_response().map(Full::new),
            // Not acknowledged, so it comes again.
            Err(_) => status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    async fn handle(&self, event: &Event) -> Result<(), Trouble> {
        let Event::ApiDeposit(deposit) = event else {
            return Err("nobody handles it yet".into());
        };
        let record = self.send(&deposit.confirm_request()).await?;
        match ConfirmedDeposit::judge(deposit, record)?.decision() {
            DepositDecision::Credit(paid) => {
                let (id, amount) = (paid.record_id().clone(), paid.amount().clone());
                self.credits.lock().unwrap().entry(id).or_insert(amount);
                Ok(())
            }
            DepositDecision::NotYet => Ok(()),
            _ => Err("not final yet, or for a person".into()),
        }
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

async fn serve(shop: Arc<Shop>, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let shop = Arc::clone(&shop);
        let service = hyper::service::service_fn(move |delivery| {
            let shop = Arc::clone(&shop);
            async move { Ok::<_, Infallible>(shop.receive(delivery).await) }
        });
        let server = hyper::server::conn::http1::Builder::new();
        tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Trouble> {
    let credentials = Credentials::from_env()?;
    let shop = Arc::new(Shop {
        verifier: Verifier::from(&credentials),
        credentials,
        origin: std::env::var("GATEWAY")?.parse()?,
        credits: Mutex::default(),
    });
    let listener = TcpListener::bind(std::env::var("LISTEN")?).await?;
    tokio::spawn(serve(Arc::clone(&shop), listener));

    let (polygon, price) = (Chain::new("POLYGON"), "25".parse()?);
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon, price);
    let to_pay = shop.send(&order).await?;
    println!("pay {} to {}", to_pay.amount, to_pay.address);
    while shop.credits.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let credits = shop.credits.lock().unwrap();
    assert_eq!(credits.values().collect::<Vec<_>>(), [&to_pay.amount]);
    Ok(())
}
